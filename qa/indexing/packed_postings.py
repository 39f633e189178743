"""An inverted index of many passages: that of `qa.indexing.postings` in fewer bytes, and searched in another way.

A weight is the rarity of the term, which follows from how many passages hold it, times a share of 0 to 1 that is kept
in a byte. The terms that more than an eighth of the passages hold have a table: a byte a passage, so that what a
passage has of them is looked up at its place. The others have lists.

index/generations/<id>/lexical/<field>/
    terms.txt         the terms
    counts.npy        how many passages hold each
    starts.npy        where the list of each begins; a term of the table has an empty one
    passages.npy      the lists, one after the other
    shares.npy        the bytes to them
    tabled.npy        the terms of the table, ascending
    table.npy         their bytes: (terms, passages)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers
from qa.indexing.arrays import kept
from qa.indexing.postings import TERMS, Positions, highest, rarity

Bytes = NDArray[np.uint8]

# From so many passages on an index is packed: below, its lists take little, and weights stay as they are.
PACKED_FROM = 65_536
TABLED = 8  # terms that more than the 8th part of the passages hold
LARGEST = 255
# So many postings are added up for a question, of its rarest terms. So many times the passages that are asked for are
# then completed by the other terms, the rarest first; after each this share goes on, down to the fewest.
_SUMMED = 1_200_000
_BEGUN, _KEPT, _FEWEST = 256, 0.9, 4
# To look so few passages up in a list is cheaper than to add the list up.
_FEW = 512
_ARRAYS = ("counts", "starts", "passages", "shares", "tabled", "table")


class _Term(Protocol):
    """What passages have of a term; ``size`` of them hold it."""

    size: int

    def at(self, positions: Positions) -> Floats: ...

    def add_to(self, summed: Floats) -> None: ...


class _Listed:
    def __init__(self, passages: Integers, shares: Bytes, weight: float) -> None:
        self.size = len(passages)
        self._passages, self._shares, self._weight = passages, shares, np.float32(weight / LARGEST)

    def at(self, positions: Positions) -> Floats:
        sought = positions.astype(np.int32)
        places = np.minimum(np.searchsorted(self._passages, sought), len(self._passages) - 1)
        found: Floats = np.where(self._passages[places] == sought, self._shares[places] * self._weight, np.float32(0))
        return found

    def add_to(self, summed: Floats) -> None:
        np.add.at(summed, self._passages, self._shares * self._weight)


class _Tabled:
    def __init__(self, row: Bytes, size: int, weight: float) -> None:
        self.size = size
        self._row, self._weight = row, np.float32(weight / LARGEST)

    def at(self, positions: Positions) -> Floats:
        found: Floats = self._row[positions] * self._weight
        return found

    def add_to(self, summed: Floats) -> None:
        summed += self._row * self._weight


class PackedMatches:
    """How well ``size`` passages match some terms, the rarest first; nothing is added up before it is asked for."""

    def __init__(self, size: int, listed: Sequence[_Listed], tabled: Sequence[_Tabled], most: int = _SUMMED) -> None:
        self._size = size
        self._terms: Sequence[_Term] = (*listed, *tabled)
        ends = np.cumsum([one.size for one in self._terms])
        self._within = max(1, int(np.searchsorted(ends, most, side="right"))) if self._terms else 0

    def at(self, positions: Positions) -> Floats:
        """The scores of some passages, complete."""
        if len(positions) <= _FEW:
            return self._completed(positions, np.zeros(len(positions), np.float32), 0, len(positions))[1]
        return self._completed(positions, self._summed[positions], self._within, len(positions))[1]

    def most(self, count: int, among: Positions | None = None) -> Positions:
        """The ``count`` passages with the highest scores that are above nothing; ``among`` restricts them.

        A passage is passed over that has too little of the terms that are added up. As long as too few passages have
        anything to begin with, the next term is added up too, in the worst case all of them.
        """
        if among is not None and len(among) <= _BEGUN * count:
            pool, scores = among, self.at(among)
        else:
            pool, scores = self._pool(_BEGUN * count, _FEWEST * count, among)
        return pool[highest(scores, count)]

    def _pool(self, begun: int, fewest: int, among: Positions | None) -> tuple[Positions, Floats]:
        summed, added = self._summed, self._within
        pool = highest(summed if among is None else summed[among], begun)
        while len(pool) < begun and added < len(self._terms):
            summed = summed.copy() if added == self._within else summed
            self._terms[added].add_to(summed)
            added += 1
            pool = highest(summed if among is None else summed[among], begun)
        pool = pool if among is None else among[pool]
        return self._completed(pool, summed[pool], added, fewest)

    def _completed(self, positions: Positions, scores: Floats, added: int, fewest: int) -> tuple[Positions, Floats]:
        """Passages and their scores with the terms from ``added`` on; of more than ``fewest`` the best go on."""
        for term in self._terms[added:]:
            scores = scores + term.at(positions)
            if len(positions) > fewest:
                best = highest(scores, max(fewest, int(_KEPT * len(positions))))
                positions, scores = positions[best], scores[best]
        return positions, scores

    @cached_property
    def _summed(self) -> Floats:
        summed = np.zeros(self._size, np.float32)
        for term in self._terms[: self._within]:
            term.add_to(summed)
        return summed


@dataclass(frozen=True, slots=True)
class PackedPostings:
    """See above; ``rows`` tells which row of the table a term has."""

    terms: Mapping[str, int]
    size: int
    counts: Integers
    starts: NDArray[np.int64]
    passages: Integers
    shares: Bytes
    rows: Mapping[int, int]
    table: Bytes

    @classmethod
    def load(cls, folder: Path, size: int) -> PackedPostings:
        """Read what `pack` wrote, of ``size`` passages."""
        terms = (folder / TERMS).read_text(encoding="utf-8").split("\n")[:-1]
        arrays: list[Any] = [
            kept(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)) for name in _ARRAYS
        ]
        counts, starts, passages, shares, tabled, table = arrays
        rows = {term: row for row, term in enumerate(tabled.tolist())}
        return cls(
            {term: number for number, term in enumerate(terms)}, size, counts, starts, passages, shares, rows, table
        )

    @staticmethod
    def is_in(folder: Path) -> bool:
        return (folder / "table.npy").is_file()

    def matches(self, asked: Iterable[str], most: int = _SUMMED) -> PackedMatches:
        """How well passages match the terms of a question."""
        found = Counter(self.terms[term] for term in asked if term in self.terms)
        listed, tabled = [], []
        for number in sorted(found, key=self.counts.__getitem__):
            weight = found[number] * float(rarity(self.counts[number], self.size))
            row = self.rows.get(number)
            if row is not None:
                tabled.append(_Tabled(self.table[row], int(self.counts[number]), weight))
            else:
                own = slice(int(self.starts[number]), int(self.starts[number + 1]))
                listed.append(_Listed(self.passages[own], self.shares[own], weight))
        return PackedMatches(self.size, listed, tabled, most)

    def scores(self, asked: Iterable[str]) -> Floats:
        """The BM25 of every passage: (passages,). The work grows with their number."""
        return self.matches(asked, most=1 << 62).at(np.arange(self.size))
