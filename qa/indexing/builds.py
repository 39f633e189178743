"""How many builds an index folder has seen, how they ended and how long they took: ``builds.json`` in that folder.

Builds run in processes of their own, so what they count must outlive them.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from qa.files import replace_file

_FILE = "builds.json"


class Ended(BaseModel):
    """The builds that ended in one way; ``last`` is when the last one did, in seconds of Unix time."""

    count: int = 0
    seconds: float = 0.0
    last: float = 0.0


class Builds(BaseModel):
    """By how they ended: ``published``, ``held`` or ``failed``."""

    ended: dict[str, Ended] = {}

    @classmethod
    def read(cls, index: Path) -> Builds:
        """Those of an index folder; none where nothing was written, or what was is not readable."""
        try:
            return cls.model_validate_json((index / _FILE).read_bytes())
        except (OSError, ValidationError):
            return cls()


def count_build(index: Path, outcome: str, seconds: float) -> None:
    """Count a build that ended, if the index folder is there and can be written."""
    with suppress(OSError), _locked(index):
        builds = Builds.read(index)
        before = builds.ended.get(outcome, Ended())
        now = Ended(count=before.count + 1, seconds=before.seconds + seconds, last=time.time())
        text = Builds(ended={**builds.ended, outcome: now}).model_dump_json(indent=1)
        replace_file(index / _FILE, text.encode() + b"\n", durable=False)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold off who counts at the same time; the folder itself is the lock, so that none is left in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
