"""The language that a text is in, as a two-letter code."""

from __future__ import annotations

from qa.language.cleaning import visible

# Enough to tell a language; more only takes time.
_LONGEST = 4000


def detect_language(text: str) -> str | None:
    """The most likely ISO 639-1 code of a text, or None where it has no letters.

    py3langid knows 97 languages, Kazakh among them, and is right on short questions more often than others
    of its size. It takes Kazakh in Latin letters or typed on a Russian keyboard for a related language.
    """
    sample = visible(text[:_LONGEST])
    if not any(character.isalpha() for character in sample):
        return None
    from py3langid.langid import classify

    return str(classify(sample)[0])
