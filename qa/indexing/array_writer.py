"""Writes an array row by row: the file is the one that `numpy.save` would write, and what is in memory is a buffer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class ArrayWriter:
    """An array of ``kind`` of which a row has the shape ``row``; its length is known once it is closed."""

    def __init__(self, path: Path, kind: DTypeLike, *row: int) -> None:
        self._kind, self._row = np.dtype(kind), row
        self._file = path.open("wb", buffering=1 << 20)
        self._length = 0
        self._write_header()

    def add(self, rows: NDArray[Any]) -> None:
        """Some more rows."""
        self._file.write(np.ascontiguousarray(rows, dtype=self._kind).data)
        self._length += len(rows)

    def close(self) -> None:
        """Say how long it is, and have all of it reach the disk."""
        with self._file:
            self._file.seek(0)
            self._write_header()
            self._file.flush()
            os.fsync(self._file.fileno())

    def _write_header(self) -> None:
        # numpy leaves room in the header for any length.
        header = {"descr": self._kind.str, "fortran_order": False, "shape": (self._length, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, header)
