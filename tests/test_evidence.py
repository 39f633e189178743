"""Whether the best passage answers a question or is only about the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qa.encoding.prepared import PLAIN
from qa.loading import load_model
from qa.retrieval.calibration import Calibration
from qa.retrieval.evidence import Evidence
from qa.retrieval.interaction import Interaction
from qa.retrieval.relevance import Scales, Similarities
from qa.settings import load_settings

SCALES = Scales(1.0, 0.5, 0.25)
FOUND = Similarities(0.6, 0.8, 0.5, 1.0, 0.0)


def test_the_weakest_tokens_are_a_quarter_of_the_question_and_one_at_least() -> None:
    raw = np.array([[0.9, 0.1], [0.2, 0.3], [0.4, 0.8], [0.5, 0.7], [0.6, 0.1], [0.1, 0.6], [0.5, 0.5], [0.0, 0.5]])
    assert Interaction(raw, raw).weakest() == pytest.approx((0.3 + 0.5) / 2)
    assert Interaction(raw[:3], raw[:3]).weakest() == pytest.approx(0.3)
    nothing = np.empty((0, 0), np.float32)
    assert Interaction(nothing, nothing).weakest() == -1


def test_evidence_is_a_probability_that_each_of_its_parts_moves() -> None:
    evidence = Evidence(raw=2.0, centred=-1.0, weakest=10.0, intercept=-6.0)
    even = evidence.probability(FOUND, 0.48, SCALES)
    assert 0 < even < 1
    assert evidence.probability(FOUND, 0.6, SCALES) > even > evidence.probability(FOUND, 0.4, SCALES)
    assert evidence.probability(replace(FOUND, raw=0.9), 0.48, SCALES) > even
    assert evidence.probability(replace(FOUND, centred=0.6), 0.48, SCALES) < even
    assert evidence.probability(FOUND, 1e6, SCALES) == pytest.approx(1)
    assert evidence.probability(FOUND, -1e6, SCALES) == pytest.approx(0, abs=1e-12)


def test_a_model_of_which_no_evidence_is_known_goes_by_relevance_alone() -> None:
    settings = load_settings()
    with_adapter = Calibration.load(load_model(settings).folder)
    plain = Calibration.load(load_model(settings.model_copy(update={"model": PLAIN})).folder)
    assert with_adapter.evidence == Evidence.shipped()
    assert plain.evidence is None
    assert plain.answering(FOUND, 0.1) == 1
    assert with_adapter.answering(FOUND, 0.1) < with_adapter.answering(FOUND, 0.9) < 1
