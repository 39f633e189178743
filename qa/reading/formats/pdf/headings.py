"""Which pieces head others, and which headings govern which: by tags, by the outline, else by size and weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.reading.formats.pdf.pieces import REFERENCE, Piece
from qa.reading.formats.pdf.sheet import Bookmark
from qa.reading.headings import number_of_title
from qa.reading.manuscript import PAGE_TURN

_LARGE = 1.08  # of the size of most text
_MOST_LINES = 4  # of a heading
_SENTENCE_END = tuple(".;:,!?…")
_FEWEST_FOUND = 0.5  # of the outline's entries: what has fewer is an outline of something else

Style = tuple[float, bool]


@dataclass(frozen=True, order=True, slots=True)
class _Rank:
    """``level`` is that in the outline, ``style`` the place of its style among all, ``depth`` that of its number."""

    level: int
    style: int
    depth: int


def with_ranks(pieces: Sequence[Piece], bookmarks: Sequence[Bookmark]) -> list[Piece]:
    """The pieces, headings among them with their ranks: 1 is the outermost."""
    if any(piece.kind == "heading" for piece in pieces):
        return [replace(piece, kind="paragraph") if piece.kind == "heading?" else piece for piece in pieces]
    pieces = list(_candidates(pieces))
    listed = _listed(pieces, bookmarks)
    begun = min(listed, default=0)  # what stands above the first entry of an outline is a title page
    heads = [
        place for place, piece in enumerate(pieces) if place in listed or (piece.kind == "heading?" and place >= begun)
    ]
    title = _title(pieces, heads, begun)
    styles = sorted({_style(pieces[place]) for place in heads}, key=lambda style: (-style[0], not style[1]))
    levels = _levels(pieces, listed)
    deepest = max(levels.values(), default=0)
    ranks: dict[int, _Rank] = {}
    for place in heads:
        style = _style(pieces[place])
        level = listed.get(place, levels.get(style))
        number = number_of_title(normal(pieces[place].text, letters_only=False))
        depth = len(number[0].split(".")) if number else 1
        if level is None:
            ranks[place] = _Rank(deepest + bool(levels), styles.index(style), depth)
        else:
            ranks[place] = _Rank(level, 0, 0)
    order = {rank: place + 1 for place, rank in enumerate(sorted(set(ranks.values())))}
    return [
        replace(piece, kind="title")
        if place == title
        else replace(piece, kind="heading", rank=order[ranks[place]])
        if place in ranks
        else replace(piece, kind="paragraph")
        if piece.kind == "heading?"
        else piece
        for place, piece in enumerate(pieces)
    ]


def _title(pieces: Sequence[Piece], heads: Sequence[int], begun: int) -> int | None:
    """The first heading, if it is larger than all others."""
    first = next((place for place, piece in enumerate(pieces) if piece.kind == "heading?"), None)
    if first is None or (first >= begun and first not in heads):
        return None
    others = [pieces[place].size for place in heads if place != first]
    larger = bool(others) and all(pieces[first].size > _LARGE * size for size in others)
    return (
        first
        if larger and not any(piece.text for piece in pieces[:first] if not piece.kind.startswith("drop:"))
        else None
    )


def normal(text: str, *, letters_only: bool = True) -> str:
    """A text as it is compared with another: without marks, breaks and, if so wished, all that is no letter."""
    text = REFERENCE.sub("", text).replace(PAGE_TURN, "")
    return "".join(filter(str.isalnum, text.casefold())) if letters_only else " ".join(text.split())


def _candidates(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces, those in the style of a heading told from what only looks like one."""
    size = _usual_size(pieces)
    for piece in pieces:
        if piece.kind not in ("heading?", "paragraph") or not size:
            yield piece
            continue
        larger = piece.size > _LARGE * size
        fits = piece.lines <= _MOST_LINES and any(map(str.isalpha, piece.text))
        shown = normal(piece.text, letters_only=False)
        if fits and (larger or (piece.kind == "heading?" and not shown.endswith(_SENTENCE_END))):
            yield replace(piece, kind="heading?")
        else:
            yield replace(piece, kind="paragraph")


def _usual_size(pieces: Sequence[Piece]) -> float:
    weights: Counter[float] = Counter()
    for piece in pieces:
        if not piece.kind.startswith("drop:"):
            weights[piece.size] += len(piece.text)
    return max(weights, key=lambda size: weights[size], default=0.0)


def _listed(pieces: Sequence[Piece], bookmarks: Sequence[Bookmark]) -> dict[int, int]:
    """The level in the outline of each piece that it lists, if it lists what is there."""
    found: dict[int, int] = {}
    place = 0
    wanted = [(normal(mark.title), mark) for mark in bookmarks]
    wanted = [(title, mark) for title, mark in wanted if title]
    for title, mark in wanted:
        for later in range(place, len(pieces)):
            piece = pieces[later]
            if mark.page is not None and piece.page > mark.page + 1:
                break
            near = mark.page is None or piece.page >= mark.page - 1
            if near and piece.kind in ("heading?", "paragraph", "item") and _is_named(piece, title):
                found[later], place = mark.level, later + 1
                break
    return found if len(found) >= _FEWEST_FOUND * max(1, len(wanted)) else {}


def _is_named(piece: Piece, title: str) -> bool:
    own = normal(f"{piece.marker} {piece.text}")
    # The outline may leave a number out, or have one that is not in the text.
    return own == title or (piece.kind == "heading?" and bool(own) and (own.endswith(title) or title.endswith(own)))


def _levels(pieces: Sequence[Piece], listed: dict[int, int]) -> dict[Style, int]:
    """The level of most listed headings of each style that no running text has."""
    seen: dict[Style, Counter[int]] = {}
    for place, level in listed.items():
        if pieces[place].kind == "heading?":
            seen.setdefault(_style(pieces[place]), Counter())[level] += 1
    return {style: counts.most_common(1)[0][0] for style, counts in seen.items()}


def _style(piece: Piece) -> Style:
    return round(2 * piece.size) / 2, piece.bold
