"""What the service says of its own, in the languages that it speaks."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from qa.language.identification import likeliest

# Who asks in a language that the service does not speak is answered in this one.
FALLBACK = "en"
_FEW_WORDS = 2
_CYRILLIC = re.compile("[\u0400-\u04ff]")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's. ``about`` asks about the heading ``{heading}``; ``welcome`` names the ``{titles}``."""

    language: str
    answer: str
    further: str
    sources: str
    unanswered: str
    nearest: str
    welcome: str
    thanked: str
    suggest: str
    about: str
    fallen_back: str
    unverified: str

    @classmethod
    def of(cls, language: str | None) -> Phrases:
        """The phrases of a language, or those of `FALLBACK`."""
        spoken = _all()
        return spoken.get(language or FALLBACK) or spoken[FALLBACK]

    @classmethod
    def for_reader(cls, text: str, language: str | None) -> Phrases:
        """The phrases for who wrote ``text``, which was found to be in ``language``.

        A word or two in Cyrillic are taken for many a language: of those that are spoken here the likeliest is it.
        """
        if language not in _all() and len(text.split()) <= _FEW_WORDS and _CYRILLIC.search(text):
            return cls.of(likeliest(text, _all()))
        return cls.of(language)


@cache
def _all() -> dict[str, Phrases]:
    spelt = tomllib.loads((files("qa.conversation") / "phrases.toml").read_text(encoding="utf-8"))
    return {language: Phrases(language, **phrases) for language, phrases in spelt.items()}
