"""The figures of all services beside each other, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Row(NamedTuple):
    """A figure, how it is shown, and whether more of it is better; a share is compared by difference, not by ratio."""

    name: str
    title: str
    digits: int = 0
    more_is_better: bool = False
    is_share: bool = False


def median_and_range(values: Sequence[float], digits: int) -> str:
    """The median and, where they differ as shown, the least and the most."""
    least, middle, most = (f"{value:.{digits}f}" for value in (min(values), median(values), max(values)))
    return middle if least == most else f"{middle} ({least}–{most})"


def ahead(row: Row, own: float, others: Sequence[float]) -> str:
    """How far ``own`` is ahead of the best of the others; under 1, or negative, where it is behind."""
    best = max(others) if row.more_is_better else min(others)
    if row.is_share:
        return f"{own - best:+.{row.digits}f}"
    ratio = own / best if row.more_is_better else best / own
    return f"{ratio:.1f} ×" if ratio >= 1 else f"{ratio:.2f} ×"


def table(rows: Sequence[Row], columns: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """``columns``: by service, the first being our own, the values of each figure in each round."""
    first, *others = columns.values()
    lines = [
        "| | " + " | ".join(columns) + " | ahead of the best peer |",
        "|---|" + "---:|" * (len(columns) + 1),
    ]
    for row in rows:
        cells = [median_and_range(column[row.name], row.digits) for column in columns.values()]
        cells.append(ahead(row, median(first[row.name]), [median(column[row.name]) for column in others]))
        lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
