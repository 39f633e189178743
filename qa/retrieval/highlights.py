"""The words of a passage that the words of a question match, across languages too."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qa.indexing.layout import Layout
from qa.language.words import word_around
from qa.records import Span
from qa.retrieval.interaction import Interaction
from qa.retrieval.question import Question

# A word is shown where it matches by so many standard deviations more than the question's tokens match the passage's on
# average. Seen on the development essays: fewer let function words in, more lose half of the names.
_DEVIATIONS = 2.25


def highlights(question: Question, text: str, interaction: Interaction, layout: Layout) -> tuple[Span, ...]:
    """Whole words of ``text`` in order, neighbours joined: for each word of the question the one it matches best.

    A match that is no more than chance is left out, but for the strongest of all.
    """
    if not len(layout.in_words) or not len(question.words):
        return ()
    inside = interaction.centred[:, layout.in_words]
    cosines = question.words @ inside
    strongest = cosines.max(axis=1)
    mean, square = inside.mean(), np.vdot(inside, inside) / inside.size
    level = mean + _DEVIATIONS * np.sqrt(max(square - mean * mean, 0.0))
    shown = np.flatnonzero(strongest >= min(level, strongest.max()))
    best = np.unique(cosines[shown].argmax(axis=1))
    return _joined(text, sorted({word_around(text, *piece) for piece in layout.pieces[best].tolist()}))


def _joined(text: str, words: Iterable[Span]) -> tuple[Span, ...]:
    """Words with only white space or a hyphen between them become one span."""
    joined: list[Span] = []
    for start, end in words:
        if joined and not text[joined[-1][1] : start].strip(" -\u00a0\u2010\u2011"):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
