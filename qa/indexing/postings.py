"""An inverted index: for each term the passages that hold it, each with its weight in BM25.

The weight is that of Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)) · f / (f + k1 · (1 - b + b · l / L)): for a term in n of
N passages, f times in one of l terms, where L is the mean of l. k1 and b are within what Robertson and Zaragoza (2009)
give; on KazQAD nothing near them was better.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers
from qa.indexing.arrays import kept

K1, B = 1.2, 0.75
BATCH = 16_384  # passages that are sorted at a time
# So many postings are added up for a question, of its rarest terms. So many times the passages that are asked for are
# then looked up in the lists of the others, the rarest first; after each list this share of them goes on, down to the
# fewest. `docs/scaling.md` tells what that finds.
_SUMMED = 800_000
_BEGUN, _KEPT, _FEWEST = 128, 0.8, 4
# Of so many scores not all are put in order, but those above what every so many-th tells.
_MANY, _SEEN = 100_000, 61
_ARRAYS = ("starts", "passages", "weights")
TERMS = "terms.txt"

Positions = NDArray[np.int64]


class _Posting(NamedTuple):
    """A term's passages in ascending order, and its weight in each."""

    passages: Integers
    weights: Floats


@dataclass(frozen=True, slots=True)
class Matches:
    """How well passages match some terms.

    ``summed`` (passages,) is the weight of all terms but those of ``others``, which are too frequent to be added up for
    every passage.
    """

    summed: Floats
    others: Sequence[_Posting]

    def at(self, positions: Positions) -> Floats:
        """The scores of some passages, complete."""
        return self._completed(positions, len(positions))[1]

    def most(self, count: int, among: Positions | None = None) -> Positions:
        """The ``count`` passages with the highest scores that are above nothing; ``among`` restricts them.

        Where some terms are not added up, a passage is passed over that has too little of the others. As long as too
        few passages have anything to begin with, the next term is added up too, in the worst case all of them.
        """
        if among is not None and len(among) <= _BEGUN * count:
            pool, scores = among, self.at(among)
        else:
            matches = self._with_enough(_BEGUN * count, among)
            pool = highest(_of(matches.summed, among), _BEGUN * count)
            pool, scores = matches._completed(pool if among is None else among[pool], _FEWEST * count)
        return pool[highest(scores, count)]

    def _with_enough(self, enough: int, among: Positions | None) -> Matches:
        """These, with as many more terms added up as it takes for ``enough`` passages to have some of them."""
        summed, added = self.summed, 0
        while added < len(self.others) and np.count_nonzero(_of(summed, among) > 0) < enough:
            passages, weights = self.others[added]
            summed = summed.copy() if not added else summed
            summed[passages] += weights
            added += 1
        return Matches(summed, self.others[added:]) if added else self

    def _completed(self, positions: Positions, fewest: int) -> tuple[Positions, Floats]:
        """Passages and their complete scores; of more than ``fewest`` only the best are completed."""
        scores: Floats = self.summed[positions]
        for passages, weights in self.others:
            sought = positions.astype(np.int32)
            places = np.minimum(np.searchsorted(passages, sought), len(passages) - 1)
            scores = scores + np.where(passages[places] == sought, weights[places], np.float32(0))
            if len(positions) > fewest:
                best = highest(scores, max(fewest, int(_KEPT * len(positions))))
                positions, scores = positions[best], scores[best]
        return positions, scores


def _of(scores: Floats, among: Positions | None) -> Floats:
    return scores if among is None else scores[among]


def rarity(holding: Any, size: int) -> Any:
    """What a term weighs that so many of ``size`` passages hold."""
    return np.log(1 + (size - holding + 0.5) / (holding + 0.5))


def highest(scores: Floats, count: int) -> Positions:
    """The places of the highest scores above nothing; of equal ones the first."""
    places = np.flatnonzero(scores > _bar(scores, count))
    if len(places) < count:
        places = np.flatnonzero(scores > 0)
    if len(places) <= count:
        return places
    scores = scores[places]
    bar = np.partition(scores, -count)[-count]
    above = places[scores > bar]
    return np.concatenate([above, places[scores == bar][: count - len(above)]])


