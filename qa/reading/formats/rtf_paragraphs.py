"""Paragraphs and tables of Rich Text, which tells where each ends rather than where it begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from qa.reading.composition import Composition
from qa.reading.formats.flow import Flow, Listed
from qa.reading.formats.rtf_groups import State
from qa.reading.formats.rtf_styles import Styles
from qa.reading.formats.words import Words


@dataclass(slots=True)
class Paragraph:
    words: Words = field(default_factory=Words)
    marker: str | None = None
    notes: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


class Paragraphs:
    """Puts together what has been read and adds it to a composition."""

    def __init__(self, composition: Composition, styles: Styles) -> None:
        self.composition, self.styles = composition, styles
        self.flow = Flow(composition)
        self.open = Paragraph()
        self.header = False  # the row that is open stands at the head of each page
        self._headed = False
        self._cell = Words()
        self._row: list[Words] = []
        self._rows: list[list[Words]] = []
        self._notes = 0

    def end_line(self, state: State) -> None:
        """A paragraph ends, be it one of a cell."""
        if state.in_table:
            self._cell.join(self._paired())
        else:
            self.end_paragraph(state)

    def end(self, state: State) -> None:
        """The text ends."""
        self.end_paragraph(state)
        self._end_table()
        self.flow.end_code()

    def _paired(self) -> Words:
        """The paragraph's words; the letters that came in two halves are whole."""
        words, self.open.words = self.open.words.paired(), Words()
        return words

    def end_paragraph(self, state: State) -> None:
        paragraph = self.open
        words = self._paired()
        if words or not (self._row or self._cell):
            self._end_table()
        role, rank = self.styles.role(state.style, state.level)
        marker = paragraph.marker
        listed = None
        if marker is not None and (state.in_list or marker):
            number = marker if any(one.isalnum() for one in marker) else ""
            listed = Listed(number, state.depth + 1)
        self.flow.paragraph(words, role, rank, listed)
        self._tell()

    def _tell(self) -> None:
        paragraph, self.open = self.open, Paragraph()
        for note in paragraph.notes:
            self._notes += 1
            self.composition.footnote(whole(note), str(self._notes))
        for box in paragraph.boxes:
            for line in whole(box).split("\n"):
                self.composition.paragraph(line)

    def end_cell(self) -> None:
        self._cell.join(self._paired())
        self._row.append(self._cell)
        self._cell = Words()

    def end_row(self) -> None:
        if self._row:
            self._headed = self._headed or (self.header and not self._rows)
            self._rows.append(self._row)
        self._row = []

    def _end_table(self) -> None:
        if self._row or self._cell:
            self.end_cell()
            self.end_row()
        rows, headed = self._rows, self._headed
        self._rows, self._headed = [], False
        if not rows:
            return
        if all(len(row) <= 1 for row in rows):
            for row in rows:
                self.flow.paragraph(row[0], "paragraph")
        else:
            self.flow.table(rows, True if headed else None)
        for note in self.open.notes:
            self._notes += 1
            self.composition.footnote(whole(note), str(self._notes))
        self.open.notes = []


def whole(text: str) -> str:
    """The letters that came in two halves, made whole."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
