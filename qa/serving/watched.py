"""Where a service looks for what is live: the index folder, or Milvus."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from qa.errors import QAError
from qa.indexing.generation import Generation
from qa.indexing.store import CURRENT
from qa.loading import milvus_store
from qa.serving.problems import UNREACHABLE
from qa.serving.soundness import Soundness
from qa.settings import Settings

log = logging.getLogger(__name__)

# Each service asks the server for what is live so often.
_ASK_EVERY_S = 1.0


class Pointer(NamedTuple):
    """What is live, and which file said so: going away and back is two publications, not none."""

    generation: str
    written_ns: int = 0
    inode: int = 0

    @classmethod
    def read(cls, current: Path) -> Pointer | None:
        try:
            with current.open(encoding="utf-8", errors="replace") as file:
                stat = os.fstat(file.fileno())
                return cls(file.read().strip(), stat.st_mtime_ns, stat.st_ino)
        except OSError:
            return None


class Watched(Protocol):
    def pointer(self) -> Pointer | None:
        """What is live; None where that is not told."""
        ...

    def problem(self, generation: Generation) -> str | None:
        """Why the next start would not find the generation that answers; None where it would."""
        ...

    def unreachable(self) -> str | None:
        """Why no question can be answered at this moment; None where it can."""
        ...


class FolderWatched:
    """An index folder, by its file ``current``: what was loaded from it answers on, whatever becomes of it."""

    def __init__(self, current: Path) -> None:
        self._current = current
        self._soundness = Soundness(current.parent)

    def pointer(self) -> Pointer | None:
        return Pointer.read(self._current)

    def problem(self, generation: Generation) -> str | None:
        return self._soundness.problem(generation)

    def unreachable(self) -> str | None:
        return None


class MilvusWatched:
    """The alias of the live generation: each question needs the server."""

    def __init__(self, settings: Settings) -> None:
        self._store = milvus_store(settings, settings.milvus_uri, settings.index_dir)
        self._seen: Pointer | None = None
        self._ask_at = 0.0
        self._told: str | None = None

    def pointer(self) -> Pointer | None:
        if time.monotonic() >= self._ask_at:
            try:
                self._seen = Pointer(self._store.live_id())
            except QAError:
                if self._store.problem() is None:  # it was told that nothing is live
                    self._seen = None
            self._tell(self._store.problem())
            self._ask_at = time.monotonic() + _ASK_EVERY_S
        return self._seen

    def _tell(self, problem: str | None) -> None:
        if problem is not None and self._told is None:
            log.error("no question can be answered: %s", problem)
        elif problem is None and self._told is not None:
            log.info("Milvus answers again")
        self._told = problem

    def problem(self, generation: Generation) -> str | None:
        return None if self._seen and self._seen.generation == generation.id else "the index does not say what is live"

    def unreachable(self) -> str | None:
        return UNREACHABLE if self._store.problem() else None


def watched(settings: Settings) -> Watched:
    """What a service with these settings looks at."""
    return FolderWatched(settings.index_dir / CURRENT) if settings.store == "faiss" else MilvusWatched(settings)
