"""The vectors of single tokens, for late interaction: a byte a dimension in one array, mapped from disk.

Each vector has a scale of its own, the 127th part of its largest value. On every development set this found what
16-bit floats found, to the fourth digit; fewer dimensions (PCA) did not: see `scripts/measure_tokens`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers

_ARRAYS = ("vectors", "scales", "bounds", "spans")
_LARGEST = 127


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """The tokens of one passage: ``vectors`` (n, dimension) of length one, ``spans`` (n, 2) within its text.

    A token that stands for no character of the text (its passage repeats words of another place) has the
    span (-1, -1).
    """

    vectors: Floats
    spans: Integers

    def stored(self) -> StoredTokens:
        """The tokens as a store holds them."""
        largest = np.abs(self.vectors).max(axis=1)
        scales = (np.where(largest > 0, largest, 1.0) / _LARGEST).astype(np.float32)
        return StoredTokens(
            np.round(self.vectors / scales[:, None]).astype(np.int8), scales, self.spans.astype(np.int32)
        )


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """The tokens of one passage in bytes: a token's vector is its row of ``vectors`` times its ``scales``."""

    vectors: NDArray[np.int8]
    scales: Floats
    spans: Integers


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Tokens of all passages: passage ``i`` has the rows ``bounds[i]`` to ``bounds[i + 1]``."""

    vectors: NDArray[np.int8]
    scales: Floats
    bounds: NDArray[np.int64]
    spans: Integers

    @classmethod
    def from_stored(cls, passages: Sequence[StoredTokens]) -> TokenStore:
        return cls(
            np.concatenate([tokens.vectors for tokens in passages]),
            np.concatenate([tokens.scales for tokens in passages]),
            np.cumsum([0, *(len(tokens.vectors) for tokens in passages)], dtype=np.int64),
            np.concatenate([tokens.spans for tokens in passages]),
        )

    @classmethod
    def load(cls, folder: Path) -> TokenStore:
        # Plain arrays over the mapped files: taking a part of an np.memmap costs a microsecond each time.
        mapped = [np.asarray(np.load(folder / file, mmap_mode="r", allow_pickle=False)) for file in cls.files()]
        return cls(*mapped)

    def save(self, folder: Path) -> None:
        for name, file in zip(_ARRAYS, self.files(), strict=True):
            np.save(folder / file, getattr(self, name), allow_pickle=False)

    @staticmethod
    def files() -> tuple[str, ...]:
        return tuple(f"tokens-{name}.npy" for name in _ARRAYS)

    def passage(self, position: int) -> PassageTokens:
        stored = self.stored(position)
        return PassageTokens(stored.vectors.astype(np.float32) * stored.scales[:, None], stored.spans)

    def stored(self, position: int) -> StoredTokens:
        rows = slice(int(self.bounds[position]), int(self.bounds[position + 1]))
        return StoredTokens(self.vectors[rows], self.scales[rows], self.spans[rows])

    def __len__(self) -> int:
        return len(self.bounds) - 1
