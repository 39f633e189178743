"""What becomes of each question of a set when it is asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel

from qa.evaluation.questions import Case, Gold
from qa.records import Answer, Passage

DEPTH = 20  # passages that are looked at for each question
_EXCERPT = 300


class First(BaseModel):
    """The passage that came first; of its text, the beginning."""

    document: str
    label: str
    text: str

    @classmethod
    def of(cls, passage: Passage) -> First:
        text = " ".join(passage.text.split())
        shown = text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
        return cls(document=passage.document, label=passage.label, text=shown)


class Outcome(BaseModel):
    """What became of a question. ``rank`` is that of the first acceptable passage, from 1, or None."""

    id: str
    lang: str
    kind: str
    question: str
    interpreted_as: str
    gold: list[Gold]
    near: bool
    rank: int | None
    ndcg10: float
    section_first: bool
    confidence: float
    answered: bool
    first: First | None
    milliseconds: float

    @property
    def answerable(self) -> bool:
        return bool(self.gold)

    @classmethod
    def of(cls, case: Case, answer: Answer, milliseconds: float) -> Outcome:
        passages = [hit.passage for hit in answer.hits]
        ranks = [rank for gold in case.gold if (rank := _rank(gold, passages)) is not None]
        return cls(
            **case.model_dump(),
            interpreted_as=answer.interpreted_as,
            rank=min(ranks, default=None),
            ndcg10=_ndcg(case, ranks),
            section_first=bool(passages) and any(gold.names(passages[0]) for gold in case.gold),
            confidence=answer.confidence,
            answered=answer.answerable,
            first=First.of(passages[0]) if passages else None,
            milliseconds=milliseconds,
        )


def evaluate(cases: Iterable[Case], ask: Callable[[str, int], Answer]) -> list[Outcome]:
    """Ask every question, one after the other."""
    outcomes = []
    for case in cases:
        started = time.perf_counter()
        answer = ask(case.question, DEPTH)
        took = (time.perf_counter() - started) * 1000
        outcomes.append(Outcome.of(case, answer, took))
    return outcomes


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
