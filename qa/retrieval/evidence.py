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

from qa.retrieval.relevance import Scales, Similarities

FILE = "evidence.json"
# The encoder was trained on the questions of the fit and tells these better than others: the probability to this power
# keeps confidence as well calibrated on the development sets as it is without (docs/encoder.md).
_TRUST = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """``1 / (1 + exp(-(raw · r + centred · c + weakest · w + intercept)))`` is the probability that a passage answers a
    question of the fit about the same, r and c being its late interactions in units of how much they vary (see
    `Scales`), and w `Interaction.weakest`.
    """

    raw: float
    centred: float
    weakest: float
    intercept: float

    @classmethod
    @cache
    def shipped(cls) -> Evidence:
        """That of ``evidence.json``, for the bundled encoder."""
        return cls(**json.loads((files("qa.retrieval") / FILE).read_text(encoding="utf-8"))["evidence"])

    def probability(self, found: Similarities, weakest: float, scales: Scales) -> float:
        """The probability that the passage with these similarities, and this `Interaction.weakest`, answers."""
        value = self.raw * found.raw / scales.raw + self.centred * found.centred / scales.centred
        value += self.weakest * weakest + self.intercept
        return float((1.0 + math.exp(-max(-60.0, min(60.0, value)))) ** -_TRUST)
