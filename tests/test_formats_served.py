"""A document that was no text is asked, cited and read like any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.indexing.documents import DocumentsInMemory
from qa.indexing.generation import Generation
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.serving.app import create_app
from qa.settings import Settings
from tests.test_citations import wait_until_ready

FORMATS = Path(__file__).parent / "formats"


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory, real_model: PreparedModel) -> Generation:
    corpus = tmp_path_factory.mktemp("corpus")
    for ending in ("docx", "html"):
        (corpus / f"{ending}.{ending}").write_bytes((FORMATS / f"aral-sea.{ending}").read_bytes())
    return build(read_corpus(corpus), real_model, None).generation


@pytest.fixture(scope="module")
def client(generation: Generation, real_model: PreparedModel) -> Iterator[TestClient]:
    with client_of(generation, real_model) as client:
        wait_until_ready(client)
        yield client


def client_of(generation: Generation, model: PreparedModel) -> TestClient:
    answerer = Answerer(generation, model, Calibration.load(model.folder))
    return TestClient(create_app(Settings(), lambda: answerer))


def spoken(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@pytest.mark.parametrize("id_", ["docx", "html"])
def test_the_reading_page_sets_headings_lists_tables_and_notes(client: TestClient, id_: str) -> None:
    page = client.get(f"/read/{id_}").text
    assert re.search(r'<h2 id="s-география">География</h2>', page)
    assert re.search(r'<h3 id="s-положение-и-притоки">', page)
    assert "<strong>Сырдарья</strong> собирает талые воды" in page
    assert 'data-marker="•"' in page
    assert 'data-marker="2."' in page
    assert re.search(r'role="columnheader"[^>]*>(?:<span class="source">[ |]*</span>)?Площадь, тыс. км²<', page)
    assert re.search(r'<div class="block quote[^"]*" dir="auto">', page)
    assert re.search(r'<div class="block footnote[^"]*" dir="auto" data-marker="1">', page)
    # What stands between cells and before items is there for whoever copies it, and hidden or a marker.
    cells = re.findall(r'role="cell"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert [spoken(re.sub(r'(?s)<span class="source">.*?</span>', "", cell)) for cell in cells[:3]] == [
        "1960",
        "68",
        "10",
    ]


def test_the_page_holds_each_passage_to_the_letter(client: TestClient, generation: Generation) -> None:
    page = client.get("/read/docx").text
    for one in generation.passages_of("docx"):
        held = re.search(
            rf'id="{re.escape(one.anchor)}"[^>]*data-start="{one.start}" data-end="{one.end}">(.*?)</div>\s',
            page,
            re.DOTALL,
        )
        assert held is not None, one.anchor
        if one.kind != "row":
            assert unescape(re.sub(r"<[^>]+>", "", held[1])) == one.text


def test_text_outline_and_citations_agree(client: TestClient) -> None:
    text = client.get("/documents/docx/text").text
    outline = client.get("/documents/docx").json()
    assert outline["encoding"] == "docx"
    for section in outline["outline"]:
        assert text[section["start"] : section["end"]].endswith(section["heading"] or "")
    reply = client.post("/ask", json={"question": "Кокарал плотина", "documents": ["docx"]}).json()
    for passage in reply["passages"]:
        citation = passage["citation"]
        assert text[citation["start"] : citation["end"]] == passage["text"]
        assert (citation["page"], citation["page_end"]) == (None, None)


def test_a_citation_tells_of_the_pages_that_a_document_has(generation: Generation, real_model: PreparedModel) -> None:
    document = generation.documents["docx"]
    first, second, third = generation.passages_of("docx")[:3]
    paged = replace(document, pages=(0, first.start + 5, second.start, third.end))
    documents = {one.id: one for one in generation.documents.values()}
    told = replace(generation, documents=DocumentsInMemory({**documents, "docx": paged}))
    pages = [(one.page, one.page_end) for one in map(told.citation, (first, second, third))]
    assert pages == [(1, 2), (3, 3), (3, 3)]
    with client_of(told, real_model) as client:
        wait_until_ready(client)
        found = client.get("/documents/docx/passages").json()["passages"]
    assert [(one["citation"]["page"], one["citation"]["page_end"]) for one in found[:3]] == pages
    assert found[3]["citation"]["page"] == 4


def test_pages_are_kept_with_the_index(generation: Generation, tmp_path: Path) -> None:
    paged = replace(generation.documents["docx"], pages=(0, 10, 10))
    told = replace(generation, documents=DocumentsInMemory({"docx": paged}))
    told.save(tmp_path)
    kept = (tmp_path / "documents.jsonl").read_text(encoding="utf-8")
    assert '"pages":[0,10,10]' in kept
