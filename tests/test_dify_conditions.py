"""Dify's conditions on metadata, asked of a real service."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.test_dify import EVERYTHING, UN, records, refused, retrieve
from tests.test_service import QUESTIONS


def meeting(service: httpx.Client, *conditions: object, **more: object) -> list[dict[str, Any]]:
    """The metadata of all passages that meet some conditions."""
    found = retrieve(service, "чай", condition={"conditions": conditions, **more}, top_k=EVERYTHING, score_threshold=0)
    return [record["metadata"] for record in records(found)]


def one(name: object, comparison_operator: str, value: object = None) -> dict[str, object]:
    return {"name": name, "comparison_operator": comparison_operator, "value": value}


SECTIONS = {"1", "2", "3", "4", "5", "6", "7", None}


@pytest.mark.parametrize(
    ("condition", "field", "values"),
    [
        (one("section", "is", "4"), "section", {"4"}),
        (one(["section"], "is", "4"), "section", {"4"}),
        (one("section", "is not", "4"), "section", SECTIONS - {"4"}),
        (one("section", "in", ["4", "5"]), "section", {"4", "5"}),
        (one("section", "in", "4, 5"), "section", {"4", "5"}),
        (one("section", "not in", ["4", "5"]), "section", SECTIONS - {"4", "5"}),
        (one("section", "empty"), "section", {None}),
        (one("section", "null"), "section", {None}),
        (one("section", "not empty"), "section", SECTIONS - {None}),
        (one("section", "not null"), "section", SECTIONS - {None}),
        (one("section", "=", 4), "section", {"4"}),
        (one("section", "=", "4.0"), "section", {"4"}),
        (one("section", "≠", 4), "section", SECTIONS - {"4"}),
        (one("section", ">", 5), "section", {"6", "7"}),
        (one("section", "≥", 5), "section", {"5", "6", "7"}),
        (one("section", "<", "2"), "section", {"1"}),
        (one("section", "≤", 2), "section", {"1", "2"}),
        (one("document", "contains", "diplomacy"), "document", {"kazakh-diplomacy"}),
        (one("document", "contains", ["DIPLO", "ett"]), "document", {"kazakh-diplomacy", "letter"}),
        (one("document", "not contains", "diplomacy"), "document", {"tea", "letter"}),
        (one("document", "start with", "le"), "document", {"letter"}),
        (one("document", "end with", "r"), "document", {"letter"}),
        (one(["document", "heading"], "is", ["letter", "сорта"]), "document", {"letter", "tea"}),
        (one(["document", "heading"], "is not", ["letter", "сорта"]), "document", {"kazakh-diplomacy", "tea"}),
        (one("built_at", "after", "2001-01-01"), "document", {"kazakh-diplomacy", "letter", "tea"}),
        (one("built_at", "after", 978307200), "document", {"kazakh-diplomacy", "letter", "tea"}),
        (one("built_at", "before", "2001-01-01T00:00:00Z"), "document", set()),
        (one("title", "before", "2001-01-01"), "document", set()),
        (one("label", ">", 0), "document", set()),
        (one("start", "<", 1), "start", {0}),
    ],
)
def test_an_operator_keeps_the_passages_whose_metadata_it_holds_for(
    service: httpx.Client, condition: dict[str, object], field: str, values: set[object]
) -> None:
    met = meeting(service, condition)
    assert {metadata[field] for metadata in met} == values


def test_an_operator_and_its_denial_part_all_passages(service: httpx.Client) -> None:
    pairs = [("contains", "not contains", "ы"), ("is", "is not", UN), ("in", "not in", ["Посуда", UN])]
    pairs += [("=", "≠", "4"), ("not empty", "empty", "")]
    every = {metadata["id"] for metadata in meeting(service)}
    for asserted, denied, value in pairs:
        held, rest = (
            {metadata["id"] for metadata in meeting(service, one(["item", "heading", "section"], operator, value))}
            for operator in (asserted, denied)
        )
        assert held
        assert held | rest == every
        assert not held & rest


def test_conditions_all_hold_or_one_of_them(service: httpx.Client) -> None:
    conditions = one("document", "is", "tea"), one("kind", "is", "item")
    for operator in ({}, {"logical_operator": None}, {"logical_operator": "and"}):
        met = meeting(service, *conditions, **operator)
        assert {(metadata["document"], metadata["kind"]) for metadata in met} == {("tea", "item")}
    met = meeting(service, *conditions, logical_operator="or")
    assert {metadata["document"] for metadata in met if metadata["kind"] == "item"} == {"tea", "kazakh-diplomacy"}
    assert {metadata["kind"] for metadata in met if metadata["document"] == "tea"} > {"item", "quote"}


@pytest.mark.parametrize("condition", [{}, {"conditions": None}, {"conditions": [], "logical_operator": "or"}])
def test_no_condition_keeps_every_passage(service: httpx.Client, condition: object) -> None:
    assert len(records(retrieve(service, "чай", condition=condition, top_k=2))) == 2


def test_the_best_passages_that_meet_a_condition_are_found_however_far_down_they_are(service: httpx.Client) -> None:
    ranked = [record["content"] for record in records(retrieve(service, QUESTIONS["en"], top_k=EVERYTHING))]
    condition = {"conditions": [one("section", "is", "3")]}
    found = records(retrieve(service, QUESTIONS["en"], condition=condition, top_k=2))
    assert len(found) == 2
    assert {record["metadata"]["section"] for record in found} == {"3"}
    third = records(retrieve(service, QUESTIONS["en"], condition=condition, top_k=EVERYTHING))
    in_order = [text for text in ranked if text in {record["content"] for record in third}]
    assert [record["content"] for record in found] == in_order[:2]
    assert in_order[0] not in ranked[:2]
    condition = {"conditions": [one("section", "is not", "4")]}
    assert len(records(retrieve(service, QUESTIONS["en"], condition=condition, top_k=3))) == 3


def test_a_condition_within_one_document(service: httpx.Client) -> None:
    reply = retrieve(service, "чай", "tea", {"conditions": [one("section", "is", "4")]})
    assert records(reply) == []
    reply = retrieve(service, "чай", "tea", {"conditions": [one("heading", "is", "посуда")]}, top_k=EVERYTHING)
    assert {record["metadata"]["heading"] for record in records(reply)} == {"Посуда"}


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (one("writer", "is", "Абай"), "metadata_condition: there is no field 'writer'; there are id, document, title"),
        (one([], "is", "a"), "metadata_condition.conditions.0.name: List should have at least 1 item"),
        (one(7, "is", "a"), "metadata_condition.conditions.0.name: Input should be a valid list"),
        (one("title", "resembles", "a"), "metadata_condition.conditions.0.comparison_operator: Input should be"),
        (one("title", "contains"), "metadata_condition.conditions.0: 'contains' needs a text as its value"),
        (one("title", "in", " , "), "metadata_condition.conditions.0: 'in' needs a text as its value"),
        (one("start", ">", "many"), "metadata_condition.conditions.0: '>' needs a number as its value"),
        (one("start", "≠", ["1"]), "metadata_condition.conditions.0: '≠' needs a number as its value"),
        (one("start", "=", "inf"), "metadata_condition.conditions.0: '=' needs a number as its value"),
        (one("built_at", "after", "soon"), "metadata_condition.conditions.0: 'after' needs a date such as 2026-01-31"),
        (one("built_at", "before", 1e300), "metadata_condition.conditions.0: 'before' needs a date"),
        (one("title", "is", {"a": 1}), "metadata_condition.conditions.0.value"),
    ],
)
def test_a_condition_that_cannot_be_read_is_named(
    service: httpx.Client, condition: dict[str, object], told: str
) -> None:
    reply = retrieve(service, "чай", condition={"conditions": [condition]})
    assert refused(reply, 422, 422).startswith(told)


def test_an_operator_between_conditions_is_and_or_or(service: httpx.Client) -> None:
    condition = {"logical_operator": "xor", "conditions": [one("title", "is", "a")]}
    told = refused(retrieve(service, "чай", condition=condition), 422, 422)
    assert told.startswith("metadata_condition.logical_operator: Input should be 'and' or 'or'")
