"""Filters of OpenAI's vector store search: comparisons of a passage's attributes, and what joins them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# A filter is tried on every passage. In a request, in a list of values, and in the characters of a value; no attribute
# is longer than that.
DEEPEST, MOST_COMPARISONS, MOST_VALUES, LONGEST_VALUE = 16, 100, 1000, 512

Value = str | float
Attributes = Mapping[str, Value]

# What results bear and filters may name, and of which type it is.
KEYS: Mapping[str, type] = dict.fromkeys(
    ("document", "title", "section", "heading", "item", "label", "anchor", "url", "passage"), str
) | dict.fromkeys(("start", "end"), int)

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_COMPARISONS = ("eq", "ne", *_ORDERS, "in", "nin")
_TYPES = {str: "a text", int: "a number"}
_NUMBER = re.compile(r"(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute against a value, or a set of them. What a passage lacks equals nothing and stands in no order."""

    operator: str
    key: str
    value: Value | frozenset[Value]

    def holds(self, attributes: Attributes) -> bool:
        own = attributes.get(self.key)
        if self.operator in _ORDERS:
            return own is not None and _ORDERS[self.operator](_order(own), _order(self.value))
        among = own in self.value if isinstance(self.value, frozenset) else own == self.value
        return among == (self.operator in ("eq", "in"))


@dataclass(frozen=True, slots=True)
class Compound:
    """Filters of which all must hold, or any."""

    all: bool
    filters: tuple[Filter, ...]

    def holds(self, attributes: Attributes) -> bool:
        held = (one.holds(attributes) for one in self.filters)
        return all(held) if self.all else any(held)


Filter = Comparison | Compound


def filter_of(sent: object) -> Filter:
    """The filter that a request spells.

    Raises:
        ValueError: it is none, or too large; the message says what is wrong, but not where.
    """
    found = _filter(sent, DEEPEST)
    count = _count(found)
    if count > MOST_COMPARISONS:
        raise ValueError(
            f"there are {count} comparisons, and at most {MOST_COMPARISONS} are made; use in for many values"
        )
    return found


def _count(one: Filter) -> int:
    return 1 if isinstance(one, Comparison) else sum(map(_count, one.filters))


def _filter(sent: object, deepest: int) -> Filter:
    if not isinstance(sent, dict):
        raise ValueError(f"a filter is an object with a type, not {_shown(sent)}")
    kind = sent.get("type")
    if kind in ("and", "or"):
        if deepest == 1:
            raise ValueError(f"more than {DEEPEST} filters lie in one another; join them in one list")
        filters = sent.get("filters")
        if not isinstance(filters, list) or not filters:
            raise ValueError(f"{kind} joins a list, filters, of at least one")
        return Compound(kind == "and", tuple(_filter(one, deepest - 1) for one in filters))
    if kind not in _COMPARISONS:
        raise ValueError(f"there is no type {_shown(kind)}; there are {', '.join(_COMPARISONS)}, and, or")
    key = sent.get("key")
    if not isinstance(key, str) or key not in KEYS:
        raise ValueError(f"there is no key {_shown(key)}; there are {', '.join(KEYS)}")
    return Comparison(kind, key, _value(kind, key, sent.get("value")))


def _value(kind: str, key: str, value: object) -> Value | frozenset[Value]:
    if kind not in ("in", "nin"):
        return _single(key, value)
    if not isinstance(value, list):
        raise ValueError(f"the value of {kind} is a list, not {_shown(value)}")
    if len(value) > MOST_VALUES:
        raise ValueError(f"the value of {kind} has {len(value)} entries, and at most {MOST_VALUES} are compared")
    return frozenset(_single(key, one) for one in value)


def _single(key: str, value: object) -> Value:
    wanted = KEYS[key]
    # True is an int to Python.
    fits = isinstance(value, str) if wanted is str else isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise ValueError(f"{key} is {_TYPES[wanted]}, and {_shown(value)} is not")
    assert isinstance(value, str | int | float)
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"the value for {key} has {len(value)} characters, and no {key} has more than {LONGEST_VALUE}")
    return value


def _order(value: Any) -> Any:
    """Numbers inside a text count as numbers, so that section 10 comes after section 9."""
    if not isinstance(value, str):
        return value
    return [(int(part), "") if number else (0, part) for part, number in _parts(value)]


def _parts(text: str) -> list[tuple[str, bool]]:
    """What lies between the numbers of a text, and the numbers, in turn; the first is of the first kind."""
    return [(part, bool(place % 2)) for place, part in enumerate(_NUMBER.split(text))]


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
