"""Questions asked before, sent with a question: by ``POST /ask`` and in its address."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

BEFORE, FOLLOWUP = "Какие отношения у Казахстана с Китаем?", "а с Россией?"
READ_AS = "Какие отношения у Казахстана с Россией?"


def asked(service: httpx.Client, **body: Any) -> dict[str, Any]:
    reply = service.post("/ask", json=body)
    assert reply.status_code == 200, reply.text
    return {**reply.json(), "took_ms": 0}


def test_a_question_goes_on_from_those_before_it_and_the_reply_tells_how_it_was_read(service: httpx.Client) -> None:
    body = asked(service, question=FOLLOWUP, earlier=[BEFORE])
    assert (body["question"], body["interpreted_as"], body["language"]) == (FOLLOWUP, READ_AS, "ru")
    alone = asked(service, question=READ_AS)
    assert body["answer"] == alone["answer"]
    assert body["passages"] == alone["passages"]
    assert asked(service, question=FOLLOWUP)["interpreted_as"] == FOLLOWUP


@pytest.mark.parametrize("earlier", [None, [], [BEFORE]])
def test_a_question_that_stands_alone_is_answered_as_without_those_before_it(
    service: httpx.Client, earlier: list[str] | None
) -> None:
    question = "Когда Казахстан вступил в ООН?"
    assert asked(service, question=question, earlier=earlier) == asked(service, question=question)


def test_the_address_takes_the_questions_before_too(service: httpx.Client) -> None:
    reply = service.get("/ask", params={"q": "а с Турцией?", "earlier": [BEFORE, FOLLOWUP]})
    assert reply.json()["interpreted_as"] == "Какие отношения у Казахстана с Турцией?"


@pytest.mark.parametrize(
    ("earlier", "field"),
    [(["a"] * 21, "earlier"), ([BEFORE, " "], "earlier.1"), (["a" * 1001], "earlier.0"), (BEFORE, "earlier")],
)
def test_questions_before_that_are_too_many_too_long_or_empty_are_refused_by_name(
    service: httpx.Client, earlier: object, field: str
) -> None:
    reply = service.post("/ask", json={"question": FOLLOWUP, "earlier": earlier})
    assert reply.status_code == 422
    assert [one["field"] for one in reply.json()["errors"]] == [field]
