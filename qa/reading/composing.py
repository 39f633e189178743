"""The parts of a composition become a text and its outline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa.reading.debris import debris_tail, is_debris
from qa.reading.lines import Line, Lines
from qa.reading.manuscript import Manuscript, without_turns
from qa.reading.outline import Block, Outline, OutlineBuilder
from qa.reading.parts import Note, Part
from qa.reading.unmarked import with_headings, with_lists, with_title
from qa.records import Span

# In characters, as in Markdown: what is longer is no heading.
LONGEST_HEADING = 1000
_LONGEST_DROPPED = 200


@dataclass(frozen=True, slots=True)
class _Written:
    part: Part
    span: Span
    section: int


def compose(
    parts: Sequence[Part], notes: Sequence[Note], drops: Sequence[tuple[str, str]], fallback_title: str
) -> tuple[str, Outline, tuple[int, ...]]:
    """Text, outline, and where the pages begin. What was dropped stands after all that was not."""
    parts = _marked(parts)
    manuscript = Manuscript()
    written = list(_write(manuscript, _in_order(parts, notes), _sections(parts)))
    tail = _debris(Lines(manuscript.text), written)
    end = tail[0][0].start if tail else len(manuscript.text)
    dropped = [(*line.content, reason) for line, reason in tail]
    for text, reason in drops:
        shown = text if len(text) <= _LONGEST_DROPPED else f"{text[: _LONGEST_DROPPED - 1]}…"
        manuscript.space("\n\n")
        dropped.append((*manuscript.write(shown), reason))
    text = manuscript.text
    builder = OutlineBuilder(Lines(text))
    for place in dropped:
        builder.drop(*place)
    for one in written:
        if one.span[0] < end:
            _add(builder, one, end)
    return text, builder.build(fallback_title), tuple(manuscript.pages)


def _marked(parts: Sequence[Part]) -> list[Part]:
    """The parts with lists, headings and a title, as far as there are any."""
    parts = with_lists(parts)
    headings = [(place, part.heading) for place, part in enumerate(parts) if part.heading]
    titled = any(part.kind == "title" for part in parts)
    if not headings:
        manuscript = Manuscript()
        spans = [one.span for one in _write(manuscript, enumerate(parts), _sections(parts))]
        return with_headings(parts, spans, manuscript.text, titled=titled)
    outermost = [place for place, heading in headings if heading.rank == 1]
    found = list(parts)
    # As in Markdown: the heading of level one where there is but one, and it comes first.
    if not titled and len(outermost) == 1 and headings[0][0] == outermost[0]:
        found[outermost[0]] = replace(found[outermost[0]], kind="title", heading=None)
        return found
    return found if titled else with_title(found)


def _sections(parts: Sequence[Part]) -> list[int]:
    """The section that one is in after so many parts, counted by its headings."""
    sections = [0]
    for part in parts:
        sections.append(sections[-1] + (part.kind == "heading"))
    return sections


def _in_order(parts: Sequence[Part], notes: Sequence[Note]) -> Iterator[tuple[int, Part]]:
    """The parts with their places, each note after the last part of the section that it belongs to."""
    waiting = sorted(notes, key=lambda note: note.after, reverse=True)
    for place, part in enumerate(parts):
        while part.kind == "heading" and waiting and waiting[-1].after <= place:
            yield place, waiting.pop().part
        yield place, part
    for note in reversed(waiting):
        yield len(parts), note.part


def _write(manuscript: Manuscript, parts: Iterable[tuple[int, Part]], sections: Sequence[int]) -> Iterator[_Written]:
    for place, part in parts:
        if part.kind == "page":
            if part.page:
                manuscript.turn_to(part.page)
            else:
                manuscript.turn(len(part.text))
            yield _Written(part, (0, 0), 0)
            continue
        manuscript.space("\n" if part.joined else "\n\n")
        section = sections[place + 1 if part.after is None else part.after]
        yield _Written(part, manuscript.write(part.text, part.lead), section)


def _debris(lines: Lines, written: Sequence[_Written]) -> list[tuple[Line, str]]:
    """The remains of a web page at the end."""
    headings = reversed([one.span for one in written if one.part.kind in ("title", "heading")])
    last = next((end for start, end in headings if not is_debris(lines.all[lines.number(start) - 1])), -1)
    return debris_tail([line for line in lines.all if line.start > last])


def _add(builder: OutlineBuilder, one: _Written, end: int) -> None:
    part, (start, after) = one.part, one.span
    if part.kind == "title":
        builder.title = without_turns(part.text)
    elif part.kind == "heading" and part.heading:
        builder.heading(replace(part.heading, start=start, end=after))
    elif part.kind != "page":
        block = Block(part.kind, start, min(after, end), part.labels, part.context, part.plain)
        builder.add(block, one.section)
