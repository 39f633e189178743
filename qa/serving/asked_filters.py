"""Conditions on documents' metadata as ``/ask`` takes them: by the names of fields, in the body or in the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qa.records import Scalar
from qa.retrieval.filters import Comparison, Filter, Joined, Manner, Not, Operator, number, period

# In a request, in a list of values, and in the characters of a value.
MOST_COMPARISONS, MOST_VALUES, LONGEST_VALUE, LONGEST_NAME = 100, 1000, 1000, 64
IN_ADDRESS = "filter."
_DATE = "date"

# The operator, and whether it is denied.
_OPERATORS: Mapping[str, tuple[Operator, bool]] = {
    "eq": ("eq", False),
    "ne": ("eq", True),
    "in": ("eq", False),
    "nin": ("eq", True),
    "gt": ("gt", False),
    "gte": ("gte", False),
    "lt": ("lt", False),
    "lte": ("lte", False),
    "contains": ("contains", False),
    "starts": ("starts", False),
    "exists": ("exists", False),
}
# What `attributes_of` tells of each document; after one of these a point is followed by an operator.
_WITHOUT_POINT = frozenset({"document", "title", "language", "author", "date", "url", "tags"})
_ORDERS = ("gt", "gte", "lt", "lte")


def filter_of(sent: object) -> Filter | None:
    """The filter of ``{"author": "Abai", "date": {"gte": "1990"}, "language": ["kk", "ru"]}``; None of an empty one.

    All fields must hold; of a list one value must. Texts are compared without regard to case and spacing.

    Raises:
        ValueError: it cannot be read; the message names the field and what is wrong with it.
    """
    if not isinstance(sent, dict):
        raise ValueError("filters are an object: the names of fields, and what their values are to be")
    found = [one for name, value in sent.items() for one in _field(str(name), value)]
    if len(found) > MOST_COMPARISONS:
        raise ValueError(f"there are {len(found)} conditions, and at most {MOST_COMPARISONS} are compared")
    return Joined(True, tuple(found)) if found else None


def filters_in(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What `filter_of` takes, from an address: ``filter.author=Abai&filter.date.gte=1990``; twice one is either."""
    found: dict[str, dict[str, list[str]]] = {}
    for key, value in parameters:
        if key.startswith(IN_ADDRESS):
            name, _, operator = key.removeprefix(IN_ADDRESS).rpartition(".")
            known = name in _WITHOUT_POINT or operator in _OPERATORS
            if not name or not known:  # a field's own name may hold a point
                name, operator = key.removeprefix(IN_ADDRESS), "eq"
            found.setdefault(name, {}).setdefault(operator, []).append(value)
    return {
        name: {operator: values if len(values) > 1 else values[0] for operator, values in operators.items()}
        for name, operators in found.items()
    }


def _field(name: str, value: object) -> Iterable[Filter]:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(f"the name of a field has 1 to {LONGEST_NAME} characters, not {len(name)}")
    asked = value if isinstance(value, dict) else {"eq": value}
    if not asked:
        raise ValueError(f"{name}: there is no operator; there are {', '.join(_OPERATORS)}")
    for operator, wanted in asked.items():
        if operator not in _OPERATORS:
            raise ValueError(f"{name}: there is no operator {str(operator)[:80]!r}; there are {', '.join(_OPERATORS)}")
        yield _comparison(name.strip().lower(), operator, wanted)


def _comparison(name: str, operator: str, wanted: object) -> Filter:
    own, denied = _OPERATORS[operator]
    if own == "exists":
        # An address has no truth values.
        if str(wanted).lower() not in ("true", "false"):
            raise ValueError(f"{name}: exists is true or false, not {_shown(wanted)}")
        denied = str(wanted).lower() == "false"
        return _denied(Comparison((name,), own), denied)
    values = tuple(_value(name, one) for one in (wanted if isinstance(wanted, list) else [wanted]))
    if not values or len(values) > MOST_VALUES:
        raise ValueError(f"{name}: a list has 1 to {MOST_VALUES} values, not {len(values)}")
    if operator in _ORDERS and len(values) > 1:
        raise ValueError(f"{name}: {operator} takes one value, not {len(values)}")
    return _denied(Comparison((name,), own, values, _manner(name, operator, values)), denied)


def _denied(found: Comparison, denied: bool) -> Filter:
    return Not(found) if denied else found


def _value(name: str, value: object) -> Scalar:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name}: a value is a text, a number, true or false, or a list of them, not {_shown(value)}")
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"{name}: a value has {len(value)} characters, and at most {LONGEST_VALUE} are compared")
    return value


def _manner(name: str, operator: str, values: tuple[Scalar, ...]) -> Manner:
    if name == _DATE and operator not in ("contains", "starts"):
        wrong = next((value for value in values if period(value) is None), None)
        if wrong is not None:
            raise ValueError(f"date: {_shown(wrong)} is no date such as 1994, 1994-03 or 1994-03-07")
        return "date"
    if operator in _ORDERS and number(values[0]) is not None:
        return "number"
    return "folded"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
