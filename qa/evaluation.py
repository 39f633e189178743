"""Question sets become figures: how often the right passage comes first, and how well answers are told from none.

A set is JSON Lines; each line has ``id``, ``lang``, ``kind``, ``question`` and ``gold``, a list of acceptable passages,
each ``{"section", "contains"}`` (a number as written, or the heading path joined by " > "; and a substring of the
passage) or ``{"document"}``. An empty list says that the corpus does not answer the question; ``near`` then tells
whether it is about the same subject.
"""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from qa.errors import QAError, first_line
from qa.records import Answer, Passage

DEPTH = 20  # passages that are looked at for each question
_RESAMPLES = 2000


class EvaluationError(QAError):
    """A question set or a report cannot be used."""


class Gold(BaseModel):
    """One acceptable passage, or a whole document of which any passage is."""

    document: str | None = None
    section: str | None = None
    contains: str | None = None

    def accepts(self, passage: Passage) -> bool:
        if self.document is not None:
            return passage.document == self.document
        found = " ".join(passage.text.split())
        return self.names(passage) and " ".join((self.contains or "").split()) in found

    def names(self, passage: Passage) -> bool:
        """Whether a passage stands in the gold section."""
        if self.document is not None:
            return passage.document == self.document
        wanted = (self.section or "").split(" > ")
        path = list(passage.path)
        steps = any(path[start : start + len(wanted)] == wanted for start in range(len(path)))
        return passage.section == self.section or (not wanted[0].replace(".", "").isdigit() and steps)


class Case(BaseModel):
    """A question of a set."""

    id: str
    lang: str
    kind: str
    question: str
    gold: list[Gold]
    near: bool = False


class Outcome(BaseModel):
    """What became of a question. ``rank`` is that of the first acceptable passage, from 1, or None."""

    id: str
    lang: str
    kind: str
    question: str
    answerable: bool
    near: bool
    rank: int | None
    ndcg10: float
    section_first: bool
    confidence: float
    answered: bool
    first: str
    milliseconds: float


class Report(BaseModel):
    """All outcomes of a set, and their figures, in all and by language and kind."""

    questions: str
    model: str
    total: dict[str, float]
    groups: dict[str, dict[str, float]]
    outcomes: list[Outcome]


