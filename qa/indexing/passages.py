"""The passages of a generation as retrieval and serving need them, wherever they are kept; here: in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from qa.encoding.encoder import Integers
from qa.indexing.dense import Positions
from qa.records import Document, Passage


class Passages(Protocol):
    """Passages in the order of all arrays; those of one document stand side by side, in its order.

    To look through all of them is for builds: a question asks for a few.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> Passage: ...

    def __iter__(self) -> Iterator[Passage]: ...

    def several(self, positions: Positions) -> list[Passage]:
        """Those at some positions, in their order."""
        ...

    def find(self, id_: str) -> int | None:
        """The position of the one with an id; None for none."""
        ...

    def under(self, document: str, anchor: str) -> int | None:
        """The position of the last one under an anchor of a document; None for none."""
        ...

    def of(self, document: str) -> Positions:
        """The positions of all of a document; none for one that is not there."""
        ...

    def documents_of(self, positions: Positions) -> Integers:
        """The numbers of the documents that those at some positions are of; see `Documents`. None is parsed."""
        ...

    def languages_of(self, positions: Positions) -> list[str | None]:
        """The languages of these documents. None is parsed."""
        ...


@dataclass(frozen=True)
class PassagesInMemory:
    """``documents`` are those of the generation."""

    items: tuple[Passage, ...]
    documents: Mapping[str, Document] = field(compare=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int, /) -> Passage:
        return self.items[position]

    def __iter__(self) -> Iterator[Passage]:
        return iter(self.items)

    def several(self, positions: Positions) -> list[Passage]:
        return [self.items[position] for position in positions.tolist()]

    def find(self, id_: str) -> int | None:
        return self._by_id.get(id_)

    def under(self, document: str, anchor: str) -> int | None:
        return self._by_anchor.get((document, anchor))

    def of(self, document: str) -> Positions:
        return self._by_document.get(document, _NONE)

    def documents_of(self, positions: Positions) -> Integers:
        found: Integers = self._owners[positions]
        return found

    def languages_of(self, positions: Positions) -> list[str | None]:
        languages = self._languages
        return [languages[number] for number in self._owners[positions].tolist()]

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {passage.id: position for position, passage in enumerate(self.items)}

    @cached_property
    def _by_anchor(self) -> dict[tuple[str, str], int]:
        return {(passage.document, passage.anchor): position for position, passage in enumerate(self.items)}

    @cached_property
    def _by_document(self) -> dict[str, Positions]:
        found: dict[str, list[int]] = {}
        for position, passage in enumerate(self.items):
            found.setdefault(passage.document, []).append(position)
        return {id_: np.asarray(positions, dtype=np.int64) for id_, positions in found.items()}

    @cached_property
    def _owners(self) -> Integers:
        numbers = {id_: number for number, id_ in enumerate(self.documents)}
        return np.array([numbers[passage.document] for passage in self.items], dtype=np.int32)

    @cached_property
    def _languages(self) -> list[str | None]:
        return [document.language for document in self.documents.values()]


_NONE = np.empty(0, np.int64)
