"""What is usual in a document: the style of its text, the edges of its columns, the distance of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from qa.reading.formats.pdf.lines import Line
from qa.reading.formats.pdf.pieces import characters


def usual_style(lines: Sequence[Line]) -> tuple[float, bool]:
    """The size that most letters have, and whether most of those are bold."""
    weights: Counter[tuple[float, bool]] = Counter()
    sizes: Counter[float] = Counter()
    for size, bold, count in characters(lines):
        weights[size, bold] += count
        sizes[size] += count
    size = max(sizes, key=lambda size: sizes[size], default=0.0)
    return size, weights[size, True] > weights[size, False]


def settled(pages: Sequence[Sequence[Line]]) -> Iterator[list[Line]]:
    """The lines; where a page has but one column, its edges are those of all such pages."""
    single = [line for lines in pages if all(line.column == 0 for line in lines) for line in lines]
    edges = min((line.left for line in single), default=0.0), max((line.right for line in single), default=0.0)
    for lines in pages:
        alone = all(line.column == 0 for line in lines)
        yield [replace(line, edges=edges) for line in lines] if alone else list(lines)


def leading_of(lines: Sequence[Line]) -> dict[int, float]:
    """The usual distance of two lines, by the size of their letters, rounded."""
    seen: dict[int, Counter[float]] = {}
    for above, line in pairwise(lines):
        apart = above.baseline - line.baseline
        alike = round(above.size) == round(line.size) and (above.page, above.column) == (line.page, line.column)
        if alike and 0.8 * line.size < apart < 2.5 * line.size:
            seen.setdefault(round(line.size), Counter())[round(2 * apart) / 2] += 1
    return {size: max(counts, key=lambda gap: (counts[gap], -gap)) for size, counts in seen.items()}