def read_cases(path: Path) -> list[Case]:
    """The questions of a set.

    Raises:
        EvaluationError: the file cannot be read, or a line is no question; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the question set {path} cannot be read ({first_line(error)})") from error
    cases = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                cases.append(Case.model_validate_json(line))
            except ValidationError as error:
                problem = error.errors()[0]
                where = ".".join(map(str, problem["loc"])) or "the line"
                raise EvaluationError(f"{path}, line {number}: {where}: {problem['msg']}") from error
    if not cases:
        raise EvaluationError(f"the question set {path} holds no question")
    return cases


def evaluate(cases: Iterable[Case], ask: Callable[[str, int], Answer], name: str, model: str) -> Report:
    """Ask every question and work out the figures."""
    outcomes = []
    for case in cases:
        started = time.perf_counter()
        answer = ask(case.question, DEPTH)
        took = (time.perf_counter() - started) * 1000
        outcomes.append(_outcome(case, answer, took))
    return Report(questions=name, model=model, total=figures(outcomes), groups=_groups(outcomes), outcomes=outcomes)


def _outcome(case: Case, answer: Answer, took: float) -> Outcome:
    passages = [hit.passage for hit in answer.hits]
    ranks = [rank for gold in case.gold if (rank := _rank(gold, passages)) is not None]
    return Outcome(
        id=case.id,
        lang=case.lang,
        kind=case.kind,
        question=case.question,
        answerable=bool(case.gold),
        near=case.near,
        rank=min(ranks, default=None),
        ndcg10=_ndcg(case, ranks),
        section_first=bool(passages) and any(gold.names(passages[0]) for gold in case.gold),
        confidence=answer.confidence,
        answered=answer.answerable,
        first=f"{passages[0].label}: {' '.join(passages[0].text.split())[:160]}" if passages else "",
        milliseconds=took,
    )


def _rank(gold: Gold, passages: Sequence[Passage]) -> int | None:
    """The rank of the first passage that a gold entry accepts; of documents where it names one."""
    keys = [passage.document if gold.document is not None else passage.id for passage in passages]
    distinct = list(dict.fromkeys(keys))
    found = next((key for key, passage in zip(keys, passages, strict=True) if gold.accepts(passage)), None)
    return None if found is None else distinct.index(found) + 1


def _ndcg(case: Case, ranks: list[int]) -> float:
    """nDCG@10 (Järvelin and Kekäläinen, 2002), binary; where any one of several passages will do, one is the ideal."""
    gains = sorted(1 / math.log2(rank + 1) for rank in ranks if rank <= 10)
    if not gains:
        return 0.0
    if case.gold[0].document is None:
        return gains[-1]
    return sum(gains) / sum(1 / math.log2(place + 2) for place in range(min(10, len(case.gold))))


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The figures of some outcomes; one that no outcome bears on is left out."""
    asked = [one for one in outcomes if one.answerable]
    near = [one.confidence for one in outcomes if not one.answerable and one.near]
    off = [one.confidence for one in outcomes if not one.answerable and not one.near]
    found: dict[str, float | None] = {"n": float(len(outcomes))}
    if asked:
        found |= {f"hit@{k}": fmean(one.rank is not None and one.rank <= k for one in asked) for k in (1, 3)}
        found["mrr@10"] = fmean(1 / one.rank if one.rank and one.rank <= 10 else 0.0 for one in asked)
        found["ndcg@10"] = fmean(one.ndcg10 for one in asked)
        found["section@1"] = fmean(one.section_first for one in asked)
        found["answered"] = fmean(one.answered for one in asked)
    confident = [one.confidence for one in asked]
    found["auroc"] = roc_area(confident, near + off)
    found["auroc_near"], found["auroc_off"] = roc_area(confident, near), roc_area(confident, off)
    found["coverage@5%"] = _coverage(confident, near + off)
    if near or off:
        found["refused"] = fmean(not one.answered for one in outcomes if not one.answerable)
    taken = sorted(one.milliseconds for one in outcomes)
    found["p50_ms"], found["p99_ms"] = taken[len(taken) // 2], taken[int(0.99 * (len(taken) - 1))]
    return {name: round(value, 4) for name, value in found.items() if value is not None}


def roc_area(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The probability that a positive lies above a negative, ties counting half."""
    if not positives or not negatives:
        return None
    return fmean((p > n) + 0.5 * (p == n) for p in positives for n in negatives)


def _coverage(positives: Sequence[float], negatives: Sequence[float], rate: float = 0.05) -> float | None:
    """The share of positives above the threshold that at most ``rate`` of the negatives lie above."""
    if not positives or not negatives:
        return None
    allowed = int(rate * len(negatives))
    threshold = sorted(negatives, reverse=True)[allowed]
    return fmean(p > threshold for p in positives)


def _groups(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.answerable:
            groups[f"lang {one.lang}"].append(one)
            groups[f"kind {one.kind}"].append(one)
    return {name: figures(groups[name]) for name in sorted(groups)}


def falls(before: Report, after: Report) -> list[str]:
    """Where a report is worse than an earlier one by more than its noise: one line each, empty where nowhere.

    Questions are compared in pairs: a figure falls where its mean difference, and the upper end of the 95 %
    interval of a paired bootstrap over the questions, are below zero.

    Raises:
        EvaluationError: the two reports have no question in common.
    """
    earlier = {one.id: one for one in before.outcomes}
    pairs = [(earlier[one.id], one) for one in after.outcomes if one.id in earlier]
    if not pairs:
        raise EvaluationError("the saved report has no question in common with this set; save one of the same set")
    compared: dict[str, Callable[[Outcome], float]] = {
        "hit@1": lambda one: float(one.rank == 1),
        "hit@3": lambda one: float(one.rank is not None and one.rank <= 3),
        "ndcg@10": lambda one: one.ndcg10,
    }
    random = np.random.default_rng(0)
    asked = [pair for pair in pairs if pair[1].answerable]
    fallen = []
    for name, figure in compared.items():
        differences = np.array([figure(now) - figure(then) for then, now in asked])
        if not len(differences):
            continue
        resampled = random.choice(differences, (_RESAMPLES, len(differences))).mean(axis=1)
        if differences.mean() < 0 and np.quantile(resampled, 0.975) < 0:
            worse = [now.id for then, now in asked if figure(now) < figure(then)]
            fallen.append(f"{name} fell by {-differences.mean():.3f}: {', '.join(worse)}")
    return fallen


def read_report(path: Path) -> Report:
    """A report that ``qa eval --json`` printed.

    Raises:
        EvaluationError: it cannot be read.
    """
    try:
        return Report.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"the report {path} cannot be read ({first_line(error)})") from error


def plain_table(report: Report) -> str:
    """The figures as lines of text."""
    columns = ("n", "hit@1", "hit@3", "mrr@10", "ndcg@10", "section@1", "answered")
    rows: list[tuple[str, dict[str, Any]]] = [*report.groups.items(), ("all", report.total)]
    width = max(len(name) for name, _ in rows) + 2
    lines = [" " * width + "".join(f"{column:>10}" for column in columns)]
    for name, found in rows:
        cells = (
            f"{found[column]:>10.0f}" if column == "n" else f"{found[column]:>10.3f}" if column in found else " " * 10
            for column in columns
        )
        lines.append(f"{name:<{width}}" + "".join(cells))
    rest = {name: value for name, value in report.total.items() if name not in columns}
    return "\n".join([*lines, "", "  ".join(f"{name} {value:.3f}" for name, value in rest.items())])
