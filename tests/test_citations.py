"""Old citations over HTTP: redirects, what is gone, and quotes, over two generations of a small corpus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from fastapi.testclient import TestClient

from qa.indexing.builder import build
from qa.indexing.generation import Generation
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.retrieval.relevance import Scales
from qa.serving.app import create_app
from qa.settings import Settings
from tests.fakes import word_model

BEFORE = {
    "tea.md": "# Чай\n\n## 1. Past\n\nCaravans brought it.\n\n## Посуда\n\nOne small bowl of clay.\n\nA spoon.\n",
    "a/at/b.txt": "Alpha beta.\n",
    "old.txt": "Camels rest at noon.\n\nGone for good.\n",
}
# A section before, a bowl of another size, no spoon; a document renamed, a paragraph of it left out.
AFTER = {
    "tea.md": "# Чай\n\n## 1. Names\n\nMany words.\n\n## 2. Past\n\nCaravans brought it.\n\n"
    "## Посуда\n\nOne large bowl of clay.\n",
    "a/at/b.txt": "Alpha beta.\n",
    "new place.txt": "Camels rest at noon.\n",
}


def generation_of(folder: Path, files: dict[str, str], previous: Generation | None = None) -> Generation:
    for name, text in files.items():
        (folder / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    return build(read_corpus(folder / "corpus"), word_model(), previous).generation


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return generation_of(tmp_path_factory.mktemp("before"), BEFORE)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, before: Generation) -> Generation:
    return generation_of(tmp_path_factory.mktemp("after"), AFTER, before)


def client_of(generation: Generation, base_url: str = "") -> TestClient:
    answerer = Answerer(generation, word_model(), Calibration(Scales(1.0, 1.0, 1.0), slope=2.0, intercept=-5.0))
    return TestClient(create_app(Settings(base_url=base_url), lambda: answerer), follow_redirects=False)


def wait_until_ready(client: TestClient) -> None:
    until = time.monotonic() + 20
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def client(after: Generation) -> Iterator[TestClient]:
    with client_of(after) as client:
        wait_until_ready(client)
        yield client


def id_of(generation: Generation, text: str) -> str:
    return next(passage.id for passage in generation.passages if passage.text == text)


def problem(reply: Any, status: int) -> str:
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    assert reply.json()["status"] == status
    return str(reply.json()["detail"])


def test_a_passage_by_its_id(client: TestClient, after: Generation) -> None:
    id_ = id_of(after, "One large bowl of clay.")
    body = client.get(f"/passages/{id_}").json()
    listed = client.get("/documents/tea/passages").json()["passages"]
    assert body in listed
    assert (body["id"], body["text"], body["citation"]["url"]) == (
        id_,
        "One large bowl of clay.",
        f"/read/tea#{quote('s-посуда.p1')}",
    )


def test_the_former_id_of_a_passage_leads_to_it(client: TestClient, before: Generation, after: Generation) -> None:
    former, now = id_of(before, "One small bowl of clay."), id_of(after, "One large bowl of clay.")
    assert former != now
    reply = client.get(f"/passages/{former}")
    assert (reply.status_code, reply.headers["location"]) == (308, f"/passages/{now}")
    assert reply.headers["cache-control"] == "no-cache"
    with client_of(after, "https://essay.example/") as other:
        wait_until_ready(other)
        assert other.get(f"/passages/{former}").headers["location"] == f"https://essay.example/passages/{now}"
        location = other.get("/read/old/at/p1").headers["location"]
        assert location == "https://essay.example/read/new%20place#p1"


def test_the_page_of_a_renamed_document_leads_to_the_new_one(client: TestClient) -> None:
    reply = client.get("/read/old")
    assert (reply.status_code, reply.headers["location"]) == (308, "/read/new%20place")
    assert client.get("/read/never").status_code == 404


def test_the_id_of_a_passage_that_only_moved_stays(client: TestClient, before: Generation) -> None:
    body = client.get(f"/passages/{id_of(before, 'Caravans brought it.')}").json()
    assert (body["text"], body["citation"]["section"]) == ("Caravans brought it.", "2")


def test_a_passage_that_is_gone_is_a_410_and_one_that_never_was_a_404(client: TestClient, before: Generation) -> None:
    for text in ("A spoon.", "Gone for good."):
        assert "is gone" in problem(client.get(f"/passages/{id_of(before, text)}"), 410)
    for never in ("0" * 20, "%00", "%F0%9F%99%82"):
        problem(client.get(f"/passages/{never}"), 404)


@pytest.mark.parametrize(
    ("address", "location"),
    [
        # What stands there now, a heading too, comes before what once did.
        ("tea/at/s1.p1", "/read/tea#s1.p1"),
        ("tea/at/s1", "/read/tea#s1"),
        ("tea/at/s-посуда.p1", f"/read/tea#{quote('s-посуда.p1')}"),
        # Another document took it in.
        ("old/at/p1", "/read/new%20place#p1"),
        # A document's id may hold what the address holds.
        ("a/at/b/at/p1", "/read/a/at/b#p1"),
    ],
)
def test_where_an_anchor_stands_now(client: TestClient, address: str, location: str) -> None:
    for method in ("GET", "HEAD"):
        reply = client.request(method, f"/read/{address}")
        assert (reply.status_code, reply.headers.get("location")) == (308, location), reply.text
    page, anchor = location.split("#")
    assert f'id="{unquote(anchor)}"' in client.get(page).text


def test_where_a_passages_id_stands_now(client: TestClient, before: Generation) -> None:
    for text, location in [
        ("Caravans brought it.", "/read/tea#s2.p1"),
        ("One small bowl of clay.", f"/read/tea#{quote('s-посуда.p1')}"),
        ("Camels rest at noon.", "/read/new%20place#p1"),
    ]:
        reply = client.get(f"/read/tea/at/{id_of(before, text)}")
        assert (reply.status_code, reply.headers["location"]) == (308, location)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("tea/at/s-посуда.p2", 410),
        ("old/at/p2", 410),
        ("tea/at/s9.p9", 404),
        ("old/at/p9", 404),
        ("nothing/at/s1", 404),
        ("tea/at/", 404),
        ("tea/at/x%2fy", 404),
    ],
)
def test_an_anchor_that_leads_nowhere(client: TestClient, address: str, status: int) -> None:
    problem(client.get(f"/read/{address}"), status)


def test_a_document_whose_id_reads_like_the_address_of_an_anchor_is_shown(client: TestClient) -> None:
    page = client.get("/read/a/at/b")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Alpha beta." in page.text


def verified(client: TestClient, **body: Any) -> dict[str, Any]:
    reply = client.post("/citations/verify", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    if found["status"] == "gone":
        assert {value for key, value in found.items() if key not in ("status", "differences", "source_changed")} == {
            None
        }
        return found
    text = client.get(f"/documents/{found['document']}/text").text
    stretch = text[found["start"] : found["end"]]
    assert stretch == (found["text"] if found["status"] == "changed" else body["quote"])
    citation = found["citation"]
    assert citation["start"] < found["end"]
    assert citation["end"] > found["start"]
    return found


@pytest.mark.parametrize(
    ("body", "status", "document", "differences"),
    [
        ({"document": "tea", "quote": "Many words."}, "verbatim", "tea", []),
        ({"document": "tea", "quote": "Many words.", "start": 0}, "moved", "tea", []),
        ({"document": "tea", "quote": "Camels rest"}, "moved", "new place", []),
        ({"document": "old", "quote": "Camels rest", "start": 0}, "moved", "new place", []),
        ({"document": "tea", "quote": "Many  words."}, "changed", "tea", []),
        ({"document": "tea", "quote": "One small bowl of clay."}, "changed", "tea", [{"quoted": "small", "now": "large"}]),
        ({"document": "tea", "quote": "Gone for good."}, "gone", None, []),
        ({"document": "old", "quote": "Gone for good."}, "gone", None, []),
    ],
)  # fmt: skip
def test_a_quote_is_verified(
    client: TestClient, body: dict[str, Any], status: str, document: str | None, differences: list[dict[str, str]]
) -> None:
    found = verified(client, **body)
    assert (found["status"], found["document"], found["differences"]) == (status, document, differences)
    assert (found["source_changed"], found["text"] is not None) == (None, status == "changed")


def test_whether_the_source_changed(client: TestClient, before: Generation, after: Generation) -> None:
    asked = {"document": "tea", "quote": "Caravans brought it."}
    now, then = (generation.documents["tea"].sha256 for generation in (after, before))
    for sent, changed in [(now, False), (now.upper(), False), (then, True)]:
        assert verified(client, **asked, source_sha256=sent)["source_changed"] is changed
    assert verified(client, document="old", quote="Camels", source_sha256=now)["source_changed"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quote": "a"}, "document"),
        ({"document": "tea"}, "quote"),
        ({"document": "tea", "quote": ""}, "quote"),
        ({"document": "tea", "quote": " \n\u200b"}, "quote"),
        ({"document": "tea", "quote": "a" * 5001}, "quote"),
        ({"document": "tea", "quote": "a", "start": -1}, "start"),
        ({"document": "tea", "quote": "a", "start": 1.5}, "start"),
        ({"document": "tea", "quote": "a", "start": "1"}, "start"),
        ({"document": "tea", "quote": "a", "source_sha256": "abc"}, "source_sha256"),
    ],
)
def test_a_field_out_of_range_is_a_422_that_names_it(client: TestClient, body: dict[str, Any], field: str) -> None:
    assert problem(client.post("/citations/verify", json=body), 422).startswith(f"{field}: ")


def test_other_bad_requests(client: TestClient) -> None:
    unknown = {"document": "nothing", "quote": "Many words."}
    assert "'nothing'" in problem(client.post("/citations/verify", json=unknown), 404)
    headers = {"content-type": "application/json"}
    problem(client.post("/citations/verify", content=b"{", headers=headers), 400)
    problem(client.post("/citations/verify", content=b"{}", headers={"content-type": "text/plain"}), 415)
    problem(client.get("/citations/verify"), 405)


def test_the_errors_are_in_the_apis_description(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, method, statuses in [
        ("/citations/verify", "post", {"200", "400", "404", "413", "415", "422", "503"}),
        ("/passages/{passage_id}", "get", {"200", "308", "404", "410", "503"}),
        ("/read/{document_id}/at/{place}", "get", {"308", "404", "410", "503"}),
    ]:
        assert statuses <= set(paths[path][method]["responses"])
