"""Conditions on the metadata of a passage, in the operators that Dify knows."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field, StrictFloat, StrictInt, StrictStr, model_validator

from qa.language.cleaning import visible

FieldValue = str | int | None
Metadata = Mapping[str, FieldValue]

TextOperator = Literal["contains", "start with", "end with", "is", "in"]
NumberOperator = Literal["=", ">", "<", "≥", "≤"]
DateOperator = Literal["before", "after"]
DenyingOperator = Literal["not contains", "is not", "not in", "≠", "empty", "null"]
Operator = Literal[TextOperator, NumberOperator, DateOperator, DenyingOperator, "not empty", "not null"]

_DENIES: Mapping[str, str] = {
    "not contains": "contains",
    "is not": "is",
    "not in": "in",
    "≠": "=",
    "empty": "not empty",
    "null": "not null",
}
_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "start with": str.startswith,
    "end with": str.endswith,
    "is": operator.eq,
    "in": operator.eq,
}
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "≥": operator.ge,
    "≤": operator.le,
    "before": operator.lt,
    "after": operator.gt,
}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Condition(BaseModel):
    """It holds where one of the fields ``name`` is as said; with an operator that denies, where none of them is.

    Texts are compared without regard to case and spacing; of several values one must fit. What is empty fits no value.
    """

    # Dify's description has a list of names, its newer one a single name.
    name: Annotated[list[str], Field(min_length=1, max_length=20), BeforeValidator(_listed)]
    comparison_operator: Operator
    value: StrictStr | StrictInt | StrictFloat | list[StrictStr] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> Condition:
        wanted = None
        if self._asserted in _TEXT and not self.texts:
            wanted = "a text"
        elif self._asserted in get_args(NumberOperator) and _number(self.value) is None:
            wanted = "a number"
        elif self._asserted in get_args(DateOperator) and _moment(self.value) is None:
            wanted = "a date such as 2026-01-31"
        if wanted:
            raise ValueError(f"{self.comparison_operator!r} needs {wanted} as its value")
        return self

    def holds(self, metadata: Metadata) -> bool:
        """Raises KeyError where the metadata lacks one of the fields."""
        some = any(self._fits(metadata[name]) for name in self.name)
        return some is not (self.comparison_operator in _DENIES)

    @property
    def _asserted(self) -> str:
        """The operator, or the one that it denies."""
        return _DENIES.get(self.comparison_operator, self.comparison_operator)

    def _fits(self, field: FieldValue) -> bool:
        if field is None or field == "":
            return False
        if self._asserted in _TEXT:
            return any(_TEXT[self._asserted](_folded(field), text) for text in self.texts)
        if self._asserted in _ORDER:
            read = _moment if self._asserted in get_args(DateOperator) else _number
            known = read(field)
            return known is not None and _ORDER[self._asserted](known, read(self.value))
        return True

    @cached_property
    def texts(self) -> list[str]:
        """The values to compare with, read once for all passages; those of ``in`` may come as one text, with commas."""
        values = self.value if isinstance(self.value, list) else [self.value]
        if self._asserted == "in" and isinstance(self.value, str):
            values = self.value.split(",")
        return [folded for value in values if value is not None and (folded := _folded(value))]


class MetadataCondition(BaseModel):
    """Conditions that must all hold or, with ``or``, one of them."""

    logical_operator: Literal["and", "or"] | None = None
    conditions: Annotated[list[Condition], Field(max_length=50)] | None = None

    def holds(self, metadata: Metadata) -> bool:
        """Whether what the conditions say is so. Raises as `Condition.holds` does."""
        one_or_all = any if self.logical_operator == "or" else all
        return one_or_all(condition.holds(metadata) for condition in self.conditions or ())


def _folded(value: object) -> str:
    return visible(str(value)).casefold()


def _number(value: object) -> float | None:
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _moment(value: object) -> datetime | None:
    """A date as ISO 8601 writes it or, as Dify may send it, in seconds since 1970; UTC unless it says otherwise."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
