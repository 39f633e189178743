"""How a passage is set: its markup taken for what it means, its list marker, the cells of its row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from qa.reading.kinds import kind_of
from qa.records import Document, Passage, Span
from qa.serving.web.inline_markup import pieces_of
from qa.serving.web.marking import Piece, to_html
from qa.serving.web.table_rows import rows_of

_NOTE = re.compile(r"[ \t>]*\[\^([^\]\s]+)\]:")
_BULLETS, _DASHES = frozenset("*+o\uf0b7\uf0a7\uf0d8"), frozenset("-–—−")
_LONGEST_WORD = 20
_MARKDOWN_MARKER = re.compile(r"(?:^|.*[\s>])([-*+]|\d{1,9}[.)])\s*")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; ``name`` is what stands at the head of its column, for where a table is too wide.

    ``breakable``: it holds an address, say, longer than a column may be; words of a language are not broken in a table.
    """

    html: Markup
    name: str
    breakable: bool


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    header: bool


@dataclass(frozen=True)
class Setting:
    """What of a document is needed to set its passages; ``span`` is what is marked of its text."""

    document: Document
    span: Span | None
    markdown: bool
    definitions: str
    notes: Mapping[str, str]

    @classmethod
    def of(cls, document: Document, passages: Iterable[Passage], span: Span | None) -> Setting:
        definitions = (
            document.text[one.start : one.end] for one in document.dropped if one.reason == "link definition"
        )
        kind = kind_of(document.name)
        markdown = kind is not None and kind.name == "markdown"
        notes = {
            found[1]: one.anchor
            for one in passages
            if one.kind == "footnote" and (found := _NOTE.match(lead_of(document.text, one.start)))
        }
        return cls(document, span, markdown, "\n".join(definitions), notes)

    def html(self, passage: Passage) -> Markup:
        """The passage's text, to the letter."""
        return to_html(passage.text, self._pieces(passage), self._own(passage))

    def _own(self, passage: Passage) -> Span | None:
        """The span, counted from the passage's start."""
        return (self.span[0] - passage.start, self.span[1] - passage.start) if self.span else None

    def _pieces(self, passage: Passage) -> list[Piece]:
        if passage.kind == "code":
            return list(_dedented(passage.text, lead_of(self.document.text, passage.start)))
        if not self.markdown:
            return list(_labelled(passage))
        return pieces_of(passage.text, self.definitions, self.notes)

    def rows(self, passage: Passage, names: list[str]) -> tuple[Row, ...]:
        """The rows of a table's passage, its header among them if it begins with one; ``names`` become its cells."""
        lines = rows_of(passage.text)
        found: list[Row] = []
        at = 0
        for place, cells in enumerate(lines):
            header = place == 0 and (len(lines) > 1 or passage.plain == passage.context)
            if header:
                names[:] = [self._spoken(passage.text, cell) for cell in cells]
            # A row may be shorter than its header: the empty cells at its end are no text of the passage.
            cells.extend([(cells[-1][1],) * 2] * (len(names) - len(cells)) if cells else [])
            shown = []
            for column, cell in enumerate(cells):
                end = len(passage.text) if place == len(lines) - 1 and column == len(cells) - 1 else cell[1]
                name = names[column] if column < len(names) else ""
                breakable = any(len(word) > _LONGEST_WORD for word in passage.text[slice(*cell)].split())
                shown.append(Cell(self._cell(passage, at, cell, end), name, breakable))
                at = end
            found.append(Row(tuple(shown), header))
        return tuple(found)

    def _cell(self, passage: Passage, at: int, cell: Span, end: int) -> Markup:
        """A cell with what stands between it and the one before, and after it if it is the last, hidden."""
        before, after = Piece(at, cell[0], ("hidden",)), Piece(cell[1], end, ("hidden",))
        own = to_html(passage.text, self._within(passage.text, cell), self._own(passage))
        edges = [to_html(passage.text, [one], None) if one.start < one.end else Markup("") for one in (before, after)]
        return edges[0] + own + edges[1]

    def _within(self, text: str, cell: Span) -> list[Piece]:
        start, end = cell
        if not self.markdown:
            return [Piece(start, end)] if start < end else []
        pieces = pieces_of(text[start:end], self.definitions, self.notes) if start < end else []
        return [one._replace(start=one.start + start, end=one.end + start) for one in pieces]

    def _spoken(self, text: str, cell: Span) -> str:
        pieces = self._within(text, cell)
        return "".join(text[one.start : one.end] if "hidden" not in one.tags else one.instead for one in pieces)

    def marker(self, passage: Passage) -> str:
        """The author's mark before an item or a footnote, as a printer would set it; "" for none."""
        lead = lead_of(self.document.text, passage.start)
        if passage.kind == "footnote":
            found = _NOTE.match(lead)
            return found[1] if found else "" if self.markdown else lead.strip()
        if self.markdown:
            found = _MARKDOWN_MARKER.fullmatch(lead)
            return ("•" if found[1] in "-*+" else found[1]) if found else ""
        written = lead.strip()
        return "•" if written in _BULLETS else "–" if written in _DASHES else written


def lead_of(text: str, start: int) -> str:
    """What stands before an offset on its line."""
    return text[max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1 : start]


def _labelled(passage: Passage) -> Iterator[Piece]:
    """Plain text; an item's label stands out, as the author's colon or bold type means it to."""
    label = passage.item if passage.kind == "item" else None
    end = len(label) if label and passage.text.startswith(label) else 0
    if end:
        yield Piece(0, end, ("strong",))
    yield Piece(end, len(passage.text))


def _dedented(text: str, lead: str) -> Iterator[Piece]:
    """Code whose later lines are as far to the left as its first one, whose indentation is not of the passage."""
    edges = (found.end() for found in re.finditer("\n", text)) if lead and not lead.strip() else ()
    at = 0
    for edge in chain(edges, [len(text)]):
        hidden = len(lead) if at and text.startswith(lead, at) else 0
        if hidden:
            yield Piece(at, at + hidden, ("hidden",))
        if at + hidden < edge:
            yield Piece(at + hidden, edge)
        at = edge
