"""How relevant a passage is to a question: five similarities and one number.

The similarities are the cosine of the two whole texts; late interaction (`interaction`), over token vectors as they are
and over the same centred by language; and BM25 over the passage's own words and over its headings'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from qa.encoding.encoder import Floats
from qa.retrieval.question import Question

# BM25 grows with the length of the question; it is taken per token, and short questions are not trusted more for it.
_SHORT_QUESTION = 5


@dataclass(frozen=True, slots=True)
class Similarities:
    """The five similarities of a question and a passage; the lexical ones are BM25 per question token."""

    dense: float
    raw: float
    centred: float
    body: float
    headings: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each similarity counts; those of the encoder in units of how much they vary (see `Scales`)."""

    dense: float
    raw: float
    centred: float
    body: float
    headings: float

    @classmethod
    @cache
    def shipped(cls) -> Weights:
        """The weights of ``fusion.json``, which `scripts/fit_fusion` writes."""
        return cls(**json.loads((files("qa.retrieval") / "fusion.json").read_text(encoding="utf-8"))["weights"])


@dataclass(frozen=True, slots=True)
class Scales:
    """How much a model's similarities vary from passage to passage for one question: mean standard deviations."""

    dense: float
    raw: float
    centred: float


def relevance(found: Similarities, weights: Weights, scales: Scales) -> float:
    """One number; higher is better. A leg that finds nothing adds nothing."""
    return (
        weights.dense * found.dense / scales.dense
        + weights.raw * found.raw / scales.raw
        + weights.centred * found.centred / scales.centred
        + weights.body * found.body
        + weights.headings * found.headings
    )


def per_token(scores: Floats, question: Question) -> Floats:
    """BM25 scores per token of the question."""
    return scores / np.float32(len(question.tokens) + _SHORT_QUESTION)
