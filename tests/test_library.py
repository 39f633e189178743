"""A corpus of folders: languages, metadata, filters, copies and pages, all of it over a real service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from tests.conftest import ROOT, environment, run_qa, serving
from tests.openai_clients import openai_client

KOZHE, MOUNTAIN = "қазақша/Наурыз көже 100%", "қазақша/жазбалар"
CLOCK, BEES, BREAD = "русский/жазбалар", "english/notes", "english/archive/notes"
ALL = {KOZHE, MOUNTAIN, CLOCK, BEES, BREAD}
LICENCE = "May this text be copied and shared?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(ROOT / "tests" / "library", tmp_path_factory.mktemp("library") / "corpus"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[httpx.Client]:
    settings = {"QA_CORPUS_DIR": str(folder), "QA_CITE": "source"}
    with serving(environment(tmp_path_factory.mktemp("index"), **settings)) as client:
        yield client


def ask(library: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    reply = library.post("/ask", json={"question": question, "top_k": 20, **more})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def found(reply: dict[str, Any]) -> set[str]:
    return {passage["citation"]["document"] for passage in reply["passages"]}


@pytest.mark.parametrize(
    ("question", "document", "language"),
    [
        ("Наурыз көже неше түрлі дәмнен дайындалады?", KOZHE, "kk"),
        ("Біз шыңға қашан шықтық?", MOUNTAIN, "kk"),
        ("На сколько минут отставали часы?", CLOCK, "ru"),
        ("Why does a beekeeper use smoke?", BEES, "en"),
        ("How long does a sourdough starter need?", BREAD, "en"),
    ],
)
def test_a_question_in_each_language_finds_its_document(
    library: httpx.Client, question: str, document: str, language: str
) -> None:
    reply = ask(library, question)
    assert (reply["language"], reply["passages"][0]["citation"]["document"]) == (language, document)
    assert library.get(f"/documents/{quote(document)}").json()["language"] == language


def test_every_address_of_an_id_with_spaces_letters_and_signs_opens(library: httpx.Client) -> None:
    for summary in library.get("/documents").json()["documents"]:
        id_ = summary["id"]
        assert library.get(summary["url"]).status_code == 200
        assert unquote(summary["url"]) == f"/read/{id_}"
        text = library.get(f"/documents/{quote(id_)}/text").text
        for passage in library.get(f"/documents/{quote(id_)}/passages").json()["passages"]:
            citation = passage["citation"]
            assert text[citation["start"] : citation["end"]] == passage["text"]
            page, anchor = citation["url"].split("#")
            assert f'id="{unquote(anchor)}"' in library.get(page).text
            assert library.get(f"{page}/at/{anchor}", follow_redirects=True).status_code == 200
        reply = library.get("/ask", params={"q": "жеті", "documents": id_})
        assert found(reply.json()) == {id_}
        condition = {"knowledge_id": id_, "query": "жеті", "retrieval_setting": {"top_k": 1, "score_threshold": 0}}
        assert library.post("/retrieval", json=condition).json()["records"][0]["metadata"]["document"] == id_
    with openai_client(library.base_url) as client:
        assert {one.id for one in client.vector_stores.list()} == {"suraq", *ALL}
        assert client.vector_stores.retrieve(KOZHE).name == "Наурыз көже"


def test_a_folder_is_searched_by_its_name_with_a_slash(library: httpx.Client) -> None:
    assert found(ask(library, "Notes", documents=["english/"])) == {BEES, BREAD}
    assert found(ask(library, "Notes", documents=["english/archive/", CLOCK])) == {BREAD, CLOCK}
    assert found(ask(library, "жазбалар", documents=["қазақша/"])) == {KOZHE, MOUNTAIN}
    for nothing in ("german/", "english/not", "engl/"):
        reply = library.post("/ask", json={"question": "Notes", "documents": [nothing]})
        assert reply.status_code == 404 and nothing in reply.json()["detail"]


@pytest.mark.parametrize(
    ("filters", "documents"),
    [
        ({"author": "айгүл  серікқызы"}, {KOZHE, MOUNTAIN}),
        ({"author": ["Ruth Hale", "Tom Reed"]}, {BEES, BREAD}),
        ({"author": {"ne": "Ruth Hale"}}, ALL - {BEES}),
        ({"author": {"contains": "reed"}}, {BREAD}),
        ({"author": {"starts": "Пётр"}}, {CLOCK}),
        ({"author": {"nin": ["Ruth Hale", "Tom Reed"]}}, ALL - {BEES, BREAD}),
        ({"language": "kk"}, {KOZHE, MOUNTAIN}),
        ({"language": ["ru", "en"]}, {CLOCK, BEES, BREAD}),
        ({"tags": "craft"}, {BEES, BREAD}),
        ({"tags": ["bees", "мереке"]}, {BEES, KOZHE}),
        ({"date": "2005"}, {CLOCK, BEES}),
        ({"date": 2005}, {CLOCK, BEES}),
        ({"date": "2005-11"}, {CLOCK}),
        ({"date": {"gte": "1994", "lt": "2005-12"}}, {MOUNTAIN, CLOCK}),
        ({"date": {"lte": "1994"}}, {MOUNTAIN, BREAD}),
        ({"date": {"gt": "1994"}}, {CLOCK, BEES, KOZHE}),
        ({"date": {"gt": "2005"}}, {KOZHE}),
        ({"date": {"lte": "2005"}}, {MOUNTAIN, BREAD, CLOCK, BEES}),
        ({"publisher": "дала"}, {KOZHE}),
        ({"Pages": 12}, {KOZHE}),
        ({"pages": {"gt": 9}}, {KOZHE}),
        ({"pages": {"gt": 12}}, set()),
        ({"pages": {"exists": True}}, {KOZHE}),
        ({"url": {"exists": False}}, {MOUNTAIN, BEES, BREAD}),
        ({"title": "Notes on bees"}, {BEES}),
        ({"document": {"starts": "english/"}}, {BEES, BREAD}),
        ({"tags": "craft", "date": {"lt": "2000"}}, {BREAD}),
        ({"writer": "anybody"}, set()),
        ({}, ALL),
    ],
)
def test_filters_keep_the_documents_whose_metadata_meet_them(
    library: httpx.Client, filters: dict[str, Any], documents: set[str]
) -> None:
    reply = ask(library, "жазбалар", filters=filters)
    assert found(reply) == documents
    assert ("notice" in reply) == (not documents)


def test_where_nothing_meets_the_filters_the_answer_is_empty_and_says_so(library: httpx.Client) -> None:
    for reply in (
        ask(library, "Why smoke?", filters={"author": "Nobody"}),
        library.get("/ask", params={"q": "Why smoke?", "filter.author": "Nobody"}).json(),
        ask(library, "Why smoke?", filters={"author": "Ruth Hale"}, documents=["русский/"]),
    ):
        assert (reply["passages"], reply["answer"], reply["answerable"], reply["confidence"]) == ([], None, False, 0)
        assert reply["notice"].startswith("no document meets the filters")
    page = library.get("/ask", params={"q": "Why smoke?", "filter.author": "Nobody"}, headers={"Accept": "text/html"})
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]


def test_filters_stand_in_an_address_too(library: httpx.Client) -> None:
    def got(**params: Any) -> set[str]:
        asked = {name.replace("__", "."): value for name, value in params.items()}
        return found(library.get("/ask", params={"q": "жазбалар", "top_k": 20, **asked}).json())

    assert got(filter__author="ruth hale") == {BEES}
    assert got(filter__language=["kk", "en"]) == {KOZHE, MOUNTAIN, BEES, BREAD}
    assert got(filter__date__gte="1994", filter__date__lt="2005-12") == {MOUNTAIN, CLOCK}
    assert got(filter__pages__gte="12", documents="қазақша/") == {KOZHE}
    assert got(filter__url__exists="false", filter__tags="craft") == {BEES, BREAD}


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"author": {"like": "A"}}, "author: there is no operator 'like'; there are eq, ne"),
        ({"author": {}}, "author: there is no operator"),
        ({"author": None}, "author: a value is a text"),
        ({"author": [["A"]]}, "author: a value is a text"),
        ({"author": []}, "author: a list has 1 to 1000 values"),
        ({"author": "A" * 1001}, "author: a value has 1001 characters"),
        ({"date": "soon"}, "date: 'soon' is no date such as 1994"),
        ({"date": {"gte": "1994-13"}}, "date: '1994-13' is no date"),
        ({"date": {"gte": ["1994", "1995"]}}, "date: gte takes one value, not 2"),
        ({"pages": {"exists": "perhaps"}}, "pages: exists is true or false"),
        ({"": "a"}, "the name of a field has 1 to 64 characters"),
        ({f"f{n}": n for n in range(101)}, "there are 101 conditions"),
        ("author", "dictionary"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_by_name(library: httpx.Client, filters: Any, told: str) -> None:
    reply = library.post("/ask", json={"question": "Why?", "filters": filters})
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert told in reply.json()["detail"] and "filters" in reply.json()["detail"]
    assert library.get("/ask", params={"q": "Why?", "filter.date.gte": "soon"}).status_code == 422
    refused = library.get("/ask", params={"q": "Why?", "filter.date.gtt": "1990"})
    assert refused.status_code == 422
    assert "there is no operator 'gtt'" in refused.text


def test_the_other_protocols_filter_by_metadata_too(library: httpx.Client) -> None:
    def retrieved(*conditions: Any) -> set[str]:
        body = {
            "knowledge_id": "suraq",
            "query": "жазбалар",
            "retrieval_setting": {"top_k": 50, "score_threshold": 0},
            "metadata_condition": {"conditions": conditions},
        }
        return {one["metadata"]["document"] for one in library.post("/retrieval", json=body).json()["records"]}

    def one(name: str, operator: str, value: Any = None) -> dict[str, Any]:
        return {"name": name, "comparison_operator": operator, "value": value}

    assert retrieved(one("author", "contains", "серікқызы")) == {KOZHE, MOUNTAIN}
    assert retrieved(one("tags", "is", "craft"), one("date", "before", "2000-01-01")) == {BREAD}
    assert retrieved(one("fields.pages", "≥", 12)) == {KOZHE}
    assert retrieved(one("fields.pages", "empty")) == ALL - {KOZHE}
    assert retrieved(one("language", "not in", "kk,ru")) == {BEES, BREAD}

    def searched(**filters: Any) -> set[str]:
        with openai_client(library.base_url) as client:
            return {
                hit.file_id for hit in client.vector_stores.search("suraq", query="a", max_num_results=50, **filters)
            }

    assert searched(filters={"type": "eq", "key": "author", "value": "Айгүл Серікқызы"}) == {KOZHE, MOUNTAIN}
    assert searched(filters={"type": "gte", "key": "date", "value": "2005"}) == {CLOCK, BEES, KOZHE}
    assert searched(filters={"type": "ne", "key": "tags", "value": "craft"}) == {KOZHE, MOUNTAIN, CLOCK}
    assert searched(filters={"type": "gt", "key": "fields.pages", "value": 11}) == {KOZHE}


def test_what_documents_say_of_themselves_is_shown_with_them_and_cited(library: httpx.Client) -> None:
    shown = library.get(f"/documents/{quote(KOZHE)}").json()
    assert shown["metadata"] == {
        "author": ["Айгүл Серікқызы"],
        "date": "2019-03-22",
        "url": "https://essays.example/nauryz?lang=kk",
        "language": None,
        "tags": ["мереке", "тағам"],
        "fields": {"publisher": "Дала", "pages": 12},
    }
    listed = {one["id"]: one["metadata"] for one in library.get("/documents").json()["documents"]}
    assert listed[KOZHE] == shown["metadata"] and shown["warnings"] == []
    assert listed[CLOCK]["url"] == "https://essays.example/%D1%87%D0%B0%D1%81%D1%8B"
    first = ask(library, "Көжені көршілермен бөліп ішу нені білдіреді?")["passages"][0]["citation"]
    assert (first["author"], first["date"]) == ("Айгүл Серікқызы", "2019-03-22")
    page, _, words = first["source_url"].partition("#:~:text=")
    assert page == "https://essays.example/nauryz?lang=kk"
    assert unquote(words).startswith("Көжені көршілермен бөліп ішу")
    assert first["url"].startswith(f"/read/{quote(KOZHE)}#")
    read = library.get(f"/read/{quote(KOZHE)}").text
    assert "Айгүл Серікқызы" in read and 'href="https://essays.example/nauryz?lang=kk"' in read


def test_chats_lead_to_the_authors_page_where_the_owner_wants_it(library: httpx.Client) -> None:
    def cited(question: str) -> list[str]:
        body = {"model": "suraq", "messages": [{"role": "user", "content": question}]}
        message = library.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
        return [one["url_citation"]["url"] for one in message["annotations"]]

    assert cited("На сколько минут отставали часы?")[0].startswith(
        "https://essays.example/%D1%87%D0%B0%D1%81%D1%8B#:~:text="
    )
    assert cited("Why does a beekeeper use smoke?")[0].startswith(f"{library.base_url}/read/english/notes#")


def test_a_passage_that_two_documents_have_is_found_once_with_both_places(library: httpx.Client) -> None:
    reply = ask(library, LICENCE)
    first, *rest = reply["passages"]
    places = {first["citation"]["document"], *(one["document"] for one in first["duplicates"])}
    assert places == {BEES, BREAD}
    assert all("copied and shared" not in one["text"] and "duplicates" not in one for one in rest)
    alone = ask(library, LICENCE, documents=[BREAD])["passages"][0]
    assert alone["citation"]["document"] == BREAD and "duplicates" not in alone
    only = ask(library, LICENCE, top_k=1)["passages"]
    assert len(only) == 1 and len(only[0]["duplicates"]) == 1


def test_documents_and_passages_come_a_page_at_a_time(library: httpx.Client) -> None:
    everything = library.get("/documents").json()
    assert (everything["total"], everything["next"]) == (5, None)
    ids, address = [], "/documents?limit=2"
    while address:
        reply = library.get(address)
        ids += [one["id"] for one in reply.json()["documents"]]
        address = reply.json()["next"]
        assert reply.headers.get("link") == (f'<{address}>; rel="next"' if address else None)
    assert ids == [one["id"] for one in everything["documents"]] and set(ids) == ALL
    named = library.get("/documents", params={"q": "NOTES bread"}).json()
    assert [one["id"] for one in named["documents"]] == [BREAD]
    assert library.get("/documents", params={"q": "жазбалар", "limit": 1}).json()["total"] == 2
    first = library.get(f"/documents/{quote(BEES)}/passages?limit=2").json()
    rest = library.get(first["next"]).json()
    assert (first["total"], len(first["passages"]), len(rest["passages"]), rest["next"]) == (3, 2, 1, None)
    for wrong in ("limit=0", "limit=1001", "offset=-1", f"q={'x' * 201}"):
        assert library.get(f"/documents?{wrong}").status_code == 422
    with openai_client(library.base_url) as client:
        page = client.vector_stores.list(limit=2)
        assert page.data[0].id == "suraq" and page.has_next_page()
        assert len(list(page)) == 6


def test_a_changed_file_of_metadata_makes_the_index_stale_and_the_next_build_takes_it_up(tmp_path: Path) -> None:
    corpus = Path(shutil.copytree(ROOT / "tests" / "library", tmp_path / "corpus"))
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus))
    beside = corpus / "русский" / "жазбалар.txt.meta.yaml"
    with serving(env) as client:
        beside.write_text("author: Другой\ndate: never\n", encoding="utf-8")
        assert client.get("/index").json()["staleness"]["changed"] == ["русский/жазбалар.txt"]
    built = run_qa("index", "build", env=env)
    assert built.returncode == 0 and "'date' is 'never'" in built.stderr
    outline = run_qa("outline", CLOCK, env=env).stdout
    assert "author: Другой" in outline and "warning: 'date' is 'never'" in outline
