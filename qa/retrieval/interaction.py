"""Late interaction: each token of a question with the tokens of passages, as they are and centred by language.

ColBERT's MaxSim (Khattab and Zaharia, SIGIR 2020), as the mean over the question's tokens of the best cosine with a
token of the passage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats
from qa.encoding.means import LanguageMeans
from qa.indexing.tokens import PassageTokens
from qa.retrieval.question import Question

# Tokens of which 1.5 kB each fit into the second of a processor's caches.
_BLOCK = 512
# Of what has no token: below every cosine.
_NOTHING = -1.0


@dataclass(frozen=True, slots=True)
class Interaction:
    """Cosines of each question token (rows) with each passage token (columns), as they are and centred."""

    raw: Floats
    centred: Floats

    def best_of(self, parts: Sequence[NDArray[np.intp]]) -> tuple[Floats, Floats]:
        """Both late interactions with each of some parts of the passage, given by their columns."""
        columns = np.concatenate(parts)
        bounds = np.cumsum([0, *map(len, parts)])
        return _means(_best(self.raw[:, columns], bounds)), _means(_best(self.centred[:, columns], bounds))


@dataclass(frozen=True, slots=True)
class Interactions:
    """A question's interactions with several passages, side by side: the i-th has the columns ``bounds[i]`` to
    ``bounds[i + 1]``.
    """

    raw: Floats
    centred: Floats
    bounds: NDArray[np.int64]

    def __getitem__(self, place: int) -> Interaction:
        columns = slice(self.bounds[place], self.bounds[place + 1])
        return Interaction(self.raw[:, columns], self.centred[:, columns])

    def __iter__(self) -> Iterator[Interaction]:
        return (self[place] for place in range(len(self.bounds) - 1))

    def best(self) -> tuple[Floats, Floats, Floats]:
        """Both late interactions with each passage, and the mean, over that quarter of the question's tokens which it
        matches worst, of their best cosine as they are: (passages,) each.
        """
        raw, centred = _best(self.raw, self.bounds), _best(self.centred, self.bounds)
        return _means(raw), _means(centred), _means(np.sort(raw, axis=0)[: max(1, len(raw) // 4)])


def interactions(
    question: Question, passages: Sequence[PassageTokens], languages: Sequence[str | None], means: LanguageMeans
) -> Interactions:
    """The question's late interaction with each of some passages, of which there is one at least; they are centred by
    their languages.
    """
    bounds = np.cumsum([0, *(len(passage.scales) for passage in passages)])
    mean_of = {language: means.passage_tokens(language) for language in dict.fromkeys(languages)}
    rows = np.concatenate([question.tokens, question.mean[None, :], np.stack(list(mean_of.values()))])
    # One product for everything; a centred cosine follows from it without centring any token:
    # (q - n)·(t - m) / (|q - n| |t - m|), where |t - m|² = 1 - 2 t·m + |m|² for a token of length one.
    products = _products(rows, passages, bounds)
    products *= np.concatenate([passage.scales for passage in passages])
    count = len(question.tokens)
    raw, along_question, along = products[:count], products[count], products[count + 1 :]
    moved = question.tokens - question.mean
    lengths = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    centred = (raw - along_question) / lengths
    for row, (language, mean) in enumerate(mean_of.items()):
        columns = _columns(bounds, [own == language for own in languages])
        length = np.sqrt(np.maximum(1 - 2 * along[row, columns] + mean @ mean, 1e-12))
        centred[:, columns] = (centred[:, columns] - (moved @ mean)[:, None] / lengths) / length
    return Interactions(raw, centred, bounds)


def _products(rows: Floats, passages: Sequence[PassageTokens], bounds: NDArray[np.int64]) -> Floats:
    """The products of some vectors with those of all tokens, but for their scales: (rows, tokens).

    Block by block: as floats, all tokens together would take a hundred times the processor's cache, and as long to
    make room for as to multiply.
    """
    products = np.empty((bounds[-1], len(rows)), dtype=np.float32)
    block = np.empty((max(_BLOCK, int(np.diff(bounds).max())), rows.shape[1]), dtype=np.float32)
    begin = 0
    for passage, start, end in zip(passages, bounds.tolist(), bounds[1:].tolist(), strict=False):
        if end - begin > len(block):
            np.matmul(block[: start - begin], rows.T, out=products[begin:start])
            begin = start
        block[start - begin : end - begin] = passage.vectors
    np.matmul(block[: bounds[-1] - begin], rows.T, out=products[begin:])
    return products.T


def _columns(bounds: NDArray[np.int64], chosen: Sequence[bool]) -> slice | NDArray[np.bool_]:
    return slice(None) if all(chosen) else np.repeat(np.asarray(chosen), np.diff(bounds))


def _best(cosines: Floats, bounds: NDArray[np.int64]) -> Floats:
    """Of each row the largest within each stretch of columns; an empty one has nothing."""
    found = np.full((len(cosines), len(bounds) - 1), _NOTHING, dtype=np.float32)
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled) and len(cosines):
        found[:, filled] = np.maximum.reduceat(cosines, bounds[filled], axis=1)
    return found


def _means(best: Floats) -> Floats:
    """Over the rows; where there is none there is nothing."""
    means: Floats = best.mean(axis=0) if len(best) else np.full(best.shape[1], _NOTHING, dtype=np.float32)
    return means
