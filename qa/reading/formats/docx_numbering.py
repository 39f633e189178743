"""The lists of a Word document, and the number that Word shows before each of their paragraphs."""

from __future__ import annotations

from collections.abc import Callable

from qa.reading.formats.counting import Counter, Level
from qa.reading.formats.docx_styles import integer, switch
from qa.reading.formats.xml import Element, attribute, child, children

_FORMS = {
    "lowerRoman": "lower roman",
    "upperRoman": "upper roman",
    "lowerLetter": "lower latin",
    "upperLetter": "upper latin",
    "russianLower": "lower russian",
    "russianUpper": "upper russian",
    "bullet": "bullet",
    "none": "none",
}
_NO_LIST = "0"


class Numbering:
    """Counts the paragraphs of all lists. Those of one abstract list go on counting from each other.

    ``list_of_style`` gives the list that a style of numbering names.
    """

    def __init__(self, root: Element | None, list_of_style: Callable[[str], str | None]) -> None:
        self._abstract = {attribute(one, "abstractNumId") or "": one for one in children(root, "abstractNum")}
        self._lists = {attribute(one, "numId") or "": one for one in children(root, "num")}
        self._list_of_style = list_of_style
        self._counters: dict[str, Counter] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._styles: dict[str, dict[str, int]] = {}

    def next(self, list_: str | None, depth: int | None, style: str | None) -> tuple[str, bool, int] | None:
        """What stands before a paragraph, whether that is a bullet, and its depth from 0; None: it is in no list.

        ``style`` is the one that put the paragraph into the list; the list itself may know the style's depth.
        """
        if list_ is None or list_ == _NO_LIST or list_ not in self._lists:
            return None
        abstract = self._abstract_of(list_)
        if abstract is None:
            return None
        if list_ not in self._counters:
            counts = self._counts.setdefault(abstract, {})
            self._counters[list_] = Counter(_levels(self._abstract[abstract]), counts)
            self._override(list_, self._counters[list_])
        counter = self._counters[list_]
        known = self._depths(abstract).get(style or "")
        depth = min(max(known if known is not None else depth or 0, 0), 8)
        return counter.next(depth), counter.is_bullet(depth), depth

    def _abstract_of(self, list_: str) -> str | None:
        """The abstract list of a list, by the style of numbering that it may stand for."""
        for _ in range(3):
            id_ = attribute(child(self._lists.get(list_), "abstractNumId"), "val")
            abstract = self._abstract.get(id_ or "")
            if abstract is None:
                return None
            link = attribute(child(abstract, "numStyleLink"), "val")
            if link is None:
                return id_
            list_ = self._list_of_style(link) or ""
        return None

    def _depths(self, abstract: str) -> dict[str, int]:
        """The depth at which each style stands that the list is linked to."""
        if abstract not in self._styles:
            self._styles[abstract] = {
                attribute(child(one, "pStyle"), "val") or "": integer(attribute(one, "ilvl")) or 0
                for one in children(self._abstract[abstract], "lvl")
                if child(one, "pStyle") is not None
            }
        return self._styles[abstract]

    def _override(self, list_: str, counter: Counter) -> None:
        for one in children(self._lists[list_], "lvlOverride"):
            depth = integer(attribute(one, "ilvl")) or 0
            if (level := child(one, "lvl")) is not None:
                counter.levels[depth] = _level(level)
            if (start := integer(attribute(child(one, "startOverride"), "val"))) is not None:
                counter.restart(depth, start)


def _levels(abstract: Element) -> dict[int, Level]:
    return {integer(attribute(one, "ilvl")) or 0: _level(one) for one in children(abstract, "lvl")}


def _level(element: Element) -> Level:
    start = integer(attribute(child(element, "start"), "val"))
    return Level(
        form=_FORMS.get(attribute(child(element, "numFmt"), "val") or "", "decimal"),
        text=(attribute(child(element, "lvlText"), "val") or "")[:100],
        start=1 if start is None else start,
        restarts=attribute(child(element, "lvlRestart"), "val") != "0",
        decimal=bool(switch(element, "isLgl")),
    )
