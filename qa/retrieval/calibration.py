"""What a relevance says: the probability that a passage answers a question, for one model.

A logistic curve over one number, fitted when a model is prepared on questions and passages that belong to no
corpus: a question's relevance to its own passage against the best relevance among all other passages. The
curve is what frontends see as `score` and `confidence`, so that neither depends on the model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from qa.encoding.encoder import normalised
from qa.encoding.prepared import PreparedModel
from qa.errors import ModelError
from qa.indexing.tokens import PassageTokens
from qa.retrieval.relevance import Question, interactions, relevance

FILE = "calibration.json"
# Both kinds of question weigh the same in the fit, so this is where an answer becomes likelier than none.
THRESHOLD = 0.5
_LANGUAGE = "kk"  # of the calibration passages


@dataclass(frozen=True, slots=True)
class Calibration:
    """``probability = 1 / (1 + exp(-(slope · relevance + intercept)))``; at ``threshold`` a question is answerable."""

    slope: float
    intercept: float
    threshold: float

    def probability(self, value: float) -> float:
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, self.slope * value + self.intercept))))

    @classmethod
    def fit(cls, model: PreparedModel) -> Calibration:
        """Fit the curve for a model on the calibration questions."""
        answered, unanswered = _relevances(model)
        return cls.from_relevances(answered, unanswered)

    @classmethod
    def from_relevances(cls, answered: Sequence[float], unanswered: Sequence[float]) -> Calibration:
        """Fit the curve to the relevance of answers and of the best wrong passages, both kinds weighing the same."""
        from sklearn.linear_model import LogisticRegression

        values = np.asarray([*answered, *unanswered])[:, None]
        labels = np.repeat([1, 0], [len(answered), len(unanswered)])
        # Nearly unregularised: two parameters, more than a hundred examples.
        fitted = LogisticRegression(C=1e3, class_weight="balanced").fit(values, labels)
        return cls(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]), THRESHOLD)

    def save(self, folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            ModelError: it is missing or damaged.
        """
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(
                f"the prepared model in {folder} is damaged ({FILE}); run qa model prepare --again"
            ) from error


def _relevances(model: PreparedModel) -> tuple[list[float], list[float]]:
    """The relevance of each question's own passage, and the best among the other passages."""
    lines = (files("qa.retrieval") / "calibration" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    passages = model.encoder.encode_passages([entry["passage"] for entry in entries])
    vectors = np.stack([model.means.centred_passage(passage, _LANGUAGE).vector for passage in passages])
    tokens = [PassageTokens(normalised(passage.tokens), passage.spans) for passage in passages]
    means = [model.means.passage_tokens(_LANGUAGE)] * len(tokens)
    answered, unanswered = [], []
    for own, entry in enumerate(entries):
        for asked in entry["questions"]:
            (encoding,) = model.encoder.encode_questions([asked["text"]])
            question = Question.of(encoding, model.means, asked["language"])
            values = list(map(relevance, (vectors @ question.vector).tolist(), interactions(question, tokens, means)))
            answered.append(values[own])
            unanswered.append(max(values[:own] + values[own + 1 :]))
    return answered, unanswered
