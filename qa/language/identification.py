"""Which language a question is in, and, if Kazakh, how it was typed.

Where the script leaves a choice that matters here (Latin or Cyrillic letters), a small naive Bayes model over
letter sequences decides: it knows Kazakh in Latin letters and Kazakh typed on a Russian keyboard, which general
identifiers take for Uzbek, Turkmen or Kyrgyz. All else is py3langid's.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from qa.language import library
from qa.language.cleaning import visible

LATIN_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "pl", "tr", "az", "uz", "tk", "id", "vi")
CYRILLIC_LANGUAGES = ("ru", "uk", "be", "ky", "tt", "mn", "tg")
# Enough to tell a language; more only takes time.
_LONGEST = 4000
_LONGEST_SEQUENCE = 4
_BUCKETS = 1 << 15
# Languages in Latin letters that the model does not know and the library tells well enough. On short
# questions it also finds Pidgin, Latin and the like, where the model is right.
_OTHERS_BY_LIBRARY = frozenset(
    [
        "bg",
        "bs",
        "ca",
        "cs",
        "da",
        "et",
        "fi",
        "hr",
        "hu",
        "is",
        "lt",
        "lv",
        "mk",
        "nb",
        "nl",
        "no",
        "ro",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "tl",
    ]
)
# How much likelier, as the mean logarithm over sequences, Kazakh in Latin letters must be than English: a name in a
# short question ("Kazakhstan joins UN") is Kazakh by its letters. Nearly all real Kazakh questions lie above 0.7.
_CLEARLY_KAZAKH = 0.5
# Languages that questions are not told apart by in writing.
_WRITTEN_AS = {"wuu": "zh", "yue": "zh", "gan": "zh"}
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼʻ`‘´][^\W\d_]*)*")
_LATIN, _CYRILLIC = re.compile("[a-zɐ-ʯ]"), re.compile("[\u0400-\u04ff]")


class Spelling(Enum):
    """How a Kazakh text was typed."""

    CYRILLIC = "kk"
    LATIN = "kk-latin"
    KEYBOARD = "kk-keyboard"


@dataclass(frozen=True, slots=True)
class Identification:
    """A two-letter code, or None where there are no letters; ``spelling`` for Kazakh only."""

    language: str | None
    spelling: Spelling | None = None


def identify(text: str) -> Identification:
    """The most likely language of a text."""
    sample = visible(text[:_LONGEST]).lower()
    if not any(character.isalpha() for character in sample):
        return Identification(None)
    latin = len(_LATIN.findall(unicodedata.normalize("NFD", sample)))
    cyrillic = len(_CYRILLIC.findall(sample))
    letters = sum(character.isalpha() for character in sample)
    if 2 * max(latin, cyrillic) < letters:
        return Identification(_identified_by_library(sample))
    kazakh = (Spelling.LATIN,) if latin > cyrillic else (Spelling.CYRILLIC, Spelling.KEYBOARD)
    others = LATIN_LANGUAGES if latin > cyrillic else CYRILLIC_LANGUAGES
    model = _Model.shipped()
    best = model.best(sample, (*others, *(spelling.value for spelling in kazakh)))
    if best == Spelling.LATIN.value and model.margin(sample, best, "en") < _CLEARLY_KAZAKH:
        return Identification("en")
    for spelling in kazakh:
        if best == spelling.value:
            return Identification("kk", spelling)
    other = _identified_by_library(sample)
    if other == "en":
        return Identification("en")
    return Identification(other if other in _OTHERS_BY_LIBRARY else best)


def likeliest(text: str, languages: Collection[str]) -> str | None:
    """The likeliest of some languages, of those that the model knows and that are written in the text's letters.

    A word or two, which could be of many languages, are told apart among few.
    """
    sample = visible(text[:_LONGEST]).lower()
    latin = len(_LATIN.findall(unicodedata.normalize("NFD", sample)))
    cyrillic = len(_CYRILLIC.findall(sample))
    if not latin and not cyrillic:
        return None
    kazakh = (Spelling.LATIN,) if latin > cyrillic else (Spelling.CYRILLIC, Spelling.KEYBOARD)
    others = LATIN_LANGUAGES if latin > cyrillic else CYRILLIC_LANGUAGES
    among = [language for language in others if language in languages]
    among += [spelling.value for spelling in kazakh if "kk" in languages]
    return _Model.shipped().best(sample, tuple(among)).partition("-")[0] if among else None


def detect_language(text: str) -> str | None:
    """The two-letter code of a text's language, or None where it has no letters."""
    return identify(text).language


def sequences(text: str) -> NDArray[np.int64]:
    """The buckets of all sequences of one to four letters within the words of a text in small letters."""
    return np.array(
        [
            zlib.crc32(word[start : start + length].encode()) % _BUCKETS
            for word in (f"<{found}>" for found in _WORD.findall(text))
            for length in range(1, _LONGEST_SEQUENCE + 1)
            for start in range(len(word) - length + 1)
        ],
        dtype=np.int64,
    )


@dataclass(frozen=True, slots=True)
class _Model:
    """``table``: (languages, buckets), the logarithm of each sequence's share of all in a language."""

    names: tuple[str, ...]
    table: NDArray[np.float16]

    @classmethod
    @cache
    def shipped(cls) -> _Model:
        with (
            (files("qa.language") / "data" / "languages.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as saved,
        ):
            return cls(tuple(saved["names"].tolist()), saved["table"])

    def margin(self, text: str, one: str, other: str) -> float:
        """How much likelier ``one`` is than ``other``: the mean difference of logarithms over the sequences."""
        rows = self.table[np.ix_(np.array([self.names.index(one), self.names.index(other)]), sequences(text))]
        means = rows.mean(axis=1, dtype=np.float64)
        return float(means[0] - means[1])

    def best(self, text: str, among: tuple[str, ...]) -> str:
        rows = [self.names.index(name) for name in among]
        found = self.table[np.ix_(np.array(rows), sequences(text))]
        return among[int(np.argmax(found.sum(axis=1, dtype=np.float64)))]


def train(texts: dict[str, list[str]]) -> tuple[NDArray[np.str_], NDArray[np.float16]]:
    """The names and the table of a model out of texts by name: add-0.3 smoothing, no language likelier than another."""
    names = sorted(texts)
    counts = np.full((len(names), _BUCKETS), 0.3)
    for row, name in enumerate(names):
        for text in texts[name]:
            np.add.at(counts[row], sequences(visible(text).lower()), 1)
    return np.array(names), np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float16)


def _identified_by_library(text: str) -> str:
    language = library.classified(text)
    return _WRITTEN_AS.get(language, language)
