"""The lines of a text, by offset. A line ends at CRLF, CR or LF and nowhere else."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

# White space as str.strip knows it, and what web pages leave between lines that look empty.
_UNSEEN = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "\u00ad\u200b\u2060\ufeff\u200e\u200f"
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break: ``text[start:end]``, where ``end`` leaves trailing white space in."""

    start: int
    end: int
    text: str

    @property
    def stripped(self) -> str:
        """The line without the white space and invisible characters at its ends."""
        start, end = self.content
        return self.text[start - self.start : end - self.start]

    @property
    def blank(self) -> bool:
        return not self.stripped

    @property
    def indent(self) -> int:
        """The width of the leading white space in columns; a tab counts to the next multiple of four."""
        column = 0
        for character in self.text:
            if character == "\t":
                column += 4 - column % 4
            elif character.isspace():
                column += 1
            else:
                break
        return column

    @property
    def content(self) -> tuple[int, int]:
        """The span of the line trimmed of white space and of characters that nobody sees."""
        lead = len(self.text) - len(self.text.lstrip(_UNSEEN))
        return self.start + lead, self.start + max(lead, len(self.text.rstrip(_UNSEEN)))


class Lines:
    """All the lines of a text, and the way back from an offset to a line number."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(_BREAK.finditer(text))
        starts = [0, *(found.end() for found in breaks)]
        ends = [*(found.start() for found in breaks), len(text)]
        self.all = [Line(s, e, text[s:e]) for s, e in zip(starts, ends, strict=True)]

    @cached_property
    def _starts(self) -> list[int]:
        return [line.start for line in self.all]

    def number(self, offset: int) -> int:
        """The line, counted from 1, that holds the character at ``offset``."""
        return bisect_right(self._starts, offset)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """First and last line number of ``text[start:end]``."""
        return self.number(start), self.number(max(start, end - 1))
