"""What stands on a page of a PDF, as it was drawn: runs of letters, lines and dots, and the tags around them.

Lengths are in points, from the left and from the bottom of the page, as PDF has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Run:
    """Letters drawn side by side on one baseline in one style, without a wide gap.

    ``element`` is the place of the innermost tag around it in the page's `Sheet.elements`, -1 for none; ``artifact``
    says that the page's maker marked it as no part of the text; ``raised`` that it stands higher than the line it is
    in, and smaller, as the mark of a footnote does.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool
    element: int = -1
    artifact: bool = False
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """A tag of a page: its standard type, the place of the one around it, -1 for none, and whether what it holds
    begins and ends on this page.
    """

    type: str
    parent: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page. ``rules`` are thin lines, ``dots`` small filled shapes as round as a bullet is, both in drawing order;
    ``unread`` counts letters whose font does not say what they are.
    """

    number: int
    width: float
    height: float
    runs: tuple[Run, ...]
    rules: tuple[Box, ...]
    dots: tuple[Box, ...]
    elements: tuple[Element, ...]
    unread: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline that readers show beside the pages; ``level`` counts from 0, ``page`` from 1."""

    title: str
    level: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Sheets:
    """A PDF taken apart. ``title`` is what its properties say."""

    sheets: tuple[Sheet, ...]
    bookmarks: tuple[Bookmark, ...]
    title: str | None
