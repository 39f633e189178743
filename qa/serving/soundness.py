"""Whether the generation that answers from memory also lies whole on the disk, where the next start would need it."""

from __future__ import annotations

import threading
from pathlib import Path

from qa.errors import GenerationError
from qa.indexing.generation import Generation
from qa.indexing.manifest import CHECKSUM, LARGEST_READ, MANIFEST, check_files, check_sizes, read_manifest
from qa.indexing.store import CURRENT, IndexStore

_Stats = dict[str, tuple[int, int, int]]


class Soundness:
    """Of one index folder. Files are read again only when one was written to: to ask often costs next to nothing.

    Those of a large generation are read in a thread of its own, so that whoever asks need not wait: sizes are compared
    at once, and what the checksums tell is known some time later.
    """

    def __init__(self, index: Path) -> None:
        self._store = IndexStore(index)
        self._seen: tuple[str, _Stats] | None = None
        self._problem: str | None = None
        self._reader: threading.Thread | None = None

    def problem(self, generation: Generation) -> str | None:
        """What is wrong with the files of the generation that answers; None where nothing is, as far as is known."""
        if not (self._store.folder / CURRENT).is_file():
            return "the index folder does not say what is live; run qa index build"
        seen = generation.id, self._stats(generation)
        if seen != self._seen and not self.reading:
            self._seen = seen
            self._look(generation)
        return self._problem

    @property
    def reading(self) -> bool:
        """Whether checksums are being compared just now."""
        return self._reader is not None and self._reader.is_alive()

    def _look(self, generation: Generation) -> None:
        large = sum(entry.size for entry in generation.manifest.files.values()) > LARGEST_READ
        self._problem = self._found(generation, whole=not large)
        if large and self._problem is None:
            self._reader = threading.Thread(target=self._read, args=(generation,), name="soundness", daemon=True)
            self._reader.start()

    def _read(self, generation: Generation) -> None:
        self._problem = self._found(generation, whole=True)

    def _stats(self, generation: Generation) -> _Stats:
        folder = self._store.path(generation.id)
        found = {}
        for name in (*generation.manifest.files, MANIFEST, CHECKSUM):
            try:
                stat = (folder / name).stat()
            except OSError:
                continue
            found[name] = stat.st_size, stat.st_mtime_ns, stat.st_ino
        return found

    def _found(self, generation: Generation, *, whole: bool) -> str | None:
        folder = self._store.path(generation.id)
        try:
            manifest = read_manifest(folder)
            (check_files if whole else check_sizes)(folder, manifest)
        except GenerationError as error:
            return str(error)
        return None if manifest == generation.manifest else f"the {MANIFEST} of {generation.id} is another one"
