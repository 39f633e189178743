"""Whether the generation that answers from memory also lies whole on the disk, where the next start would need it."""

from __future__ import annotations

from pathlib import Path

from qa.errors import GenerationError
from qa.indexing.generation import Generation
from qa.indexing.manifest import CHECKSUM, MANIFEST, check_files, read_manifest
from qa.indexing.store import CURRENT, IndexStore

_Stats = dict[str, tuple[int, int, int]]


class Soundness:
    """Of one index folder. Files are read again only when one was written to: to ask often costs next to nothing."""

    def __init__(self, index: Path) -> None:
        self._store = IndexStore(index)
        self._seen: tuple[str, _Stats] | None = None
        self._problem: str | None = None

    def problem(self, generation: Generation) -> str | None:
        """What is wrong with the files of the generation that answers; None where nothing is."""
        if not (self._store.folder / CURRENT).is_file():
            return "the index folder does not say what is live; run qa index build"
        stats = self._stats(generation)
        if (generation.id, stats) != self._seen:
            self._problem = self._found(generation)
            self._seen = generation.id, stats
        return self._problem

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

    def _found(self, generation: Generation) -> str | None:
        folder = self._store.path(generation.id)
        try:
            manifest = read_manifest(folder)
            check_files(folder, manifest)
        except GenerationError as error:
            return str(error)
        return None if manifest == generation.manifest else f"the {MANIFEST} of {generation.id} is another one"
