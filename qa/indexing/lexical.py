"""The words of passages, in BM25 over sequences of four letters. The only file that imports bm25s.

Four letters within a word find the forms of an agglutinative language and survive typing errors, where whole words and
stems do not. k1 and b are within what Robertson and Zaragoza (2009) give; on KazQAD nothing near them was better.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qa.encoding.encoder import Floats
from qa.indexing.arrays import kept
from qa.language.letters import keyboard_fold

_K1, _B = 1.2, 0.75
_LENGTH = 4
_WORD = re.compile(r"\w+")


def sequences(text: str) -> list[str]:
    """The sequences of four letters within each word of a text, ends marked, case and Kazakh letters folded."""
    return [sequence for word in _words(text) for sequence in _of_word(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def _numbered(texts: Sequence[str]) -> tuple[list[list[int]], dict[str, int]]:
    """The sequences of each text as numbers, and which number is whose. A text without a word still has its place."""
    numbers: dict[str, int] = {}
    of_words: dict[str, list[int]] = {}
    rows: list[list[int]] = []
    for text in texts:
        rows.append(row := [])
        for word in _words(text) or [""]:
            if word not in of_words:
                of_words[word] = [numbers.setdefault(one, len(numbers)) for one in (_of_word(word) if word else [""])]
            row += of_words[word]
    return rows, numbers


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[str, ...]:
    marked = f"<{keyboard_fold(word)}>"
    return tuple(marked[start : start + _LENGTH] for start in range(max(1, len(marked) - _LENGTH + 1)))


class LexicalIndex:
    """Two fields of each passage: its own words, and those of its headings and labels."""

    _FIELDS = ("body", "headings")

    def __init__(self, fields: Callable[[], Mapping[str, Any]], passages: int) -> None:
        self._load = fields
        self._passages = passages

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        return self._load()

    @classmethod
    def from_texts(cls, bodies: Sequence[str], headings: Sequence[str]) -> LexicalIndex:
        """An index of passages by their words and the words of their headings, in the same order."""
        import bm25s

        # On import it sets its own level so low that it tells of each field.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        fields = {}
        for name, texts in zip(cls._FIELDS, (bodies, headings), strict=True):
            fields[name] = bm25s.BM25(k1=_K1, b=_B)
            fields[name].index(_numbered(texts), show_progress=False)
        return cls(lambda: fields, len(bodies))

    @classmethod
    def load(cls, folder: Path, passages: int) -> LexicalIndex:
        """Read what `save` wrote, when it is first used: a build that only takes the vectors over never does."""

        def fields() -> Mapping[str, Any]:
            import bm25s

            loaded = {name: bm25s.BM25.load(folder / name, mmap=True, allow_pickle=False) for name in cls._FIELDS}
            for field in loaded.values():
                field.scores.update({name: kept(field.scores[name]) for name in ("data", "indices", "indptr")})
            return loaded

        return cls(fields, passages)

    def save(self, folder: Path) -> None:
        for name, field in self._fields.items():
            field.save(folder / name, allow_pickle=False, show_progress=False)

    def scores(self, question: str) -> tuple[Floats, Floats]:
        """The BM25 of all passages for a question, by their words and by their headings: (passages,) each."""
        asked = sequences(question)
        body, headings = (self._scores(self._fields[name], asked) for name in self._FIELDS)
        return body, headings

    def _scores(self, field: Any, asked: list[str]) -> Floats:
        known = [sequence for sequence in asked if sequence in field.vocab_dict]
        if not known:
            return np.zeros(self._passages, dtype=np.float32)
        return np.asarray(field.get_scores(known), dtype=np.float32)
