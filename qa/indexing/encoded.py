"""What an index keeps of an encoded passage, made by the encoder or read from where a build noted it down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qa.encoding.encoder import Encoding, Floats, Integers, normalised
from qa.encoding.means import LanguageMeans
from qa.indexing.tokens import PassageTokens
from qa.language.alignment import align
from qa.records import Passage


class Encoded(NamedTuple):
    """A passage's ``vector`` (dimension,), of length one, and its tokens."""

    vector: Floats
    tokens: PassageTokens

    @classmethod
    def of(cls, encoding: Encoding, passage: Passage, means: LanguageMeans, language: str | None) -> Encoded:
        """The vector less its language's mean; the tokens as they are, with their places in the passage's own text."""
        return cls(means.passage_vector(encoding.vector, language), _tokens(encoding, passage))


def _tokens(encoding: Encoding, passage: Passage) -> PassageTokens:
    if not len(encoding.spans):  # nothing that the tokenizer knows: one token that resembles nothing
        return PassageTokens.of(np.zeros((1, len(encoding.vector)), np.float32), np.full((1, 2), -1, np.int32))
    introduction = len(passage.context) if passage.context and passage.kind == "item" else 0
    places = align(passage.plain, passage.text, introduction)
    return PassageTokens.of(normalised(encoding.tokens), _placed(encoding.spans, places))


def _placed(spans: Integers, places: Integers) -> Integers:
    """For each stretch of characters the stretch from the first to the last of their ``places``; (-1, -1) for none."""
    starts, ends = spans.T
    at = np.arange(len(places))
    following = np.minimum.accumulate(np.where(places >= 0, at, len(places))[::-1])[::-1]
    preceding = np.maximum.accumulate(np.where(places >= 0, at, -1))
    first, last = following[starts], preceding[ends - 1]
    found = np.stack([places[np.minimum(first, len(places) - 1)], places[last] + 1], axis=1)
    placed: Integers = np.where((first < ends)[:, None], found, -1).astype(np.int32)
    return placed
