"""Whether a set of questions is answered worse than before by more than noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.evaluation.figures import MEASURES
from qa.evaluation.outcomes import Outcome
from qa.evaluation.questions import EvaluationError
from qa.evaluation.uncertainty import paired


def falls(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[str]:
    """Where outcomes are worse than earlier ones by more than their noise: one line each, empty where nowhere.

    Questions are compared in pairs: a figure falls where its mean difference, and the upper end of the 95 %
    interval of a paired bootstrap over the questions, are below zero.

    Raises:
        EvaluationError: the two have no question in common.
    """
    earlier = {one.id: one for one in before}
    pairs = [(earlier[one.id], one) for one in after if one.id in earlier]
    if not pairs:
        raise EvaluationError("the saved report has no question in common with this set; save one of the same set")
    random = np.random.default_rng(0)
    fallen = []
    for name in ("hit@1", "hit@3", "ndcg@10", "refused"):
        measure = MEASURES.get(name, _refused)
        concerned = [pair for pair in pairs if pair[1].answerable is (name != "refused")]
        differences = np.array([measure(now) - measure(then) for then, now in concerned])
        if not len(differences):
            continue
        if differences.mean() < 0 and paired(differences, random)[1] < 0:
            worse = [now.id for then, now in concerned if measure(now) < measure(then)]
            fallen.append(f"{name} fell by {-differences.mean():.3f}: {', '.join(worse)}")
    return fallen


def _refused(one: Outcome) -> float:
    return float(not one.answered)
