"""How far the figures of a set would move with other questions of its kind: 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from qa.evaluation.figures import MEASURES, Confidences, coverage, roc_area
from qa.evaluation.outcomes import Outcome

Interval = tuple[float, float]

RESAMPLES = 2000
_FEWEST = 10  # percentiles of a bootstrap over fewer questions are far too narrow
_Z = NormalDist().inv_cdf(0.975)


def wilson(successes: int, count: int) -> Interval:
    """The score interval of a proportion (Wilson, 1927)."""
    share, shrink = successes / count, 1 + _Z**2 / count
    middle = (share + _Z**2 / (2 * count)) / shrink
    reach = _Z / shrink * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def bootstrap(statistic: Callable[..., float], *samples: Sequence[float]) -> Interval | None:
    """The percentile interval of a statistic, each sample resampled by itself; None where one is too small."""
    if min(map(len, samples)) < _FEWEST:
        return None
    random = np.random.default_rng(0)
    drawn = [statistic(*(random.choice(sample, len(sample)) for sample in samples)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def paired(differences: NDArray[np.float64], random: np.random.Generator) -> Interval:
    """The percentile interval of the mean difference, one for each question, of two outcomes of the same questions."""
    resampled = random.choice(differences, (RESAMPLES, len(differences))).mean(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return float(low), float(high)


def intervals(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """The intervals of those figures of some outcomes that have one, by the figures' names."""
    asked = [one for one in outcomes if one.answerable]
    refused = [not one.answered for one in outcomes if not one.answerable]
    found: dict[str, Interval | None] = {}
    if asked:
        for name in ("hit@1", "hit@3", "section@1", "answered"):
            found[name] = wilson(round(sum(map(MEASURES[name], asked))), len(asked))
        found["ndcg@10"] = bootstrap(np.mean, [one.ndcg10 for one in asked])
    if refused:
        found["refused"] = wilson(sum(refused), len(refused))
    confident, near, off = Confidences.of(outcomes)
    found["auroc_near"] = bootstrap(roc_area, confident, near)
    found["auroc_off"] = bootstrap(roc_area, confident, off)
    found["coverage@5%"] = bootstrap(coverage, confident, near + off)
    return {name: interval for name, interval in found.items() if interval is not None}
