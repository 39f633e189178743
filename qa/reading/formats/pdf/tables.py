"""Lines whose cells stand in columns are the rows of a table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from qa.reading.formats.pdf.lines import Line, is_marker
from qa.reading.formats.pdf.sheet import Box, Run

_FEWEST_ROWS = 3  # where no lines are ruled
# In widths of the letter M: the gap between two columns in one row, and what of it stays free in all.
_NARROWEST, _KEPT = 0.6, 0.3
_JUSTIFIED = 1.5  # the widest gap between words, of the letters' size
_FARTHEST = 3.0  # in heights of letters: the next row may stand as far below
_ALIGNED = 0.6  # of the cells of a column
_TALLEST_HEAD = 4  # lines of a first row, of which not every one has a cell in each column

Gap = tuple[float, float]
Row = list[list[Run]]


def table_at(lines: Sequence[Line], place: int, rules: Sequence[Box]) -> tuple[int, list[Row]] | None:
    """How many lines from ``place`` on are a table, and the runs in the cells of its rows; None where there is none."""
    flat = [rule for rule in rules if rule.width > rule.height]
    uprights = [rule for rule in rules if rule.height > rule.width]
    gaps = _columns(lines, place, flat, uprights)
    if not gaps:
        return None
    end = place
    while end < len(lines) and (end == place or _near(lines[end - 1], lines[end])):
        kept = _kept(gaps, lines[end])
        if len(kept) < len(gaps) or (not uprights and _is_prose(lines[end], gaps)):
            break
        gaps, end = kept, end + 1
    found = lines[place:end]
    levels = _levels(found, flat) if found else []
    full = sum(_filled(line, gaps) > 1 for line in found)
    ruled = len(levels) >= 2
    borders = [sum(gap) / 2 for gap in gaps]
    if full < (2 if ruled else _FEWEST_ROWS) or not (ruled or (_is_aligned(found, borders) and _is_apart(found, gaps))):
        return None
    return len(found), _rows(found, borders, levels)


def _columns(lines: Sequence[Line], place: int, flat: Sequence[Box], uprights: Sequence[Box]) -> list[Gap]:
    """The gaps between the columns, as the line has them in which there are the most of the first few."""
    best: list[Gap] = []
    for seed in range(place, min(place + _TALLEST_HEAD, len(lines))):
        if seed > place and not (_near(lines[seed - 1], lines[seed]) and _may_head(lines[seed - 1], flat)):
            break
        gaps = _gaps(lines[seed], uprights)
        for line in lines[place:seed]:
            kept = _kept(gaps, line)
            gaps = kept if len(kept) == len(gaps) else []
        if len(gaps) > len(best):
            best = gaps
    return best


def _may_head(line: Line, flat: Sequence[Box]) -> bool:
    """Whether a line may be in the first row of a table: it has cells, is bold, or stands below a ruled line."""
    ruled = any(
        rule.left <= line.left and line.right <= rule.right and 0 < rule.bottom - line.baseline < 2 * line.size
        for rule in flat
    )
    return len(line.cells) > 1 or line.bold or ruled


def _near(above: Line, below: Line) -> bool:
    apart = above.baseline - below.baseline
    together = (above.page, above.column) == (below.page, below.column)
    return together and 0 < apart < _FARTHEST * max(above.size, below.size)


def _is_prose(line: Line, gaps: Sequence[Gap]) -> bool:
    """Whether a line has several words in the first column and none in another, as one below a table may."""
    return line.right < gaps[0][0] and " " in line.text and line.edges[0] == line.left


def _is_aligned(lines: Sequence[Line], borders: Sequence[float]) -> bool:
    """Whether most cells of each column begin, end or are centred at one place: gaps in prose that lie below one
    another by chance are none of a table."""
    columns: list[list[Gap]] = [[] for _ in range(len(borders) + 1)]
    for line in lines:
        for column, cell in zip(columns, _parted(line, borders), strict=True):
            if cell:
                column.append((cell[0].left, cell[-1].right))
    size = lines[0].size
    return all(
        max(
            _together(edges, 0.3 * size)
            for edges in ([a for a, _ in column], [b for _, b in column], [(a + b) / 2 for a, b in column])
        )
        >= _ALIGNED * len(column)
        for column in columns
        if column
    )


def _is_apart(lines: Sequence[Line], gaps: Sequence[Gap]) -> bool:
    """Whether the gaps are wider than those of prose that is set to one width, if most lines have one."""
    size = min(line.size for line in lines)
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    across = sum(line.left - left < size and right - line.right < size for line in lines)
    return 2 * across <= len(lines) or all(end - start > _JUSTIFIED * size for start, end in gaps)


def _together(places: Sequence[float], within: float) -> int:
    """How many of the places lie no farther apart than that, at most."""
    ordered = sorted(places)
    return max(bisect_right(ordered, place + within) - number for number, place in enumerate(ordered))


def _filled(line: Line, gaps: Sequence[Gap]) -> int:
    """In how many columns a line has text."""
    middles = [sum(gap) / 2 for gap in gaps]
    return len({sum(middle < run.left for middle in middles) for run in line.runs})


def _gaps(line: Line, uprights: Sequence[Box]) -> list[Gap]:
    found = [(before.right, run.left) for before, run in pairwise(line.runs)]
    ruled = [rule for gap in found if (rule := _rule_in(gap, line, uprights)) is not None]
    if ruled:
        return [(rule.left, rule.right) for rule in ruled]
    if found and is_marker(line.runs[0].text):
        del found[0]  # the mark of an item stands apart from it
    return [gap for gap in found if gap[1] - gap[0] > _NARROWEST * line.size]


def _rule_in(gap: Gap, line: Line, uprights: Sequence[Box]) -> Box | None:
    """The line that is ruled in a gap."""
    left, right = gap
    for rule in uprights:
        if left - 1 <= rule.left and rule.right <= right + 1 and rule.bottom <= line.baseline <= rule.top:
            return rule
    return None


def _kept(gaps: Sequence[Gap], line: Line) -> list[Gap]:
    """What stays free of each gap beside the runs of another line."""
    kept = []
    for left, right in gaps:
        whole = 0.9 * (right - left)
        for run in line.runs:
            if run.left < right and run.right > left:
                # It may reach into the gap from one side, or lie wholly in it, and belongs to the nearer column.
                left, right = (run.right, right) if run.left - left < right - run.right else (left, run.left)
        if right - left > min(_KEPT * line.size, whole):
            kept.append((left, right))
    return kept


def _levels(lines: Sequence[Line], flat: Sequence[Box]) -> list[float]:
    """The heights at which lines are ruled across the table."""
    top, bottom = lines[0].baseline + 2 * lines[0].size, lines[-1].baseline - lines[-1].size
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    heights = sorted(
        rule.bottom
        for rule in flat
        if bottom <= rule.bottom <= top and rule.left < right and rule.right > left and rule.width > lines[0].size
    )
    return [height for place, height in enumerate(heights) if place == 0 or height - heights[place - 1] > 3]


def _rows(lines: Sequence[Line], borders: Sequence[float], levels: Sequence[float]) -> list[Row]:
    rows: list[Row] = []
    ruled = len(levels) >= 3
    band, head = -1, True
    for line in lines:
        own = sum(level > line.baseline for level in levels)
        cells = _parted(line, borders)
        head = head and line.bold
        goes_on = own == band if ruled else not cells[0] or (head and not all(rows[-1] if rows else []))
        if rows and goes_on:
            for cell, more in zip(rows[-1], cells, strict=True):
                cell.extend(more)
        else:
            rows.append(cells)
        band = own
    return rows


def _parted(line: Line, borders: Sequence[float]) -> Row:
    """The runs of a line by the columns that they are in."""
    cells: Row = [[] for _ in range(len(borders) + 1)]
    for run in line.runs:
        cells[sum(border < (run.left + run.right) / 2 for border in borders)].append(run)
    return cells
