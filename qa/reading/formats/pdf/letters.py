"""The letters of a page as PDFium tells them, gathered into runs."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from qa.reading.formats.pdf.sheet import Box, Run
from qa.reading.formats.pdf.tags import text_of

_BOLD = re.compile(r"bold|black|heavy|semibd|demi", re.IGNORECASE)
_FORCE_BOLD = 1 << 18
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_HYPHEN = 2  # what PDFium makes of a hyphen at the end of a line
# In widths of the letter M: a gap as wide parts columns, one as narrow is none at all.
_WIDE_GAP, _WORD_GAP = 0.6, 0.18


class Letters:
    """Gathers a page's letters into runs, in the order they were drawn in."""

    def __init__(self, text: Any, tagged: dict[int, int], rules: tuple[Box, ...]) -> None:
        self.text, self.tagged = text, tagged
        self.uprights = [rule for rule in rules if rule.height > rule.width]
        self.unread = 0
        self._objects: dict[int, tuple[float, bool, int, bool, bool]] = {}
        self._fonts: dict[int, bool] = {}

    def runs(self) -> Iterator[Run]:
        open_: Run | None = None
        right = 0.0
        units: list[str] = []
        for run in self._singles():
            if open_ is not None and self._continues(open_, right, run):
                spaced = (
                    run.left - right > _WORD_GAP * min(open_.size, run.size) and units[-1] != " " and run.text != " "
                )
                units.extend((" ", run.text) if spaced else (run.text,))
                right = max(right, run.right)
                continue
            if open_ is not None:
                yield _closed(open_, right, units)
            open_, right, units = run, run.right, [run.text]
        if open_ is not None:
            yield _closed(open_, right, units)

    def _continues(self, open_: Run, right: float, run: Run) -> bool:
        """Whether a letter goes on with a run that reaches to ``right``."""
        alike = (open_.element, open_.artifact, open_.bold) == (run.element, run.artifact, run.bold)
        if not alike or abs(open_.baseline - run.baseline) > 0.1 * open_.size or abs(open_.size - run.size) > 0.3:
            return False
        size = max(open_.size, run.size)
        if not -size <= run.left - right <= _WIDE_GAP * size:
            return False
        return not any(
            right - 1 <= rule.left and rule.right <= run.left + 1 and rule.bottom <= run.baseline <= rule.top
            for rule in self.uprights
        )

    def _singles(self) -> Iterator[Run]:
        box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
        for place in range(max(0, pdfium.FPDFText_CountChars(self.text))):
            if pdfium.FPDFText_IsGenerated(self.text, place) == 1:
                continue
            code = pdfium.FPDFText_GetUnicode(self.text, place)
            if pdfium.FPDFText_HasUnicodeMapError(self.text, place) == 1 or code in (0, 0xFFFE, 0xFFFF):
                self.unread += 1
                continue
            if not pdfium.FPDFText_GetLooseCharBox(self.text, place, box):
                continue
            pdfium.FPDFText_GetCharOrigin(self.text, place, x, y)
            size, bold, element, artifact, upright = self._style(place)
            if upright and size > 0:
                yield Run(_letter(code), box.left, box.right, y.value, size, bold, element, artifact)

    def _style(self, place: int) -> tuple[float, bool, int, bool, bool]:
        """Size, boldness, tag, whether it is no part of the text, and whether it is written across the page."""
        drawn = pdfium.FPDFText_GetTextObject(self.text, place)
        key = _address(drawn)
        if key not in self._objects:
            matrix = pdfium.FS_MATRIX()
            pdfium.FPDFText_GetMatrix(self.text, place, matrix)
            height = (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
            size = pdfium.FPDFText_GetFontSize(self.text, place) * height
            upright = abs(matrix.b) <= 0.1 * max(abs(matrix.a), 1e-6)
            element = self.tagged.get(pdfium.FPDFPageObj_GetMarkedContentID(drawn), -1) if key else -1
            artifact = bool(key) and _is_artifact(drawn)
            self._objects[key] = round(size, 1), self._is_bold(drawn) if key else False, element, artifact, upright
        return self._objects[key]

    def _is_bold(self, drawn: Any) -> bool:
        font = pdfium.FPDFTextObj_GetFont(drawn)
        key = _address(font)
        if key not in self._fonts:
            name = text_of(partial(pdfium.FPDFFont_GetBaseFontName, font), "utf-8", ctypes.c_char)
            flags = pdfium.FPDFFont_GetFlags(font) if key else 0
            self._fonts[key] = bool(_BOLD.search(name)) or (flags > 0 and bool(flags & _FORCE_BOLD))
        return self._fonts[key]


def _closed(run: Run, right: float, units: list[str]) -> Run:
    """Halves of characters are put together, letters with the accents that follow them, ligatures apart."""
    text = "".join(units).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return replace(run, right=right, text=unicodedata.normalize("NFC", text.translate(_LIGATURES)))


def _letter(code: int) -> str:
    if code == _HYPHEN:
        return "-"
    sign = chr(code)
    # A control character is nothing that was drawn; a tab and its like are.
    return " " if sign.isspace() or unicodedata.category(sign) == "Cc" else sign


def _is_artifact(drawn: Any) -> bool:
    for place in range(max(0, pdfium.FPDFPageObj_CountMarks(drawn))):
        mark = pdfium.FPDFPageObj_GetMark(drawn, place)
        if _mark_name(mark) == "Artifact":
            return True
    return False


def _mark_name(mark: Any) -> str:
    buffer, size = (pdfium.FPDF_WCHAR * 64)(), ctypes.c_ulong()
    if not pdfium.FPDFPageObjMark_GetName(mark, buffer, ctypes.sizeof(buffer), size):
        return ""
    return bytes(buffer)[: max(0, size.value - 2)].decode("utf-16-le", "replace")


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0