def _bar(scores: Floats, count: int) -> np.float32:
    """What a few more than ``count`` of many scores are probably above, seen from some of them."""
    if len(scores) < _MANY:
        return np.float32(0)
    some = scores[::_SEEN]
    rank = min(len(some), count // _SEEN * 3 // 2 + 64)
    return max(np.float32(0), np.partition(some, -rank)[-rank])


@dataclass(frozen=True, slots=True)
class Postings:
    """The lists of all terms, one after the other: term ``t`` has the places ``starts[t]`` to ``starts[t + 1]``."""

    terms: Mapping[str, int]
    size: int
    starts: NDArray[np.int64]
    passages: Integers
    weights: Floats

    @classmethod
    def of(cls, texts: Iterable[array[int]], terms: Mapping[str, int]) -> Postings:
        """The index of texts, each the numbers of its terms; ``terms`` may grow while they are read."""
        lengths: list[int] = []
        sorted_: list[tuple[Integers, Integers, NDArray[np.uint16]]] = []
        rest = iter(texts)
        while batch := list(islice(rest, BATCH)):
            sorted_.append(by_term(batch, len(lengths)))
            lengths.extend(map(len, batch))
        frequencies = np.zeros(len(terms), np.int64)
        for numbers, _, _ in sorted_:
            frequencies += np.bincount(numbers, minlength=len(terms))
        # A text without a term still has its place, and the length of one.
        long = np.maximum(np.array(lengths, np.float32), 1)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(frequencies)])
        index = cls(terms, len(lengths), starts, np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32))
        index._fill(sorted_, frequencies, K1 * (1 - B + B * long / long.mean()) if lengths else long)
        return index

    def _fill(
        self,
        sorted_: list[tuple[Integers, Integers, NDArray[np.uint16]]],
        frequencies: NDArray[np.int64],
        damping: Floats,
    ) -> None:
        rare = rarity(frequencies, self.size).astype(np.float32)
        free = self.starts[:-1].copy()
        while sorted_:
            numbers, passages, times = sorted_.pop(0)
            here = np.bincount(numbers, minlength=len(frequencies))
            places = np.arange(len(numbers)) + np.repeat(free - (np.cumsum(here) - here), here)
            self.passages[places] = passages
            self.weights[places] = rare[numbers] * (times / (times + damping[passages]))
            free += here

    @classmethod
    def load(cls, folder: Path, size: int) -> Postings:
        """Read what `save` wrote, of ``size`` passages."""
        terms = (folder / TERMS).read_text(encoding="utf-8").split("\n")[:-1]
        arrays = (kept(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)) for name in _ARRAYS)
        return cls({term: number for number, term in enumerate(terms)}, size, *arrays)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TERMS).write_text("".join(f"{term}\n" for term in self.terms), encoding="utf-8")
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    def matches(self, asked: Iterable[str], most: int = _SUMMED) -> Matches:
        """How well passages match the terms of a question; of its rarest terms at most ``most`` postings are added up.

        The rarest of all is, however long its list.
        """
        lists = sorted(self._lists(asked), key=lambda one: len(one.passages))
        ends = np.cumsum([len(one.passages) for one in lists])
        within = max(1, int(np.searchsorted(ends, most, side="right")))
        summed = np.zeros(self.size, np.float32)
        if not lists:
            return Matches(summed, ())
        passages = np.concatenate([one.passages for one in lists[:within]])
        np.add.at(summed, passages, np.concatenate([one.weights for one in lists[:within]]))
        return Matches(summed, lists[within:])

    def _lists(self, asked: Iterable[str]) -> Iterator[_Posting]:
        for number, times in Counter(self.terms[term] for term in asked if term in self.terms).items():
            own = slice(int(self.starts[number]), int(self.starts[number + 1]))
            weights = self.weights[own]
            yield _Posting(self.passages[own], weights if times == 1 else times * weights)

    def scores(self, asked: Iterable[str]) -> Floats:
        """The BM25 of every passage: (passages,). The work grows with their number."""
        return self.matches(asked, most=len(self.passages) + 1).summed


def by_term(batch: Sequence[array[int]], first: int) -> tuple[Integers, Integers, NDArray[np.uint16]]:
    """The terms of some texts, ascending: whose they are, as numbers from ``first``, and how often they are there."""
    ends = np.cumsum([0, *map(len, batch)])
    terms = np.empty(ends[-1], np.int64)
    for (start, end), text in zip(pairwise(ends.tolist()), batch, strict=True):
        terms[start:end] = text
    owners = np.repeat(np.arange(first, first + len(batch)), np.diff(ends))
    found, times = np.unique(terms << 32 | owners, return_counts=True)
    passages = (found & 0xFFFFFFFF).astype(np.int32)
    return (found >> 32).astype(np.int32), passages, np.minimum(times, 0xFFFF).astype(np.uint16)
