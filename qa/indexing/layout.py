"""Which tokens of a passage make its sentences and its words: what every question about it needs, and none changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Integers
from qa.language.words import word_around
from qa.records import Passage

Columns = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layout:
    """Of a passage's tokens, by their numbers: ``sentences``, those of each sentence; ``in_words`` (n,), those that
    stand for a word or a part of one, with ``words`` (n, 2), where the whole word stands in the passage's text.
    """

    sentences: tuple[Columns, ...]
    in_words: Columns
    words: Integers

    @classmethod
    def of(cls, passage: Passage, spans: Integers) -> Layout:
        """``spans`` (tokens, 2) are the tokens' places in the passage's text; see `PassageTokens`."""
        middles = spans.mean(axis=1)
        sentences = [np.flatnonzero((middles >= start) & (middles < end)) for start, end in passage.sentences]
        places = spans.tolist()
        in_words = [
            number
            for number, (start, end) in enumerate(places)
            if start >= 0 and any(map(str.isalnum, passage.text[start:end]))
        ]
        words = [word_around(passage.text, *places[number]) for number in in_words]
        return cls(tuple(sentences), np.array(in_words, dtype=np.intp), np.array(words, dtype=np.int32).reshape(-1, 2))
