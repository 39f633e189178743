"""Dify's external knowledge, asked as Dify asks, of a real service."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.test_service import QUESTIONS, ask

UN = "БҰҰ-дағы рөлі"
TITLE = "Қазақ елінің дипломатиялық саясаты"
BEARER = {"Authorization": "Bearer a-key"}
EVERYTHING = 50


def retrieve(
    service: httpx.Client, query: str, knowledge_id: str = "suraq", condition: object = None, **setting: object
) -> httpx.Response:
    body: dict[str, object] = {"knowledge_id": knowledge_id, "query": query, "retrieval_setting": setting}
    if condition is not None:
        body["metadata_condition"] = condition
    return service.post("/retrieval", json=body, headers=BEARER)


def records(reply: httpx.Response) -> list[dict[str, Any]]:
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert list(body) == ["records"]
    found: list[dict[str, Any]] = body["records"]
    for record in found:
        assert set(record) == {"content", "score", "title", "metadata"}
        assert isinstance(record["metadata"], dict)
        assert 0 <= record["score"] <= 1
    return found


def refused(reply: httpx.Response, status: int, code: int) -> str:
    """What Dify would show of an error."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert set(body) == {"error_code", "error_msg"}
    assert type(body["error_code"]) is int
    assert body["error_code"] == code
    return str(body["error_msg"])


def test_a_query_is_answered_with_verbatim_passages_and_where_they_stand(service: httpx.Client) -> None:
    found = records(retrieve(service, QUESTIONS["en"], top_k=3, score_threshold=0.0))
    passages = ask(service, QUESTIONS["en"], top_k=3)["passages"]
    assert [record["content"] for record in found] == [passage["text"] for passage in passages]
    assert [record["score"] for record in found] == [passage["score"] for passage in passages]
    first = found[0]
    assert first["title"] == f"§4, {UN} — {TITLE}"
    citation = passages[0]["citation"]
    assert first["metadata"] == {
        "id": passages[0]["id"],
        "kind": "item",
        "built_at": service.get("/index").json()["built_at"],
        "language": "kk",
        "tags": [],
        "fields": {},
        **{name: value for name, value in citation.items() if name != "path"},
        "url": str(service.base_url).rstrip("/") + citation["url"],
    }
    for record in found:
        place = record["metadata"]
        text = service.get(f"/documents/{place['document']}/text").text
        assert text[place["start"] : place["end"]] == record["content"]
        address, anchor = place["url"].split("#")
        assert f'id="{unquote(anchor)}"' in service.get(address).text


def test_an_endpoint_is_registered_by_a_post_with_no_body(service: httpx.Client) -> None:
    reply = service.post("/retrieval", headers=BEARER)
    assert refused(reply, 400, 400) == "the body is empty; send a JSON object"


def test_without_a_setting_there_are_five_records_of_any_score(service: httpx.Client) -> None:
    body = {"knowledge_id": "suraq", "query": "футбол"}
    for setting in (None, {}, {"top_k": None, "score_threshold": None}):
        reply = service.post("/retrieval", json={**body, "retrieval_setting": setting, "metadata_condition": None})
        assert len(records(reply)) == 5
    assert len(records(service.post("/retrieval", json={**body, "theirs": 1}))) == 5


def test_a_threshold_keeps_the_records_of_that_score_and_above(service: httpx.Client) -> None:
    scores = [record["score"] for record in records(retrieve(service, QUESTIONS["en"], top_k=5))]
    assert len(set(scores)) > 2
    kept = records(retrieve(service, QUESTIONS["en"], top_k=5, score_threshold=scores[1]))
    assert [record["score"] for record in kept] == scores[:2]
    assert records(retrieve(service, QUESTIONS["en"], score_threshold=1)) == []


