"""Lines become what an author wrote: paragraphs, items, rows, headings, notes, each with its text in one piece."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa.language.cleaning import visible
from qa.reading.formats.pdf.lines import Line, joined
from qa.reading.formats.pdf.sheet import Run
from qa.reading.manuscript import PAGE_TURN

# Around a mark that may refer to a footnote, till it is known whether there is one.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
REFERENCE = re.compile(rf"(?<!\s)\s*{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_MARK = re.compile(r"[\[(]?(\d{1,3}|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|[a-z])[\])]?")
NOTE = re.compile(r"[\[(]?((?<!\d)\d{1,3}(?!\d)|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3})[\])]?\.?\s*(?=\S)")
BRACKETED = re.compile(r"[\[(]\d{1,3}[\])]")
_SUPERSCRIPTS = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹⁰", "1234567890")
_WORD_BEFORE = re.compile(r"(?<![\w'’-])([\w'’-]*\w)[-‐]$")
_WORD_AFTER = re.compile(r"\w[\w'’]*")
_HYPHENS = ("-", "‐")
_INNER_HYPHEN = re.compile(r"(?<=\w)[-‐](?=\w)")
_WORD = re.compile(r"\w[\w'’]*(?:[-‐]\w[\w'’]*)*")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Of all lines' ends: a document with fewer hyphens there was made without hyphenation.
_HYPHENATED = 0.06


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document. ``text`` holds `PAGE_TURN` where a page ends in it, and marks that `REFERENCE` finds.

    ``page`` is the one that it begins on; ``rank`` counts for a heading that is known to be one; ``size`` and ``bold``
    are the style of most of it, ``lines`` how many it is set in, ``top`` whether it is set apart from what is above.
    """

    kind: str  # paragraph, quote, item, row, footnote, heading, note, or a reason for dropping it after "drop:"
    text: str
    page: int
    size: float = 0.0
    bold: bool = False
    lines: int = 1
    depth: int = 0
    marker: str = ""
    rank: int = 0
    cells: tuple[str, ...] = ()
    header: bool = False
    table: int = 0
    lead: str = ""  # the bold words that it begins with


def with_marks(runs: Sequence[Run]) -> str:
    """The text of runs side by side, with raised marks between signs."""
    parts: list[str] = []
    for place, run in enumerate(runs):
        before = runs[place - 1] if place else None
        found = _MARK.fullmatch(run.text.strip()) if run.raised and before is not None else None
        own = f"{_OPEN}{run.text.strip()}{_CLOSE}" if found else run.text
        spaced = before is not None and joined((before, run)) != before.text + run.text
        parts.append(f" {own}" if spaced else own)
    return "".join(parts)


def mark_of(text: str) -> str:
    """A footnote's mark without the brackets and the height that it is set with."""
    found = _MARK.match(text.strip())
    return (found[1] if found else text.strip()).translate(_SUPERSCRIPTS)


def without_mark(text: str) -> tuple[str, str]:
    """A footnote's mark, empty where it has none, and its text without it."""
    text = REFERENCE.sub(r"\1 ", text).strip()
    found = NOTE.match(text)
    return (mark_of(found[1]), text[found.end() :]) if found else ("", text)


def bold_lead(runs: Iterable[Run]) -> str:
    """The bold words that a line begins with."""
    lead: list[Run] = []
    for run in runs:
        if not run.bold and any(map(str.isalnum, run.text)):
            return visible(joined(lead))
        if run.bold:
            lead.append(run)
    return ""


class Words:
    """The words of a document, to tell a hyphen that parts a word at a line's end from one that belongs to it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._known: set[str] = set()
        parted: dict[str, list[str]] = {sign: [] for sign in _HYPHENS}
        inner = Counter(sign for line in lines for sign in _INNER_HYPHEN.findall(line))
        before = sign = ""
        for line in (REFERENCE.sub("", line).strip() for line in lines):
            words = [word.replace("‐", "-") for word in _WORD.findall(line.casefold())]
            if before and words:
                parted[sign].append(before + words.pop(0))
            found = _WORD_BEFORE.search(line)
            before, sign = (words.pop().rsplit("-", 1)[-1], line[-1]) if found and words else ("", "")
            self._known.update(words)
        self._parting = {
            sign
            for sign, words in parted.items()
            if (
                len(words) >= 3
                and (sum(map(self._known.__contains__, words)) >= 2 or len(words) >= _HYPHENATED * len(lines))
            )
            # One sign is drawn where a word is parted, another where it has a hyphen.
            or (words and inner[sign] == 0 < sum(inner.values()))
        }

    def joined(self, lines: Sequence[tuple[str, int]]) -> str:
        """Lines, each with its page, as one text."""
        text = lines[0][0].rstrip() if lines else ""
        for (_, page), (line, next_page) in pairwise(lines):
            text = self._join(text, line.strip(), PAGE_TURN * (next_page - page))
        return text

    def _join(self, text: str, line: str, turn: str) -> str:
        if text.endswith("\xad"):
            return f"{text[:-1]}{turn}{line}"
        before, after = _WORD_BEFORE.search(text), _WORD_AFTER.match(line)
        if before and after:
            return f"{text[:-1] if self._parts(before[1], after[0], text[-1]) else text}{turn}{line}"
        if text and line and _WIDE.match(text[-1]) and _WIDE.match(line[0]):
            return f"{text}{turn}{line}"
        return f"{text} {turn}{line}"

    def _parts(self, before: str, after: str, sign: str) -> bool:
        """Whether the hyphen between them only parts one word into two lines."""
        if not after[0].islower() or not before[-1].islower():
            return False
        first, second = before.casefold().replace("‐", "-").rsplit("-", 1)[-1], after.casefold()
        if f"{first}{second}" in self._known:
            return True
        compound = f"{first}-{second}" in self._known or (first in self._known and second in self._known)
        return not compound and sign in self._parting


def text_of(lines: Sequence[Line], words: Words) -> str:
    return words.joined([(" ".join(with_marks(cell) for cell in line.cells), line.page) for line in lines])


def characters(lines: Iterable[Line]) -> Iterator[tuple[float, bool, int]]:
    """Size, boldness and number of the letters in each run."""
    for line in lines:
        for run in line.runs:
            if not run.raised:
                yield run.size, run.bold, len(run.text)
