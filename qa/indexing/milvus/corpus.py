"""Documents and passages in Milvus: what is told of each document in memory, all else asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from qa.encoding.encoder import Integers
from qa.errors import DamagedGenerationError
from qa.indexing.documents import Summary
from qa.indexing.milvus.connection import Connection
from qa.indexing.milvus.parts import Parts
from qa.indexing.milvus.row import PASSAGE, Row
from qa.indexing.milvus.rows import Positions, Rows
from qa.recent import Recent
from qa.records import Document, Passage

DOCUMENT = TypeAdapter(Document)
_SUMMARY = TypeAdapter(Summary)
# 5 kB a passage; documents of any size, but few.
_PASSAGES_KEPT, _DOCUMENTS_KEPT = 4096, 64
_BATCH = 16


class DocumentsTable:
    """What is told of each document, a line each, and how many passages each has."""

    def __init__(self, summaries: Sequence[Summary], passages: Sequence[int]) -> None:
        self.summaries = summaries
        self.numbers = {summary.about.id: number for number, summary in enumerate(summaries)}
        self.ids = list(self.numbers)
        self.bounds: NDArray[np.int64] = np.cumsum([0, *passages], dtype=np.int64)

    @classmethod
    def load(cls, data: bytes) -> DocumentsTable:
        lines = [line.partition(b" ") for line in data.split(b"\n") if line]
        return cls([_SUMMARY.validate_json(line) for _, _, line in lines], [int(count) for count, _, _ in lines])

    @staticmethod
    def line(document: Document, passages: int) -> bytes:
        summary = replace(Summary.of(document), about=replace(document, text="", sections=(), dropped=()))
        return b"%d %s\n" % (passages, _SUMMARY.dump_json(summary))


class MilvusDocuments:
    """See `qa.indexing.documents.Documents`."""

    def __init__(self, table: DocumentsTable, parts: Parts) -> None:
        self._table, self._parts = table, parts
        self._kept: Recent[Document] = Recent(_DOCUMENTS_KEPT)

    def __len__(self) -> int:
        return len(self._table.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.ids)

    def __contains__(self, id_: object, /) -> bool:
        return id_ in self._table.numbers

    def __getitem__(self, id_: str, /) -> Document:
        number = self._table.numbers[id_]
        kept = self._kept.get(number)
        return self._fetched([number])[0] if kept is None else kept

    def get(self, id_: str, /) -> Document | None:
        return self[id_] if id_ in self._table.numbers else None

    def values(self) -> Iterator[Document]:
        for start in range(0, len(self), _BATCH):
            yield from self._fetched(range(start, min(start + _BATCH, len(self))))

    def summary(self, id_: str) -> Summary:
        return self._table.summaries[self._table.numbers[id_]]

    def summaries(self, start: int = 0) -> Iterator[Summary]:
        return islice(self._table.summaries, start, None)

    def _fetched(self, numbers: Sequence[int]) -> list[Document]:
        found = self._parts.get([document_key(number) for number in numbers])
        documents = []
        for number in numbers:
            data = found.get(document_key(number))
            if data is None:
                raise DamagedGenerationError(
                    f"the document {self._table.ids[number]} is missing in Milvus; run qa index build --full"
                )
            documents.append(DOCUMENT.validate_json(data))
            self._kept.keep(number, documents[-1])
        return documents


class MilvusPassages:
    """See `qa.indexing.passages.Passages`."""

    def __init__(self, table: DocumentsTable, rows: Rows, connection: Connection, collection: str) -> None:
        self._table, self._rows = table, rows
        self._connection, self._collection = connection, collection
        self._kept: Recent[Passage] = Recent(_PASSAGES_KEPT)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: int, /) -> Passage:
        position = int(position)
        return self._kept.get(position) or self._parsed(position, self._rows.one(position))

    def __iter__(self) -> Iterator[Passage]:
        for number, data in enumerate(self._rows.packed()):
            yield PASSAGE.validate_json(Row.unpack(data, f"passage {number}").passage)

    def several(self, positions: Positions) -> list[Passage]:
        found = {position: self._kept.get(position) for position in positions.tolist()}
        missing = np.array([position for position, passage in found.items() if passage is None], np.int64)
        for position, row in zip(missing.tolist(), self._rows.several(missing), strict=True):
            found[position] = self._parsed(position, row)
        return [passage for position in positions.tolist() if (passage := found[position]) is not None]

    def _parsed(self, position: int, row: Row) -> Passage:
        passage = PASSAGE.validate_json(row.passage)
        self._kept.keep(position, passage)
        return passage

    def find(self, id_: str) -> int | None:
        return self._last(f"id == {json.dumps(id_, ensure_ascii=False)}")

    def under(self, document: str, anchor: str) -> int | None:
        named = f"document == {json.dumps(document, ensure_ascii=False)}"
        return self._last(f"{named} and anchor == {json.dumps(anchor, ensure_ascii=False)}")

    def _last(self, condition: str) -> int | None:
        if not condition.isascii() and not _is_text(condition):
            return None
        rows = self._connection.ask("query", self._collection, filter=condition, output_fields=["position"])
        return max((int(row["position"]) for row in rows), default=None)

    def of(self, document: str) -> Positions:
        number = self._table.numbers.get(document)
        return np.empty(0, np.int64) if number is None else np.arange(*self._table.bounds[number : number + 2])

    def documents_of(self, positions: Positions) -> Integers:
        return (np.searchsorted(self._table.bounds, positions, side="right") - 1).astype(np.int32)

    def languages_of(self, positions: Positions) -> list[str | None]:
        return [self._languages[number] for number in self.documents_of(positions).tolist()]

    @cached_property
    def _languages(self) -> list[str | None]:
        return [summary.about.language for summary in self._table.summaries]


def _is_text(condition: str) -> bool:
    """Whether it can be sent: half a surrogate pair, which an address may hold, cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in condition)


def document_key(number: int) -> str:
    return f"document {number}"