def test_a_documents_id_is_the_knowledge_of_that_document_alone(service: httpx.Client) -> None:
    found = records(retrieve(service, QUESTIONS["en"], "tea", top_k=EVERYTHING))
    assert {record["metadata"]["document"] for record in found} == {"tea"}
    assert len(found) == len(service.get("/documents/tea/passages").json()["passages"])
    found = records(retrieve(service, "чай", "suraq", top_k=EVERYTHING))
    assert {record["metadata"]["document"] for record in found} == {"tea", "letter", "kazakh-diplomacy"}


def test_another_knowledge_is_a_404_that_dify_knows(service: httpx.Client) -> None:
    told = refused(retrieve(service, "чай", "coffee"), 404, 2001)
    assert told == "there is no knowledge 'coffee'; name suraq, or an id that /documents lists"
    assert "suraq" in refused(retrieve(service, "чай", ""), 404, 2001)


@pytest.mark.parametrize("sent", ["a-key", "Basic YTpi", "Bearer", "", "Token a b"])
def test_a_header_that_is_no_bearer_is_a_403_that_dify_knows_and_repeats_no_key(
    service: httpx.Client, sent: str
) -> None:
    body = {"knowledge_id": "suraq", "query": "чай"}
    told = refused(service.post("/retrieval", json=body, headers={"Authorization": sent}), 403, 1001)
    assert told == "the header Authorization must be: Bearer, a space and a key"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "bearer x"}, {"Authorization": "Bearer a b"}])
def test_any_bearer_and_none_are_let_in(service: httpx.Client, headers: dict[str, str]) -> None:
    reply = service.post("/retrieval", json={"knowledge_id": "suraq", "query": "чай"}, headers=headers)
    assert len(records(reply)) == 5


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"knowledge_id": "suraq"}, "query: Field required"),
        ({"query": "чай"}, "knowledge_id: Field required"),
        ({"knowledge_id": 7, "query": "чай"}, "knowledge_id: Input should be a valid string (it is 7)"),
        ({"knowledge_id": "suraq", "query": ""}, "query: String should have at least 1 character"),
        ({"knowledge_id": "suraq", "query": " \u200b"}, "query: it has no visible character; write a question"),
        ({"knowledge_id": "suraq", "query": "ч" * 1001}, "query: String should have at most 1000 characters"),
        (
            {"knowledge_id": "suraq", "query": "чай", "retrieval_setting": 5},
            "retrieval_setting: Input should be a valid dictionary",
        ),
        ([], "body: "),
    ],
)
def test_a_body_out_of_range_is_a_422_that_names_what_was_wrong(service: httpx.Client, body: object, told: str) -> None:
    assert refused(service.post("/retrieval", json=body, headers=BEARER), 422, 422).startswith(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top_k", 0),
        ("top_k", 51),
        ("top_k", "5"),
        ("top_k", True),
        ("top_k", 2.5),
        ("score_threshold", -0.1),
        ("score_threshold", 1.1),
        ("score_threshold", "0.5"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(service: httpx.Client, name: str, value: object) -> None:
    setting: dict[str, Any] = {name: value}
    told = refused(retrieve(service, "чай", **setting), 422, 422)
    assert told.startswith(f"retrieval_setting.{name}: ")
    assert str(value).lower().strip('"') in told.lower()


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [(b"{", "application/json", 400), (b"a=b", "text/plain", 415), (b" " * 70_000, "application/json", 413)],
)
def test_what_is_no_json_is_refused_in_difys_form(
    service: httpx.Client, content: bytes, media_type: str, status: int
) -> None:
    reply = service.post("/retrieval", content=content, headers={**BEARER, "content-type": media_type})
    assert refused(reply, status, status)


def test_a_document_without_sections_is_named_once(service: httpx.Client) -> None:
    first, *_ = records(retrieve(service, "When does the ferry run?", "letter"))
    assert first["title"] == first["metadata"]["title"] == first["metadata"]["label"]


def test_only_difys_own_address_speaks_as_dify_does(service: httpx.Client) -> None:
    assert "error_code" in service.get("/retrieval/").json()
    assert service.get("/retrievals").headers["content-type"] == "application/problem+json"
