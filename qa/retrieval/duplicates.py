"""Passages that stand in several documents, word for word or nearly: each is found once.

Two passages are alike where nine tenths of all the sequences of three words that either has are in both (Broder, "On
the resemblance and containment of documents", 1997) and all numbers are the same, in their order: a table or a form
that is filled in anew each year is no copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qa.records import Passage

ALIKE = 0.9
MOST_TOLD = 20
_SHINGLE = 3
# Cheap to look at, and true of all that are alike, with room for long words and for signs beside them: the shorter text
# has so much of the longer one's length, and their beginnings so much in common of what stands between spaces.
_LEAST_LENGTH, _LEAST_SHARED, _BEGINNING = 0.8, 0.5, 400
_FEW = 10  # of fewer a single sign may be more than that
# Behind the last passage that is shown its copies are looked for among so many.
LOOKED_THROUGH = 5
_WORD = re.compile(r"\w+")


@dataclass
class Distinct:
    """Passages without their copies, in the order in which they are offered; at most ``count`` of them."""

    count: int
    _kept: list[_Worded] = field(default_factory=list)

    def offer(self, key: int, passage: Passage) -> None:
        """Take a passage in, as one more or as a copy of one before it, which another document has."""
        own = _Worded(key, passage)
        shortest, longest = _LEAST_LENGTH * own.size, own.size / _LEAST_LENGTH
        for one in self._kept:
            if shortest <= one.size <= longest and one.is_copied_by(own):
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

    def __init__(self, key: int, passage: Passage) -> None:
        self.key, self.passage, self.copies = key, passage, list[int]()
        self.size = len(passage.plain)

    def is_copied_by(self, other: _Worded) -> bool:
        if self.passage.document == other.passage.document:
            return False
        if self.passage.plain == other.passage.plain:
            return True
        most = max(len(self.parts), len(other.parts))
        if most > _FEW and len(self.parts & other.parts) < _LEAST_SHARED * most:
            return False
        if self.numbers != other.numbers:
            return False
        shared = len(self.shingles & other.shingles)
        return shared >= ALIKE * (len(self.shingles) + len(other.shingles) - shared)

    @cached_property
    def parts(self) -> frozenset[str]:
        """What stands between spaces in its beginning."""
        return frozenset(self.passage.plain[:_BEGINNING].casefold().split())

    @cached_property
    def words(self) -> list[str]:
        return _WORD.findall(self.passage.plain.casefold())

    @cached_property
    def numbers(self) -> list[str]:
        return [word for word in self.words if not word.isalpha() and any(map(str.isdigit, word))]

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        found = frozenset(zip(*(self.words[start:] for start in range(_SHINGLE)), strict=False))
        return found or frozenset({tuple(self.words)})


def distinct(order: Sequence[int], passage: Callable[[int], Passage], count: int) -> list[tuple[int, tuple[int, ...]]]:
    """The first ``count`` keys of an order whose passages are no copies of earlier ones, and the keys of the copies."""
    found, beyond = Distinct(count), 0
    for key in order:
        beyond += found.full
        if beyond > LOOKED_THROUGH:
            break
        found.offer(key, passage(key))
    return found.kept()
