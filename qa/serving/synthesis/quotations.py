"""What a language model puts in quotation marks, compared with what the passages say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from qa.language.cleaning import visible
from qa.records import Hit

# What each mark is closed by. The German one is closed by the mark that opens the English one.
_CLOSERS = {"«": "»", "“": "”", "„": "“”", "「": "」", "『": "』", '"': '"'}
_MARK = re.compile(r'([«»“”„「」『』"\n])')
# What is shorter is a name or a word, in letters of common width; a Chinese character counts as two.
_SHORTEST = 20
_ELLIPSIS = re.compile(r"(?<!\s)\s*[\[(]?(?:…|\.\.\.)[\])]?\s*")
_ENDS = " .,;:!?…—–-。，；：！？、"


class Quotations:
    """Reads a text in pieces and finds in it each quotation that stands in none of the passages.

    A quotation is what stands between two quotation marks in one paragraph, of at least the width of twenty letters.
    White space, punctuation at its ends, asterisks and invisible characters do not matter; parts with an ellipsis
    between them may stand apart in one passage. Words of the passages' headings and titles count too.
    """

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._known = [_bare(text) for hit in hits for text in _words_of(hit)]
        self._mark: str | None = None
        self._inner = 0
        self._quoted = ""

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in parts, and with each whether a quotation ends with it that is not in the passages."""
        for part in _MARK.split(text):
            if part == "\n":
                yield "", self.finish()
                yield part, False
            elif _MARK.fullmatch(part):
                yield part, self._ended_by(part)
            else:
                self._quoted += part
                yield part, False

    def finish(self) -> bool:
        """End the paragraph: whether a quotation that it leaves open is not in the passages."""
        mark, self._mark = self._mark, None
        # A straight mark may have been one of inches.
        return mark not in (None, '"') and self._is_strange()

    def _ended_by(self, mark: str) -> bool:
        """Take a mark, of which others of its kind may open and close inside a quotation."""
        if self._mark is None:
            if mark in _CLOSERS:
                self._mark, self._inner, self._quoted = mark, 0, ""
            return False
        if mark in _CLOSERS[self._mark]:
            self._inner -= 1
            if self._inner < 0:
                self._mark = None
                return self._is_strange()
        else:
            self._inner += mark == self._mark
        self._quoted += mark
        return False

    def _is_strange(self) -> bool:
        parts = [_bare(part) for part in _ELLIPSIS.split(_bare(self._quoted))]
        if _width("".join(parts)) < _SHORTEST:
            return False
        return not any(all(part in known for part in parts) for known in self._known)


def _words_of(hit: Hit) -> list[str]:
    passage = hit.passage
    return [passage.text, passage.plain, passage.context or "", *passage.path]


def _bare(text: str) -> str:
    return visible(text.replace("*", "")).strip(_ENDS)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
