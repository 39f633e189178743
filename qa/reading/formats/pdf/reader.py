"""The pieces of a PDF are written down: its title, headings, paragraphs, lists, tables and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.reading.composition import BULLET, Composed, Composition
from qa.reading.formats.pdf.headings import normal, with_ranks
from qa.reading.formats.pdf.layout import Layout
from qa.reading.formats.pdf.lines import lines_of
from qa.reading.formats.pdf.pdfium import take_apart
from qa.reading.formats.pdf.pieces import REFERENCE, Piece, mark_of
from qa.reading.formats.pdf.tagged import is_tagged, tagged_pieces
from qa.reading.headings import LONGEST_HEADING
from qa.reading.manuscript import PAGE_TURN

_LEAST_READ = 0.5  # of the letters: a PDF whose fonts do not tell what the others are is no text
_TURNED_BACK = re.compile(
    r"(?<!\s)\s*[↩⏎↑][\ufe0e\ufe0f]?\s*$"
)  # the link from a note at the end to where it is referred to
# What programs write as a title of their own accord.
_NO_TITLE = re.compile(r"untitled|без имени|.*\.(?:docx?|odt|rtf|html?|indd|qxd|tex|dvi|pdf|txt|md)$", re.IGNORECASE)
_TITLE_WITHIN = 3  # pieces


class Reader:
    """Reads one PDF."""

    def __init__(self, data: bytes) -> None:
        self.file = take_apart(data)
        self.composition = Composition()
        self.waiting: list[Piece] = []  # notes that are written once what refers to them is
        self.page = 0

    def read(self, fallback_title: str) -> Composed:
        self._check()
        pieces = self._titled(with_ranks(list(self._pieces()), self.file.bookmarks))
        pieces = list(_with_endnotes(pieces))
        self.notes = {
            (piece.page, piece.marker): piece for piece in pieces if piece.kind == "footnote" and piece.marker
        }
        self.unused = {id(note) for note in self.notes.values()}
        if self.file.title and not _NO_TITLE.fullmatch(self.file.title):
            self.composition.declare("title", self.file.title)
            self.composition.name(self.file.title)
        for kind, group in groupby(pieces, key=_group_key):
            self._write(kind[0], list(group))
        return self.composition.build(fallback_title)

    def _check(self) -> None:
        read = sum(len(run.text) for sheet in self.file.sheets for run in sheet.runs if visible(run.text))
        unread = sum(sheet.unread for sheet in self.file.sheets)
        if unread > read * (1 - _LEAST_READ) / _LEAST_READ:
            raise DocumentError(
                "the PDF's fonts do not tell which letters they draw; run it through OCR, or save it again"
            )
        if not read and any(sheet.pictures for sheet in self.file.sheets):
            raise DocumentError("the PDF holds no text, only pictures; run it through OCR")
        if not read:
            raise DocumentError("the PDF holds no text; run it through OCR if its pages show any")

    def _pieces(self) -> Iterator[Piece]:
        if is_tagged(self.file.sheets):
            return tagged_pieces(self.file.sheets)
        return Layout(self.file.sheets, [lines_of(sheet) for sheet in self.file.sheets]).pieces()

    def _titled(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces; one of the first is the title where the file's properties name it so."""
        wanted = normal(self.file.title or "")
        for place, piece in enumerate(pieces[:_TITLE_WITHIN]):
            if wanted and piece.kind in ("heading", "paragraph") and normal(piece.text) == wanted:
                pieces[place] = replace(piece, kind="title")
                return pieces
        if not any(piece.kind == "title" for piece in pieces) and len(pieces) > 1 and _stands_above(*pieces[:2]):
            pieces[0] = replace(pieces[0], kind="title")
        return pieces

    # Writing

    def _write(self, kind: str, pieces: Sequence[Piece]) -> None:
        if kind.startswith("drop:"):
            for piece in pieces:
                self.composition.drop(piece.text, kind.removeprefix("drop:"))
            return
        if kind == "row" or kind == "cell":
            self._turn_to(pieces[0].page)
            rows = [list(piece.cells) for piece in pieces] if kind == "row" else _rows(pieces)
            shown = [[self._shown(cell, pieces[0].page) for cell in row] for row in rows]
            self.composition.table(shown, pieces[0].header)
            self._notes_due()
            self._turn_to(pieces[-1].page)
            return
        for piece in pieces:
            self._write_one(piece)

    def _write_one(self, piece: Piece) -> None:
        if piece.kind == "footnote" and (piece.page, piece.marker) in self.notes:
            if id(piece) in self.unused and self.notes[piece.page, piece.marker] is piece:
                self.waiting.append(piece)
                self.unused.discard(id(piece))
                self._notes_due()
            return
        self._turn_to(piece.page)
        text = self._shown(piece.text, piece.page)
        match piece.kind:
            case "title":
                self.composition.title(text.replace(PAGE_TURN, ""))
            case "heading":
                self.composition.heading(text, piece.rank)
            case "item":
                self.composition.item(text, max(1, piece.depth), piece.marker or BULLET, piece.lead)
            case "footnote":
                self.composition.footnote(text, piece.marker, here=True)
            case _:
                kind = "quote" if piece.kind == "quote" else "paragraph"
                self.composition.paragraph(text, kind, strong=piece.bold)
        self.page += text.count(PAGE_TURN)
        self._notes_due()

    def _turn_to(self, page: int) -> None:
        if page > self.page:
            self.composition.page(page)
            self.page = page

    def _shown(self, text: str, page: int) -> str:
        """A text, the marks in it that refer to footnotes taken out: those wait to be written after it."""

        def taken(found: re.Match[str]) -> str:
            mark = mark_of(found[1])
            note = next(
                (self.notes[key] for key in ((page, mark), (page + 1, mark), (0, mark)) if key in self.notes), None
            )
            if note is None:
                return f" {found[1]}" if found[0][0].isspace() else found[1]
            if id(note) in self.unused:
                self.unused.discard(id(note))
                self.waiting.append(note)
            return ""

        return REFERENCE.sub(taken, text)

    def _notes_due(self) -> None:
        for note in self.waiting:
            self.composition.footnote(REFERENCE.sub(r"\1", note.text), note.marker, here=True)
        self.waiting.clear()


def _stands_above(first: Piece, second: Piece) -> bool:
    """Whether the first piece, if it is none but a paragraph by its style, is a title: one line above a heading."""
    shown = normal(first.text, letters_only=False)
    alone = first.kind == "paragraph" and first.lines == 1 and second.kind == "heading" and second.rank == 1
    return alone and len(shown) <= LONGEST_HEADING and not shown.endswith((".", ";", ",", ":"))


def _group_key(piece: Piece) -> tuple[str, int]:
    return piece.kind, piece.table if piece.kind in ("row", "cell") else 0


def _rows(cells: Sequence[Piece]) -> list[list[str]]:
    return [[cell.text for cell in row] for _, row in groupby(cells, key=lambda cell: cell.cells)]


def _with_endnotes(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces; an item that leads back to where it is referred to is a note, of no page."""
    for piece in pieces:
        text = _TURNED_BACK.sub("", piece.text)
        if text == piece.text or piece.kind not in ("item", "paragraph", "footnote"):
            yield piece
        elif piece.kind == "footnote" or not piece.marker:
            yield replace(piece, kind="footnote", text=text)
        else:
            yield replace(piece, kind="footnote", text=text, marker=mark_of(piece.marker), page=0)
