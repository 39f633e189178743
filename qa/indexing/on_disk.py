"""Passages and documents that stay on the disk and are read when they are asked for: those of a large generation.

index/generations/<id>/places/
    passages-starts.npy           where each line of passages.jsonl begins
    passages-ids-*.npy            whose each id is, by its hash
    passages-anchors-*.npy        the same of documents' anchors
    passages-owners.npy           the number of each passage's document
    documents-starts.npy, -ids-*  the same of documents.jsonl
    documents-passages.npy        where each document's passages begin
    documents-languages.npy       its language, as ASCII
    summaries.jsonl, -starts.npy  what is told of each document without its text
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from qa.encoding.encoder import Integers
from qa.errors import DamagedGenerationError
from qa.indexing.arrays import kept
from qa.indexing.dense import Positions
from qa.indexing.documents import Summary
from qa.indexing.json_lines import JsonLines
from qa.indexing.keys import Keys
from qa.recent import Recent
from qa.records import Document, Passage

PLACES = "places"
DOCUMENTS, PASSAGES, SUMMARIES = "documents.jsonl", "passages.jsonl", "summaries.jsonl"
# What was read last is kept: 5 kB a passage, so 20 MB; a kilobyte a summary; and of documents' texts so many bytes.
_PASSAGES_KEPT, _SUMMARIES_KEPT = 4096, 4096
_DOCUMENTS_KEPT, _LARGEST_KEPT = 64, 256 * 1024

_Record = TypeVar("_Record")
PASSAGE = TypeAdapter(Passage)
DOCUMENT = TypeAdapter(Document)
SUMMARY = TypeAdapter(Summary)


def parsed(adapter: TypeAdapter[_Record], line: bytes) -> _Record:
    """The record of a line.

    Raises:
        DamagedGenerationError: it is none; the checksums of large files are not compared before they are used.
    """
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        raise DamagedGenerationError(
            f"a line of the generation's files is damaged ({line[:40]!r}…); run qa index build --full"
        ) from error


def array(folder: Path, name: str) -> NDArray[np.generic]:
    return kept(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))


class DocumentsOnDisk:
    """See `qa.indexing.documents.Documents`."""

    def __init__(self, folder: Path) -> None:
        places = folder / PLACES
        self._lines = JsonLines.load(folder / DOCUMENTS, places / "documents-starts.npy")
        self._summaries = JsonLines.load(places / SUMMARIES, places / "summaries-starts.npy")
        self._ids = Keys.load(places / "documents-ids")
        self._kept: Recent[Document] = Recent(_DOCUMENTS_KEPT)
        self._summaries_kept: Recent[Summary] = Recent(_SUMMARIES_KEPT)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[str]:
        return (summary.about.id for summary in self.summaries())

    def __contains__(self, id_: object, /) -> bool:
        return isinstance(id_, str) and self.number(id_) is not None

    def __getitem__(self, id_: str, /) -> Document:
        document = self.get(id_)
        if document is None:
            raise KeyError(id_)
        return document

    def get(self, id_: str, /) -> Document | None:
        found = self._kept.get(id_)
        number = self.number(id_) if found is None else None
        if number is None:
            return found
        document = parsed(DOCUMENT, self._lines[number])
        if self._lines.size(number) <= _LARGEST_KEPT:
            self._kept.keep(id_, document)
        return document

    def values(self) -> Iterator[Document]:
        return (parsed(DOCUMENT, line) for line in self._lines)

    def summary(self, id_: str) -> Summary:
        number = self.number(id_)
        if number is None:
            raise KeyError(id_)
        return self._summary(number)

    def summaries(self, start: int = 0) -> Iterator[Summary]:
        return (parsed(SUMMARY, line) for line in self._summaries.since(start))

    def number(self, id_: str) -> int | None:
        """Which document has an id, counted from 0; None for none."""
        return next((one for one in self._ids.candidates(id_) if self._summary(one).about.id == id_), None)

    def _summary(self, number: int) -> Summary:
        summary = self._summaries_kept.get(number)
        if summary is None:
            summary = parsed(SUMMARY, self._summaries[number])
            self._summaries_kept.keep(number, summary)
        return summary


class PassagesOnDisk:
    """See `qa.indexing.passages.Passages`."""

    def __init__(self, folder: Path, documents: DocumentsOnDisk) -> None:
        places = folder / PLACES
        self._documents = documents
        self._lines = JsonLines.load(folder / PASSAGES, places / "passages-starts.npy")
        self._owners: Integers = array(places, "passages-owners").astype(np.int32, copy=False)
        self._bounds = array(places, "documents-passages").astype(np.int64, copy=False)
        self._languages = [one.decode() or None for one in array(places, "documents-languages").tolist()]
        self._ids, self._anchors = Keys.load(places / "passages-ids"), Keys.load(places / "passages-anchors")
        self._kept: Recent[Passage] = Recent(_PASSAGES_KEPT)

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, position: int, /) -> Passage:
        position = int(position)
        passage = self._kept.get(position)
        if passage is None:
            passage = parsed(PASSAGE, self._lines[position])
            self._kept.keep(position, passage)
        return passage

    def __iter__(self) -> Iterator[Passage]:
        return (parsed(PASSAGE, line) for line in self._lines)

    def several(self, positions: Positions) -> list[Passage]:
        return [self[position] for position in positions.tolist()]

    def find(self, id_: str) -> int | None:
        return next((one for one in self._ids.candidates(id_) if self[one].id == id_), None)

    def under(self, document: str, anchor: str) -> int | None:
        candidates = reversed(self._anchors.candidates(document, anchor))
        return next((one for one in candidates if (self[one].document, self[one].anchor) == (document, anchor)), None)

    def of(self, document: str) -> Positions:
        number = self._documents.number(document)
        return np.empty(0, np.int64) if number is None else np.arange(*self._bounds[number : number + 2])

    def documents_of(self, positions: Positions) -> Integers:
        found: Integers = self._owners[positions]
        return found

    def languages_of(self, positions: Positions) -> list[str | None]:
        languages = self._languages
        return [languages[number] for number in self._owners[positions].tolist()]
