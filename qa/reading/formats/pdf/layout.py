"""Pages without tags: what a line is, is told by its style and its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.language.cleaning import visible
from qa.reading.formats.pdf.furniture import furniture, left_out
from qa.reading.formats.pdf.lines import Line
from qa.reading.formats.pdf.pieces import (
    NOTE,
    REFERENCE,
    Piece,
    Words,
    bold_lead,
    mark_of,
    text_of,
    with_marks,
    without_mark,
)
from qa.reading.formats.pdf.sheet import Run, Sheet
from qa.reading.formats.pdf.tables import table_at
from qa.reading.formats.pdf.usual import leading_of, settled, usual_style

_BULLET = re.compile(r"[•●○◦▪▫■□◆◇❖►▶▸➢➤✓✔‣·∙\uf0b7\uf0a7\uf0d8]\s*(?=\S)")
_COUNTED = re.compile(r"(?:[-*–—−]|\(?\d{1,3}[.)]|\(?[^\W\d_]\)|\(?[ivx]{1,5}\))\s+(?=\S)")
_LEADERS = re.compile(r"(?<!\.)(?<!\.\s)(?:\.\s?){4,}\s*\d{1,4}$|(?<!…)…+\s*\d{1,4}$")
_SENTENCE_END = tuple('.!?…:;»"”)')
_FULL_STOP = (".", "!", "?", "…")
# Of the letters' size.
_INDENT, _SAME_SIZE, _SMALL, _LARGE = 0.8, 0.08, 0.93, 1.08
_HEADING_LINES = 1.75  # of the size: the lines of one heading stand no farther apart
_PARAGRAPH_GAP = 1.3  # of the usual distance of two lines
_LONGEST_HEADING = 4  # lines
_WIDER = 1.25  # than most letters of a line are those of its first word, it may be
_SHORT_RULE = 0.6  # of the page's text: a line above footnotes is no longer
_VERSE = 0.6  # of the column: a line as short ends where its author ended it


class Layout:
    """The pages' lines, and what is usual in them: ``size`` and ``bold`` are the style of most letters."""

    def __init__(self, sheets: Sequence[Sheet], pages: Sequence[Sequence[Line]]) -> None:
        self.sheets = sheets
        self.rules = {sheet.number: sheet.rules for sheet in sheets}
        self.dropped = furniture(pages)
        kept = [[line for line in lines if line.key not in self.dropped] for lines in pages]
        self.size, self.bold = usual_style([line for lines in kept for line in lines])
        self.notes: set[tuple[int, int]] = set()
        self.lines: list[Line] = []
        for lines in settled(kept):
            notes = self._notes(lines)
            self.notes.update(line.key for line in notes)
            self.lines.extend([*(line for line in lines if line.key not in self.notes), *notes])
        self.furniture = [line for lines in pages for line in lines if line.key in self.dropped]
        self.words = Words([line.text for line in self.lines])
        self.leading = leading_of(self.lines)
        self._open: list[float] = []  # where the items that are open begin, outermost first
        self._tables = 0

    def pieces(self) -> Iterator[Piece]:
        place = 0
        while place < len(self.lines):
            line = self.lines[place]
            leads = _LEADERS.search(line.text) is not None
            found = None if leads else table_at(self.lines, place, self.rules.get(line.page, ()))
            if found is not None:
                count, rows = found
                yield from self._rows(rows, line.page)
            else:
                count = self._count(place)
                yield self._piece(self.lines[place : place + count])
            place += count
        for sheet in self.sheets:
            yield from left_out(sheet)
        for dropped in self.furniture:
            yield Piece(f"drop:{self.dropped[dropped.key]}", dropped.text, dropped.page)

    def _piece(self, lines: Sequence[Line]) -> Piece:
        first = lines[0]
        text = text_of(lines, self.words)
        style = {"page": first.page, "size": first.size, "bold": all(line.bold for line in lines), "lines": len(lines)}
        if first.key in self.notes:
            mark, text = without_mark(text)
            return Piece("footnote", text, marker=mark, **style)  # type: ignore[arg-type]
        if all(_LEADERS.search(line.text) for line in lines):
            return Piece("drop:table of contents", text, **style)  # type: ignore[arg-type]
        if self._heads(first):
            self._open.clear()
            return Piece("heading?", text, **style)  # type: ignore[arg-type]
        marker = self._marker(first)
        if marker is None:
            self._open.clear()
            return Piece("paragraph", text, **style)  # type: ignore[arg-type]
        text = text.lstrip()[len(marker) :].lstrip()
        depth = self._depth(first.left - (first.edges[0] if first.column else 0.0), first.size)
        lead = visible(bold_lead(first.runs).removeprefix(marker.strip())).strip()
        return Piece("item", text, marker=marker.strip(), depth=depth, lead=lead, **style)  # type: ignore[arg-type]

    def _rows(self, rows: Sequence[Sequence[Sequence[Run]]], page: int) -> Iterator[Piece]:
        self._open.clear()
        self._tables += 1
        header = _is_header(rows)
        for place, row in enumerate(rows):
            cells = tuple(" ".join(with_marks(cell).split()) for cell in row)
            yield Piece("row", "", page, cells=cells, header=header and place == 0, table=self._tables)

    def _depth(self, left: float, size: float) -> int:
        while self._open and left < self._open[-1] - 0.4 * size:
            self._open.pop()
        if not self._open or left > self._open[-1] + 0.4 * size:
            self._open.append(left)
        return len(self._open)

    # Which lines belong together

    def _count(self, place: int) -> int:
        """How many lines from ``place`` on are one piece."""
        first = self.lines[place]
        end = place + 1
        if self._heads(first) and first.key not in self.notes:
            while end < len(self.lines) and end - place < _LONGEST_HEADING and self._heads_on(end):
                end += 1
            return end - place
        while end < len(self.lines) and self._goes_on(self.lines[place:end], self.lines[end]):
            end += 1
        return end - place

    def _heads(self, line: Line) -> bool:
        """Whether a line has the style of a heading: larger than most text, or bold where most is not."""
        return line.size > _LARGE * self.size or (
            line.bold and not self.bold and line.size > _SMALL * self.size and any(map(str.isalpha, line.text))
        )

    def _heads_on(self, place: int) -> bool:
        above, line = self.lines[place - 1], self.lines[place]
        alike = above.bold == line.bold and abs(above.size - line.size) < 0.3 and self._heads(line)
        apart = above.baseline - line.baseline
        beside = (above.page, above.column) == (line.page, line.column)
        return alike and beside and 0 < apart <= _HEADING_LINES * line.size and _COUNTED.match(line.text) is None

    def _goes_on(self, above: Sequence[Line], line: Line) -> bool:
        """Whether a line goes on with what the lines above it began."""
        last = above[-1]
        if (line.key in self.notes) != (last.key in self.notes) or abs(line.size - last.size) > _SAME_SIZE * last.size:
            return False
        if line.key in self.notes and NOTE.match(line.text) and line.runs[0].size < line.size:
            return False
        if (self._heads(line) and line.key not in self.notes) or _LEADERS.search(last.text):
            return False
        beside = (last.page, last.column) == (line.page, line.column)
        usual = self.leading.get(round(line.size), 1.3 * line.size)
        if beside and not 0 < last.baseline - line.baseline <= _PARAGRAPH_GAP * usual:
            return False
        if self._marker(line) is not None and (
            _is_bullet(line) or not self._is_full(last, line) or _hangs(above[0], line)
        ):
            return False
        shift = line.edges[0] if not beside else 0.0
        before = last.edges[0] if not beside else 0.0
        if self._marker(above[0]) is not None:
            return self._goes_on_item(above, line, line.left - shift - (above[0].left - before))
        usual_left = (above[1] if len(above) > 1 else last).left - before
        if line.left - shift > max(usual_left, last.left - before if len(above) > 1 else 0) + _INDENT * line.size:
            return False
        if not self._is_full(last, line):
            width = last.edges[1] - last.edges[0]
            ends = last.text.endswith(_SENTENCE_END) or last.right - last.edges[0] < _VERSE * width
            return not ends and beside
        flush = last.right > last.edges[1] - 0.1 * last.size
        return beside or flush or not last.text.endswith(_FULL_STOP) or line.text[:1].islower()

    def _goes_on_item(self, above: Sequence[Line], line: Line, indent: float) -> bool:
        """Whether a line goes on with an item; ``indent`` is from where the item begins."""
        first, last = above[0], above[-1]
        if indent > 0.3 * line.size or (first.drawn and abs(indent) < 0.2 * line.size):
            return True
        open_ = self._is_full(last, line) and not last.text.endswith(_SENTENCE_END)
        return open_ if indent < -0.3 * line.size or first.drawn else self._is_full(last, line)

    def _is_full(self, last: Line, line: Line) -> bool:
        """Whether the first word of a line would not have had room on the line above."""
        word = line.text.split(" ", 1)[0]
        width = (line.right - line.left) * len(word) / max(1, len(line.text))
        return last.right + 0.2 * last.size + _WIDER * width > last.edges[1]

    def _marker(self, line: Line) -> str | None:
        """The mark that makes a line the first of a list's item; empty where it is drawn and no letter."""
        if line.drawn:
            return ""
        found = _BULLET.match(line.text) or _COUNTED.match(line.text)
        return found[0] if found else None

    def _notes(self, lines: Sequence[Line]) -> list[Line]:
        """The lines at a page's foot that are footnotes: smaller than the text or below a short ruled line, the first
        with a mark that is used."""
        ruled = max((self._rule_of_notes(lines)), default=0.0)
        tail: list[Line] = []
        for line in reversed(lines):
            if line.size > _SMALL * self.size and line.baseline > ruled:
                break
            tail.insert(0, line)
        used = {mark_of(mark) for line in lines for cell in line.cells for mark in REFERENCE.findall(with_marks(cell))}
        while tail:
            found = NOTE.match(REFERENCE.sub(r"\1 ", with_marks(tail[0].runs)).strip())
            if found and (mark_of(found[1]) in used or tail[0].runs[0].size < tail[0].size):
                return tail
            tail.pop(0)
        return []

    def _rule_of_notes(self, lines: Sequence[Line]) -> Iterator[float]:
        """The height of each line ruled at the left, over less than the page's width, with some text above."""
        if not lines:
            return
        left, right = min(line.left for line in lines), max(line.right for line in lines)
        for rule in self.rules.get(lines[0].page, ()):
            short = rule.width > rule.height and 2 * self.size < rule.width < _SHORT_RULE * (right - left)
            beside = any(abs(line.left - rule.left) < self.size for line in lines)
            under = any(abs(line.baseline - rule.bottom) < 0.4 * line.size and line.left < rule.right for line in lines)
            if short and beside and not under and lines[0].baseline > rule.top:
                yield rule.bottom


def _is_bullet(line: Line) -> bool:
    return line.drawn or _BULLET.match(line.text) is not None


def _hangs(first: Line, line: Line) -> bool:
    """Whether a line begins where the item above it did."""
    return _COUNTED.match(first.text) is not None and abs(first.left - line.left) < 0.4 * line.size


def _is_header(rows: Sequence[Sequence[Sequence[Run]]]) -> bool:
    """Whether a table's first row names its columns: bold, or without figures where there are some below."""
    if len(rows) < 2 or not all(rows[0]):
        return False
    first, others = (run for cell in rows[0] for run in cell), [run for row in rows[1:] for cell in row for run in cell]
    words = list(first)
    if all(run.bold for run in words) and not all(run.bold for run in others):
        return True
    figures = any(any(map(str.isdigit, run.text)) for run in others)
    return figures and not any(any(map(str.isdigit, run.text)) for run in words)
