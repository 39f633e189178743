"""Which tokens of a passage make its sentences and its words: what every question about it needs, and none changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Integers
from qa.records import Passage

Columns = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layout:
    """Of a passage's tokens, by their numbers: ``sentences``, those of each sentence; ``in_words`` (n,), those that
    stand for a word or a part of one, with ``pieces`` (n, 2), where these stand in the passage's text.
    """

    sentences: tuple[Columns, ...]
    in_words: Columns
    pieces: Integers

    @classmethod
    def of(cls, passage: Passage, spans: Integers) -> Layout:
        """``spans`` (tokens, 2) are the tokens' places in the passage's text; see `PassageTokens`."""
        middles = spans.mean(axis=1)
        sentences = [np.flatnonzero((middles >= start) & (middles < end)) for start, end in passage.sentences]
        # How many letters and digits there are before each place.
        before = np.cumsum([0, *map(str.isalnum, passage.text)])
        held = before[np.minimum(spans, len(passage.text))]
        in_words = np.flatnonzero((spans[:, 0] >= 0) & (held[:, 1] > held[:, 0]))
        return cls(tuple(sentences), in_words, spans[in_words])
