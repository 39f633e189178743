"""The documents of a generation as retrieval and serving need them, wherever they are kept; here: in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Protocol

from qa.records import Document


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a document where its text is not asked for: of ``about`` neither text, sections nor dropped
    stretches may be used. ``characters`` has the text, ``sections`` are those with a heading.
    """

    about: Document
    characters: int
    sections: int

    @classmethod
    def of(cls, document: Document) -> Summary:
        return cls(document, len(document.text), sum(1 for section in document.sections if section.level))


class Documents(Protocol):
    """Documents by their ids, in the order of their names, which numbers them from 0.

    A document is read with its text when it is asked for, and not kept for long: to look through all is for builds.
    """

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, id_: object, /) -> bool: ...

    def __getitem__(self, id_: str, /) -> Document: ...

    def get(self, id_: str, /) -> Document | None: ...

    def values(self) -> Iterator[Document]:
        """All of them, one after the other."""
        ...

    def summary(self, id_: str) -> Summary:
        """What is told of one without its text.

        Raises:
            KeyError: there is none with this id.
        """
        ...

    def summaries(self, start: int = 0) -> Iterator[Summary]:
        """What is told of each from a number on, in their order; to take the first few costs no more than these."""
        ...


@dataclass(frozen=True)
class DocumentsInMemory:
    items: Mapping[str, Document]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __contains__(self, id_: object, /) -> bool:
        return id_ in self.items

    def __getitem__(self, id_: str, /) -> Document:
        return self.items[id_]

    def get(self, id_: str, /) -> Document | None:
        return self.items.get(id_)

    def values(self) -> Iterator[Document]:
        return iter(self.items.values())

    def summary(self, id_: str) -> Summary:
        return self._summaries[id_]

    def summaries(self, start: int = 0) -> Iterator[Summary]:
        return islice(self._summaries.values(), start, None)

    @cached_property
    def _summaries(self) -> Mapping[str, Summary]:
        """Counted once: each citation asks for one."""
        return {id_: Summary.of(document) for id_, document in self.items.items()}
