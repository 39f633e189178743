"""OpenAI's vector store search, with OpenAI's own client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import openai
import pytest
from openai.types import VectorStoreSearchResponse

from tests.conftest import ROOT, environment, serving
from tests.openai_clients import QUESTION, openai_client

Passages = list[dict[str, Any]]


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> Iterator[openai.OpenAI]:
    with openai_client(service.base_url) as made:
        yield made


@pytest.fixture(scope="module")
def passages(service: httpx.Client) -> Passages:
    """All passages, with the flat names that filters have for what their citations say."""
    documents = [one["id"] for one in service.get("/documents").json()["documents"]]
    found = [one for id_ in documents for one in service.get(f"/documents/{id_}/passages").json()["passages"]]
    return [{**one["citation"], "passage": one["id"], "text": one["text"]} for one in found]


def search(
    client: openai.OpenAI, query: Any = QUESTION, store: str = "suraq", **more: Any
) -> list[VectorStoreSearchResponse]:
    return client.vector_stores.search(store, query=query, **more).data


def ids(results: list[VectorStoreSearchResponse]) -> list[Any]:
    return [(result.attributes or {})["passage"] for result in results]


def test_a_search_finds_what_asking_finds(client: openai.OpenAI, service: httpx.Client) -> None:
    answered = service.post("/ask", json={"question": QUESTION, "top_k": 10}).json()["passages"]
    found = search(client)
    assert ids(found) == [one["id"] for one in answered]
    assert [result.score for result in found] == [one["score"] for one in answered]
    assert "1992" in found[0].content[0].text
    page = client.vector_stores.search("suraq", query=QUESTION)
    assert (page.object, page.has_next_page()) == ("vector_store.search_results.page", False)


def test_every_result_can_be_cited(client: openai.OpenAI, service: httpx.Client) -> None:
    names = {one["id"]: one["name"] for one in service.get("/documents").json()["documents"]}
    for result in search(client, max_num_results=50):
        attributes = result.attributes or {}
        assert (result.file_id, result.filename) == (attributes["document"], names[result.file_id])
        page, anchor = str(attributes["url"]).split("#")
        assert page == f"{service.base_url}/read/{result.file_id}"
        assert unquote(anchor) == attributes["anchor"]
        reply = httpx.get(page, trust_env=False)
        assert reply.status_code == 200
        assert f'id="{unquote(anchor)}"' in reply.text
        text = service.get(f"/documents/{result.file_id}/text").text
        assert text[int(attributes["start"]) : int(attributes["end"])] == result.content[0].text
        assert None not in attributes.values()
        assert len(attributes) <= 16


def test_the_first_result_says_where_it_stands(client: openai.OpenAI) -> None:
    first = search(client, max_num_results=1)[0]
    attributes = first.attributes or {}
    assert first.filename == "kazakh-diplomacy.txt"
    wanted = {
        "title": "Қазақ елінің дипломатиялық саясаты",
        "section": "4",
        "heading": "Қазақстанның халықаралық ұйымдардағы орны",
        "item": "БҰҰ-дағы рөлі",
        "label": "§4, БҰҰ-дағы рөлі",
    }
    assert {key: attributes[key] for key in wanted} == wanted


def test_a_document_is_a_store_of_its_own(client: openai.OpenAI, passages: Passages) -> None:
    found = search(client, store="tea", max_num_results=50)
    assert sorted(ids(found)) == sorted(one["passage"] for one in passages if one["document"] == "tea")
    assert {result.filename for result in found} == {"tea.md"}


def test_stores_are_listed_and_found_with_true_counts(client: openai.OpenAI, corpus: Path) -> None:
    listed = list(client.vector_stores.list())
    assert [store.id for store in listed] == ["suraq", "kazakh-diplomacy", "letter", "tea"]
    for store in listed:
        assert client.vector_stores.retrieve(store.id) == store
        assert (store.status, store.file_counts.failed) == ("completed", 0)
    assert [store.file_counts.total for store in listed] == [3, 1, 1, 1]
    assert listed[0].usage_bytes == sum(file.stat().st_size for file in corpus.iterdir())
    assert (listed[3].name, listed[3].usage_bytes) == ("Чай в степи", (corpus / "tea.md").stat().st_size)


def test_several_queries_are_merged_by_the_best_score(client: openai.OpenAI) -> None:
    queries = [QUESTION, "самовар", "Когда Казахстан вступил в ООН?"]
    best: dict[Any, float] = {}
    for query in queries:
        for result in search(client, query, max_num_results=50):
            (id_,) = ids([result])
            best[id_] = max(best.get(id_, 0.0), result.score)
    merged = search(client, queries, max_num_results=50)
    assert {id_: result.score for id_, result in zip(ids(merged), merged, strict=True)} == best
    scores = [result.score for result in merged]
    assert scores == sorted(scores, reverse=True)
    assert {result.file_id for result in search(client, queries, max_num_results=4)} == {"tea", "kazakh-diplomacy"}
    assert client.vector_stores.search("suraq", query=queries).search_query == queries  # type: ignore[attr-defined]


def test_a_threshold_leaves_out_what_scores_less(client: openai.OpenAI) -> None:
    scores = [result.score for result in search(client)]
    options: Any = {"score_threshold": scores[2], "ranker": "auto"}
    assert len(scores) == 10
    assert [one.score for one in search(client, ranking_options=options, rewrite_query=True)] == scores[:3]
    assert search(client, ranking_options={"score_threshold": 1.0}) == []


def compared(key: str, type_: str, value: Any) -> dict[str, Any]:
    return {"type": type_, "key": key, "value": value}


FILTERS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    (compared("document", "eq", "tea"), lambda one: one["document"] == "tea"),
    (compared("document", "ne", "tea"), lambda one: one["document"] != "tea"),
    (compared("section", "eq", "4"), lambda one: one["section"] == "4"),
    (compared("section", "ne", "4"), lambda one: one["section"] != "4"),
    (compared("section", "in", ["3", "7"]), lambda one: one["section"] in ("3", "7")),
    (compared("section", "nin", ["3", "7"]), lambda one: one["section"] not in ("3", "7")),
    (compared("section", "gt", "5"), lambda one: one["section"] in ("6", "7")),
    (compared("section", "gte", "5"), lambda one: one["section"] in ("5", "6", "7")),
    (compared("section", "lt", "10"), lambda one: one["section"] is not None),
    (compared("section", "lte", "2"), lambda one: one["section"] in ("1", "2")),
    (compared("start", "lt", 600), lambda one: one["start"] < 600),
    (compared("end", "gte", 600.5), lambda one: one["end"] >= 601),
    (compared("item", "eq", "Самовар"), lambda one: one["item"] == "Самовар"),
    (compared("heading", "eq", "Кіріспе"), lambda one: one["heading"] == "Кіріспе"),
    (compared("title", "eq", "Чай в степи"), lambda one: one["document"] == "tea"),
    (compared("anchor", "eq", "s4.2"), lambda one: one["anchor"] == "s4.2"),
    (compared("label", "eq", "§4, ЕҚЫҰ"), lambda one: one["label"] == "§4, ЕҚЫҰ"),
    (compared("document", "in", []), lambda one: False),
    (
        {"type": "and", "filters": [compared("section", "eq", "4"), compared("item", "ne", "ЕҚЫҰ")]},
        lambda one: one["section"] == "4" and one["item"] != "ЕҚЫҰ",
    ),
    (
        {
            "type": "or",
            "filters": [
                compared("document", "eq", "letter"),
                {"type": "and", "filters": [compared("section", "gt", "2"), compared("start", "lt", 3000)]},
            ],
        },
        lambda one: (
            one["document"] == "letter" or (one["section"] in "34567" and one["start"] < 3000)
            if one["section"]
            else one["document"] == "letter"
        ),
    ),
]


@pytest.mark.parametrize(("filters", "kept"), FILTERS)
def test_filters_keep_what_they_say(
    client: openai.OpenAI, passages: Passages, filters: Any, kept: Callable[[dict[str, Any]], bool]
) -> None:
    found = search(client, filters=filters, max_num_results=50)
    assert sorted(ids(found)) == sorted(one["passage"] for one in passages if kept(one))


def test_a_filter_by_url_takes_the_links_that_results_bear(client: openai.OpenAI) -> None:
    first = search(client)[0]
    assert first.attributes
    filters: Any = compared("url", "eq", first.attributes["url"])
    assert [result.content for result in search(client, filters=filters)] == [first.content]


def test_what_is_filtered_keeps_its_order_and_score_however_far_down_it_stands(client: openai.OpenAI) -> None:
    everything = search(client, max_num_results=50)
    last = [result for result in everything if result.file_id == "letter"]
    filters: Any = compared("document", "eq", "letter")
    for count in (1, 2, 50):
        assert search(client, filters=filters, max_num_results=count) == last[:count]
    third: Any = {"type": "and", "filters": [compared("section", "eq", "3"), compared("item", "ne", "x")]}
    wanted = [result for result in everything if (result.attributes or {}).get("section") == "3"]
    assert len(wanted) > 2
    assert search(client, filters=third, max_num_results=2) == wanted[:2]


def nested(depth: int) -> dict[str, Any]:
    inner = compared("section", "eq", "4")
    for _ in range(depth - 1):
        inner = {"type": "and", "filters": [inner]}
    return inner


def test_filters_may_lie_in_one_another_to_a_depth(client: openai.OpenAI) -> None:
    deep: Any = nested(16)
    flat: Any = nested(1)
    assert search(client, filters=deep) == search(client, filters=flat)


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({}, "query", "required"),
        ({"query": ""}, "query.0", "at least 1 character"),
        ({"query": " "}, "query.0", "no visible character"),
        ({"query": "а" * 1001}, "query.0", "at most 1000"),
        ({"query": []}, "query", "at least 1 item"),
        ({"query": ["a"] * 17}, "query", "at most 16"),
        ({"query": ["a", 7]}, "query.1", "string"),
        ({"max_num_results": 0}, "max_num_results", "(it is 0)"),
        ({"max_num_results": 51}, "max_num_results", "(it is 51)"),
        ({"ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold", "(it is 2)"),
        ({"filters": compared("section", "like", "4")}, "filters", "no type 'like'; there are eq, ne, gt"),
        ({"filters": compared("writer", "eq", "4")}, "filters", "no key 'writer'; there are document, title, section"),
        ({"filters": compared("section", "eq", 4)}, "filters", "section is a text, and 4 is not"),
        ({"filters": compared("section", "eq", None)}, "filters", "section is a text, and None is not"),
        ({"filters": compared("start", "eq", True)}, "filters", "start is a number, and True is not"),
        ({"filters": compared("start", "lt", "9")}, "filters", "start is a number, and '9' is not"),
        ({"filters": compared("section", "in", "4")}, "filters", "the value of in is a list, not '4'"),
        ({"filters": compared("section", "in", ["4", 5])}, "filters", "section is a text, and 5 is not"),
        ({"filters": compared("section", "gt", "1a" * 300)}, "filters", "has 600 characters, and no section has more"),
        ({"filters": compared("section", "nin", ["4"] * 1001)}, "filters", "has 1001 entries, and at most 1000 are"),
        (
            {"filters": {"type": "or", "filters": [{"type": "and", "filters": [compared("start", "gt", 1)] * 51}] * 2}},
            "filters",
            "there are 102 comparisons, and at most 100 are made",
        ),
        ({"filters": {"type": "and", "filters": []}}, "filters", "and joins a list, filters, of at least one"),
        ({"filters": {"type": "or"}}, "filters", "or joins a list"),
        ({"filters": []}, "filters", "a filter is an object"),
        ({"filters": {"type": "or", "filters": ["x"]}}, "filters", "not 'x'"),
        ({"filters": nested(17)}, "filters", "more than 16 filters"),
        ({"filters": nested(200)}, "filters", "more than 16 filters"),
    ],
)
def test_a_search_that_cannot_be_made_is_a_bad_request(
    client: openai.OpenAI, body: dict[str, Any], param: str, said: str
) -> None:
    query = {} if body == {} else {"query": "a"}
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/vector_stores/suraq/search", body={**query, **body}, cast_to=object)
    assert said in raised.value.message
    assert raised.value.param == param


def test_another_store_is_not_found(client: openai.OpenAI) -> None:
    for call in (lambda: search(client, store="nothing"), lambda: client.vector_stores.retrieve("nothing")):
        with pytest.raises(openai.NotFoundError, match="no vector store 'nothing'; GET /v1/vector_stores"):
            call()


def test_a_documents_id_may_hold_slashes_and_even_be_the_name_of_all(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "old" / "notes").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "essays" / "tea.md", folder / "old" / "notes" / "tea.md")
    shutil.copy(ROOT / "tests" / "essays" / "letter.txt", folder / "suraq.txt")
    with (
        serving(environment(tmp_path, QA_CORPUS_DIR=str(folder))) as service,
        openai_client(service.base_url) as client,
    ):
        assert [store.id for store in client.vector_stores.list()] == ["suraq", "old/notes/tea"]
        assert client.vector_stores.retrieve("old/notes/tea").name == "Чай в степи"
        assert {one.filename for one in search(client, "чай", "old/notes/tea")} == {"old/notes/tea.md"}
        assert {one.file_id for one in search(client, "чай", max_num_results=50)} == {"suraq", "old/notes/tea"}
        only: Any = compared("document", "eq", "suraq")
        assert {one.file_id for one in search(client, "чай", filters=only)} == {"suraq"}
