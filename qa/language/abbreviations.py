"""Abbreviations that a text spells out, as in "Біріккен Ұлттар Ұйымы (БҰҰ)" or "БҰҰ (Біріккен Ұлттар Ұйымы)".

The long form is found as Schwartz and Hearst (Pacific Symposium on Biocomputing, 2003) do, but by whole words: its
words' first letters are the abbreviation's, in order; small words between may be passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_WORD = re.compile(r"\w+")
_IN_BRACKETS = re.compile(r"\(\s*(?P<short>[^\W\d_]{2,10})\s*[),;—–-]")
_CLAUSE_END = re.compile(r"[().:;!?\n]")
_LONGEST = 120
_AFTER = re.compile(r"(?<!\w)(?P<short>[^\W\d_]{2,10})(?:-\w+)?\s*\(\s*(?P<long>[^()\n]{4,120})\)")
# A last word may have another ending in a question: this much of it must stay.
_STEM = 4
_ENDING = 3


@dataclass(frozen=True)
class Abbreviations:
    """Long forms by abbreviation, as they were written first."""

    long_forms: Mapping[str, str]

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Abbreviations:
        found: dict[str, str] = {}
        for text in texts:
            if "(" not in text:
                continue
            for match in _IN_BRACKETS.finditer(text):
                clause = _CLAUSE_END.split(text[max(0, match.start() - _LONGEST) : match.start()])[-1]
                _note(found, match["short"], _ending_with(match["short"], _WORD.findall(clause)))
            for match in _AFTER.finditer(text):
                words = _WORD.findall(match["long"])
                spelt = _ending_with(match["short"], words)
                _note(found, match["short"], spelt if spelt == words else None)
        return cls(found)

    def other_wording(self, question: str) -> str | None:
        """The question with each abbreviation as its long form and each long form abbreviated; None without any."""
        words = set(_WORD.findall(question))
        other = question
        for short, long, pattern in self._patterns:
            for written in {short, short if short.isascii() else short.lower()} & words:
                other = re.sub(rf"\b{written}\b", long, other)
            if pattern.search(question):
                other = pattern.sub(short, other)
        return other if other != question else None

    @cached_property
    def _patterns(self) -> list[tuple[str, str, re.Pattern[str]]]:
        return [(short, long, _forms(long)) for short, long in self.long_forms.items()]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.long_forms, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Abbreviations:
        """Read what `save` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8")))


def _note(found: dict[str, str], short: str, words: list[str] | None) -> None:
    if words and sum(map(str.isupper, short)) >= 2:
        found.setdefault(short, " ".join(words))


def _ending_with(short: str, words: list[str]) -> list[str] | None:
    """The last of ``words`` whose first letters spell ``short``, or None."""
    letters = list(short.lower())
    for place in range(len(words) - 1, -1, -1):
        word = words[place].lower()
        if word.startswith(letters[-1]):
            letters.pop()
            if not letters:
                return words[place:] if place < len(words) - 1 else None
        elif not words[place].islower() or place == len(words) - 1:
            return None
    return None


def _forms(long: str) -> re.Pattern[str]:
    """The long form in any case and with any endings of its words."""
    stems = (re.escape(word[: max(_STEM, len(word) - _ENDING)]) + r"\w*" for word in long.split())
    return re.compile(r"\b" + r"\W+".join(stems), re.IGNORECASE)
