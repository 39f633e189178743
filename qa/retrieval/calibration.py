"""What relevance says: how likely a passage is to answer a question, for one model.

A logistic curve over one number, fitted when a model is prepared, on questions and passages that belong to no corpus:
a question's relevance to its own passage against the best relevance among all other passages. The curve is what
frontends see as `score`; the best passage's, times what there is to its being an answer and not only about the same
(`qa.retrieval.evidence`), is the `confidence` that there is an answer. From which confidence on a question counts as
answerable is measured for each corpus when it is indexed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from qa.encoding.encoder import normalised
from qa.encoding.means import LanguageMeans
from qa.encoding.prepared import BUNDLED, PreparedModel
from qa.errors import ModelError
from qa.indexing.generation import Generation
from qa.indexing.lexical import LexicalIndex
from qa.indexing.tokens import PassageTokens
from qa.retrieval.evidence import EVEN_SHARE, Evidence, Judged
from qa.retrieval.interaction import interactions
from qa.retrieval.question import Question
from qa.retrieval.relevance import Scales, Similarities, Weights, per_token, relevance
from qa.retrieval.search import Searcher

FILE, QUESTIONS = "calibration.json", "calibration-questions.npz"
_LANGUAGE = "kk"  # of the calibration passages
# The share of questions about other things that may be answered.
FALSE_ANSWER_RATE = 0.05
# Both kinds of question weigh the same in the fit, so this is where an answer becomes likelier than none.
HIGHEST_THRESHOLD = 0.5
# On each leg so many passages are looked at for a question about other things: the best of them is all that counts.
_CANDIDATES = 5
_THREADS = 2  # matrix products let a second one work, the rest does not


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve of a model: ``probability = 1 / (1 + exp(-(slope · relevance + intercept)))``.

    ``evidence`` is None for a model of which it is not known. ``questions`` are those that the curve was fitted to,
    encoded; only builds need them, so `load` leaves them out.
    """

    scales: Scales
    slope: float
    intercept: float
    evidence: Evidence | None = None
    questions: tuple[Question, ...] = field(default=(), compare=False)

    def score(self, value: float) -> float:
        """The probability that a passage of this relevance is what a question is about."""
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, self.slope * value + self.intercept))))

    def confidence(self, best: Judged) -> float:
        """The probability that there is an answer, given the best passage."""
        return self.score(best.relevance) * (1.0 if self.evidence is None else self.evidence.share(best, self.scales))

    def threshold(self, generation: Generation, means: LanguageMeans, questions: Sequence[Question]) -> float:
        """The confidence from which on a corpus counts as answering, given how it takes questions not about it.

        At most `FALSE_ANSWER_RATE` of the calibration questions may be answered. A corpus that is about some of them
        all the same answers from where an answer is likelier than none; one that surely refuses them all does not
        answer below `Evidence.least`.
        """
        searcher = Searcher(generation, means, Weights.shipped(), self.scales, candidates=_CANDIDATES)
        with ThreadPoolExecutor(_THREADS) as pool:
            best = [found for found in pool.map(searcher.best, questions) if found is not None]
        measured = threshold_of([self.confidence(one) for one in best])
        if self.evidence is None:
            return measured
        return round(max(min(measured, HIGHEST_THRESHOLD * EVEN_SHARE), self.evidence.least), 4)

    @classmethod
    def fit(cls, model: PreparedModel) -> Calibration:
        """Fit the curve for a model on the calibration questions."""
        entries = _entries()
        asked = [(own, question) for own, entry in enumerate(entries) for question in entry["questions"]]
        questions = tuple(_encoded(model, question) for _, question in asked)
        matched = _matched(model, [entry["passage"] for entry in entries], questions)
        scales = Scales(*(_spread(matched, name) for name in ("dense", "raw", "centred")))
        right, wrong = [], []
        for (own, _), row in zip(asked, matched, strict=True):
            values = [relevance(one, Weights.shipped(), scales) for one in row]
            right.append(values[own])
            wrong.append(max(values[:own] + values[own + 1 :]))
        evidence = Evidence.shipped() if model.card.model == BUNDLED else None
        return replace(cls.from_relevances(scales, right, wrong), evidence=evidence, questions=questions)

    @classmethod
    def from_relevances(cls, scales: Scales, right: Sequence[float], wrong: Sequence[float]) -> Calibration:
        """Fit the curve to the relevance of answers and of the best wrong passages, both kinds weighing the same."""
        from sklearn.linear_model import LogisticRegression

        values = np.asarray([*right, *wrong])[:, None]
        labels = np.repeat([1, 0], [len(right), len(wrong)])
        # Nearly unregularised: two parameters, more than a hundred examples.
        fitted = LogisticRegression(C=1e3, class_weight="balanced").fit(values, labels)
        return cls(scales, float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))

    def save(self, folder: Path) -> None:
        evidence = None if self.evidence is None else asdict(self.evidence)
        curve = {"scales": asdict(self.scales), "slope": self.slope, "intercept": self.intercept, "evidence": evidence}
        _save_questions(self.questions, folder / QUESTIONS)
        saved = {**curve, "weights": asdict(Weights.shipped())}
        (folder / FILE).write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            ModelError: it is missing or damaged, or was fitted to other weights of the legs.
        """
        try:
            saved = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if saved["weights"] != asdict(Weights.shipped()):
                raise ModelError(
                    "the scores were calibrated for other weights of the legs; run qa model prepare --again"
                )
            evidence = None if saved["evidence"] is None else Evidence(**saved["evidence"])
            if evidence not in (None, Evidence.shipped()):
                raise ModelError("the scores were calibrated for other evidence; run qa model prepare --again")
            return cls(Scales(**saved["scales"]), float(saved["slope"]), float(saved["intercept"]), evidence)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"the prepared model in {folder} is damaged ({FILE}); run qa model prepare --again"
            ) from error


def threshold_of(confidences: Sequence[float]) -> float:
    """The threshold that at most `FALSE_ANSWER_RATE` of the confidences lie above."""
    measured = float(np.quantile(confidences, 1 - FALSE_ANSWER_RATE)) if confidences else HIGHEST_THRESHOLD
    return round(min(measured, HIGHEST_THRESHOLD), 4)


def _entries() -> list[dict[str, Any]]:
    lines = (files("qa.retrieval") / "calibration" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _encoded(model: PreparedModel, question: dict[str, str]) -> Question:
    (encoding,) = model.encoder.encode_questions([question["text"]])
    return Question.of(question["text"], encoding, model.means, question["language"])


def _save_questions(questions: Sequence[Question], path: Path) -> None:
    with path.open("wb") as file:
        np.savez(
            file,
            texts=np.array([one.text for one in questions], dtype=np.str_),
            vectors=np.stack([one.vector for one in questions]) if questions else np.empty((0, 0), np.float32),
            bounds=np.cumsum([0, *(len(one.tokens) for one in questions)]),
            tokens=np.concatenate([one.tokens for one in questions] or [np.empty((0, 0), np.float32)]),
            means=np.stack([one.mean for one in questions]) if questions else np.empty((0, 0), np.float32),
        )


def calibration_questions(folder: Path) -> tuple[Question, ...]:
    """The questions about no corpus that a prepared model was calibrated on, encoded by it.

    Raises:
        ModelError: they are missing or damaged.
    """
    try:
        with np.load(folder / QUESTIONS, allow_pickle=False) as saved:
            texts, vectors, bounds = saved["texts"].tolist(), saved["vectors"], saved["bounds"].tolist()
            tokens, means = saved["tokens"], saved["means"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(
            f"the prepared model in {folder} is damaged ({QUESTIONS}); run qa model prepare --again"
        ) from error
    rows = [slice(start, end) for start, end in pairwise(bounds)]
    return tuple(
        Question(text, vector, tokens[own], mean)
        for text, vector, own, mean in zip(texts, vectors, rows, means, strict=True)
    )


def _matched(model: PreparedModel, texts: list[str], questions: Sequence[Question]) -> list[list[Similarities]]:
    """The similarities of all calibration questions (rows) with all calibration passages."""
    passages = model.encoder.encode_passages(texts)
    vectors = np.stack([model.means.passage_vector(passage.vector, _LANGUAGE) for passage in passages])
    tokens = [PassageTokens.of(normalised(passage.tokens), passage.spans) for passage in passages]
    languages = [_LANGUAGE] * len(tokens)
    lexical = LexicalIndex.from_texts(texts, [""] * len(texts))
    rows = []
    for asked in questions:
        body = per_token(lexical.scores(asked.text)[0], asked)
        raw, centred, _ = interactions(asked, tokens, languages, model.means).best()
        legs = zip((vectors @ asked.vector).tolist(), raw.tolist(), centred.tolist(), body.tolist(), strict=True)
        rows.append([Similarities(*leg, 0.0) for leg in legs])
    return rows


def _spread(rows: list[list[Similarities]], name: str) -> float:
    """The mean over questions of a similarity's standard deviation over passages."""
    return float(np.std([[getattr(one, name) for one in row] for row in rows], axis=1).mean())
