"""What the service says of its own, in the languages that it speaks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# Who asks in a language that the service does not speak is answered in this one.
FALLBACK = "en"


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


@cache
def _all() -> dict[str, Phrases]:
    spelt = tomllib.loads((files("qa.conversation") / "phrases.toml").read_text(encoding="utf-8"))
    return {language: Phrases(language, **phrases) for language, phrases in spelt.items()}
