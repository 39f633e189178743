"""The style sheet of a Rich Text file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa.reading.formats.roles import role_of

_BODY_LEVEL = 9


@dataclass(slots=True)
class Style:
    name: str = ""
    based_on: int | None = None
    level: int | None = None
    bold: bool = False


class Styles:
    """The paragraph styles by their numbers."""

    def __init__(self) -> None:
        self._styles: dict[int, Style] = {}

    def add(self, number: int, style: Style) -> None:
        self._styles.setdefault(number, style)

    def role(self, number: int, level: int | None) -> tuple[str, int]:
        """The role of a paragraph of a style, for `Flow`; ``level`` is the outline level of its own, if any."""
        chain = list(self._chain(number))
        role, rank = role_of(style.name for style in chain)
        own = next((one for one in (level, *(style.level for style in chain)) if one is not None), None)
        if own is not None and 0 <= own < _BODY_LEVEL and role != "title":
            return "heading", own + 1
        return ("paragraph", 0) if own == _BODY_LEVEL and role == "heading" else (role, rank)

    def _chain(self, number: int | None) -> Iterator[Style]:
        seen: set[int] = set()
        while number is not None and number in self._styles and number not in seen:
            seen.add(number)
            yield self._styles[number]
            number = self._styles[number].based_on
