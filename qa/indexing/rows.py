"""Rows of a matrix on disk, read when they are asked for.

Unlike those of a mapped file they take no memory afterwards, and a file that was cut short is an error, not the end of
the process.
"""

from __future__ import annotations

import os
from pathlib import Path
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats
from qa.errors import DamagedGenerationError


class Rows:
    """The rows of a matrix of 32-bit floats that `numpy.save` wrote.

    Raises:
        DamagedGenerationError: the file holds something else, or has been cut short.
    """

    def __init__(self, path: Path) -> None:
        try:
            mapped = np.lib.format.open_memmap(path, mode="r")
        except ValueError as error:
            raise DamagedGenerationError(f"{path} is damaged ({error}); run qa index build --full") from error
        if mapped.dtype != np.float32 or mapped.ndim != 2 or not mapped.flags.c_contiguous:
            raise DamagedGenerationError(f"{path} is no matrix of 32-bit floats; run qa index build --full")
        self.shape: tuple[int, int] = mapped.shape
        self._start = int(mapped.offset)
        self._path = path
        self._file = os.open(path, os.O_RDONLY)
        finalize(self, os.close, self._file)

    def take(self, positions: NDArray[np.int64]) -> Floats:
        """The rows at some positions, in their order; those that follow one another are read at once.

        Raises:
            IndexError: a position is outside.
            DamagedGenerationError: the file has been cut short.
        """
        if not len(positions):
            return np.empty((0, self.shape[1]), np.float32)
        if not 0 <= positions.min() <= positions.max() < self.shape[0]:
            raise IndexError(f"there are {self.shape[0]} rows; {positions.min()} or {positions.max()} is none of them")
        rows = np.empty((len(positions), self.shape[1]), np.float32)
        starts = np.flatnonzero(np.diff(positions, prepend=-2) != 1).tolist()
        for start, end in zip(starts, [*starts[1:], len(positions)], strict=True):
            wanted = rows[start:end].data.cast("B")
            at = self._start + int(positions[start]) * rows.strides[0]
            if os.preadv(self._file, [wanted], at) != len(wanted):
                raise DamagedGenerationError(f"{self._path.name} has been cut short; run qa index build --full")
        return rows
