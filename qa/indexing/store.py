"""The index folder: which generations there are, which one is live, and publishing another."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from qa.errors import GenerationError, NoGenerationError
from qa.indexing.generation import Generation, Manifest, check_files, passage_ids, read_manifest

CURRENT, GENERATIONS = "CURRENT", "generations"
_UNFINISHED = "."  # what a folder's name begins with until the generation is complete


class IndexStore:
    """An index folder on a local disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def live_id(self) -> str:
        """The id of the live generation.

        Raises:
            NoGenerationError: nothing has been published.
        """
        try:
            id_ = (self.folder / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            id_ = ""
        except OSError as error:
            raise GenerationError(
                f"{self.folder / CURRENT} cannot be read ({error.strerror}); check its permissions"
            ) from error
        if not id_ or not self._path(id_).is_dir():
            raise NoGenerationError(f"there is no index in {self.folder}; run qa index build")
        return id_

    def live(self) -> Generation:
        """Load the live generation.

        Raises:
            NoGenerationError: nothing has been published.
            DamagedGenerationError, MismatchError: see `Generation.load`.
        """
        return Generation.load(self._path(self.live_id()))

    def live_manifest(self) -> Manifest:
        """The manifest of the live generation; its other files are not read. Raises as `live` does."""
        return read_manifest(self._path(self.live_id()))

    def check_live(self) -> None:
        """Compare the live generation's files with their checksums. Raises as `live` does."""
        folder = self._path(self.live_id())
        check_files(folder, read_manifest(folder))

    def live_passage_ids(self) -> set[str]:
        """The ids of the live generation's passages; its vectors are not loaded. Raises as `live` does."""
        self.check_live()
        return passage_ids(self._path(self.live_id()))

    def ids(self) -> list[str]:
        """All complete generations, oldest first."""
        folder = self.folder / GENERATIONS
        return sorted(path.name for path in folder.iterdir() if path.name[0] != _UNFINISHED) if folder.is_dir() else []

    def publish(self, id_: str, write: Callable[[Path], None]) -> None:
        """Let ``write`` fill a folder, then make it the live generation. Where anything fails, nothing has changed.

        Raises:
            GenerationError: the index folder cannot be written; the message says why.
        """
        generations = self.folder / GENERATIONS
        try:
            generations.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{id_}-", dir=generations))
            try:
                write(work)
                for file in work.rglob("*"):
                    _sync(file)
                _sync(work)
                work.chmod(0o755)
                work.rename(self._path(id_))
            finally:
                shutil.rmtree(work, ignore_errors=True)
            _sync(generations)
            try:
                self._point_to(id_)
            except OSError:
                shutil.rmtree(self._path(id_), ignore_errors=True)
                raise
        except OSError as error:
            raise GenerationError(
                f"the index folder {self.folder} cannot be written ({error.strerror}); what was live stays live: "
                "make room or set QA_INDEX_DIR to a folder that can be written"
            ) from error

    def prune(self, keep: int) -> None:
        """Remove all but the newest ``keep`` generations; the live one always stays."""
        live = self.live_id()
        for id_ in [id_ for id_ in self.ids() if id_ != live][: max(0, len(self.ids()) - keep)]:
            shutil.rmtree(self._path(id_), ignore_errors=True)

    def _point_to(self, id_: str) -> None:
        handle, name = tempfile.mkstemp(prefix=f".{CURRENT}-", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(id_ + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(self.folder / CURRENT)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(self.folder)

    def _path(self, id_: str) -> Path:
        return self.folder / GENERATIONS / id_


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
