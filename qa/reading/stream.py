"""The documents of a corpus folder, read one after the other."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from qa.errors import CorpusError, DocumentError
from qa.reading.corpus import Read, Source, read_document, sources_of
from qa.reading.folder import Skipped, files_of
from qa.reading.isolation import Converters, Converting
from qa.reading.kinds import kind_of
from qa.records import Document, Passage
from qa.settings import cores

log = logging.getLogger(__name__)

# Of the files that text is made of so many, and of so many bytes together, are read before their turn.
_AHEAD, _BYTES_AHEAD = 64, 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """What a corpus folder holds: documents in the order of their names, their passages, and what was skipped."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    skipped: tuple[Skipped, ...]


class Known(Protocol):
    """What an earlier reading made of a file, by the file's name and fingerprint."""

    def get(self, key: tuple[str, str], /) -> Read | None: ...


def read_corpus(folder: Path, known: Known = MappingProxyType({})) -> Reading:
    """Read every document of a folder that is not ``known``; a file that cannot be read is reported and stops nothing.

    Raises:
        CorpusError: the folder does not exist, or no file in it could be read.
    """
    stream = CorpusStream(folder, known)
    read = list(stream)
    passages = tuple(passage for _, own in read for passage in own)
    return Reading(tuple(document for document, _ in read), passages, tuple(stream.skipped))


class CorpusStream:
    """Each document of a folder with its passages, read when it is asked for or little before: few are in memory.

    ``skipped`` is complete once all were read.
    """

    def __init__(self, folder: Path, known: Known = MappingProxyType({})) -> None:
        """Look what is in the folder.

        Raises:
            CorpusError: the folder does not exist.
        """
        self._folder, self._known = folder, known
        self._files, self._unlisted = files_of(folder)
        self._unread: list[Skipped] = []

    @property
    def skipped(self) -> list[Skipped]:
        return [*self._unlisted, *self._unread]

    def __iter__(self) -> Iterator[Read]:
        """Raises:
        CorpusError: at the end, if no file could be read.
        """
        found = False
        for source, result in _each_read(sources_of(self._files, self._unlisted), self._known):
            try:
                read = result()
            except DocumentError as error:
                self._unread.append(Skipped(source.name, str(error), source.fingerprint))
            except Exception as error:  # whatever one file does to a parser, the others are read
                log.exception("reading %s failed", source.name)
                reason = f"{source.name}: reading it failed ({type(error).__name__}); please report it with the file"
                self._unread.append(Skipped(source.name, reason, source.fingerprint))
            else:
                found = True
                yield read
        if not found:
            reasons = "".join(f"; {file.reason}" for file in self.skipped)
            raise CorpusError(f"no document in {self._folder}: put a .txt, .md or .docx file there{reasons}")


def _each_read(sources: Iterable[Source], known: Known) -> Iterator[tuple[Source, Callable[[], Read]]]:
    """Each file, and what gives or raises what reading it gave; those that text is made of are read at once, as many
    as there are cores, some before their turn.
    """
    with Converters() as converters, ThreadPoolExecutor(cores()) as pool:
        waiting: deque[tuple[Source, Callable[[], Read]]] = deque()
        held = 0
        try:
            for source in sources:
                waiting.append((source, _reader(source, known, converters, pool)))
                held += len(source.data)
                while len(waiting) > _AHEAD or held > _BYTES_AHEAD:
                    held -= len(waiting[0][0].data)
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            converters.close()


def _reader(source: Source, known: Known, converters: Converting, pool: ThreadPoolExecutor) -> Callable[[], Read]:
    kind = kind_of(source.name)
    if kind is None or kind.text:
        return lambda: known.get((source.name, source.fingerprint)) or read_document(source)
    found = known.get((source.name, source.fingerprint))
    return pool.submit(read_document, source, converters).result if found is None else lambda: found
