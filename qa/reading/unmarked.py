"""Headings of a document in which none is marked as one: by their form, as in plain text, or by bold type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from qa.reading.headings import LONGEST_HEADING, number_of_title
from qa.reading.manuscript import without_turns
from qa.reading.outline import Heading
from qa.reading.parts import Part
from qa.reading.plaintext import parse_plain_text
from qa.records import Span

_SENTENCE_END = tuple(".;:,!?…")


def with_headings(parts: Sequence[Part], spans: Sequence[Span], text: str, *, titled: bool) -> list[Part]:
    """The parts, of which some have become headings; ``spans`` is where they stand in the text that they make."""
    outline = parse_plain_text(text, "")
    found = list(parts)
    at = {span[0]: place for place, (part, span) in enumerate(zip(parts, spans, strict=True)) if _may_head(part)}
    for section in (part.section for part in outline.sections):
        place = at.get(section.start)
        if section.level and place is not None and spans[place][1] == section.end:
            shown = section.path[-1]
            found[place] = _heading(parts[place], Heading(section.number, section.heading, shown, section.level, 0, 0))
    first = next((place for place, part in enumerate(parts) if part.kind != "page"), None)
    if not titled and first is not None and outline.title and outline.title == without_turns(parts[first].text):
        found[first] = replace(parts[first], kind="title")
    return _with_bold(found)


def _with_bold(parts: list[Part]) -> list[Part]:
    """The parts with each bold line above what is not bold as a heading; of such a number tells the depth."""
    standing = [place for place, part in enumerate(parts) if part.kind != "page"]
    for place, below in pairwise(standing):
        part, after = parts[place], parts[below]
        shown = without_turns(part.text)
        fits = len(shown) <= LONGEST_HEADING and "\n" not in shown and not shown.endswith(_SENTENCE_END)
        if part.kind == "paragraph" and part.strong and fits and not after.strong:
            number, title = number_of_title(shown) or (None, shown)
            depth = len(number.split(".")) if number else 1
            parts[place] = _heading(part, Heading(number, title or shown, shown, depth, 0, 0))
    return parts


def _may_head(part: Part) -> bool:
    return part.kind == "paragraph" and not part.labels


def _heading(part: Part, heading: Heading) -> Part:
    return replace(part, kind="heading", heading=heading)
