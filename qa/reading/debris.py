"""Finds where the essay ends and the rest of the web page, pasted along with it, begins."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from qa.language.cleaning import visible
from qa.reading.lines import Line

# After a comment form opens, only lines shorter than this may follow: a longer one is prose, and prose
# is kept even at the price of keeping a form.
_PROSE = 200


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
    text = visible(line.text).strip(" .:!*#|_–—-→←»«↑") if len(line.text) < 2 * _PROSE else ""
    return next((p.reason for p in _patterns()[kind] if text and p.expression.fullmatch(text)), None)


def opens_debris(line: Line) -> bool:
    """Whether a line by itself opens a comment form or the like."""
    return _reason("starts", line) is not None


def debris_tail(lines: list[Line]) -> list[tuple[Line, str]]:
    """The lines at the end of ``lines`` that are no essay, in order, each with the reason.

    ``lines`` begins with the text of the last section, and its first non-blank line is never debris.
    """
    written = [line for line in lines if not line.blank]
    first = _first_of_form(written)
    tail = [(line, _reason("lines", line) or reason) for line, reason in first]
    for line in reversed(written[1 : len(written) - len(tail)]):
        reason = _reason("lines", line)
        if reason is None:
            break
        tail.insert(0, (line, reason))
    return tail


def _first_of_form(written: list[Line]) -> list[tuple[Line, str]]:
    """The longest block at the end that a ``starts`` line opens and no prose follows."""
    opened: list[tuple[Line, str]] = []
    for place in range(len(written) - 1, 0, -1):
        line = written[place]
        reason = _reason("starts", line)
        if reason is not None:
            opened = [(following, reason) for following in written[place:]]
        elif len(line.text.strip()) >= _PROSE and _reason("lines", line) is None:
            break
    return opened
