"""Text as a reader sees it, whatever invisible characters and spacing the source has."""

from __future__ import annotations

import re
import unicodedata

# Soft hyphen, zero-width space, word joiner, byte order mark, bidirectional controls. The zero-width
# joiners U+200C and U+200D stay: they carry meaning in Persian and in emoji.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# Marks that combine with the letter before them are put in order in time quadratic in how many follow each other. No
# writing has so many. Other signs above U+02FF are compared as well; they compose with nothing.
_MOST_MARKS = 64
_MANY_MARKS = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MOST_MARKS}}}")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def visible(text: str) -> str:
    """The text in NFC, without invisible characters, every run of white space as one space."""
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    return " ".join(composed(text).split())


def composed(text: str) -> str:
    """The text in NFC; where more marks than any writing has follow each other, that of its pieces."""
    if len(text) < _MOST_MARKS or not _MANY_MARKS.search(text):
        return unicodedata.normalize("NFC", text)
    pieces, start = [], 0
    for marks in _MANY_MARKS.finditer(text):
        pieces.append(text[start : marks.end()])
        start = marks.end()
    return "".join(unicodedata.normalize("NFC", piece) for piece in (*pieces, text[start:]))
