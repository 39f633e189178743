"""The index folder: which generations there are, which one is live, and publishing another.

Readers take no lock: a generation never changes once it has its name, and CURRENT is replaced at one stroke. Whoever
changes what is there does so within `building`.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from qa.errors import GenerationError, IndexFolderError, NoGenerationError, UnknownGenerationError
from qa.files import NEW, replace_file, sync, sync_folder
from qa.indexing.generation import Generation
from qa.indexing.manifest import Manifest, check_files, check_soon, read_manifest, write_manifest
from qa.indexing.verification import verified

CURRENT, GENERATIONS = "CURRENT", "generations"
HELD = "held.json"  # beside a generation's own files: why it is not published
_LOCK, _BUILDER = ".build.lock", ".builder.json"
_OTHER_FOLDER = "set QA_INDEX_DIR to a folder that can be written"
_ROOM = f"make room or {_OTHER_FOLDER}"
_HELP = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: f"change its permissions or {_OTHER_FOLDER}",
}
_UNFINISHED = "."  # what a folder's name begins with until the generation is complete


class Held(BaseModel):
    """Why a generation is not live: where it fell behind what was live, and the gate (its hash) that told so.

    Without ``reasons`` it is only that it has not become live yet.
    """

    reasons: tuple[str, ...] = ()
    gate: str | None = None
    live: str | None = None


class IndexStore:
    """An index folder on a disk."""

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
        if not id_ or not self.path(id_).is_dir():
            raise NoGenerationError(f"there is no index in {self.folder}; run qa index build")
        return id_

    def live(self) -> Generation:
        """Load the live generation.

        Raises:
            NoGenerationError: nothing has been published.
            DamagedGenerationError, MismatchError: see `Generation.load`.
        """
        return Generation.load(self.path(self.live_id()))

    def live_manifest(self) -> Manifest:
        """The manifest of the live generation; its other files are not read. Raises as `live` does."""
        return read_manifest(self.path(self.live_id()))

    def check_live(self) -> None:
        """Check the live generation's files as `check_soon` does. Raises as `live` does."""
        folder = self.path(self.live_id())
        check_soon(folder, read_manifest(folder))

    def ids(self) -> list[str]:
        """All complete generations, oldest first."""
        folder = self.folder / GENERATIONS
        return sorted(path.name for path in folder.iterdir() if path.name[0] != _UNFINISHED) if folder.is_dir() else []

    def path(self, id_: str) -> Path:
        """The folder of a generation."""
        return self.folder / GENERATIONS / id_

    def known(self, id_: str) -> Path:
        """The folder of a generation that is there.

        Raises:
            UnknownGenerationError: it is not.
        """
        if id_ not in self.ids():
            raise UnknownGenerationError(f"no generation has the id {id_!r}; qa index list shows them")
        return self.path(id_)

    def named(self, id_: str) -> str:
        """The id, if there is such a generation. Raises as `known` does."""
        return self.known(id_).name

    def manifest(self, id_: str) -> Manifest:
        """See `read_manifest`."""
        return read_manifest(self.path(id_))

    def load(self, id_: str) -> Generation:
        """See `Generation.load`."""
        return Generation.load(self.path(id_))

    def verified(self, id_: str) -> Generation:
        """See `qa.indexing.verification.verified`; a generation that is staged has that name too."""
        staged = self._staged(id_)
        return verified(staged if staged.is_dir() else self.path(id_))

    def damage(self, id_: str, manifest: Manifest) -> str | None:
        """Which files are missing or of another size, as far as that is seen without reading them; None for none."""
        sizes = {name: _size(self.path(id_) / name) for name in manifest.files}
        lacks = [f"{name} is missing" for name, size in sizes.items() if size is None]
        cut = [
            f"{name} has another size than it was written with"
            for name, size in sizes.items()
            if size not in (None, manifest.files[name].size)
        ]
        return "; ".join([*lacks, *cut]) or None

    def before(self, id_: str) -> str:
        """The newest generation that is older than one, those that were held back left out.

        Raises:
            GenerationError: there is none.
        """
        older = [other for other in self.ids() if other < id_ and self.held(other) is None]
        if not older:
            raise GenerationError(f"no generation is older than {id_}; qa index list shows them")
        return older[-1]

    def held(self, id_: str) -> Held | None:
        """Why a generation was kept aside; None where it was not."""
        try:
            return Held.model_validate_json((self.path(id_) / HELD).read_bytes())
        except (OSError, ValidationError):
            return None

    @contextmanager
    def building(self, waiting: Callable[[str], None]) -> Iterator[None]:
        """Hold off all other builders, in every process, after the one that is at work; ``waiting`` is told of it.

        What a killed builder left behind is removed.

        Raises:
            IndexFolderError: the index folder cannot be written.
        """
        with self._written():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / _LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                waiting(self._builder())
                lock.acquire()
        try:
            with self._written():
                self._clear()
                here = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
                (self.folder / _BUILDER).write_text(json.dumps(here), encoding="utf-8")
            yield
        finally:
            with suppress(OSError):
                (self.folder / _BUILDER).unlink()
            lock.release()

    def _builder(self) -> str:
        try:
            found = json.loads((self.folder / _BUILDER).read_text(encoding="utf-8"))
            return f"process {found['pid']} on {found['host']} builds since {found['since'][:19]}Z"
        except (OSError, ValueError, KeyError):
            return "another process builds"

    def _clear(self) -> None:
        """Remove what builders left that did not come to their end."""
        jobs = self.folder / "jobs"
        for left in [
            *self.folder.glob(f"{NEW}*"),
            *jobs.glob(f"{NEW}*"),
            *(self.folder / GENERATIONS).glob(f"{_UNFINISHED}*"),
        ]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def stage(self, generation: Generation, threshold: Callable[[], float] | None = None) -> Path:
        """Write a generation beside the others under a name that readers pass over: the folder.

        ``threshold`` is asked, once all else is written, for the one that the manifest is to tell.

        Raises:
            IndexFolderError: the index folder cannot be written; nothing has changed.
        """
        with self.staging(generation.id) as work:
            generation.save(work)
            finished = generation.with_threshold(threshold()) if threshold else generation
            self.finish(work, finished.manifest)
        return work

    @contextmanager
    def staging(self, id_: str) -> Iterator[Path]:
        """An empty folder to write a generation into, under a name that readers pass over; `finish` it within.

        Raises:
            IndexFolderError: the index folder cannot be written; the folder is gone again, as after any error.
        """
        work = self._staged(id_)
        with self._written():
            work.mkdir(parents=True)
            try:
                yield work
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise

    def finish(self, work: Path, manifest: Manifest) -> None:
        """Write the manifest of a generation whose other files are there."""
        write_manifest(work, manifest)
        # Until it is live; so one whose publication was cut short is not taken for one that was live.
        _mark(work, Held())
        for path in [*work.rglob("*"), work]:
            sync(path)

    def make_live(self, id_: str) -> None:
        """Let readers move over to a generation that is staged or there.

        Raises:
            IndexFolderError: the index folder cannot be written; what was live stays live.
        """
        with self._written():
            self._settle(id_)
            replace_file(self.folder / CURRENT, f"{id_}\n".encode())
            (self.path(id_) / HELD).unlink(missing_ok=True)

    def hold(self, id_: str, held: Held) -> None:
        """Keep a staged generation, but aside, and why."""
        with self._written():
            _mark(self._staged(id_), held)
            self._settle(id_)

    def discard(self, id_: str) -> None:
        """Remove a generation, staged or there, unless it is live."""
        with suppress(GenerationError):
            if self.live_id() == id_:
                return
        with suppress(OSError):
            self.path(id_).rename(self._staged(id_))  # gone at one stroke, however long removing takes
        shutil.rmtree(self._staged(id_), ignore_errors=True)

    def _staged(self, id_: str) -> Path:
        return self.folder / GENERATIONS / f"{_UNFINISHED}{id_}"

    def _settle(self, id_: str) -> None:
        """Give a staged generation its name."""
        if self._staged(id_).is_dir():
            self._staged(id_).rename(self.path(id_))
            sync_folder(self.folder / GENERATIONS)

    def rollback(self, id_: str | None, usable: Callable[[Manifest], None] | None = None) -> tuple[str, str]:
        """Make a generation live again, the one before the live one if none is named: its id, and which was live.

        ``usable`` may raise where the generation cannot answer. Call it within `building`.

        Raises:
            UnknownGenerationError, GenerationError: there is no such generation, or none that is older.
            DamagedGenerationError, MismatchError: its files are not those that were built, or of another format.
        """
        live = self.live_id()
        folder = self.known(id_ if id_ is not None else self.before(live))
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        if usable is not None:
            usable(manifest)
        self.make_live(folder.name)
        return folder.name, live

    def prune(self, keep: int) -> None:
        """Remove all but the newest ``keep`` generations; the live one and one just kept aside always stay."""
        ids = self.ids()
        spared = {self.live_id()} | {id_ for id_ in ids[-1:] if self.held(id_)}
        for id_ in [id_ for id_ in ids if id_ not in spared][: max(0, len(ids) - keep)]:
            self.discard(id_)

    def close(self) -> None:
        """Nothing is held open."""

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # numpy tells of a file that it could write only in part without the reason, which is a full disk.
            reason = error.strerror or os.strerror(errno.ENOSPC)
            raise IndexFolderError(
                f"the index folder {self.folder} cannot be written ({reason}); what was live stays live: "
                f"{_HELP.get(error.errno or errno.ENOSPC, _OTHER_FOLDER)}"
            ) from error


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _mark(folder: Path, held: Held) -> None:
    replace_file(folder / HELD, held.model_dump_json(indent=1).encode() + b"\n")
