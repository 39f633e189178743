"""Greetings and thanks, which want a word back and no passage."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Literal, NamedTuple

from qa.language.cleaning import visible
from qa.language.letters import APOSTROPHES, cyrillic_skeleton, latin_skeleton, without_accents
from qa.language.words import joins

Kind = Literal["greeting", "thanks"]
# What each list of smalltalk.toml makes of a message, the one that counts most first.
_KIND_OF: dict[str, Kind | None] = {
    "about": "greeting",
    "thanks": "thanks",
    "greetings": "greeting",
    "fillers": None,
}
# In characters. Nothing longer is a courtesy only.
_LONGEST = 200
_WORD = re.compile(r"[^\W_]+")
_REPEATED = re.compile(r"([^\W\d])\1+")
_LATIN = re.compile("[a-z]")
_MARKS = "!?.,;:…–—。！？，、；：؟،\n"
_CLAUSE = re.compile(f"[^{_MARKS}]*[{_MARKS}]+\\s*")


@dataclass(frozen=True, slots=True)
class Courtesy:
    kind: Kind
    language: str


class _Word(NamedTuple):
    """A word as it is compared in most languages, and as Kazakh however it was typed."""

    folded: str
    skeleton: str


class _Found(NamedTuple):
    """A known phrase: its language, and the list that it is of."""

    language: str
    name: str


def courtesy(text: str) -> Courtesy | None:
    """What kind of courtesy a message is and nothing else; None if it is more.

    It is one where known phrases, of one language if possible, make up all its words. One that greets and thanks
    is thanks; one that also asks about the service is a greeting, since a greeting tells what is asked.
    """
    if len(text) > _LONGEST:
        return None
    words = _words(text)
    for tables in [*([table] for table in _tables()), _tables()]:
        found = _made_up(words, tables)
        if found:
            names = {one.name for one in found}
            kind = next(kind for name, kind in _KIND_OF.items() if kind and name in names)
            return Courtesy(kind, next(one.language for one in found if _KIND_OF[one.name]))
    return None


def beyond_courtesy(text: str) -> str:
    """A message without the courtesies that it opens with ("Thanks! And …"); nothing is taken off a courtesy alone."""
    rest = text
    while (clause := _CLAUSE.match(rest)) and clause.end() < len(rest) and courtesy(clause[0]) is not None:
        rest = rest[clause.end() :]
    return rest if courtesy(rest) is None else text


def _made_up(words: Sequence[_Word], tables: Sequence[_Table]) -> list[_Found]:
    """The phrases that make up the words; none if they do not, or if fillers alone do."""
    if not all(any(table.key([word])[0] in table.vocabulary for table in tables) for word in words):
        return []
    longest = max(table.longest for table in tables)
    # What makes up the words before each place: as few fillers as can be, and as few phrases.
    best: list[list[_Found] | None] = [[], *([None] * len(words))]
    for end in range(1, len(words) + 1):
        for start in range(max(0, end - longest), end):
            phrase = _phrase(words[start:end], tables)
            before = best[start]
            if before is not None and phrase is not None:
                found = [*before, phrase]
                best[end] = min(found, best[end] or found, key=_cost)
    whole = best[-1] or []
    return whole if any(_KIND_OF[one.name] for one in whole) else []


def _phrase(words: Sequence[_Word], tables: Sequence[_Table]) -> _Found | None:
    for table in tables:
        name = table.phrases.get(table.key(words))
        if name is not None:
            return _Found(table.language, name)
    return None


def _cost(found: Sequence[_Found]) -> tuple[int, int]:
    return sum(_KIND_OF[one.name] is None for one in found), len(found)


def _words(text: str) -> list[_Word]:
    """The words of a text; each character in a script without spaces."""
    lowered = APOSTROPHES.sub("", visible(text).casefold())
    return [_Word(_folded(part), _skeleton(part)) for word in _WORD.findall(lowered) for part in _parts(word)]


def _folded(word: str) -> str:
    """Without accents and repeated letters."""
    return _REPEATED.sub(r"\1", without_accents(word.replace("ı", "i")))


def _skeleton(word: str) -> str:
    # ң is "ng" to some.
    latin = _LATIN.search(unicodedata.normalize("NFD", word))
    return latin_skeleton(word.replace("ng", "n")) if latin else cyrillic_skeleton(word)


def _parts(word: str) -> Iterator[str]:
    if all(map(joins, word)):
        yield word
    else:
        yield from word


@dataclass(frozen=True, slots=True)
class _Table:
    """A language's phrases, as `key` compares them, each with the name of its list; ``longest`` in words."""

    language: str
    phrases: Mapping[tuple[str, ...], str]
    longest: int
    vocabulary: frozenset[str]

    @classmethod
    def of(cls, language: str, lists: Mapping[str, Sequence[str]]) -> _Table:
        empty = cls(language, {}, 0, frozenset())
        # What stands in several lists counts as of the first in the order of `_KIND_OF`.
        phrases = {empty.key(_words(phrase)): name for name in reversed(_KIND_OF) for phrase in lists.get(name, ())}
        return cls(language, phrases, max(map(len, phrases)), frozenset(chain.from_iterable(phrases)))

    def key(self, words: Sequence[_Word]) -> tuple[str, ...]:
        return tuple(word.skeleton if self.language == "kk" else word.folded for word in words)


@cache
def _tables() -> tuple[_Table, ...]:
    lists = tomllib.loads((files("qa.conversation") / "smalltalk.toml").read_text(encoding="utf-8"))
    return tuple(_Table.of(language, own) for language, own in lists.items())
