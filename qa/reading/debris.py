"""Finds where the essay ends and the rest of the web page, pasted along with it, begins."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, pairwise

from qa.language.cleaning import visible
from qa.reading.lines import Line

# After a comment form opens, no prose may follow: prose is kept even at the price of keeping a form. A paragraph,
# wrapped or not, is prose if it is long, or of some words and ends as a sentence does.
_LONG, _SENTENCE_WORDS = 200, 4
_FORM = "comment form"
_SENTENCE_END = tuple(".!?…")
# No page leaves more lines than that, and each is compared with every pattern.
_MOST_LINES = 2000
# A list item at the end belongs to the essay's last list, whatever single word it is.
_ITEM = re.compile(r"\s*(?:[-*+•·–]|\d{1,3}[.)])\s")


@dataclass(frozen=True, slots=True)
class _Pattern:
    reason: str
    expression: re.Pattern[str]


@cache
def _patterns() -> dict[str, tuple[_Pattern, ...]]:
    data = tomllib.loads((files("qa.reading") / "debris.toml").read_text(encoding="utf-8"))
    return {
        kind: tuple(
            _Pattern(group["reason"], re.compile("|".join(f"(?:{p})" for p in group["patterns"]), re.IGNORECASE))
            for group in data[kind]
        )
        for kind in ("starts", "lines")
    }


def _reason(kind: str, line: Line) -> str | None:
    # Footers come wrapped in all sorts of marks; a pattern is to match what is left inside them.
    text = visible(line.text).strip(" :!*#|_–—-→←»«↑") if len(line.text) < 2 * _LONG else ""
    return next((p.reason for p in _patterns()[kind] if text and p.expression.fullmatch(text)), None)


def is_debris(line: Line) -> bool:
    """Whether a line would be debris if it stood at the end."""
    return any(_reason(kind, line) is not None for kind in ("starts", "lines"))


def debris_tail(lines: list[Line]) -> list[tuple[Line, str]]:
    """The lines at the end of ``lines`` that are no essay, in order, each with the reason.

    ``lines`` begins with the text of the last section, and its first non-blank line is never debris.
    """
    paragraphs = _paragraphs(lines)
    tail = _form(paragraphs)
    remaining = [line for paragraph in paragraphs for line in paragraph][: -len(tail) or None]
    for above, line in reversed(list(pairwise(remaining))):
        reason = _reason("lines", line)
        continues = above.end + 2 >= line.start and line.stripped[:1].islower() and _reason("lines", above) is None
        if reason is None or continues or _ITEM.match(line.text) or len(tail) > _MOST_LINES:
            break
        tail.insert(0, (line, reason))
    return tail


def _form(paragraphs: list[list[Line]]) -> list[tuple[Line, str]]:
    """The longest stretch at the end that a ``starts`` line opens and that holds no prose."""
    begins: tuple[int, int] | None = None
    looked = 0
    for order in range(len(paragraphs) - 1, -1, -1):
        paragraph, prose = paragraphs[order], _Prose()
        for place in range(len(paragraph) - 1, -1, -1):
            prose.add_above(paragraph[place])
            looked += 1
            if prose or looked > _MOST_LINES:
                break
            reason = _reason("starts", paragraph[place])
            # Links to other pages come under a line of their own; a form may follow the text directly.
            if reason is not None and (order or place) and (place == 0 or reason == _FORM):
                begins = order, place
        else:
            continue
        break
    if begins is None:
        return []
    first, *below = paragraphs[begins[0] :]
    lines = list(chain(first[begins[1] :], *below))
    opened = _reason("starts", lines[0]) or ""
    return [(line, _reason("lines", line) or opened) for line in lines]


class _Prose:
    """Whether the lines of a paragraph, read from its end, are prose so far; what is debris by itself is not."""

    def __init__(self) -> None:
        self._length, self._words, self._ended = -1, 0, False

    def add_above(self, line: Line) -> None:
        if _reason("lines", line) is not None:
            return
        text = line.text.strip()
        if self._length < 0:
            self._ended = text.endswith(_SENTENCE_END)
        self._length += len(text) + 1
        self._words += len(text.split())

    def __bool__(self) -> bool:
        return self._length >= _LONG or (self._words >= _SENTENCE_WORDS and self._ended)


def _paragraphs(lines: list[Line]) -> list[list[Line]]:
    """The lines in groups that blank lines separate."""
    groups: list[list[Line]] = [[]]
    for line in lines:
        if line.blank:
            groups.append([])
        else:
            groups[-1].append(line)
    return [group for group in groups if group]
