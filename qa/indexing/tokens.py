"""The vectors of single tokens, for late interaction: 16-bit floats in one array, mapped from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers

_ARRAYS = ("vectors", "bounds", "spans")


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """The tokens of one passage: ``vectors`` (n, dimension) of length one, ``spans`` (n, 2) within its text.

    A token that stands for no character of the text (its passage repeats words of another place) has the
    span (-1, -1).
    """

    vectors: Floats
    spans: Integers


@dataclass(frozen=True, slots=True)
class TokenStore:
    """Tokens of all passages: passage ``i`` has the rows ``bounds[i]`` to ``bounds[i + 1]``."""

    vectors: NDArray[np.float16]
    bounds: NDArray[np.int64]
    spans: Integers

    @classmethod
    def from_passages(cls, passages: Sequence[PassageTokens]) -> TokenStore:
        bounds = np.cumsum([0, *(len(tokens.vectors) for tokens in passages)], dtype=np.int64)
        vectors = np.concatenate([tokens.vectors for tokens in passages]).astype(np.float16)
        return cls(vectors, bounds, np.concatenate([tokens.spans for tokens in passages]).astype(np.int32))

    @classmethod
    def load(cls, folder: Path) -> TokenStore:
        mapped = [np.load(folder / file, mmap_mode="r", allow_pickle=False) for file in cls.files()]
        return cls(*mapped)

    def save(self, folder: Path) -> None:
        for name, file in zip(_ARRAYS, self.files(), strict=True):
            np.save(folder / file, getattr(self, name), allow_pickle=False)

    @staticmethod
    def files() -> tuple[str, ...]:
        return tuple(f"tokens-{name}.npy" for name in _ARRAYS)

    def passage(self, position: int) -> PassageTokens:
        start, end = int(self.bounds[position]), int(self.bounds[position + 1])
        return PassageTokens(self.vectors[start:end].astype(np.float32), self.spans[start:end])

    def __len__(self) -> int:
        return len(self.bounds) - 1
