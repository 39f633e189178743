"""Passages that stand in several documents, word for word or nearly: each is found once.

Two passages are alike where nine tenths of all the sequences of three words that either has are in both (Broder, "On
the resemblance and containment of documents", 1997) and all numbers are the same, in their order: a table or a form
that is filled in anew each year is no copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qa.records import Passage

ALIKE = 0.9
MOST_TOLD = 20
_SHINGLE = 3
# Where the lengths of two texts differ by more, so do their words: 0.9 of the sequences, and some room for long words.
_LEAST_RATIO = 0.75
# Behind the last passage that is shown its copies are looked for among so many.
LOOKED_THROUGH = 10
_WORD = re.compile(r"\w+")


@dataclass
class Distinct:
    """Passages without their copies, in the order in which they are offered; at most ``count`` of them."""

    count: int
    _kept: list[_Worded] = field(default_factory=list)

    def offer(self, key: int, passage: Passage) -> None:
        """Take a passage in, as one more or as a copy of one before it, which another document has."""
        own = _Worded(key, passage)
        for one in self._kept:
            if one.is_copied_by(own):
                one.copies.append(key)
                return
        if not self.full:
            self._kept.append(own)

    @property
    def full(self) -> bool:
        return len(self._kept) >= self.count

    def kept(self) -> list[tuple[int, tuple[int, ...]]]:
        """The keys of the passages, and of the copies of each."""
        return [(one.key, tuple(one.copies[:MOST_TOLD])) for one in self._kept]


class _Worded:
    """A passage and, once they are needed, its words."""

    __slots__ = ("_shingles", "copies", "key", "numbers", "passage", "size")

    def __init__(self, key: int, passage: Passage) -> None:
        self.key, self.passage, self.copies = key, passage, list[int]()
        self.size = len(passage.plain)
        self._shingles: frozenset[tuple[str, ...]] | None = None
        self.numbers: tuple[str, ...] = ()

    def is_copied_by(self, other: _Worded) -> bool:
        if self.passage.document == other.passage.document:
            return False
        if min(self.size, other.size) < _LEAST_RATIO * max(self.size, other.size):
            return False
        if self.passage.plain == other.passage.plain:
            return True
        mine, theirs = self.shingles(), other.shingles()
        shared = len(mine & theirs)
        return self.numbers == other.numbers and shared >= ALIKE * (len(mine) + len(theirs) - shared)

    def shingles(self) -> frozenset[tuple[str, ...]]:
        if self._shingles is None:
            words = _WORD.findall(self.passage.plain.casefold())
            self.numbers = tuple(word for word in words if any(map(str.isdigit, word)))
            self._shingles = frozenset(zip(*(words[start:] for start in range(_SHINGLE)), strict=False)) or frozenset(
                {tuple(words)}
            )
        return self._shingles


def distinct(order: Sequence[int], passage: Callable[[int], Passage], count: int) -> list[tuple[int, tuple[int, ...]]]:
    """The first ``count`` keys of an order whose passages are no copies of earlier ones, and the keys of the copies."""
    found, beyond = Distinct(count), 0
    for key in order:
        beyond += found.full
        if beyond > LOOKED_THROUGH:
            break
        found.offer(key, passage(key))
    return found.kept()
