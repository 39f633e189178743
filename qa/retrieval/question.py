"""A question as search needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qa.encoding.encoder import Encoding, Floats, normalised
from qa.encoding.means import LanguageMeans
from qa.language.words import words_of_tokens


@dataclass(frozen=True, slots=True)
class Question:
    """``vector`` (dimension,) is centred by language; ``tokens`` (tokens, dimension) are as the encoder makes them. All
    have length one. ``mean`` (dimension,) is that of the language's question tokens. ``words`` (words, tokens) takes
    the mean over the tokens of each word.
    """

    text: str
    vector: Floats
    tokens: Floats
    mean: Floats
    words: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))

    @classmethod
    def of(cls, text: str, encoding: Encoding, means: LanguageMeans, language: str | None) -> Question:
        words = words_of_tokens(text, encoding.spans.tolist())
        averages = np.zeros((len(words), len(encoding.tokens)), dtype=np.float32)
        for row, word in zip(averages, words, strict=True):
            row[word] = 1 / (word.stop - word.start)
        vector, mean = means.question_vector(encoding.vector, language), means.question_tokens(language)
        return cls(text, vector, normalised(encoding.tokens), mean, averages)

    @property
    def centred(self) -> Floats:
        """The tokens less their language's mean, at length one again: (tokens, dimension)."""
        return normalised(self.tokens - self.mean)
