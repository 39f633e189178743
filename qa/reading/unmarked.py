"""What a document does not mark: headings, by their form as in plain text or by bold type, and lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from qa.reading.headings import LONGEST_HEADING, number_of_title
from qa.reading.manuscript import without_turns
from qa.reading.outline import Heading
from qa.reading.parts import Part
from qa.reading.plaintext import item_label, parse_plain_text
from qa.records import Section, Span

_SENTENCE_END = tuple(".;:,!?…")
_LONGEST_ITEM = 500  # characters


def with_headings(parts: Sequence[Part], spans: Sequence[Span], text: str, *, titled: bool) -> list[Part]:
    """The parts, of which some have become headings; ``spans`` is where they stand in the text that they make."""
    outline = parse_plain_text(text, "")
    found = list(parts)
    first = next((place for place, part in enumerate(parts) if part.kind != "page"), None)
    named = first is not None and bool(outline.title) and outline.title == without_turns(parts[first].text)
    if first is not None and named and not titled and not _is_one_of_several(parts, first):
        found[first] = replace(parts[first], kind="title")
    bold = _bold_headings(found)
    formal = {
        place: Heading(section.number, section.heading, section.path[-1], section.level, 0, 0)
        for place, section in _standing_alone(found, spans, [part.section for part in outline.sections])
    }
    # An author has one way to set headings, be it with a word in bold here and there.
    if sum(place not in bold for place in formal) > len(bold):
        bold = {place: replace(heading, rank=1) for place, heading in bold.items()} | formal
    for place, heading in bold.items():
        found[place] = replace(found[place], kind="heading", heading=heading)
    return found


def with_lists(parts: Sequence[Part]) -> list[Part]:
    """The parts, those as items that a sentence with a colon introduces and that end with semicolons, the last one with
    a full stop: a list whose marks were lost."""
    found = list(parts)
    for place, part in enumerate(parts):
        end = place + 1
        while end < len(parts) and _is_listed(parts[end], ";"):
            end += 1
        if end > place + 1 and end < len(parts) and _is_listed(part, ":") and _is_listed(parts[end], "."):
            for at in range(place + 1, end + 1):
                label = item_label(without_turns(parts[at].text))
                labels = (label,) if label else ()
                found[at] = replace(parts[at], kind="item", lead="  ", joined=at > place + 1, labels=labels)
    return found


def _is_listed(part: Part, end: str) -> bool:
    return part.kind == "paragraph" and not part.labels and part.text.endswith(end) and len(part.text) <= _LONGEST_ITEM


def _is_one_of_several(parts: Sequence[Part], first: int) -> bool:
    """Whether the first line is a heading as others are: in the type of some that have smaller ones among them."""
    sizes = [part.strong for part in parts if _is_bold_line(part)]
    return len(set(sizes)) > 1 and sizes.count(parts[first].strong) > 1


def _standing_alone(
    parts: Sequence[Part], spans: Sequence[Span], sections: Sequence[Section]
) -> Iterator[tuple[int, Section]]:
    """The sections whose heading is a paragraph, with its place."""
    at = {spans[place]: place for place, part in enumerate(parts) if part.kind == "paragraph" and not part.labels}
    for section in sections:
        place = at.get((section.start, section.end))
        if section.level and place is not None:
            yield place, section


def with_title(parts: Sequence[Part]) -> list[Part]:
    """The parts, the first of them as the title where it is a bold line above everything."""
    found = list(parts)
    standing = [place for place, part in enumerate(parts) if part.kind != "page"]
    if len(standing) > 1 and _is_bold_line(parts[standing[0]]):
        found[standing[0]] = replace(parts[standing[0]], kind="title")
    return found


def _bold_headings(parts: Sequence[Part]) -> dict[int, Heading]:
    """Each bold line above what is not bold, or smaller. The size of its type tells how deep it is, or its number."""
    standing = [place for place, part in enumerate(parts) if part.kind != "page"]
    found = [
        place
        for place, below in pairwise(standing)
        if _is_bold_line(parts[place]) and parts[below].strong < parts[place].strong
    ]
    sizes = sorted({parts[place].strong for place in found}, reverse=True)
    headings = {}
    for place in found:
        shown = without_turns(parts[place].text)
        number, title = number_of_title(shown) or (None, shown)
        depth = len(number.split(".")) if number and len(sizes) == 1 else sizes.index(parts[place].strong) + 1
        headings[place] = Heading(number, title or shown, shown, depth, 0, 0)
    return headings


def _is_bold_line(part: Part) -> bool:
    shown = without_turns(part.text)
    fits = len(shown) <= LONGEST_HEADING and "\n" not in shown and not shown.endswith(_SENTENCE_END)
    return part.kind == "paragraph" and part.strong > 0 and fits
