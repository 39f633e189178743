"""Paragraphs as a word processor has them, each with its style and its list, become parts of a composition."""

from __future__ import annotations

from dataclasses import dataclass

from qa.reading.composition import BULLET, Composition
from qa.reading.formats.words import Words


@dataclass(frozen=True, slots=True)
class Listed:
    """A paragraph's place in a list: what stands before it, and its depth, the outermost 1."""

    marker: str
    depth: int


class Flow:
    """Takes paragraphs in reading order. What is code stands in many of them, a line each."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self._code: list[str] = []
        self._depth = 0  # of the list item that is open

    def paragraph(self, words: Words, role: str, rank: int = 0, listed: Listed | None = None) -> None:
        """A paragraph; for a role see `roles.role_of`."""
        if role == "code" and listed is None:
            self._code.append(words.text)
            return
        self.end_code()
        if not words:
            return
        match role:
            case "title":
                self.composition.title(words.text)
            case "heading":
                self.composition.heading(words.text, rank, listed.marker if listed else "")
            case "contents":
                self.composition.drop(words.text, "table of contents")
                return
            case _ if listed is not None:
                self.composition.item(words.text, listed.depth, listed.marker or BULLET, words.bold)
                self._depth = listed.depth
                return
            case "goes on" if self._depth:
                self.composition.paragraph(words.text, depth=self._depth)
                return
            case _:
                kind = role if role in ("quote", "code") else "paragraph"
                self.composition.paragraph(words.text, kind, strong=words.strong)
        self._depth = 0

    def goes_on(self, words: Words, depth: int) -> None:
        """Another paragraph of the list item that is open at a depth."""
        self.end_code()
        if words:
            self.composition.paragraph(words.text, depth=depth)

    def table(self, rows: list[list[Words]], header: bool | None, depth: int = 0) -> None:
        """A table by its cells; ``header`` None: nothing says whether the first row names the columns."""
        self.end_code()
        self._depth = 0
        texts = [[cell.text for cell in row] for row in rows]
        if header is None:
            first = [cell for cell in rows[0] if cell] if rows else []
            header = (bool(first) and all(cell.strong > 0 for cell in first)) or names_columns(texts)
        self.composition.table(texts, header, depth)

    def end_code(self) -> None:
        if self._code:
            self.composition.paragraph("\n".join(self._code), "code")
            self._code.clear()


def names_columns(rows: list[list[str]]) -> bool:
    """Whether the first row of a table looks like the names of its columns: words over figures, or three and more."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    first, *others = rows
    if any(_is_figure(cell) for cell in first) or not all(cell.strip() for cell in first[1:]):
        return False
    figures = any(_is_figure(cell) for row in others for cell in row)
    return figures or (len(first) > 2 and len({cell.strip() for cell in first}) == len(first))


def _is_figure(cell: str) -> bool:
    letters = sum(character.isalpha() for character in cell)
    return sum(character.isdigit() for character in cell) > letters
