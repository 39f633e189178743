"""Whether the best passage answers a question or is only about the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa.encoding.encoder import Floats
from qa.encoding.prepared import PLAIN, PreparedModel
from qa.retrieval.calibration import Calibration
from qa.retrieval.evidence import Evidence, Judged
from qa.retrieval.interaction import Interactions
from qa.retrieval.relevance import Scales, Similarities

SCALES = Scales(1.0, 0.5, 0.25)
FOUND = Judged(100.0, Similarities(0.6, 0.8, 0.5, 1.0, 0.0), 0.48)


def weakest(cosines: Floats) -> float:
    (found,) = Interactions(cosines, cosines, np.array([0, cosines.shape[1]])).best()[2].tolist()
    return float(found)


def test_the_weakest_tokens_are_a_quarter_of_the_question_and_one_at_least() -> None:
    raw = np.array([[0.9, 0.1], [0.2, 0.3], [0.4, 0.8], [0.5, 0.7], [0.6, 0.1], [0.1, 0.6], [0.5, 0.5], [0.0, 0.5]])
    assert weakest(raw) == pytest.approx((0.3 + 0.5) / 2)
    assert weakest(raw[:3]) == pytest.approx(0.3)
    assert weakest(np.empty((0, 0), np.float32)) == -1
    assert weakest(np.empty((3, 0), np.float32)) == -1


def test_evidence_is_a_share_that_each_of_its_parts_moves() -> None:
    evidence = Evidence(raw=2.0, centred=-1.0, weakest=10.0, intercept=-6.0)
    even = evidence.share(FOUND, SCALES)
    assert 0 < even < 1
    assert evidence.share(FOUND._replace(weakest=0.6), SCALES) > even
    assert evidence.share(FOUND._replace(weakest=0.4), SCALES) < even
    assert evidence.share(FOUND._replace(similarities=replace(FOUND.similarities, raw=0.9)), SCALES) > even
    assert evidence.share(FOUND._replace(similarities=replace(FOUND.similarities, centred=0.6)), SCALES) < even
    assert evidence.share(FOUND._replace(weakest=1e6), SCALES) == pytest.approx(1)
    assert evidence.share(FOUND._replace(weakest=-1e6), SCALES) == pytest.approx(0, abs=1e-12)


def test_a_model_of_which_no_evidence_is_known_goes_by_relevance_alone(real_model: PreparedModel) -> None:
    with_adapter = Calibration.load(real_model.folder)
    without = Calibration.fit(replace(real_model, card=replace(real_model.card, model=PLAIN)))
    assert with_adapter.evidence == Evidence.shipped()
    assert without.evidence is None
    assert without.confidence(FOUND) == without.score(FOUND.relevance)
    weak, strong = (with_adapter.confidence(FOUND._replace(weakest=value)) for value in (0.1, 0.9))
    assert 0 < weak < strong < with_adapter.score(FOUND.relevance)
