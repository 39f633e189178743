"""The words of passages, in BM25 over sequences of four letters.

Four letters within a word find the forms of an agglutinative language and survive typing errors, where whole words and
stems do not.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from qa.encoding.encoder import Floats
from qa.indexing.packed_postings import PACKED_FROM, PackedPostings
from qa.indexing.packing import pack
from qa.indexing.postings import Positions, Postings
from qa.language.letters import keyboard_fold

_LENGTH = 4
# So many words are kept with their sequences, none of more characters, since whoever asks decides how long a word is:
# 3.4 kB a word, so 170 MB at most.
_KEPT_WORDS, _LONGEST_KEPT = 50_000, 32
# A build remembers the sequences of so many words: 50 MB.
_WORDS_AT_ONCE = 200_000
_WORD = re.compile(r"\w+")


def sequences(text: str) -> list[str]:
    """The sequences of four letters within each word of a text, ends marked, case and Kazakh letters folded."""
    return [sequence for word in _words(text) for sequence in _of_word(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def _numbered(texts: Iterable[str], numbers: dict[str, int]) -> Iterator[array[int]]:
    """The sequences of each text as numbers; ``numbers`` comes to tell which is whose."""
    of_words: dict[str, array[int]] = {}
    for text in texts:
        row = array("i")
        if len(of_words) > _WORDS_AT_ONCE:
            of_words.clear()
        for word in _words(text):
            if word not in of_words:
                of_words[word] = array("i", [numbers.setdefault(one, len(numbers)) for one in _of_word(word)])
            row += of_words[word]
        yield row


def _of_word(word: str) -> tuple[str, ...]:
    return _kept(word) if len(word) <= _LONGEST_KEPT else _cut(word)


@lru_cache(maxsize=_KEPT_WORDS)
def _kept(word: str) -> tuple[str, ...]:
    return _cut(word)


def _cut(word: str) -> tuple[str, ...]:
    marked = f"<{keyboard_fold(word)}>"
    return tuple(marked[start : start + _LENGTH] for start in range(max(1, len(marked) - _LENGTH + 1)))


class Matching(Protocol):
    """How well passages match the terms of a question."""

    def at(self, positions: Positions) -> Floats:
        """The scores of some passages."""
        ...

    def most(self, count: int, among: Positions | None = None) -> Positions:
        """The ``count`` passages with the highest scores that are above nothing; ``among`` restricts them."""
        ...


_Field = Postings | PackedPostings


def _loaded(folder: Path, passages: int) -> _Field:
    return (PackedPostings if PackedPostings.is_in(folder) else Postings).load(folder, passages)


class LexicalIndex:
    """Two fields of each passage: its own words, and those of its headings and labels."""

    _FIELDS = ("body", "headings")

    def __init__(self, fields: Callable[[], Mapping[str, _Field]]) -> None:
        self._load = fields

    @property
    def fields(self) -> Mapping[str, _Field]:
        """The words of bodies and of headings."""
        return self._fields

    @cached_property
    def _fields(self) -> Mapping[str, _Field]:
        return self._load()

    @classmethod
    def from_texts(cls, bodies: Iterable[str], headings: Iterable[str]) -> LexicalIndex:
        """An index of passages by their words and the words of their headings, in the same order."""
        fields = {}
        for name, texts in zip(cls._FIELDS, (bodies, headings), strict=True):
            numbers: dict[str, int] = {}
            fields[name] = Postings.of(_numbered(texts, numbers), numbers)
        return cls(lambda: fields)

    @classmethod
    def load(cls, folder: Path, passages: int) -> LexicalIndex:
        """Read what `save` wrote, when it is first used: a build that only takes the vectors over never does."""
        return cls(lambda: {name: _loaded(folder / name, passages) for name in cls._FIELDS})

    def save(self, folder: Path) -> None:
        """Write an index that `from_texts` made."""
        for name, field in self._fields.items():
            assert isinstance(field, Postings)
            field.save(folder / name)

    @classmethod
    def write(cls, folder: Path, passages: int, bodies: Iterable[str], headings: Iterable[str]) -> None:
        """Write the index of so many passages without having it all in memory, if they are many."""
        if passages < PACKED_FROM:
            cls.from_texts(bodies, headings).save(folder)
            return
        for name, texts in zip(cls._FIELDS, (bodies, headings), strict=True):
            numbers: dict[str, int] = {}
            pack(folder / name, _numbered(texts, numbers), numbers)

    def matches(self, question: str) -> tuple[Matching, Matching]:
        """How well passages match a question, by their words and by their headings; bounded work, however many."""
        asked = sequences(question)
        body, headings = (self._fields[name].matches(asked) for name in self._FIELDS)
        return body, headings

    def scores(self, question: str) -> tuple[Floats, Floats]:
        """The BM25 of all passages for a question, by their words and by their headings: (passages,) each."""
        asked = sequences(question)
        body, headings = (self._fields[name].scores(asked) for name in self._FIELDS)
        return body, headings
