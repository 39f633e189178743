"""Conditions on what documents and passages say of themselves: one meaning, whatever protocol spells them."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from qa.language.cleaning import visible
from qa.records import Document, Scalar

# A text or number, or several of them; None is nothing, as a name that is not there.
Own = Scalar | tuple[Scalar, ...] | None
Attributes = Mapping[str, Own]

Operator = Literal["eq", "gt", "gte", "lt", "lte", "contains", "starts", "ends", "exists"]
# How two values are compared: as they are, without regard to case and spacing, as numbers, as points in time, or as
# dates, of which a year holds its months.
Manner = Literal["exact", "folded", "number", "moment", "date"]

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_WITHIN: Mapping[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "starts": str.startswith,
    "ends": str.endswith,
}
_DIGITS = re.compile(r"(\d{1,18})")
_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Comparison:
    """It holds where one of the ``fields`` compares as said with one of the ``values``; what is nothing never does."""

    fields: tuple[str, ...]
    operator: Operator
    values: tuple[Scalar, ...] = ()
    manner: Manner = "exact"

    def holds(self, attributes: Attributes) -> bool:
        return any(self._fits(own) for name in self.fields for own in _each(attributes.get(name)))

    def names(self) -> set[str]:
        return set(self.fields)

    def _fits(self, own: Scalar) -> bool:
        if self.operator == "exists":
            return own != ""
        read = _READERS[self.manner](own)
        return read is not None and any(self._compare(read, value) for value in self._values)

    @cached_property
    def _values(self) -> list[Any]:
        """Read once for all that is compared."""
        read = map(_READERS[self.manner], self.values)
        return [value for value in read if value is not None]

    def _compare(self, own: Any, value: Any) -> bool:
        if self.operator in _WITHIN:
            return isinstance(own, str) and isinstance(value, str) and _WITHIN[self.operator](own, value)
        if self.manner == "date":
            return _compare_periods(self.operator, own, value)
        if self.operator == "eq":
            # True is 1 to Python.
            return own == value and isinstance(own, bool) == isinstance(value, bool)
        if isinstance(own, str) != isinstance(value, str):
            return False
        return _ORDERS[self.operator](_order(own), _order(value))


@dataclass(frozen=True)
class Not:
    """What holds where another does not."""

    filter: Filter

    def holds(self, attributes: Attributes) -> bool:
        return not self.filter.holds(attributes)

    def names(self) -> set[str]:
        return self.filter.names()


@dataclass(frozen=True)
class Joined:
    """Filters of which all must hold, or any."""

    all: bool
    filters: tuple[Filter, ...]

    def holds(self, attributes: Attributes) -> bool:
        held = (one.holds(attributes) for one in self.filters)
        return all(held) if self.all else any(held)

    def names(self) -> set[str]:
        return {name for one in self.filters for name in one.names()}


Filter = Comparison | Not | Joined


def attributes_of(document: Document) -> Attributes:
    """What filters may name of a document; its free fields by their own names."""
    said = document.metadata
    return {
        **said.fields,
        "document": document.id,
        "title": document.title,
        "language": document.language,
        "author": said.authors,
        "date": said.date,
        "url": said.url,
        "tags": said.tags,
    }


def folded(value: object) -> str:
    """A value as a text, without regard to case and spacing."""
    return visible(str(value)).casefold()


def number(value: object) -> float | None:
    """A finite number, or a text that spells one."""
    if not isinstance(value, str | int | float):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def moment(value: object) -> datetime | None:
    """The first moment of a date as ISO 8601 writes it, a year's or a month's too, or so many seconds since 1970; UTC
    unless it says otherwise.
    """
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            return None
        found = _PERIOD.fullmatch(value)
        read = datetime.fromisoformat(value) if not found else datetime(*_first_day(found.groups()))
    except (ValueError, OverflowError, OSError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def period(value: object) -> Period | None:
    """From when to when a date, a month or a year lasts, the end excluded; of a moment both are it."""
    text = f"{value:04}" if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000 else value
    start = moment(text) if isinstance(text, str) else None
    found = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    if start is None or found is None:
        return None if start is None else (start, start)
    return start, _end(start, found.groups())


def _end(start: datetime, parts: tuple[str | None, ...]) -> datetime:
    last = date.max if start.year == date.max.year else None
    try:
        if parts[2]:
            return start + timedelta(days=1)
        if parts[1]:
            return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return start.replace(year=start.year + 1)
    except (ValueError, OverflowError):
        assert last is not None  # there is no year after it
        return datetime.max.replace(tzinfo=UTC)


def _first_day(parts: tuple[str | None, ...]) -> tuple[int, int, int]:
    year, month, day = (int(part or 1) for part in parts)
    return year, month, day


def _compare_periods(operator_: str, own: Period, value: Period) -> bool:
    """A year's condition on a date holds as people mean it: until 1994 includes all of that year, after it none."""
    if operator_ == "eq":
        return value[0] <= own[0] and own[1] <= value[1]
    if operator_ in ("lt", "gte"):
        return _ORDERS[operator_](own[0], value[0])
    within = own[0] < value[1] or own[0] == value[0]  # a moment ends when it begins
    return within == (operator_ == "lte")


def _each(own: Own) -> Iterator[Scalar]:
    if isinstance(own, tuple):
        yield from own
    elif own is not None:
        yield own


def _order(value: Any) -> Any:
    """Numbers inside a text count as numbers, so that section 10 comes after section 9."""
    if not isinstance(value, str):
        return value
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(_DIGITS.split(value))]


def _folded_or_nothing(value: object) -> str | None:
    return folded(value) or None


_READERS: Mapping[Manner, Callable[[Any], Any]] = {
    "exact": lambda value: value,
    "folded": _folded_or_nothing,
    "number": number,
    "moment": moment,
    "date": period,
}
