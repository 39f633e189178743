"""Conditions on the metadata of a passage, in the operators that Dify knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field, StrictFloat, StrictInt, StrictStr, model_validator

from qa.records import Scalar
from qa.retrieval import filters
from qa.retrieval.filters import Comparison, Filter, Joined, Manner, Not, folded, moment, number

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
_OPERATORS: Mapping[str, filters.Operator] = {
    "contains": "contains",
    "start with": "starts",
    "end with": "ends",
    "is": "eq",
    "in": "eq",
    "=": "eq",
    ">": "gt",
    "<": "lt",
    "≥": "gte",
    "≤": "lte",
    "before": "lt",
    "after": "gt",
    "not empty": "exists",
    "not null": "exists",
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
        if self._asserted in get_args(TextOperator) and not self.texts:
            wanted = "a text"
        elif self._asserted in get_args(NumberOperator) and number(self.value) is None:
            wanted = "a number"
        elif self._asserted in get_args(DateOperator) and moment(self.value) is None:
            wanted = "a date such as 2026-01-31"
        if wanted:
            raise ValueError(f"{self.comparison_operator!r} needs {wanted} as its value")
        return self

    def filter(self) -> Filter:
        asserted = self._asserted
        values: tuple[Scalar, ...] = ()
        manner: Manner = "exact"
        if asserted in get_args(TextOperator):
            values, manner = tuple(self.texts), "folded"
        elif asserted in _OPERATORS and _OPERATORS[asserted] != "exists":
            assert isinstance(self.value, str | int | float)
            values, manner = (self.value,), "moment" if asserted in get_args(DateOperator) else "number"
        found = Comparison(tuple(self.name), _OPERATORS[asserted], values, manner)
        return Not(found) if self.comparison_operator in _DENIES else found

    @property
    def _asserted(self) -> str:
        """The operator, or the one that it denies."""
        return _DENIES.get(self.comparison_operator, self.comparison_operator)

    @property
    def texts(self) -> list[str]:
        """The values to compare with; those of ``in`` may come as one text, with commas."""
        values = self.value if isinstance(self.value, list) else [self.value]
        if self._asserted == "in" and isinstance(self.value, str):
            values = self.value.split(",")
        return [text for value in values if value is not None and (text := folded(value))]


class MetadataCondition(BaseModel):
    """Conditions that must all hold or, with ``or``, one of them."""

    logical_operator: Literal["and", "or"] | None = None
    conditions: Annotated[list[Condition], Field(max_length=50)] | None = None

    def filter(self) -> Filter | None:
        """What the conditions say; None where there are none."""
        held = tuple(condition.filter() for condition in self.conditions or ())
        return Joined(self.logical_operator != "or", held) if held else None
