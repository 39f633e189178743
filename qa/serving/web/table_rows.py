"""The cells of a Markdown table's row, as spans of its passage."""

from __future__ import annotations

import re

from qa.records import Span

_LINE = re.compile(r"[^\r\n]+")
_RULE = re.compile(r"[\s>|:]*-[\s>|:-]*")
# What stands before the first cell of a line: a quote's or a list's marks, and the table's own edge.
_LEAD = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*(?:\|)?")
_CELL = re.compile(r"(?:\\.|[^|\\])+|(?<=\|)(?=\|)")


def rows_of(text: str) -> list[list[Span]]:
    """The cells of each line but the rule below the header, trimmed. The first line has no edge before its first
    cell and the last none after its last, since a passage begins and ends with its own text."""
    lines = [found for found in _LINE.finditer(text) if found[0].strip()]
    rules = [place for place, line in enumerate(lines) if place == 1 and _RULE.fullmatch(line[0])]
    found = []
    for place, line in enumerate(lines):
        if place in rules:
            continue
        lead = _LEAD.match(line[0]) if place else None
        start, end = line.start() + (lead.end() if lead else 0), line.start() + len(line[0].rstrip())
        cells = [_trimmed(text, *cell.span()) for cell in _CELL.finditer(text, start, end)]
        found.append([(start, start), *cells] if text.startswith("|", start) else cells)
    return found


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    return start + lead, max(start + lead, start + len(piece.rstrip()))
