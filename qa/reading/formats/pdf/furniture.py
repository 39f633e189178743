"""What stands on every page alike, and is no text: running headers and footers, and the numbers of pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qa.reading.formats.pdf.lines import Line
from qa.reading.formats.pdf.pieces import Piece, with_marks
from qa.reading.formats.pdf.sheet import Run, Sheet

_OUTERMOST = 3  # lines at the top and at the bottom of a page that are looked at
_DIGITS = re.compile(r"\d+")
_HEIGHT = 4.0  # points: two lines within it stand at the same place
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:\w{1,8}\.?\s+)?(\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of|из|/)\s*\d{1,4})?(?:\s*[-–—]\s*)?", re.IGNORECASE
)
_SEVERAL = 3


def furniture(pages: Sequence[Sequence[Line]]) -> dict[tuple[int, int], str]:
    """Each such line by its key, and what it is."""
    seen: Counter[tuple[str, int, int]] = Counter()
    outer = [list(_outer(lines)) for lines in pages]
    for lines in outer:
        seen.update({key for line, edge in lines for key in _keys(line, edge)})
    written = sum(bool(lines) for lines in pages)
    found: dict[tuple[int, int], str] = {}
    for lines in outer:
        for line, edge in lines:
            most = max(seen[key] for key in _keys(line, edge))
            # On the left and on the right page another line may stand: half of the pages is all.
            if most >= 2 and (most >= _SEVERAL or most == written or 2 * most >= written):
                found[line.key] = _reason(line, edge)
    for lines, all_ in zip(outer, pages, strict=True):
        for line, edge in lines:
            if line.key not in found and edge and line is all_[-1] and _is_number(line, all_, len(pages)):
                found[line.key] = "page number"
    return found


def _outer(lines: Sequence[Line]) -> Iterator[tuple[Line, int]]:
    """The outermost lines, and the edge that each is at: 0 the top, 1 the bottom."""
    ordered = sorted(lines, key=lambda line: -line.baseline)
    for line in ordered[:_OUTERMOST]:
        yield line, 0
    for line in ordered[max(_OUTERMOST, len(ordered) - _OUTERMOST) :]:
        yield line, 1


def _keys(line: Line, edge: int) -> Iterator[tuple[str, int, int]]:
    shown = _DIGITS.sub("#", line.text.casefold())
    place = int(line.baseline / _HEIGHT)
    for near in (place, place + 1):  # so that what lies astride of a step is together in one of the two
        yield shown, edge, near


def _reason(line: Line, edge: int) -> str:
    if _PAGE_NUMBER.fullmatch(line.text.strip()):
        return "page number"
    return "running footer" if edge else "running header"


def _is_number(line: Line, lines: Sequence[Line], pages: int) -> bool:
    """Whether the last line is but the page's own number, or one near it, and stands apart from the text."""
    found = _PAGE_NUMBER.fullmatch(line.text.strip())
    if not found or not found[1].isdigit() or len(lines) < 2 or line.text.strip()[0].isalpha():
        return False
    above = min((one.baseline for one in lines if one is not line), default=line.baseline)
    return above - line.baseline > 1.8 * line.size and abs(int(found[1]) - line.page) <= max(20, pages)


def left_out(sheet: Sheet, *, tagged: bool = False) -> Iterator[Piece]:
    """What is drawn on a page and is not part of its text, line by line."""
    open_: list[Run] = []
    for run in sheet.runs:
        if not run.artifact and (run.element >= 0 or not tagged):
            continue
        if open_ and (open_[-1].artifact, abs(open_[-1].baseline - run.baseline) < run.size) != (run.artifact, True):
            yield _dropped(sheet, open_)
            open_ = []
        open_.append(run)
    if open_:
        yield _dropped(sheet, open_)


def _dropped(sheet: Sheet, runs: Sequence[Run]) -> Piece:
    if not runs[0].artifact:
        reason = "not tagged as text"
    elif runs[0].baseline > sheet.height / 2:
        reason = "running header"
    else:
        reason = "running footer"
    return Piece(f"drop:{reason}", with_marks(runs), sheet.number)
