"""What a condition on metadata holds for, whatever protocol spells it."""

from __future__ import annotations

from typing import Any

import pytest

from qa.retrieval.filters import Comparison, Joined, Manner, Not, Operator, moment, number, period

OWN: dict[str, Any] = {
    "author": ("Abai", "Shakarim"),
    "year": 1994,
    "draft": True,
    "section": "10",
    "nothing": None,
    "empty": "",
    "none": (),
}


def holds(field: str, operator: Operator, *values: Any, manner: Manner = "exact", own: Any = None) -> bool:
    return Comparison((field,), operator, values, manner).holds(OWN if own is None else {field: own})


def test_one_of_several_is_enough_and_what_is_nothing_compares_with_nothing() -> None:
    assert holds("author", "eq", "Shakarim") and holds("author", "eq", "nobody", "Abai")
    assert not holds("author", "eq", "abai") and holds("author", "eq", "ABAI ", manner="folded")
    for name in ("nothing", "none", "unheard"):
        assert not holds(name, "eq", "") and not holds(name, "lt", "x") and not holds(name, "exists")
    assert not holds("empty", "exists") and holds("author", "exists")
    assert not holds("author", "eq")


def test_types_are_not_confused() -> None:
    assert holds("year", "eq", 1994) and holds("year", "eq", 1994.0) and not holds("year", "eq", "1994")
    assert holds("draft", "eq", True) and not holds("draft", "eq", 1) and not holds("year", "gt", "1")
    assert holds("year", "eq", "1994", manner="folded") and holds("year", "gte", "1994", manner="number")
    assert holds("draft", "eq", "TRUE", manner="folded")


def test_numbers_within_texts_are_ordered_as_numbers() -> None:
    assert holds("section", "gt", "9") and not holds("section", "lt", "2.1")
    assert holds("a", "lt", "2.10", own="2.9") and holds("a", "gte", "v2", own="v2")


@pytest.mark.parametrize(
    ("own", "operator", "value", "expected"),
    [
        ("1994", "eq", "1994", True),
        ("1994-03", "eq", "1994", True),
        ("1994", "eq", "1994-03", False),
        ("1994-12-31", "lte", "1994", True),
        ("1995-01-01", "lte", "1994", False),
        ("1994-12-31", "gt", "1994", False),
        ("1995", "gt", "1994", True),
        ("1994", "gte", "1994", True),
        ("1994", "gte", "1994-03", False),
        ("1994-02", "lt", "1994-03", True),
        ("1994-03", "lt", "1994", False),
        ("9999-12-31", "lte", "9999", True),
        ("9999", "gt", "9999-12", False),
        ("1994-03-07T10:00:00Z", "gt", "1994-03-07", False),
        ("1994-03-07T10:00:00Z", "gt", "1994-03-07T09:00:00Z", True),
        ("1994-03-07T10:00:00Z", "lte", "1994-03-07T10:00:00Z", True),
        ("soon", "lt", "1994", False),
    ],
)
def test_a_year_holds_its_months_and_a_month_its_days(own: str, operator: Operator, value: str, expected: bool) -> None:
    assert holds("date", operator, value, manner="date", own=own) is expected


def test_conditions_are_denied_and_joined() -> None:
    abai, draft = Comparison(("author",), "eq", ("Abai",)), Comparison(("draft",), "eq", (False,))
    assert Not(draft).holds(OWN) and not Not(abai).holds(OWN)
    assert Joined(False, (draft, abai)).holds(OWN) and not Joined(True, (draft, abai)).holds(OWN)
    assert Joined(True, ()).holds(OWN) and not Joined(False, ()).holds(OWN)
    assert Joined(True, (Not(abai), draft)).names() == {"author", "draft"}


def test_what_is_no_number_or_date_is_none() -> None:
    assert (number("1e3"), number("x"), number("inf"), number(None), number(10**400)) == (1000, None, None, None, None)
    assert moment(1e300) is None and moment("1994-00") is None and moment(None) is None
    assert period("0000") is None and period(True) is None and period(10_000) is None and period(0) is None
