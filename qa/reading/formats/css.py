"""What a style sheet says of bold type and of its size; nothing else of it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qa.reading.formats.xml import Element, local

_RULE = re.compile(r"(?<![^{}])([^{}]{1,2000})\{([^{}]{0,5000})\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"[a-z0-9]*\.([\w-]+)")
_WEIGHT = re.compile(r"font-weight\s*:\s*(\w+)")
_SIZE = re.compile(r"font-size\s*:\s*(\d{1,4}(?:\.\d{1,4})?)(pt|px|em|rem|%)")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 12.0, "rem": 12.0, "%": 0.12}
_BOLD = frozenset({"bold", "bolder", "600", "700", "800", "900"})
_BOLD_ELEMENTS = frozenset({"b", "strong", "th"})
_LARGEST = 1_000_000  # characters


@dataclass(frozen=True, slots=True)
class Type:
    """``bold`` or ``size`` (in points) None: as around it."""

    bold: bool | None = None
    size: float | None = None


_AS_AROUND = Type()


def sheet_of(css: str) -> dict[str, Type]:
    """The type of each class that a style sheet sets."""
    found: dict[str, Type] = {}
    for selectors, declarations in _RULE.findall(_COMMENT.sub("", css[:_LARGEST])):
        set_ = _type_of(declarations)
        if set_ != _AS_AROUND:
            for selector in selectors.lower().split(","):
                if name := _CLASS.fullmatch(selector.strip()):
                    found[name[1]] = set_
    return found


def type_of(element: Element, sheet: Mapping[str, Type]) -> Type:
    """The type that an element sets by itself, its classes, or what it is."""
    own = _type_of(element.get("style") or "")
    bold, size = own.bold, own.size
    for name in (element.get("class") or "").lower().split():
        known = sheet.get(name, _AS_AROUND)
        bold, size = known.bold if bold is None else bold, known.size if size is None else size
    if bold is None and local(element) in _BOLD_ELEMENTS:
        bold = True
    return Type(bold, size)


def _type_of(declarations: str) -> Type:
    if "font" not in declarations:
        return _AS_AROUND
    weight, size = _WEIGHT.search(declarations.lower()), _SIZE.search(declarations.lower())
    return Type(weight[1] in _BOLD if weight else None, float(size[1]) * _POINTS[size[2]] if size else None)
