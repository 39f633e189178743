"""The rows of a generation's passages: asked for together, and kept as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from qa.errors import DamagedGenerationError
from qa.indexing.milvus.parts import Parts
from qa.indexing.milvus.row import Row

Positions = NDArray[np.int64]

# What was asked for last is kept: 55 kB a passage, so some 2,300 of them.
_KEPT_BYTES = 128 * 1024 * 1024
# A passage of 130 tokens takes two rows of 64 kB.
_EXPECTED = 2
# Who asks for one, to build from it, asks for the next ones soon.
_AHEAD = 8


class Rows:
    """By position, ``count`` of them; any number of threads may ask at once."""

    def __init__(self, parts: Parts, count: int) -> None:
        self._parts, self._count = parts, count
        self._kept: OrderedDict[int, tuple[Row, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    def one(self, position: int) -> Row:
        if not 0 <= position < self._count:
            raise IndexError(f"there are {self._count} passages; {position} is none of them")
        kept = self._taken([position])
        if position in kept:
            return kept[position]
        start = position - position % _AHEAD
        return self._fetched(range(start, min(start + _AHEAD, self._count)))[position]

    def several(self, positions: Positions) -> list[Row]:
        """Those at some positions, in their order."""
        wanted: list[int] = positions.tolist()
        found = self._taken(wanted)
        found |= self._fetched(one for one in dict.fromkeys(wanted) if one not in found)
        return [found[position] for position in wanted]

    def packed(self, size: int = 64) -> Iterator[bytes]:
        """All of them as they were packed, in order; none is kept."""
        for start in range(0, self._count, size):
            positions = range(start, min(start + size, self._count))
            yield from self._asked(positions).values()

    def _taken(self, positions: list[int]) -> dict[int, Row]:
        with self._lock:
            here = [one for one in positions if one in self._kept]
            for one in here:
                self._kept.move_to_end(one)
            return {one: self._kept[one][0] for one in here}

    def _fetched(self, positions: Iterable[int]) -> dict[int, Row]:
        asked = self._asked(positions)
        rows = {one: Row.unpack(data, name_of(one)) for one, data in asked.items()}
        with self._lock:
            for one, row in rows.items():
                if one not in self._kept:
                    self._kept[one] = row, len(asked[one])
                    self._bytes += len(asked[one])
            while self._bytes > _KEPT_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1][1]
        return rows

    def _asked(self, positions: Iterable[int]) -> dict[int, bytes]:
        names = {name_of(one): one for one in positions}
        found = self._parts.get(list(names), _EXPECTED) if names else {}
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise DamagedGenerationError(
                f"{missing} is missing in Milvus ({self._parts.collection}); run qa index build --full"
            )
        return {one: found[name] for name, one in names.items()}


def name_of(position: int) -> str:
    """The key under which a passage's row is kept."""
    return f"passage {position}"
