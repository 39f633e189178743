"""Filters of the protocols that name passages, over so many that not each is looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qa.encoding.prepared import PreparedModel
from qa.indexing import places
from qa.indexing.builder import build
from qa.indexing.generation import Generation
from qa.indexing.manifest import write_manifest
from qa.indexing.on_disk import DocumentsOnDisk
from qa.reading import read_corpus
from qa.records import Citation, Passage
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.retrieval.filters import Attributes, Comparison, Filter, Joined, Not
from qa.retrieval.selection import Selection
from qa.serving.chat import nearest
from qa.serving.chat.nearest import nearest_where, told_of_document
from qa.serving.finding import documents_named
from tests.conftest import ROOT

EARLY = Comparison(("start",), "lt", (150,), "number")
CRAFT = Comparison(("tags",), "eq", ("craft",))
QUERIES = ["Notes on bees and bread", "часы"]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory, real_model: PreparedModel) -> Answerer:
    """Over documents and passages that stay on the disk."""
    corpus = Path(shutil.copytree(ROOT / "tests" / "library", tmp_path_factory.mktemp("library") / "corpus"))
    folder = tmp_path_factory.mktemp("generation")
    built = build(read_corpus(corpus), real_model).generation
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(places, "ON_DISK_FROM", 1)
        built.save(folder)
    write_manifest(folder, built.manifest)
    generation = Generation.load(folder)
    assert isinstance(generation.documents, DocumentsOnDisk)
    return Answerer(generation, real_model, Calibration.load(real_model.folder))


def found(answerer: Answerer, wanted: Filter, count: int = 3) -> tuple[list[list[str]], int]:
    """The ids of what is found for each query, and how many passages were looked at."""
    looked_at = 0

    def told(passage: Passage, citation: Citation) -> Attributes:
        nonlocal looked_at
        looked_at += 1
        return {"start": citation.start, **told_of_document(answerer, passage)}

    hits = nearest_where(answerer, QUERIES, count, None, wanted, told)
    return [[hit.passage.id for hit in one] for one in hits], looked_at


@pytest.mark.parametrize(
    "wanted", [EARLY, Not(EARLY), Joined(True, (EARLY, CRAFT)), Joined(False, (EARLY, CRAFT)), Joined(True, (CRAFT,))]
)
def test_of_many_passages_those_that_a_search_finds_are_looked_at_and_the_same_are_found(
    answerer: Answerer, wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    exactly, _ = found(answerer, wanted)
    assert all(exactly)
    monkeypatch.setattr(nearest, "_ALL_ASKED", 0)
    assert found(answerer, wanted)[0] == exactly


def test_what_names_documents_is_left_to_the_search(answerer: Answerer) -> None:
    of_craft = sum(len(answerer.generation.passages_of(id_)) for id_ in ("english/notes", "english/archive/notes"))
    _, looked_at = found(answerer, Joined(True, (EARLY, CRAFT)))
    assert looked_at == of_craft < len(answerer.generation.passages)
    assert found(answerer, CRAFT)[1] == 0


def test_of_many_passages_few_are_looked_at(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_ALL_ASKED", 0)
    assert found(answerer, Not(Comparison(("start",), "lt", (0,), "number")), 1)[1] < 2 * len(QUERIES) + 1


def test_no_text_is_read_to_list_documents_or_to_filter_them(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = answerer.generation

    def unread(_self: DocumentsOnDisk, id_: str) -> None:
        raise AssertionError(f"{id_} was read")

    monkeypatch.setattr(DocumentsOnDisk, "get", unread)
    named, total = documents_named(generation, "notes on", 1, 5)
    assert ([one.about.id for one in named], total) == (["english/notes"], 2)
    listed, total = documents_named(generation, "", 1, 2)
    assert ([one.about.id for one in listed], total) == (list(generation.document_ids)[1:3], 5)
    assert listed[0].about.metadata.authors == ("Ruth Hale",)
    assert list(generation.document_ids) == list(generation.documents)
    among = Selection(("english/",), CRAFT)
    assert among.ids(generation) == ("english/archive/notes", "english/notes")
    assert answerer.answer("bees", 1, among).hits[0].citation.author == "Ruth Hale"
