"""Plain text as it is being written, and where each of its pages begins."""

from __future__ import annotations

import re

from qa.language.cleaning import visible
from qa.records import Span

# Within what is written: here the next page begins.
PAGE_TURN = "\f"
_TURN = re.compile(r"((?<!\s)\s*\f\s*)")
_HALF_LETTER = re.compile("[\ud800-\udfff]")


class Manuscript:
    """Writes stretches of text one after the other. ``pages``: the offset at which page 1, 2, … begins."""

    def __init__(self) -> None:
        self.pages: list[int] = []
        self._pieces: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def turn_to(self, page: int) -> None:
        """Let the pages up to ``page``, counted from 1, begin with what is written next."""
        if not self.pages:
            self.pages.append(0)
        self.pages.extend([self._length] * (page - len(self.pages)))

    def turn(self, times: int) -> None:
        """Let the next page begin with what is written next, or the one after so many."""
        self.turn_to(max(1, len(self.pages)) + times)

    def space(self, breaks: str) -> None:
        """Write line breaks, but none at the top."""
        if self._length:
            self._put(breaks)

    def write(self, text: str, lead: str = "") -> Span:
        """Write ``lead`` and the text, and tell where the text stands; each `PAGE_TURN` in it turns a page."""
        self._put(lead)
        start = self._length
        first, *others = text.split(PAGE_TURN)
        self._put(first)
        for piece in others:
            self.turn(1)
            self._put(piece)
        return start, self._length

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def tidy(text: str) -> str:
    """Prose as it is written: each line as a reader sees it, without blank ones; page turns stay."""
    lines = (_tidy_line(line) for line in _HALF_LETTER.sub("\ufffd", text).split("\n"))
    return "\n".join(line for line in lines if line)


def tidy_code(text: str) -> str:
    """Code as it is written: its lines with their indentation, none of them blank at either end."""
    lines = [_tidy_code_line(line) for line in _HALF_LETTER.sub("\ufffd", text).split("\n")]
    written = [place for place, line in enumerate(lines) if line]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def without_turns(text: str) -> str:
    return text.replace(PAGE_TURN, "")


def _tidy_line(line: str) -> str:
    if PAGE_TURN not in line:
        return visible(line)
    pieces = _TURN.split(line)
    for place, piece in enumerate(pieces):
        turns = PAGE_TURN * piece.count(PAGE_TURN)
        # A word may go on on the next page without a space.
        pieces[place] = visible(piece) if not turns else turns if piece == turns else f" {turns}"
    return "".join(pieces).strip(" ")


def _tidy_code_line(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    words = " ".join(visible(word) if word else "" for word in line[len(indent) :].split(" ")).rstrip()
    return indent + words if words else ""
