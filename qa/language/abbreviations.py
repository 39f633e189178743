"""Abbreviations that a text spells out, as in "Біріккен Ұлттар Ұйымы (БҰҰ)" or "БҰҰ (Біріккен Ұлттар Ұйымы)".

The long form is found as Schwartz and Hearst (Pacific Symposium on Biocomputing, 2003) do, but by whole words: its
words' first letters are the abbreviation's, in order; small words between may be passed over.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
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
        for short in self._candidates(words):
            long = self.long_forms[short]
            for written in {short, short if short.isascii() else short.lower()} & words:
                other = re.sub(rf"\b{written}\b", long, other)
            pattern = _forms(long)
            if pattern.search(question):
                other = pattern.sub(short, other)
        return other if other != question else None

    def _candidates(self, words: set[str]) -> list[str]:
        """The abbreviations of which one form may be among the words of a question, in the order of `long_forms`."""
        beginnings = {word[:length].lower() for word in words for length in range(1, _STEM + 1)}
        found = {number for word in words for number in self._by_short.get(word, ())}
        found |= {number for beginning in beginnings for number in self._by_beginning.get(beginning, ())}
        return [self._shorts[number] for number in sorted(found)]

    @cached_property
    def _shorts(self) -> list[str]:
        return list(self.long_forms)

    @cached_property
    def _by_short(self) -> Mapping[str, list[int]]:
        """The numbers of the abbreviations that a word may be."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, short in enumerate(self.long_forms):
            for written in {short, short if short.isascii() else short.lower()}:
                found[written].append(number)
        return found

    @cached_property
    def _by_beginning(self) -> Mapping[str, list[int]]:
        """The numbers of those whose long form begins with some letters."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, long in enumerate(self.long_forms.values()):
            found[long[:_STEM].split()[0].lower()].append(number)
        return found

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


@lru_cache(maxsize=1024)
def _forms(long: str) -> re.Pattern[str]:
    """The long form in any case and with any endings of its words."""
    stems = (re.escape(word[: max(_STEM, len(word) - _ENDING)]) + r"\w*" for word in long.split())
    return re.compile(r"\b" + r"\W+".join(stems), re.IGNORECASE)
