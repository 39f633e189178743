"""A document as it is set on a page: its own text in its own order, in runs of like blocks under its headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from markupsafe import Markup

from qa.reading.passages import section_label
from qa.records import Document, Passage, Section, Span
from qa.serving.web.marking import Piece, to_html

_DECORATION = re.compile(r"\W{3,}|_{3,}")
_DEEPEST_ITEM = 4
_TAB = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage; ``html`` holds its text to the letter."""

    anchor: str
    start: int
    end: int
    html: Markup


@dataclass(frozen=True, slots=True)
class Block:
    """What the author wrote as one paragraph, item or row: one passage, or several where it is long.

    ``marker`` is the author's list marker; ``depth`` counts from 1 how deep an item is nested; ``wrapped`` says that
    its lines end where a page's width did, not where the author meant to.
    """

    kind: str
    passages: tuple[Shown, ...]
    context: str | None = None
    marker: str = ""
    depth: int = 1
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks of one kind, one after the other: a list, a table, paragraphs; of the kind ``rule`` it has none."""

    kind: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What stands from one heading to the next; ``label`` is how the section is cited."""

    section: Section
    label: str
    runs: tuple[Run, ...]


def parts_of(document: Document, passages: Iterable[Passage], span: Span | None) -> list[Part]:
    """The document's headings and passages as the author ordered them, ``span`` of its text marked."""
    top = next((one for one in document.sections if not one.level), None)
    section = top or Section(None, None, 0, (document.title,), "top", 0, 0, 1)
    found: list[Part] = []
    standing: list[Passage | None] = []
    for _, one in _in_order(document, passages):
        if isinstance(one, Section):
            found.append(_part(document, section, standing, span))
            section, standing = one, []
        else:
            standing.append(one)
    found.append(_part(document, section, standing, span))
    return [part for part in found if part.section.level or part.runs]


def _in_order(document: Document, passages: Iterable[Passage]) -> list[tuple[int, Section | Passage | None]]:
    """Headings, passages and decorations (None) by where they stand: a footnote counts to the section that refers to
    it, but stands where it was written."""
    rules = [
        (one.start, None)
        for one in document.dropped
        if one.reason == "decoration" and _DECORATION.fullmatch(document.text[one.start : one.end])
    ]
    headings = [(one.start, one) for one in document.sections if one.level]
    return sorted([*headings, *((one.start, one) for one in passages), *rules], key=lambda pair: pair[0])


def _part(document: Document, section: Section, standing: Sequence[Passage | None], span: Span | None) -> Part:
    label = section_label(section.number, section.heading, None, document.title)
    return Part(section, label, tuple(_runs(document, standing, span)))


def _runs(document: Document, standing: Sequence[Passage | None], span: Span | None) -> Iterator[Run]:
    for kind, run in groupby(standing, key=lambda one: one.kind if one else "rule"):
        passages = [one for one in run if one is not None]
        blocks = [_block(document, group, span) for group in _blocks(passages)]
        yield Run(kind, tuple(_nested(blocks, document) if kind == "item" else blocks))


def _blocks(passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """The passages of each block: the second of a long one bears the first one's anchor and ``-2``."""
    group: list[Passage] = []
    for one in passages:
        if group and one.anchor != f"{group[0].anchor}-{len(group) + 1}":
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _block(document: Document, passages: Sequence[Passage], span: Span | None) -> Block:
    first, last = passages[0], passages[-1]
    return Block(
        kind=first.kind,
        passages=tuple(_shown(one, span) for one in passages),
        context=first.context if first.kind == "row" else None,
        marker=_lead(document.text, first.start).strip() if first.kind == "item" else "",
        wrapped=_wrapped(document.text[first.start : last.end].splitlines()),
    )


def _shown(passage: Passage, span: Span | None) -> Shown:
    own = (span[0] - passage.start, span[1] - passage.start) if span else None
    html = to_html(passage.text, [Piece(0, len(passage.text))], own)
    return Shown(passage.anchor, passage.start, passage.end, html)


def _lead(text: str, start: int) -> str:
    """What stands before an offset on its line."""
    return text[max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1 : start]


def _nested(blocks: Sequence[Block], document: Document) -> Iterator[Block]:
    """The items of a list, each knowing how deep it stands by how far it is indented."""
    open_: list[int] = []
    for block in blocks:
        lead = _lead(document.text, block.passages[0].start).expandtabs(_TAB)
        indent = len(lead) - len(lead.lstrip())
        while open_ and open_[-1] >= indent:
            open_.pop()
        open_.append(indent)
        yield replace(block, depth=min(len(open_), _DEEPEST_ITEM))


def _wrapped(lines: Sequence[str]) -> bool:
    """Whether each line but the last ends where the next one's first word did not fit; verse and addresses do not."""
    width = max(map(len, lines), default=0)
    following = [line.split(maxsplit=1)[0] if line.split() else "" for line in lines[1:]]
    return (
        len(lines) > 1
        and 40 <= width <= 120
        and all(len(line) + 1 + len(word) > width for line, word in zip(lines, following, strict=False))
    )
