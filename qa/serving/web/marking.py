"""A stretch of an essay as HTML: its characters, all of them and in their order, some of them marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup, escape

from qa.records import Document, Span

_LONGEST_NUMBER = 12
_SHORTEST_SOURCE = 8


class Piece(NamedTuple):
    """``text[start:end]`` and how it is set: names of elements, outermost first; ``"hidden"`` is the author's markup.

    Hidden text is kept in the page, so that what an element holds is the source's text to the letter. ``instead`` is
    what a reader sees of it: the character that an entity stands for.
    """

    start: int
    end: int
    tags: tuple[str, ...] = ()
    href: str | None = None
    instead: str = ""


def asked_span(document: Document, start: str | None, end: str | None, source: str | None) -> Span | None:
    """The stretch that an address asks to mark, in characters of the document; None where it names none.

    ``source`` is the hash, or the beginning of it, of the text that the offsets were made for: for another text they
    say nothing.
    """
    first, after = _number(start), _number(end)
    if first is None or after is None or not first < after <= len(document.text):
        return None
    if source is not None and not (len(source) >= _SHORTEST_SOURCE and document.sha256.startswith(source.lower())):
        return None
    return first, after


def _number(value: str | None) -> int | None:
    fits = value is not None and value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER
    return int(value) if fits and value is not None else None


def to_html(text: str, pieces: Sequence[Piece], span: Span | None) -> Markup:
    """The pieces of a text, with ``<mark>`` around what lies in ``span``."""
    found: list[str] = []
    marking = False
    for piece, inside in _cut(pieces, span):
        if inside != marking:
            found.append("<mark>" if inside else "</mark>")
            marking = inside
        found.append(_element(text[piece.start : piece.end], piece))
    if marking:
        found.append("</mark>")
    return Markup("".join(found))  # noqa: S704 - each piece is escaped, the rest is written here


def _cut(pieces: Sequence[Piece], span: Span | None) -> Iterator[tuple[Piece, bool]]:
    """The pieces, cut where the span begins and ends, and whether each lies in it."""
    first, after = span or (0, 0)
    for piece in pieces:
        edges = sorted({piece.start, piece.end, *(at for at in (first, after) if piece.start < at < piece.end)})
        for start, end in pairwise(edges):
            yield piece._replace(start=start, end=end), first <= start < after


def _element(text: str, piece: Piece) -> str:
    shown = str(escape(text))
    for tag in reversed(piece.tags):
        shown = _TAGS[tag].format(shown)
    shown += str(escape(piece.instead))
    if piece.href is not None:
        shown = f'<a href="{escape(piece.href)}" rel="nofollow noreferrer">{shown}</a>'
    return shown


_TAGS = {tag: f"<{tag}>{{}}</{tag}>" for tag in ("strong", "em", "code", "sup")} | {
    "hidden": '<span class="source">{}</span>',
    "break": '<span class="source">{}</span><br>',
}
