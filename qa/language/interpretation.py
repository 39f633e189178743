"""A question as it was typed becomes the question that is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.language.cleaning import visible
from qa.language.identification import Spelling, identify
from qa.language.lexicon import Lexicon
from qa.language.spelling import kazakh_from_keyboard, kazakh_from_latin, mended, with_missing_letters


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What is searched, and the two-letter code of its language."""

    text: str
    language: str | None


def interpret(question: str, lexicons: Sequence[Lexicon]) -> Interpretation:
    """Clean a question; if it is Kazakh, give it Kazakh's own letters. Any other language is left alone."""
    text = mended(visible(question))
    found = identify(text)
    if found.spelling is Spelling.LATIN:
        text = kazakh_from_latin(text, lexicons)
    elif found.spelling is Spelling.KEYBOARD:
        text = kazakh_from_keyboard(text, lexicons)
    elif found.spelling is Spelling.CYRILLIC:
        text = with_missing_letters(text, lexicons)
    return Interpretation(text, found.language)
