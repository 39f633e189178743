"""A document as it is set on a page: its own text in its own order, in runs of like blocks under its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from markupsafe import Markup

from qa.reading.passages import section_label
from qa.records import Document, Passage, Section, Span
from qa.serving.web.setting import Row, Setting, lead_of

_DECORATION = re.compile(r"\W{3,}|_{3,}")
_DEEPEST_ITEM = 4
_MOST_ENTRIES = 40
_TAB = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage: ``html`` holds its text to the letter, or ``rows`` do."""

    anchor: str
    start: int
    end: int
    html: Markup
    rows: tuple[Row, ...] = ()


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
    """Blocks of one kind, one after the other: items, paragraphs, the rows of a ``table``; a ``rule`` has none."""

    kind: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: a section, or an item of one."""

    anchor: str
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Part:
    """What stands from one heading to the next; ``label`` is how the section is cited."""

    section: Section
    label: str
    runs: tuple[Run, ...]


def parts_of(document: Document, passages: Sequence[Passage], span: Span | None) -> list[Part]:
    """The document's headings and passages as the author ordered them, ``span`` of its text marked."""
    setting = Setting.of(document, passages, span)
    top = next((one for one in document.sections if not one.level), None)
    section = top or Section(None, None, 0, (document.title,), "top", 0, 0, 1)
    found: list[Part] = []
    standing: list[Passage | None] = []
    for _, one in _in_order(document, passages):
        if isinstance(one, Section):
            found.append(_part(section, standing, setting))
            section, standing = one, []
        else:
            standing.append(one)
    found.append(_part(section, standing, setting))
    return [part for part in found if part.section.level or part.runs]


def contents_of(document: Document, passages: Sequence[Passage]) -> list[Entry]:
    """The sections, each with its labelled items where all of these are few enough to be looked over."""
    levels = {one.anchor: one.level for one in document.sections}
    sections = [(one.start, Entry(one.anchor, one.path[-1], one.level)) for one in document.sections if one.level]
    labelled = {one.path: one for one in reversed(passages) if one.item and one.kind == "item"}
    items = [
        (one.start, Entry(one.anchor, path[-1], levels.get(one.section_anchor, 0) + 1))
        for path, one in labelled.items()
    ]
    found = [*sections, *items] if len(sections) + len(items) <= _MOST_ENTRIES else sections
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def _in_order(document: Document, passages: Sequence[Passage]) -> list[tuple[int, Section | Passage | None]]:
    """Headings, passages and decorations (None) by where they stand: a footnote counts to the section that refers to
    it, but stands where it was written."""
    rules = [
        (one.start, None)
        for one in document.dropped
        if one.reason == "decoration" and _DECORATION.fullmatch(document.text[one.start : one.end])
    ]
    headings = [(one.start, one) for one in document.sections if one.level]
    return sorted([*headings, *((one.start, one) for one in passages), *rules], key=lambda pair: pair[0])


def _part(section: Section, standing: Sequence[Passage | None], setting: Setting) -> Part:
    label = section_label(section.number, section.heading, None, section.path[0])
    return Part(section, label, tuple(_runs(standing, setting)))


def _runs(standing: Sequence[Passage | None], setting: Setting) -> Iterator[Run]:
    for kind, run in groupby(standing, key=lambda one: one.kind if one else "rule"):
        groups = list(_blocks([one for one in run if one is not None]))
        if kind == "row" and all(len(group) == 1 for group in groups):
            yield Run("table", tuple(_table([group[0] for group in groups], setting)))
        else:
            blocks = [_block(group, setting) for group in groups]
            yield Run(kind, tuple(_nested(blocks, setting.document.text) if kind == "item" else blocks))


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


def _block(passages: Sequence[Passage], setting: Setting) -> Block:
    first, last = passages[0], passages[-1]
    return Block(
        kind=first.kind,
        passages=tuple(Shown(one.anchor, one.start, one.end, setting.html(one)) for one in passages),
        # A row that is cut into several passages is a text like others, its header told before it.
        context=first.context if first.kind == "row" else None,
        marker=setting.marker(first) if first.kind in ("item", "footnote") else "",
        wrapped=setting.markdown or _wrapped(setting.document.text[first.start : last.end].splitlines()),
    )


def _table(passages: Sequence[Passage], setting: Setting) -> Iterator[Block]:
    names: list[str] = []
    for one in passages:
        yield Block("row", (Shown(one.anchor, one.start, one.end, Markup(""), setting.rows(one, names)),))


def _nested(blocks: Sequence[Block], text: str) -> Iterator[Block]:
    """The items of a list, each knowing how deep it stands by how far it is indented."""
    open_: list[int] = []
    for block in blocks:
        lead = lead_of(text, block.passages[0].start).expandtabs(_TAB)
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
