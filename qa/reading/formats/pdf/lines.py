"""Runs of letters become lines, in the order in which a page is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from qa.language.cleaning import visible
from qa.reading.formats.pdf.columns import in_order, rows_of
from qa.reading.formats.pdf.sheet import Box, Run, Sheet

# In widths of the letter M.
_CELL_GAP, _WORD_GAP, _FARTHEST_DOT = 1.2, 0.18, 3.0
_RAISED_SIZE, _RAISED_BY = 0.85, (0.12, 0.8)


@dataclass(frozen=True)
class Line:
    """A line of text: its ``cells`` are parted by wide gaps or ruled lines; ``edges`` are those of its column.

    ``drawn`` says that a bullet is drawn before it that is no letter. ``place`` is that in reading order on its page.
    """

    page: int
    cells: tuple[tuple[Run, ...], ...]
    baseline: float
    edges: tuple[float, float]
    column: int = 0
    drawn: bool = False
    place: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from every other line of the document."""
        return self.page, self.place

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        return tuple(run for cell in self.cells for run in cell)

    @cached_property
    def left(self) -> float:
        return self.runs[0].left

    @cached_property
    def right(self) -> float:
        return max(run.right for run in self.runs)

    @cached_property
    def text(self) -> str:
        return visible(" ".join(joined(cell) for cell in self.cells))

    @cached_property
    def size(self) -> float:
        """Of most of its letters."""
        weights: dict[float, int] = {}
        for run in self.runs:
            weights[run.size] = weights.get(run.size, 0) + len(run.text) * (not run.raised)
        return max(weights, key=lambda size: (weights[size], size))

    @cached_property
    def bold(self) -> bool:
        return all(run.bold for run in self.runs if any(map(str.isalnum, run.text)))


def joined(runs: Sequence[Run]) -> str:
    """The text of runs side by side, a space where there is one to be seen."""
    parts = [runs[0].text] if runs else []
    for before, run in pairwise(runs):
        spaced = run.left - before.right > _WORD_GAP * min(before.size, run.size) or _is_below(before, run)
        parts.append(f" {run.text}" if spaced and not before.text.endswith(" ") else run.text)
    return "".join(parts)


def _is_below(above: Run, run: Run) -> bool:
    return above.baseline - run.baseline > 0.5 * run.size


def with_raised(runs: Iterable[Run]) -> list[Run]:
    """The runs, those that stand higher than the one before them and are smaller put on its line and marked so."""
    found: list[Run] = []
    for run in runs:
        before = found[-1] if found else None
        if before is not None and run.size < _RAISED_SIZE * before.size and not before.raised:
            up = (run.baseline - before.baseline) / before.size
            if _RAISED_BY[0] <= up <= _RAISED_BY[1] and abs(run.left - before.right) < before.size:
                run = replace(run, baseline=before.baseline, raised=True)
        elif before is not None and before.raised and run.size == before.size and run.left - before.right < run.size:
            below = next((one for one in reversed(found) if not one.raised), before)
            if abs(run.baseline - below.baseline) > 0.05 * run.size and run.baseline - below.baseline < below.size:
                run = replace(run, baseline=below.baseline, raised=True)
        found.append(run)
    return found


def lines_of(sheet: Sheet) -> list[Line]:
    """The lines of a page as it is read: column after column, what stands across them in between."""
    runs = [run for run in with_raised(sheet.runs) if visible(run.text) and not run.artifact]
    found: list[Line] = []
    for column, part in enumerate(in_order(runs, sheet.rules, 0)):
        rows = rows_of(part)
        edges = min(run.left for run in part), max(run.right for run in part)
        uprights = [rule for rule in sheet.rules if rule.height > rule.width]
        for row in rows:
            cells = tuple(tuple(cell) for cell in _cells(row, uprights))
            found.append(
                _dotted(Line(sheet.number, cells, _baseline(row), edges, column, place=len(found)), sheet.dots)
            )
    return found


def _baseline(row: Sequence[Run]) -> float:
    return max(row, key=lambda run: (not run.raised, len(run.text))).baseline


def _cells(row: Sequence[Run], uprights: Sequence[Box]) -> list[list[Run]]:
    cells = [[row[0]]]
    for before, run in pairwise(row):
        edge = max(one.right for one in cells[-1])
        ruled = any(
            edge - 1 <= rule.left and rule.right <= run.left + 1 and rule.bottom <= run.baseline <= rule.top
            for rule in uprights
        )
        apart = ruled or run.left - edge > _CELL_GAP * max(before.size, run.size)
        if apart and (len(cells) > 1 or not is_marker(joined(cells[-1]))):
            cells.append([run])
        else:
            cells[-1].append(run)
    return cells


_MARKER = re.compile(
    r"(?:[•●○◦▪▫■□◆◇❖►▶▸➢➤✓✔‣·∙\uf0b7\uf0a7\uf0d8*–—-]|\(?(?:\d{1,3}|[^\W\d_]|[ivx]{1,5})[.)]|\d{1,3})"
)


def is_marker(text: str) -> bool:
    """Whether a cell is but the mark of a list item: its text stands apart from it and is no other cell."""
    return _MARKER.fullmatch(text.strip()) is not None


def _dotted(line: Line, dots: Sequence[Box]) -> Line:
    size = line.size
    for dot in dots:
        middle = (dot.bottom + dot.top) / 2
        beside = 0 < line.left - dot.right < _FARTHEST_DOT * size
        if beside and line.baseline <= middle <= line.baseline + size:
            return replace(line, drawn=True)
    return line
