"""Sentence boundaries. syntok cuts Kazakh and Russian abbreviations right where others did not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from qa.records import Span

if TYPE_CHECKING:
    from syntok.tokenizer import Tokenizer

# syntok takes time quadratic in the length of what it is given in one call, so longer text is cut
# at white space first. Paragraphs of essays are far below this.
_WINDOW = 20_000


@cache
def _tokenizer() -> Tokenizer:
    from syntok.tokenizer import Tokenizer

    return Tokenizer(emit_hyphen_or_underscore_sep=True, replace_not_contraction=False)


def sentence_spans(text: str) -> tuple[Span, ...]:
    """The sentences of ``text`` in order, as spans trimmed of white space that together hold all the rest."""
    starts = [start for window in _windows(text) for start in _starts(text, window)]
    ends = [*starts[1:], len(text)]
    spans = []
    for start, end in zip(starts, ends, strict=True):
        sentence = text[start:end]
        trimmed = sentence.strip()
        if trimmed:
            lead = len(sentence) - len(sentence.lstrip())
            spans.append((start + lead, start + lead + len(trimmed)))
    return tuple(spans)


def _starts(text: str, window: Span) -> list[int]:
    from syntok import segmenter

    offset, end = window
    tokens = _tokenizer().tokenize(text[offset:end])
    found = [offset + sentence[0].offset for sentence in segmenter.segment(tokens) if sentence]
    # Characters that the tokenizer skips at the very start still belong to the first sentence.
    return [offset, *found[1:]]


def _windows(text: str) -> list[Span]:
    windows, start = [], 0
    while len(text) - start > _WINDOW:
        cut = max(text.rfind(mark, start + 1, start + _WINDOW) for mark in (" ", "\n"))
        cut = cut if cut > start else start + _WINDOW
        windows.append((start, cut))
        start = cut
    return [*windows, (start, len(text))]
