"""The styles of a Word document: what they are based on, and what that makes of a paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa.reading.formats.roles import role_of
from qa.reading.formats.xml import Element, attribute, child, children

_BODY_LEVEL = 9
_OFF = ("0", "false", "off", "none")


@dataclass(frozen=True, slots=True)
class Style:
    """``number``: the list that its paragraphs are numbered by, and the depth in that, where it says so."""

    id: str
    name: str
    based_on: str | None
    level: int | None
    number: tuple[str | None, int | None]
    bold: bool | None
    hidden: bool | None


class Styles:
    """The styles by their ids, which differ between languages where the names do not."""

    def __init__(self, root: Element | None) -> None:
        found = [_style(one) for one in children(root, "style")]
        self._styles = {one.id: one for one in found}
        self._default = next(
            (
                attribute(one, "styleId") or ""
                for one in children(root, "style")
                if attribute(one, "type") == "paragraph" and on(attribute(one, "default"), absent=False)
            ),
            "",
        )

    def role(self, id_: str | None, level: int | None) -> tuple[str, int]:
        """The role of a paragraph of a style; ``level`` is the outline level of its own, if any."""
        chain = list(self._chain(id_))
        levels = [level, *(style.level for style in chain)]
        own = next((one for one in levels if one is not None), None)
        role, rank = role_of(style.name for style in chain)
        if own is not None and own < _BODY_LEVEL and role != "title":
            return "heading", own + 1
        return ("paragraph", 0) if own == _BODY_LEVEL and role == "heading" else (role, rank)

    def number(self, id_: str | None) -> tuple[str | None, int | None, str | None]:
        """List and depth that a style gives its paragraphs, and the id of the style that says so."""
        for style in self._chain(id_):
            if style.number[0] is not None:
                return (*style.number, style.id)
        return None, None, None

    def bold(self, id_: str | None) -> bool:
        return any(next(([one.bold] for one in self._chain(id_) if one.bold is not None), [False]))

    def hidden(self, id_: str | None) -> bool:
        return any(next(([one.hidden] for one in self._chain(id_) if one.hidden is not None), [False]))

    def _chain(self, id_: str | None) -> Iterator[Style]:
        """The style and those that it is based on."""
        seen: set[str] = set()
        at = id_ if id_ in self._styles else self._default
        while at and at in self._styles and at not in seen:
            seen.add(at)
            yield self._styles[at]
            at = self._styles[at].based_on or ""


def on(value: str | None, *, absent: bool = True) -> bool:
    """The value of a switch; an element without one is switched on."""
    return absent if value is None else value.lower() not in _OFF


def switch(properties: Element | None, name: str) -> bool | None:
    """Whether properties switch something on or off; None: they do not say."""
    found = child(properties, name)
    return None if found is None else on(attribute(found, "val"))


def integer(value: str | None) -> int | None:
    try:
        return int(value) if value is not None and len(value) < 10 else None
    except ValueError:
        return None


def number_of(properties: Element | None) -> tuple[str | None, int | None]:
    """The list that paragraph properties name, and the depth in it."""
    found = child(properties, "numPr")
    return attribute(child(found, "numId"), "val"), integer(attribute(child(found, "ilvl"), "val"))


def _style(element: Element) -> Style:
    properties, letters = child(element, "pPr"), child(element, "rPr")
    return Style(
        id=attribute(element, "styleId") or "",
        name=attribute(child(element, "name"), "val") or "",
        based_on=attribute(child(element, "basedOn"), "val"),
        level=integer(attribute(child(properties, "outlineLvl"), "val")),
        number=number_of(properties),
        bold=switch(letters, "b"),
        hidden=switch(letters, "vanish"),
    )
