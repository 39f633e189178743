"""Where words begin and end, in scripts with and without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from qa.language.cleaning import visible
from qa.records import Span

# Thai to Lao, Burmese, Khmer, kana, Han: nothing between two words.
_RANGES = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED = re.compile(f"[{_RANGES}]")
_WRITTEN = re.compile(rf"[{_RANGES}]|[^\s{_RANGES}]+")
_MARKS = ".,;:!?…‥·•*_#|`~\"'«»‹›“”„‟‘’‚()[]{}<>-–—―/\\。、，．；：！？「」『』（）《》〈〉【】・،؛؟"


def joins(character: str) -> bool:
    """Whether a character continues a word that a space would end."""
    if _UNSPACED.match(character):
        return False
    return character.isalnum() or character == "_" or unicodedata.combining(character) > 0


def word_around(text: str, start: int, end: int) -> Span:
    """The whole word around a piece of it; the piece, trimmed, in a script without spaces."""
    start += len(text[start:end]) - len(text[start:end].lstrip())
    while start > 0 and joins(text[start]) and joins(text[start - 1]):
        start -= 1
    while end < len(text) and joins(text[end - 1]) and joins(text[end]):
        end += 1
    return start, end


def words_of_tokens(text: str, spans: Iterable[Iterable[int]]) -> tuple[slice, ...]:
    """The tokens of each word, as rows: neighbours of one word together, marks and spaces left out."""
    words: list[slice] = []
    reached = -1
    for row, (start, end) in enumerate(spans):
        surface = text[start:end]
        begins = start + len(surface) - len(surface.lstrip())
        if not any(map(str.isalnum, surface)):
            reached = -1
        elif begins == reached and joins(text[begins]) and joins(text[begins - 1]):
            words[-1] = slice(words[-1].start, row + 1)
            reached = end
        else:
            words.append(slice(row, row + 1))
            reached = end
    return tuple(words)


def word_spans(text: str) -> list[Span]:
    """The words as they are written, marks included; each character by itself in a script without spaces."""
    return [found.span() for found in _WRITTEN.finditer(text)]


def bare_word(written: str) -> str:
    """A word for comparing: in NFC, without invisible characters and the marks around it, case kept."""
    return visible(written).strip(_MARKS)


def bare_words(text: str) -> list[str]:
    """The words of a text for comparing; what is marks only is none."""
    return [word for word in map(bare_word, _WRITTEN.findall(text)) if word]
