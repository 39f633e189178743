"""What a document says of its own structure: a title, headings, and blocks of text under them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from qa.language.cleaning import visible
from qa.reading.lines import Lines
from qa.records import Dropped, Section, Span

_NOT_IN_SLUG = re.compile(r"[^\w]+")
_SLUG_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as a parser saw it; a lower ``rank`` governs a higher one."""

    number: str | None
    text: str | None
    shown: str
    rank: int
    start: int
    end: int

    @property
    def name(self) -> str:
        """The heading without its number; nothing where the number is all there is ("Глава 2")."""
        return "" if self.number is not None and self.text == self.shown else self.text or ""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of body text without its list marker: a paragraph, an item, a table row.

    ``labels`` are the labels of the item and of the items it is nested in, outermost first.
    ``context`` is text from elsewhere that the block needs to be understood. ``plain`` is the text
    without markup where the parser knows it better than a general rule would. ``anchor`` is given by
    the builder.
    """

    kind: str  # paragraph, item, row, quote, code, footnote
    start: int
    end: int
    labels: tuple[str, ...] = ()
    context: str | None = None
    plain: str | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class OutlineSection:
    """A section with the blocks of text that stand directly under its heading, in the source's order.

    ``names`` are the headings above and its own, outermost first, without their numbers.
    """

    section: Section
    names: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A document understood: every character is in the title, a heading, a block, a marker, or dropped.

    ``plain_text`` takes the markup off a stretch of this document.
    """

    title: str
    sections: tuple[OutlineSection, ...]
    dropped: tuple[Dropped, ...]
    plain_text: Callable[[str], str] = visible


@dataclass(slots=True)
class OutlineBuilder:
    """Collects headings and blocks in reading order, then numbers, nests and names them."""

    lines: Lines
    title: str | None = None
    plain_text: Callable[[str], str] = visible
    _parts: list[tuple[Heading | None, list[Block]]] = field(default_factory=lambda: [(None, [])])
    _dropped: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def section_index(self) -> int:
        """The place of the current section; `add` takes it to put a block under an earlier section."""
        return len(self._parts) - 1

    def extend(self, end: int, section: int = -1) -> None:
        """Let the last block of a section reach to ``end``."""
        blocks = self._parts[section][1]
        blocks[-1] = replace(blocks[-1], end=end)

    def heading(self, heading: Heading) -> None:
        self._parts.append((heading, []))

    def add(self, block: Block, section: int = -1) -> None:
        self._parts[section][1].append(block)

    def drop(self, start: int, end: int, reason: str) -> None:
        self._dropped.append((start, end, reason))

    def build(self, fallback_title: str) -> Outline:
        title = self.title or fallback_title
        anchors = _Anchors()
        found: list[tuple[Section, tuple[str, ...], list[Block]]] = []
        stack: list[Heading] = []
        for heading, blocks in self._parts:
            if heading is not None:
                while stack and stack[-1].rank >= heading.rank:
                    stack.pop()
                stack.append(heading)
                names = tuple(above.name for above in stack)
                found.append((self._section(heading, title, stack, anchors), names, blocks))
            elif blocks:
                found.append((Section(None, None, 0, (title,), anchors.unique("top"), 0, 0, 1), (), blocks))
        # Blocks are named after all sections, so that "s2.1" is section 2.1 wherever there is one.
        sections = tuple(
            OutlineSection(section, names, _anchored(section, blocks, anchors)) for section, names, blocks in found
        )
        return Outline(title, sections, tuple(self._dropped_lines()), self.plain_text)

    def _section(self, heading: Heading, title: str, stack: list[Heading], anchors: _Anchors) -> Section:
        return Section(
            number=heading.number,
            heading=heading.text,
            level=len(stack),
            path=(title, *(above.shown for above in stack)),
            anchor=anchors.unique(f"s{heading.number}" if heading.number else f"s-{slug(heading.shown)}"),
            start=heading.start,
            end=heading.end,
            line=self.lines.number(heading.start),
        )

    def _dropped_lines(self) -> Iterable[Dropped]:
        for start, end, reason in sorted(self._dropped):
            first, last = self.lines.span(start, end)
            yield Dropped(start, end, first, last, reason)


class _Anchors:
    """Hands out fragment names, each once: the second of a name gets ``-2``."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else self.unique(f"{name}-{self._seen[name]}")


def slug(heading: str) -> str:
    """A heading as a readable fragment name: letters and digits of any script, joined by hyphens."""
    return _NOT_IN_SLUG.sub("-", visible(heading).lower()).strip("-")[:_SLUG_LENGTH].strip("-") or "section"


def _anchored(section: Section, blocks: list[Block], anchors: _Anchors) -> tuple[Block, ...]:
    """The blocks in the source's order, items named ``s4.2`` and the others ``s4.p1``."""
    stem = f"{section.anchor}." if section.level else ""
    counts: Counter[str] = Counter()
    named = []
    for block in sorted(blocks, key=lambda block: block.start):
        letter = "" if block.kind in ("item", "row") else "p"
        counts[letter] += 1
        named.append(
            replace(block, anchor=anchors.unique(f"{stem or ('' if letter else 'i')}{letter}{counts[letter]}"))
        )
    return tuple(named)


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without the white space at its ends."""
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    return start + lead, start + max(lead, len(piece.rstrip()))
