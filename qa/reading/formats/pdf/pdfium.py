"""PDFium takes a PDF apart."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from qa.errors import DocumentError
from qa.reading.formats.disguise import refuse
from qa.reading.formats.pdf.letters import Letters
from qa.reading.formats.pdf.sheet import Bookmark, Box, Sheet, Sheets
from qa.reading.formats.pdf.tags import elements_of

_MAGIC = b"%PDF-"
_MAGIC_WITHIN = 1024  # where readers look for it: some makers put other bytes first
# What a PDF may hold at most: a page more is one that says so of itself and is not there.
MOST_PAGES, _MOST_BOOKMARKS = 10_000, 10_000
_MOST_DRAWN = 200_000  # shapes of a page that are looked at: a map has millions
_NO_KIDS = re.compile(rb"/Kids\s*\[\s*\]")
_NO_PAGES = "the PDF has no pages; make it again"
_THIN, _LARGEST_DOT = 2.0, 8.0


def take_apart(data: bytes) -> Sheets:
    """Read all pages.

    Raises:
        DocumentError: it is no PDF, damaged, encrypted or has no pages.
    """
    if _MAGIC not in data[:_MAGIC_WITHIN]:
        raise refuse(data, "PDF (.pdf)")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _refusal(data, getattr(error, "err_code", None)) from error
    try:
        count = len(document)
        if count == 0:
            raise DocumentError(_NO_PAGES)
        if count > MOST_PAGES:
            raise DocumentError(f"the PDF has {count:,} pages, more than {MOST_PAGES:,}; split it")
        sheets = tuple(sheet for number in range(count) if (sheet := _sheet(document, number)) is not None)
        if not sheets:
            raise DocumentError("no page of the PDF can be opened: it is damaged; make it again")
        return Sheets(
            sheets, tuple(_bookmarks(document)), _words(partial(document.get_metadata_value, "Title")) or None
        )
    finally:
        document.close()


def _refusal(data: bytes, code: int | None) -> DocumentError:
    # The code may be that of an earlier file: PDFium does not set it in every case.
    if b"/Encrypt" in data and code == pdfium.FPDF_ERR_PASSWORD:
        return DocumentError("the PDF is encrypted; remove its password")
    if b"/Encrypt" in data and code == pdfium.FPDF_ERR_SECURITY:
        return DocumentError("the PDF is encrypted in a way that is not known; remove its protection")
    if _NO_KIDS.search(data):
        return DocumentError(_NO_PAGES)
    return DocumentError("the PDF is damaged or cut short; make it again")


def _bookmarks(document: Any) -> Iterator[Bookmark]:
    # The library recurses, and ends at 15 levels: an outline that leads back to itself ends too.
    for number, entry in enumerate(document.get_toc()):
        if number == _MOST_BOOKMARKS:
            return
        target = entry.get_dest()
        page = target.get_index() if target is not None else None
        yield Bookmark(_words(entry.get_title), entry.level, None if page is None else page + 1)


def _words(told: Callable[[], str]) -> str:
    """What the file says of itself; nothing where that is no text."""
    try:
        return " ".join(told().split())
    except UnicodeDecodeError:
        return ""


def _sheet(document: Any, number: int) -> Sheet | None:
    try:
        page = document[number]
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        return None
    try:
        elements, tagged = elements_of(page)
        rules, dots, pictures = _drawn(page)
        letters = Letters(text.raw, tagged, rules)
        runs = tuple(letters.runs())
        width, height = page.get_size()
        return Sheet(number + 1, width, height, runs, rules, dots, elements, letters.unread, pictures)
    finally:
        text.close()
        page.close()


def _drawn(page: Any) -> tuple[tuple[Box, ...], tuple[Box, ...], int]:
    rules: list[Box] = []
    dots: list[Box] = []
    pictures = 0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for place in range(min(_MOST_DRAWN, max(0, pdfium.FPDFPage_CountObjects(page.raw)))):
        drawn = pdfium.FPDFPage_GetObject(page.raw, place)
        kind = pdfium.FPDFPageObj_GetType(drawn)
        pictures += kind == pdfium.FPDF_PAGEOBJ_IMAGE
        if kind != pdfium.FPDF_PAGEOBJ_PATH or not pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
            continue
        box = Box(left.value, bottom.value, right.value, top.value)
        if min(box.width, box.height) <= _THIN < max(box.width, box.height):
            rules.append(box)
        elif max(box.width, box.height) <= _LARGEST_DOT and 0.7 < (box.width + 0.1) / (box.height + 0.1) < 1.4:
            dots.append(box)
    return tuple(rules), tuple(dots), pictures
