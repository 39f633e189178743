"""A document that is no text itself is composed: its plain text and its outline are written together.

The reader of a format tells what it finds in reading order; how a heading's number, an item's label or a row's header
become part of a passage is decided here, as it is for Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from qa.language.cleaning import visible
from qa.reading.composing import LONGEST_HEADING, compose
from qa.reading.headings import number_of_title
from qa.reading.manuscript import PAGE_TURN, tidy, tidy_code, without_turns
from qa.reading.outline import Heading, Outline
from qa.reading.parts import Note, Part
from qa.reading.plaintext import DOTS, item_label
from qa.reading.stated import Stated

BULLET = "•"
# In characters, as in Markdown: of a header cell the beginning names the column.
_LONGEST_COLUMN, _LONGEST_HEADER, _LONGEST_LABEL = 100, 1000, 100
_SEPARATOR = " | "
_GAP = re.compile(r"\n\s*\n")
# A mark that the author typed where no list was made.
_TYPED = re.compile(rf"(?P<marker>[{DOTS}]|\d{{1,3}}\)|[^\W\d_]\))\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Composed:
    """A document as text, and how that is built. ``pages``: where page 1, 2, … begins; none where there are none.

    ``declared`` is what the file says of itself (``language``, ``title``, ``author``, ``date``, ``url``), unchecked.
    """

    text: str
    outline: Outline
    pages: tuple[int, ...] = ()
    declared: Stated = field(default_factory=dict)


class Composition:
    """Collects a document in reading order, then writes it.

    In any text a line feed breaks the line and `PAGE_TURN` begins a page; other white space is a space.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._notes: list[Note] = []
        self._drops: list[tuple[str, str]] = []
        self._labels: list[str | None] = []  # of the items that are open, outermost first
        self._named: str | None = None
        self._declared: dict[str, str] = {}

    @property
    def place(self) -> int:
        """Where one stands; `footnote` takes it to put a note under the section that this is in."""
        return len(self._parts)

    @property
    def titled(self) -> bool:
        return any(part.kind == "title" for part in self._parts)

    def declare(self, name: str, value: str | None) -> None:
        """Keep what the file says of itself; the first word counts."""
        value = visible(value or "")[:LONGEST_HEADING]
        if value:
            self._declared.setdefault(name, value)

    def name(self, title: str) -> None:
        """A title that stands nowhere in the text; it counts where the text has none."""
        self._named = visible(title)[:LONGEST_HEADING] or self._named

    def title(self, text: str) -> None:
        """The document's title; on two lines it is one."""
        self._labels.clear()
        text = " ".join(self._tidy(text).split("\n"))
        last = self._parts[-1] if self._parts else None
        if last is not None and last.kind == "title":
            self._parts[-1] = replace(last, text=f"{last.text} {text}"[:LONGEST_HEADING])
        elif self.titled or len(text) > LONGEST_HEADING:
            self.paragraph(text)
        elif text:
            self._parts.append(Part("title", text))

    def heading(self, text: str, rank: int, number: str = "") -> None:
        """A heading; a lower ``rank`` governs a higher one. ``number`` is one that is no part of its text."""
        self._labels.clear()
        text = " ".join(self._tidy(f"{number} {text}").split("\n"))
        shown = without_turns(text)
        if len(shown) > LONGEST_HEADING:
            self.paragraph(text)
        elif shown:
            own, title = number_of_title(shown) or (None, shown)
            self._parts.append(Part("heading", text, heading=Heading(own, title or shown, shown, rank, 0, 0)))

    def paragraph(self, text: str, kind: str = "paragraph", depth: int = 0, *, strong: float = 0.0) -> None:
        """A paragraph, quote or piece of code. At a ``depth`` it belongs to the open item there, which a plain
        paragraph goes on; ``strong`` is the size of the type, in any unit, where all of it is bold."""
        del self._labels[depth:]
        labels = self._open_labels()
        if kind == "code":
            code = tidy_code(text)
            if without_turns(code):
                self._parts.append(Part(kind, code, labels=labels))
            return
        for piece in _GAP.split(text):
            own = self._tidy(piece)
            if own and kind == "paragraph" and depth and self._goes_on(labels):
                self._parts[-1] = replace(self._parts[-1], text=f"{self._parts[-1].text}\n{own}")
            elif own and kind == "paragraph" and not depth and (typed := _TYPED.match(own)):
                self._typed(own[typed.end() :], typed["marker"])
            elif own:
                within = "item" if kind == "paragraph" and depth else kind
                lead = "  " * depth
                self._parts.append(Part(within, own, lead, labels=labels, strong=strong))

    def item(self, text: str, depth: int = 1, marker: str = BULLET, bold: str = "") -> None:
        """An item of a list, ``depth`` 1 the outermost. ``bold``: the bold words that it begins with, if it does."""
        own = self._tidy(text)
        if not own:
            del self._labels[depth - 1 :]
            return
        follows = self._parts and self._parts[-1].kind == "item" and bool(self._labels)
        del self._labels[depth - 1 :]
        self._labels.extend([None] * (depth - 1 - len(self._labels)))
        self._labels.append(_bold_label(own, bold) or item_label(without_turns(own)))
        lead = "  " * depth + (f"{marker} " if marker else "")
        self._parts.append(Part("item", own, lead, bool(follows), self._open_labels()))

    def table(self, rows: Sequence[Sequence[str]], header: bool, depth: int = 0) -> None:
        """A table by its cells; ``header``: its first row names the columns, and stands before the second."""
        del self._labels[depth:]
        cells = [[" ".join(tidy(cell).split("\n")) for cell in row] for row in rows]
        cells = [row for row in cells if any(map(without_turns, row))]
        if not cells:
            return
        names = [without_turns(name)[:_LONGEST_COLUMN] for name in cells[0]] if header else []
        context = _SEPARATOR.join(names)[:_LONGEST_HEADER] or None
        body = cells[1:] if header and len(cells) > 1 else cells
        above = f"{_line_of(cells[0])}\n" if header and len(cells) > 1 else ""
        for place, row in enumerate(body):
            shown = [without_turns(cell) for cell in row]
            label = (shown[0],) if shown[0] and len(shown) > 1 else ()
            plain = context if header and len(cells) == 1 else _plain_row(names, shown)
            text = (above if place == 0 else "") + _line_of(row)
            labels = (*self._open_labels(), *label)
            self._parts.append(Part("row", text, "", place > 0, labels, context, plain))

    def footnote(self, text: str, mark: str = "", *, place: int | None = None, here: bool = False) -> None:
        """A note under the section that refers to it: the present one, or that of a `place`. It is written where that
        section ends, or ``here``."""
        own = self._tidy(text)
        if not own:
            return
        after = self.place if place is None else place
        part = Part("footnote", own, f"{visible(mark)} ".lstrip(), after=after)
        if here:
            self._parts.append(part)
        else:
            self._notes.append(Note(part, after))

    def drop(self, text: str, reason: str) -> None:
        """What is no text of the author's; it is told of, and stands after all that is."""
        if shown := visible(text):
            self._drops.append((shown, reason))

    def page(self, number: int) -> None:
        """From here on: that page, counted from 1."""
        self._parts.append(Part("page", page=number))

    def build(self, fallback_title: str) -> Composed:
        """Write it all. Where no heading is marked, those that a plain text would have are recognised."""
        text, outline, pages = compose(self._parts, self._notes, self._drops, self._named or fallback_title)
        return Composed(text, outline, pages, dict(self._declared))

    def _tidy(self, text: str) -> str:
        """Prose as it is written; where it is nothing but page turns, the pages are turned and nothing is left."""
        own = tidy(text)
        turns = own.count(PAGE_TURN)
        if turns and not without_turns(own).strip():
            self._parts.append(Part("page", PAGE_TURN * turns))
            return ""
        return own

    def _typed(self, text: str, marker: str) -> None:
        """An item whose mark is typed; the one above it is of the same list."""
        last = self._parts[-1] if self._parts else None
        label = item_label(without_turns(text))
        joined = last is not None and last.kind == "item"
        self._parts.append(Part("item", text, f"  {marker} ", joined, (label,) if label else ()))

    def _open_labels(self) -> tuple[str, ...]:
        return tuple(label for label in self._labels if label)

    def _goes_on(self, labels: tuple[str, ...]) -> bool:
        """Whether the last part is the item that is open."""
        last = self._parts[-1] if self._parts else None
        return last is not None and last.kind == "item" and last.labels == labels


def _bold_label(text: str, bold: str) -> str | None:
    """The bold words that an item begins with; where all of it is bold they label nothing."""
    label = visible(without_turns(bold)).rstrip(":").rstrip()
    rest = without_turns(text)[len(label) :]
    fits = 0 < len(label) <= _LONGEST_LABEL and without_turns(text).startswith(label)
    return label if fits and any(character.isalnum() for character in rest) else None


def _line_of(row: Sequence[str]) -> str:
    return _SEPARATOR.join(row).strip()


def _plain_row(names: Sequence[str], cells: Sequence[str]) -> str:
    """A row as it is understood: each cell after what stands at the head of its column."""
    if not names and len(cells) == 2 and all(cells):
        return ": ".join(cells)
    pairs = zip_longest(names, cells, fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
