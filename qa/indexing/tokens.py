"""The vectors of single tokens, for late interaction: a byte a dimension in one array.

Each vector has a scale of its own, the 127th part of its largest value. On the development sets this finds what 32-bit
floats find, but for one question of 665; fewer dimensions (PCA) find less: see `scripts/measure_tokens`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers
from qa.indexing.array_writer import ArrayWriter
from qa.indexing.arrays import kept

_ARRAYS = ("vectors", "scales", "bounds", "spans")
_LARGEST = 127


class Tokens(Protocol):
    """The tokens of all passages, wherever they are kept."""

    def __len__(self) -> int:
        """The number of passages."""
        ...

    @property
    def tokens(self) -> int:
        """How many there are of all passages."""
        ...

    def passage(self, position: int, /) -> PassageTokens: ...

    def spans_of(self, position: int, /) -> Integers:
        """The places of a passage's tokens alone."""
        ...

    def several(self, positions: NDArray[np.int64], /) -> list[PassageTokens]:
        """Those of some passages, in the order of ``positions``."""
        ...


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """The n tokens of one passage, in bytes: a token's vector is its row of ``vectors`` (n, dimension) times its
    ``scales`` (n,). ``spans`` (n, 2) are their places within the passage's text.

    A token that stands for no character of the text (its passage repeats words of another place) has the
    span (-1, -1).
    """

    vectors: NDArray[np.int8]
    scales: Floats
    spans: Integers

    @classmethod
    def of(cls, vectors: Floats, spans: Integers) -> PassageTokens:
        """The bytes that are nearest to some vectors."""
        largest = np.abs(vectors).max(axis=1)
        scales = (np.where(largest > 0, largest, 1.0) / _LARGEST).astype(np.float32)
        return cls(np.round(vectors / scales[:, None]).astype(np.int8), scales, spans.astype(np.int32))


class TokensWriter:
    """Writes the tokens of passages, in their order, as they come; `TokenStore.load` reads them."""

    def __init__(self, folder: Path, dimension: int) -> None:
        vectors, scales, bounds, spans = (folder / file for file in TokenStore.files())
        self._vectors, self._scales = ArrayWriter(vectors, np.int8, dimension), ArrayWriter(scales, np.float32)
        self._spans, self._bounds_file = ArrayWriter(spans, np.int32, 2), bounds
        self._bounds = array("q", [0])

    def add(self, tokens: PassageTokens) -> None:
        """The tokens of the next passage."""
        self._vectors.add(tokens.vectors)
        self._scales.add(tokens.scales)
        self._spans.add(tokens.spans)
        self._bounds.append(self._bounds[-1] + len(tokens.scales))

    @property
    def tokens(self) -> int:
        """How many there are so far."""
        return self._bounds[-1]

    def close(self) -> None:
        """Have all of it reach the disk."""
        for writer in (self._vectors, self._scales, self._spans):
            writer.close()
        np.save(self._bounds_file, np.array(self._bounds, np.int64), allow_pickle=False)


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Tokens of all passages: passage ``i`` has the rows ``bounds[i]`` to ``bounds[i + 1]``."""

    vectors: NDArray[np.int8]
    scales: Floats
    bounds: NDArray[np.int64]
    spans: Integers

    @classmethod
    def from_passages(cls, passages: Sequence[PassageTokens]) -> TokenStore:
        return cls(
            np.concatenate([tokens.vectors for tokens in passages]),
            np.concatenate([tokens.scales for tokens in passages]),
            np.cumsum([0, *(len(tokens.vectors) for tokens in passages)], dtype=np.int64),
            np.concatenate([tokens.spans for tokens in passages]),
        )

    @classmethod
    def load(cls, folder: Path) -> TokenStore:
        return cls(*(kept(np.load(folder / file, mmap_mode="r", allow_pickle=False)) for file in cls.files()))

    def save(self, folder: Path) -> None:
        for name, file in zip(_ARRAYS, self.files(), strict=True):
            np.save(folder / file, getattr(self, name), allow_pickle=False)

    @staticmethod
    def files() -> tuple[str, ...]:
        return tuple(f"tokens-{name}.npy" for name in _ARRAYS)

    def passage(self, position: int) -> PassageTokens:
        rows = slice(int(self.bounds[position]), int(self.bounds[position + 1]))
        return PassageTokens(self.vectors[rows], self.scales[rows], self.spans[rows])

    def spans_of(self, position: int) -> Integers:
        found: Integers = self.spans[int(self.bounds[position]) : int(self.bounds[position + 1])]
        return found

    @property
    def tokens(self) -> int:
        """How many there are of all passages."""
        return len(self.scales)

    def several(self, positions: NDArray[np.int64]) -> list[PassageTokens]:
        """The tokens of some passages, in the order of ``positions``."""
        return [self.passage(position) for position in positions.tolist()]

    def __len__(self) -> int:
        return len(self.bounds) - 1
