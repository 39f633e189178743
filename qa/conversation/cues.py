"""The words of a question by what they do in it: lean on what was said before, ask, name something."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from qa.language.letters import APOSTROPHES, cyrillic_skeleton, keyboard_fold, latin_skeleton, without_accents
from qa.language.words import joins
from qa.records import Span

# As in followups.toml; a word of none of its lists names something.
Role = Literal["opens", "frames", "pronouns", "bound", "asks", "defines", "more", "others", "texts", "names"]
# A phrase may do several things. What counts is the first of these, but a question is opened at its beginning only.
_ORDER: tuple[Role, ...] = ("defines", "frames", "asks", "pronouns", "bound", "more", "texts", "others")
_WORD = re.compile(r"[^\W_]+(?:[-'’ʼʻ`‘´′ʹ][^\W_]+)*")
_LATIN = re.compile("[a-z]")


class Word(NamedTuple):
    """A word or a set phrase, where it stands in the text, and what it does there."""

    start: int
    end: int
    role: Role


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's words in the light of one language; ``known`` is how many characters are of words of its lists."""

    text: str
    language: str
    words: tuple[Word, ...]
    known: int

    @classmethod
    def of(cls, text: str) -> tuple[Reading, ...]:
        """The text as each language reads it that knows a word of it, who knows most of it first."""
        spans = list(_spans(text))
        words = [text[start:end] for start, end in spans]
        plain = [_folded(word) for word in words]
        kazakh = [_kazakh(word, fold) for word, fold in zip(words, plain, strict=True)]
        read = [_read(text, spans, kazakh if table.language == "kk" else plain, table) for table in _tables()]
        return tuple(sorted((one for one in read if one.known), key=lambda one: -one.known))

    @classmethod
    def of_nothing_known(cls, text: str) -> Reading:
        """The text as no language reads it: every word names something."""
        return cls(text, "", tuple(Word(start, end, "names") for start, end in _spans(text)), 0)

    def having(self, *roles: Role) -> list[Word]:
        return [word for word in self.words if word.role in roles]


@dataclass(frozen=True, slots=True)
class _Table:
    """A language's phrases by their folded words; ``opening`` are those that open a question."""

    language: str
    phrases: Mapping[tuple[str, ...], Role]
    opening: frozenset[tuple[str, ...]]
    longest: int

    @classmethod
    def of(cls, language: str, lists: Mapping[str, Sequence[str]]) -> _Table:
        phrases = {
            key: role for role in reversed(_ORDER) for phrase in lists.get(role, ()) for key in _keys(phrase, language)
        }
        opening = frozenset(key for phrase in lists["opens"] for key in _keys(phrase, language))
        return cls(language, phrases, opening, max(map(len, [*phrases, *opening])))


@cache
def _tables() -> tuple[_Table, ...]:
    lists = tomllib.loads((files("qa.conversation") / "followups.toml").read_text(encoding="utf-8"))
    return tuple(_Table.of(language, own) for language, own in lists.items())


def _read(text: str, spans: Sequence[Span], folded: Sequence[str], table: _Table) -> Reading:
    """The longest phrases that the language knows, from left to right; all else are names."""
    words: list[Word] = []
    at = known = 0
    while at < len(spans):
        role, count = _longest(folded, at, table, begins=all(word.role == "opens" for word in words))
        if role == "bound" and words and _inside_name(text, words[-1], spans[at][0]):
            role = "names"
        words.append(Word(spans[at][0], spans[at + count - 1][1], role))
        known += sum(end - start for start, end in spans[at : at + count]) if role != "names" else 0
        at += count
    return Reading(text, table.language, tuple(words), known)


def _inside_name(text: str, before: Word, start: int) -> bool:
    """Whether a character is likelier part of the name that it continues, in a script without spaces."""
    return before.role == "names" and before.end == start and not joins(text[start])


def _longest(words: Sequence[str], at: int, table: _Table, begins: bool) -> tuple[Role, int]:
    for count in range(min(table.longest, len(words) - at), 0, -1):
        key = tuple(words[at : at + count])
        role = table.phrases.get(key)
        # At the beginning what may open does, if anything follows; later only what does nothing else.
        opens = role is None or role == "others" or (begins and role != "frames" and at + count < len(words))
        if key in table.opening and opens:
            return "opens", count
        if role is not None:
            return role, count
    return "names", 1


def _spans(text: str) -> Iterator[Span]:
    """The words, with what hyphens and apostrophes join; each character in a script without spaces."""
    for found in _WORD.finditer(text):
        start = found.start()
        for place in range(found.start(), found.end()):
            if text[place].isalnum() and not joins(text[place]):
                if place > start:
                    yield start, place
                yield place, place + 1
                start = place + 1
        if start < found.end():
            yield start, found.end()


def _keys(phrase: str, language: str) -> Iterator[tuple[str, ...]]:
    words = [phrase[start:end] for start, end in _spans(phrase)]
    yield tuple(_folded(word) for word in words)
    if language == "kk":
        yield tuple(_marked(cyrillic_skeleton(word)) for word in words)


def _folded(word: str) -> str:
    """A word as it is compared: in small letters, without accents and Kazakh's own letters."""
    return keyboard_fold(without_accents(APOSTROPHES.sub("'", word.casefold()).replace("ı", "i")))


def _kazakh(word: str, folded: str) -> str:
    """The same where the word may be Kazakh in Latin letters, in which "ng" is ң to some."""
    return _marked(latin_skeleton(word.replace("ng", "n"))) if _LATIN.search(folded) else folded


def _marked(skeleton: str) -> str:
    # Kept apart from Cyrillic words, of which skeletons would confuse more.
    return f"~{skeleton}"
