"""The figures of a set, each from the outcomes of its questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qa.evaluation.outcomes import Outcome

# Each is the mean, over the answerable questions, of what it gives for one.
MEASURES: dict[str, Callable[[Outcome], float]] = {
    "hit@1": lambda one: float(one.rank == 1),
    "hit@3": lambda one: float(one.rank is not None and one.rank <= 3),
    "mrr@10": lambda one: 1 / one.rank if one.rank and one.rank <= 10 else 0.0,
    "ndcg@10": lambda one: one.ndcg10,
    "section@1": lambda one: float(one.section_first),
    "answered": lambda one: float(one.answered),
}


class Confidences(NamedTuple):
    """The confidences on the answerable questions, and on the others by whether they are about the same subject."""

    answerable: list[float]
    near: list[float]
    off: list[float]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Confidences:
        return cls(
            [one.confidence for one in outcomes if one.answerable],
            [one.confidence for one in outcomes if not one.answerable and one.near],
            [one.confidence for one in outcomes if not one.answerable and not one.near],
        )


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The figures of some outcomes; one that no outcome bears on is left out."""
    found = {"n": float(len(outcomes))}
    asked = [one for one in outcomes if one.answerable]
    if asked:
        found |= {name: fmean(map(measure, asked)) for name, measure in MEASURES.items()}
    confident, near, off = Confidences.of(outcomes)
    for name, unanswerable in (("auroc", near + off), ("auroc_near", near), ("auroc_off", off)):
        if confident and unanswerable:
            found[name] = roc_area(confident, unanswerable)
    if confident and near + off:
        found["coverage@5%"] = coverage(confident, near + off)
    if near + off:
        found["refused"] = fmean(not one.answered for one in outcomes if not one.answerable)
    taken = sorted(one.milliseconds for one in outcomes)
    found["p50_ms"], found["p99_ms"] = taken[len(taken) // 2], taken[int(0.99 * (len(taken) - 1))]
    return {name: round(value, 4) for name, value in found.items()}


def roc_area(positives: ArrayLike, negatives: ArrayLike) -> float:
    """The probability that a positive lies above a negative, ties counting half."""
    ordered = np.sort(negatives)
    below, up_to = (np.searchsorted(ordered, positives, side) for side in ("left", "right"))
    return float(np.mean(below + up_to) / 2 / len(ordered))


def coverage(positives: ArrayLike, negatives: ArrayLike, rate: float = 0.05) -> float:
    """The share of positives above the threshold that at most ``rate`` of the negatives lie above."""
    ordered = np.sort(negatives)[::-1]
    return float(np.mean(np.asarray(positives) > ordered[int(rate * len(ordered))]))


def coverage_curve(positives: Sequence[float], negatives: Sequence[float]) -> list[tuple[float, float]]:
    """The shares of negatives and of positives at or above each threshold, from the highest threshold down."""
    thresholds = sorted({*positives, *negatives}, reverse=True)
    shares = [tuple(fmean(one >= least for one in some) for some in (negatives, positives)) for least in thresholds]
    return [(0.0, 0.0), *((false, covered) for false, covered in shares)]


@dataclass(frozen=True)
class Bin:
    """Questions of about the same confidence, and how many of them had an acceptable passage first."""

    confidence: float
    right: int
    count: int


def reliability(outcomes: Sequence[Outcome], most: int = 10, least: int = 10) -> list[Bin]:
    """Bins of equal counts: ``most``, or fewer with at least ``least`` questions in each.

    An unanswerable question counts as one whose first passage is wrong: the confidence is to say that too.
    """
    ordered = sorted(outcomes, key=lambda one: one.confidence)
    count = max(1, min(most, len(ordered) // least))
    parts = np.array_split(np.array([(one.confidence, one.rank == 1) for one in ordered]), count)
    return [Bin(float(part[:, 0].mean()), int(part[:, 1].sum()), len(part)) for part in parts]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error (Naeini, Cooper and Hauskrecht, 2015) over bins."""
    off = sum(one.count * abs(one.right / one.count - one.confidence) for one in bins)
    return off / sum(one.count for one in bins)
