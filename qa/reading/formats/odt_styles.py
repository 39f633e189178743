"""The styles of an OpenDocument text, the automatic ones among them, and its lists."""

from __future__ import annotations

from collections.abc import Iterator

from qa.reading.formats.counting import Counter, Level
from qa.reading.formats.docx_styles import integer
from qa.reading.formats.roles import role_of
from qa.reading.formats.xml import Element, attribute, child, every

_FORMS = {"i": "lower roman", "I": "upper roman", "a": "lower latin", "A": "upper latin", "": "none",
          "а, б, .., аа, бб, ... (ru)": "lower russian", "А, Б, .., Аа, Бб, ... (ru)": "upper russian"}  # fmt: skip
_LEVELS = ("list-level-style-number", "list-level-style-bullet", "list-level-style-image", "outline-level-style")


class Styles:
    """Styles by their names, and a counter for each list style; ``outline`` counts the headings."""

    def __init__(self, roots: list[Element]) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        self._lists: dict[str, Counter] = {}
        self.outline = Counter({})
        for root in roots:
            for one in every(root, "style"):
                self._styles[attribute(one, "family") or "", attribute(one, "name") or ""] = one
            for one in every(root, "list-style"):
                self._lists[attribute(one, "name") or ""] = Counter(_levels(one))
            for one in every(root, "outline-style"):
                self.outline = Counter(_levels(one))

    def role(self, name: str | None) -> tuple[str, int]:
        """The role of a paragraph of a style, for `Flow`."""
        chain = list(self._chain("paragraph", name))
        names = [attribute(one, "display-name") or attribute(one, "name") or "" for one in chain]
        # What is not defined is one of those that every program knows.
        return role_of([*names, attribute(chain[-1], "parent-style-name") or "" if chain else name or ""])

    def bold(self, family: str, name: str | None) -> bool | None:
        """Whether a style makes its words bold; None: it does not say."""
        for one in self._chain(family, name):
            weight = attribute(child(one, "text-properties"), "font-weight")
            if weight is not None:
                return weight == "bold" or weight in ("600", "700", "800", "900")
        return None

    def hidden(self, name: str | None) -> bool:
        shown = (attribute(child(one, "text-properties"), "display") for one in self._chain("text", name))
        return next((one for one in shown if one is not None), None) == "none"

    def counter(self, name: str | None) -> Counter | None:
        return self._lists.get(name or "")

    def list_of(self, paragraph: str | None) -> str | None:
        """The list style that a paragraph's style names."""
        named = (attribute(one, "list-style-name") for one in self._chain("paragraph", paragraph))
        return next((one for one in named if one is not None), None)

    def _chain(self, family: str, name: str | None) -> Iterator[Element]:
        seen: set[str] = set()
        while name and (family, name) in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[family, name]
            name = attribute(self._styles[family, name], "parent-style-name")


def _levels(style: Element) -> dict[int, Level]:
    return {(integer(attribute(one, "level")) or 1) - 1: _level(one) for one in every(style, *_LEVELS)}


def _level(element: Element) -> Level:
    bullet = element.tag.endswith(("bullet", "image"))
    level = integer(attribute(element, "level")) or 1
    shown = min(integer(attribute(element, "display-levels")) or 1, level, 10)
    places = ".".join(f"%{one}" for one in range(level - shown + 1, level + 1))
    before, after = ((attribute(element, f"num-{side}") or "")[:50].replace("%", "") for side in ("prefix", "suffix"))
    start = integer(attribute(element, "start-value"))
    form = "bullet" if bullet else _FORMS.get(attribute(element, "num-format") or "", "decimal")
    return Level(form, f"{before}{places}{after}", 1 if start is None else start)
