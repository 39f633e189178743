"""Filters of OpenAI's vector store search: comparisons of a passage's attributes, and what joins them."""

from __future__ import annotations

import re
from typing import get_args

from qa.reading.metadata import LONGEST_NAME
from qa.records import Scalar
from qa.retrieval.filters import Comparison, Filter, Joined, Manner, Not, Operator, period
from qa.serving.chat.nearest import FREE_FIELDS

# In a request, in a list of values, and in the characters of a value; no attribute is longer than that.
DEEPEST, MOST_COMPARISONS, MOST_VALUES, LONGEST_VALUE = 16, 100, 1000, 512

# What results bear and filters may name, and of which type it is.
KEYS: dict[str, type] = dict.fromkeys(
    (
        "document",
        "title",
        "section",
        "heading",
        "item",
        "label",
        "anchor",
        "url",
        "passage",
        "author",
        "date",
        "source_url",
        "language",
        "tags",
    ),
    str,
) | dict.fromkeys(("start", "end"), int)

_ORDERS = ("gt", "gte", "lt", "lte")
_COMPARISONS = ("eq", "ne", *_ORDERS, "in", "nin")
_DENIES = {"ne": "eq", "nin": "in"}
_TYPES = {str: "a text", int: "a number"}
_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)} | {"in": "eq"}
_FREE = re.compile(rf"{re.escape(FREE_FIELDS)}.{{1,{LONGEST_NAME}}}", re.DOTALL)


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
    if isinstance(one, Not):
        return _count(one.filter)
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
        return Joined(kind == "and", tuple(_filter(one, deepest - 1) for one in filters))
    if kind not in _COMPARISONS:
        raise ValueError(f"there is no type {_shown(kind)}; there are {', '.join(_COMPARISONS)}, and, or")
    key = sent.get("key")
    if not isinstance(key, str) or not (key in KEYS or _FREE.fullmatch(key)):
        raise ValueError(f"there is no key {_shown(key)}; there are {', '.join(KEYS)}, and {FREE_FIELDS}… for others")
    values = _values(kind, key, sent.get("value"))
    if key == "date" and any(period(value) is None for value in values):
        raise ValueError(f"date is compared with a date such as 1994, 1994-03 or 1994-03-07, not {_shown(values[0])}")
    manner: Manner = "date" if key == "date" else "exact"
    found = Comparison((key,), _OPERATORS[_DENIES.get(str(kind), str(kind))], values, manner)
    return Not(found) if kind in _DENIES else found


def _values(kind: str, key: str, value: object) -> tuple[Scalar, ...]:
    if kind not in ("in", "nin"):
        return (_single(key, value),)
    if not isinstance(value, list):
        raise ValueError(f"the value of {kind} is a list, not {_shown(value)}")
    if len(value) > MOST_VALUES:
        raise ValueError(f"the value of {kind} has {len(value)} entries, and at most {MOST_VALUES} are compared")
    return tuple(dict.fromkeys(_single(key, one) for one in value))


def _single(key: str, value: object) -> Scalar:
    wanted = KEYS.get(key)
    # True is an int to Python.
    truth = isinstance(value, bool)
    if wanted is None:
        fits, type_ = isinstance(value, str | int | float), "a text, a number or true or false"
    else:
        fits = isinstance(value, str) if wanted is str else isinstance(value, int | float) and not truth
        type_ = _TYPES[wanted]
    if not fits:
        raise ValueError(f"{key} is {type_}, and {_shown(value)} is not")
    assert isinstance(value, str | int | float)
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"the value for {key} has {len(value)} characters, and no {key} has more than {LONGEST_VALUE}")
    return value


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
