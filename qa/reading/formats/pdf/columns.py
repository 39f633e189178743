"""The order in which a page is read: column after column, what stands across them in between."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from statistics import median

from qa.reading.formats.pdf.sheet import Box, Run

_NARROWEST_GUTTER, _NARROWEST_COLUMN = 0.8, 10.0  # in widths of the letter M
_SAME_LINE = 0.35  # of the letters' size
_FEWEST_ROWS = 4  # that columns stand side by side for
_ALIGNED = 0.4  # of the rows of a column, which begin at one place
_MOST_RULES = 2  # that may cross a gutter: what has more is a table
_DEEPEST = 4  # columns within columns


def in_order(runs: list[Run], rules: Sequence[Box], depth: int) -> list[list[Run]]:
    """The runs in groups that are read one after the other."""
    gutter = _gutter(runs, rules) if depth < _DEEPEST else None
    if gutter is None:
        return [runs] if runs else []
    found: list[list[Run]] = []
    for zone, parted in _zones(runs, gutter):
        if not parted:
            found.append(zone)
            continue
        for side in ([run for run in zone if run.right <= gutter], [run for run in zone if run.right > gutter]):
            found.extend(in_order(side, rules, depth + 1))
    return found


def _zones(runs: list[Run], gutter: float) -> list[tuple[list[Run], bool]]:
    """The page from the top down, cut where a line crosses the gutter; whether columns are read there."""
    zones: list[tuple[list[Run], bool]] = []
    open_: list[Run] = []
    for row in rows_of(runs):
        crossing = any(run.left < gutter < run.right for run in row) or _meets(row, gutter)
        if crossing:
            if open_:
                zones.append((open_, _in_columns(open_, gutter)))
                open_ = []
            if zones and not zones[-1][1]:
                zones[-1][0].extend(row)
            else:
                zones.append((list(row), False))
        else:
            open_.extend(row)
    if open_:
        zones.append((open_, _in_columns(open_, gutter)))
    return zones


def _meets(row: Sequence[Run], gutter: float) -> bool:
    """Whether a row runs on over the gutter, its gap being between two words or styles."""
    left = max((run.right for run in row if run.right <= gutter), default=None)
    right = min((run.left for run in row if run.left >= gutter), default=None)
    return left is not None and right is not None and right - left < _NARROWEST_GUTTER * min(run.size for run in row)


def _in_columns(zone: Sequence[Run], gutter: float) -> bool:
    sides = [run for run in zone if run.right <= gutter], [run for run in zone if run.left >= gutter]
    return all(len(rows_of(side)) >= _FEWEST_ROWS and _is_prose(side) for side in sides)


def _is_prose(side: Sequence[Run]) -> bool:
    rows = rows_of(side)
    widths = [row[-1].right - row[0].left for row in rows]
    size = median(run.size for run in side)
    lefts = sorted(row[0].left for row in rows)
    # In lines set to one width, gaps between words may lie below one another by chance; what follows them does not.
    aligned = max(bisect_right(lefts, left + 0.2 * size) - place for place, left in enumerate(lefts))
    wide = max(widths) >= _NARROWEST_COLUMN * size and median(widths) >= 0.5 * max(widths)
    return wide and aligned >= _ALIGNED * len(rows)


def _gutter(runs: list[Run], rules: Sequence[Box]) -> float | None:
    """Where two columns part: the middle of the widest place that the most rows of both leave free."""
    if len(runs) < 2 * _FEWEST_ROWS:
        return None
    left, right = min(run.left for run in runs), max(run.right for run in runs)
    step = max(2.0, (right - left) / 200)
    count = int((right - left) / step)
    best: list[float] = []
    most = 0
    for number in range(count // 5, count - count // 5):
        x = left + number * step
        score = _score(runs, rules, x)
        if score > most:
            best, most = [x], score
        elif score and score == most and x - best[-1] < 1.5 * step:
            best.append(x)
    return (best[0] + best[-1]) / 2 if most else None


def _score(runs: list[Run], rules: Sequence[Box], x: float) -> int:
    """In how many rows columns stand side by side if they part at ``x``."""
    free = sum(not run.left < x < run.right for run in runs)
    if free < 2 * _FEWEST_ROWS:
        return 0
    rows = 0
    for zone, parted in _zones(runs, x):
        if parted:
            top, bottom = zone[0].baseline, zone[-1].baseline
            ruled = sum(rule.left < x < rule.right and bottom <= rule.bottom <= top for rule in rules)
            rows += len(rows_of(zone)) if ruled <= _MOST_RULES else 0
    return rows


def rows_of(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs on one baseline, from the top down, each row from left to right."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: -run.baseline):
        row = rows[-1] if rows else None
        if row is not None and abs(row[0].baseline - run.baseline) <= _SAME_LINE * max(row[0].size, run.size):
            row.append(run)
        else:
            rows.append([run])
    return [sorted(row, key=lambda run: run.left) for row in rows]
