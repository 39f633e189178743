"""A file of JSON, a record a line, in which each is read when it is asked for."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from qa.errors import DamagedGenerationError
from qa.indexing.arrays import kept

_BLOCK = 1 << 20


class JsonLines:
    """The lines of ``path``, by number; ``starts`` (lines + 1,) are where they begin and the last one ends.

    The file is read, not mapped: what was read leaves nothing behind, and a file that was cut short is an error.
    """

    def __init__(self, path: Path, starts: NDArray[np.int64]) -> None:
        self._path, self._starts = path, starts
        self._file = os.open(path, os.O_RDONLY)
        finalize(self, os.close, self._file)

    @classmethod
    def load(cls, path: Path, starts: Path) -> JsonLines:
        return cls(path, kept(np.load(starts, mmap_mode="r", allow_pickle=False)))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def size(self, number: int) -> int:
        """How many bytes a line has."""
        return int(self._starts[number + 1] - self._starts[number])

    def __getitem__(self, number: int, /) -> bytes:
        """A line.

        Raises:
            IndexError: there is none with this number.
            DamagedGenerationError: the file has been cut short.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} lines; {number} is none of them")
        return self._read(int(self._starts[number]), self.size(number))

    def __iter__(self) -> Iterator[bytes]:
        """All lines, many read at once."""
        return self.since(0)

    def since(self, first: int) -> Iterator[bytes]:
        """The lines from a number on, many read at once."""
        # By the open file and not by its path: the folder of a generation gets its name late, and is removed early.
        while first < len(self):
            start = self._starts[first]
            end = max(first + 1, int(np.searchsorted(self._starts, start + _BLOCK, "right")) - 1)
            yield from self._read(int(start), int(self._starts[end] - start)).splitlines()
            first = end

    def _read(self, start: int, size: int) -> bytes:
        found = os.pread(self._file, size, start)
        while len(found) < size:  # the system may read a long stretch in parts
            more = os.pread(self._file, size - len(found), start + len(found))
            if not more:
                raise DamagedGenerationError(f"{self._path.name} has been cut short; run qa index build --full")
            found += more
        return found


class LineWriter:
    """Writes lines, which have no line break of their own, and remembers where they begin: 8 bytes a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BLOCK)
        self._starts = array("q", [0])

    def add(self, line: bytes) -> None:
        self._starts.append(self._starts[-1] + self._file.write(line + b"\n"))

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the lines so far begin, and where the last one ends."""
        return np.array(self._starts, np.int64)

    def close(self) -> None:
        """Have all of it reach the disk."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
