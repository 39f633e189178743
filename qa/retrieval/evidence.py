"""Whether the passage that is most relevant to a question answers it, or is only about the same.

What a question asks for and a passage does not tell shows in the tokens that match worst, and in late interaction over
tokens as they are being weak beside that over centred ones: so it is for an encoder that was trained on questions that
passages near to them do not answer. `scripts/fit_evidence` fits what each counts, on the questions in training/; it is
known for the bundled encoder only.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from qa.retrieval.relevance import Scales, Similarities

FILE = "evidence.json"
# The encoder was trained on the questions of the fit and tells these better than others: the probability to this power
# keeps confidence as well calibrated on the development sets as it is without (docs/encoder.md).
_TRUST = 0.5
# The share where an answer is as likely as none.
EVEN_SHARE = math.pow(0.5, _TRUST)


class Judged(NamedTuple):
    """Of a passage what confidence follows from: how relevant it is and by what, and how well it matches that quarter
    of the question's tokens which match it worst (see `Interactions.best`).
    """

    relevance: float
    similarities: Similarities
    weakest: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """``1 / (1 + exp(-(raw · r + centred · c + weakest · w + intercept)))`` is the probability that a passage answers a
    question of the fit about the same, r and c being its late interactions in units of how much they vary (see
    `Scales`), and w `Judged.weakest`.

    ``least`` is the confidence that all but one in a hundred have of the questions that are answered and found.
    """

    raw: float
    centred: float
    weakest: float
    intercept: float
    least: float = 0.0

    @classmethod
    @cache
    def shipped(cls) -> Evidence:
        """That of ``evidence.json``, for the bundled encoder."""
        return cls(**json.loads((files("qa.retrieval") / FILE).read_text(encoding="utf-8"))["evidence"])

    def share(self, judged: Judged, scales: Scales) -> float:
        """By what confidence falls: the probability that the passage answers, to the power of how far it is trusted."""
        raw, centred, weakest = self.seen(judged, scales)
        value = self.raw * raw + self.centred * centred + self.weakest * weakest + self.intercept
        return float((1.0 + math.exp(-max(-60.0, min(60.0, value)))) ** -_TRUST)

    @staticmethod
    def seen(judged: Judged, scales: Scales) -> tuple[float, float, float]:
        """r, c and w."""
        return judged.similarities.raw / scales.raw, judged.similarities.centred / scales.centred, judged.weakest
