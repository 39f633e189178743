"""How well passages match the words of a question: as it was asked, or with its abbreviations spelt out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from qa.encoding.encoder import Floats
from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.indexing.lexical import Matching
from qa.retrieval.question import Question
from qa.retrieval.relevance import per_token


@dataclass(frozen=True, slots=True)
class Wordings:
    """The matches of each wording, in the body and in the headings, and how much they count."""

    question: Question
    wordings: tuple[tuple[float, Matching, Matching], ...]

    @classmethod
    def of(cls, generation: Generation, question: Question) -> Wordings:
        found = [(1.0, *generation.lexical.matches(question.text))]
        other = generation.abbreviations.other_wording(question.text)
        if other is not None:
            # A longer wording has more to match with; that alone must not make it the better one.
            share = min(1.0, len(question.text) / len(other))
            found.append((share, *generation.lexical.matches(other)))
        return cls(question, tuple(found))

    def most(self, count: int, among: Positions | None) -> Positions:
        """The ``count`` passages whose own words match best, of those that match at all; ``among`` restricts them."""
        found = reduce(np.union1d, (body.most(count, among) for _, body, _ in self.wordings))
        return found if len(found) <= count else found[np.argpartition(-self.at(found)[0], count)[:count]]

    def at(self, positions: Positions) -> tuple[Floats, Floats]:
        """Both lexical similarities of some passages: by their words, by their headings."""
        body = [share * matches.at(positions) for share, matches, _ in self.wordings]
        headings = [share * matches.at(positions) for share, _, matches in self.wordings]
        return per_token(np.max(body, axis=0), self.question), per_token(np.max(headings, axis=0), self.question)
