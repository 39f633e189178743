"""How well a network under training finds what questions that it is not trained on ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch

from qa.evaluation.questions import Case, read_cases
from qa.reading import read_corpus
from qa.records import Passage
from scripts.training_material import held_out
from scripts.training_model import PASSAGE, QUESTION, Trained, Vectors, late_interaction

_NEAREST = 30  # passages that late interaction orders
_LONGEST = 320  # tokens
_TOGETHER = 16  # texts
_RANKS = 10


@dataclass(frozen=True, slots=True)
class Judge:
    """Questions whose answers are all held out, and the passages of the whole corpus in the order of their length."""

    cases: tuple[Case, ...]
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, corpus: Path, questions: Path) -> Judge:
        cases = [case for case in read_cases(questions) if case.gold]
        own = [case for case in cases if all(held_out(gold.document or "") for gold in case.gold)]
        return cls(tuple(own), tuple(sorted(read_corpus(corpus).passages, key=lambda passage: len(passage.plain))))

    @torch.inference_mode()
    def figures(self, trained: Trained) -> dict[str, float]:
        """nDCG@10 over documents, by pooled vectors and by late interaction."""
        texts = [passage.plain for passage in self.passages]
        blocks = [
            trained.encode(texts[start : start + _TOGETHER], PASSAGE, _LONGEST)
            for start in range(0, len(texts), _TOGETHER)
        ]
        pooled = torch.cat([block.pooled for block in blocks])
        gains = {"dense": 0.0, "late": 0.0}
        for case in self.cases:
            question = trained.encode([case.question], QUESTION, _LONGEST)
            cosines = (question.pooled @ pooled.T)[0]
            nearest = cosines.argsort(descending=True).tolist()
            gains["dense"] += self._gain(case, nearest)
            late = {place: self._late(question, blocks, place) for place in nearest[:_NEAREST]}
            gains["late"] += self._gain(case, sorted(late, key=late.__getitem__, reverse=True))
        return {name: round(gain / len(self.cases), 4) for name, gain in gains.items()}

    def _late(self, question: Vectors, blocks: list[Vectors], place: int) -> float:
        block, row = blocks[place // _TOGETHER], slice(place % _TOGETHER, place % _TOGETHER + 1)
        return late_interaction(question, Vectors(*(part[row] for part in block))).item()

    def _gain(self, case: Case, order: list[int]) -> float:
        documents = list(dict.fromkeys(self.passages[place].document for place in order))[:_RANKS]
        gold = {one.document for one in case.gold}
        found = sum(1 / math.log2(rank + 2) for rank, document in enumerate(documents) if document in gold)
        return found / sum(1 / math.log2(rank + 2) for rank in range(min(len(gold), _RANKS)))
