"""The vectors of single tokens in half the room, four bits a dimension: for many passages.

`docs/scaling.md` tells what that loses, and what joining neighbouring tokens would. All that is kept of a passage
stands together, so that it is read at once; the file is read, not mapped.

index/generations/<id>/
    tokens.packed       of each passage its tokens' scales, their spans, and their vectors, two dimensions a byte
    tokens-bounds.npy   how many tokens there are before each passage
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Integers
from qa.errors import DamagedGenerationError
from qa.indexing.arrays import kept
from qa.indexing.tokens import PassageTokens

# From so many passages on they are reduced; of as many as this they take 3.4 GB.
REDUCED_FROM = 65_536
FILE, BOUNDS = "tokens.packed", "tokens-bounds.npy"
_LARGEST = 7  # of four bits with a sign
# A dimension that is larger than so many standard deviations is cut to that: rounding the others finer finds more.
_CUT = 3.0
_SCALE, _SPANS = 4, 8  # bytes a token


def reduced(tokens: PassageTokens) -> PassageTokens:
    """The tokens of a passage with each dimension as a number from -7 to 7."""
    vectors = tokens.vectors * tokens.scales[:, None]
    steps = np.minimum(np.abs(vectors).max(axis=1), _CUT * vectors.std(axis=1)) / _LARGEST
    steps = np.where(steps > 0, steps, 1)
    codes = np.clip(np.rint(vectors / steps[:, None]), -_LARGEST, _LARGEST).astype(np.int8)
    # Late interaction takes each vector to be of length one.
    lengths = np.linalg.norm(codes.astype(np.float32), axis=1)
    return PassageTokens(codes, (1 / np.maximum(lengths, 1)).astype(np.float32), tokens.spans)


def packed(tokens: PassageTokens) -> PassageTokens:
    """`reduced` tokens as they are kept: a byte has a dimension of the first half, and in its upper bits one of the
    second.
    """
    codes = (tokens.vectors + 8).astype(np.uint8)
    half = codes.shape[1] // 2
    return PassageTokens((codes[:, :half] | codes[:, half:] << 4).view(np.int8), tokens.scales, tokens.spans)


class ReducedTokensWriter:
    """Writes the tokens of passages, in their order, as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / FILE).open("wb", buffering=1 << 20)
        self._bounds = array("q", [0])

    def add(self, tokens: PassageTokens) -> None:
        """The tokens of the next passage, as `packed` gives them."""
        for part in (tokens.scales.astype("<f4"), tokens.spans.astype("<i4"), tokens.vectors):
            self._file.write(part.tobytes())
        self._bounds.append(self._bounds[-1] + len(tokens.scales))

    @property
    def tokens(self) -> int:
        """How many there are so far."""
        return self._bounds[-1]

    def close(self) -> None:
        """Have all of it reach the disk."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        np.save(self._folder / BOUNDS, np.array(self._bounds, np.int64), allow_pickle=False)


class ReducedTokens:
    """See above, and `qa.indexing.tokens.TokenStore`."""

    def __init__(self, folder: Path) -> None:
        self.bounds: NDArray[np.int64] = kept(np.load(folder / BOUNDS, mmap_mode="r", allow_pickle=False))
        self._file = os.open(folder / FILE, os.O_RDONLY)
        finalize(self, os.close, self._file)
        size = os.fstat(self._file).st_size
        self._row = size // max(1, int(self.bounds[-1]))
        if self._row * int(self.bounds[-1]) != size or self._row <= _SCALE + _SPANS:
            raise DamagedGenerationError(f"{FILE} has been cut short; run qa index build --full")

    @staticmethod
    def is_in(folder: Path) -> bool:
        return (folder / FILE).is_file()

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def tokens(self) -> int:
        """How many there are of all passages."""
        return int(self.bounds[-1])

    def passage(self, position: int) -> PassageTokens:
        """The tokens of a passage.

        Raises:
            DamagedGenerationError: the file has been cut short.
        """
        first, end = int(self.bounds[position]), int(self.bounds[position + 1])
        size, count = self._row * (end - first), end - first
        data = os.pread(self._file, size, self._row * first)
        if len(data) != size:
            raise DamagedGenerationError(f"{FILE} has been cut short; run qa index build --full")
        scales = np.frombuffer(data, "<f4", count)
        spans = np.frombuffer(data, "<i4", 2 * count, _SCALE * count).reshape(count, 2)
        both = np.frombuffer(data, np.uint8, offset=(_SCALE + _SPANS) * count).reshape(count, -1)
        half = both.shape[1]
        vectors = np.empty((count, 2 * half), np.int8)
        np.bitwise_and(both, 15, out=vectors[:, :half].view(np.uint8))
        np.right_shift(both, 4, out=vectors[:, half:].view(np.uint8))
        vectors -= 8
        return PassageTokens(vectors, scales, spans)

    def spans_of(self, position: int) -> Integers:
        """The places of a passage's tokens in its text. Raises as `passage` does."""
        first, end = int(self.bounds[position]), int(self.bounds[position + 1])
        size = _SPANS * (end - first)
        data = os.pread(self._file, size, self._row * first + _SCALE * (end - first))
        if len(data) != size:
            raise DamagedGenerationError(f"{FILE} has been cut short; run qa index build --full")
        found: Integers = np.frombuffer(data, "<i4").reshape(-1, 2)
        return found

    def several(self, positions: NDArray[np.int64]) -> list[PassageTokens]:
        """The tokens of some passages, in the order of ``positions``. Raises as `passage` does."""
        return [self.passage(position) for position in positions.tolist()]
