"""What retrieval needs of vectors and words, wherever they are kept."""

from __future__ import annotations

from typing import Protocol

from qa.encoding.encoder import Floats
from qa.indexing.dense import Positions
from qa.indexing.lexical import Matching


class Dense(Protocol):
    """See `qa.indexing.dense.DenseIndex`."""

    def __len__(self) -> int: ...

    @property
    def dimension(self) -> int: ...

    def vector(self, position: int) -> Floats: ...

    def cosines(self, vector: Floats, positions: Positions) -> Floats: ...

    def search(self, vector: Floats, count: int, among: Positions | None = None) -> tuple[Positions, Floats]: ...


class Lexical(Protocol):
    """See `qa.indexing.lexical.LexicalIndex`."""

    def matches(self, question: str) -> tuple[Matching, Matching]: ...
