"""Passages and documents that stay on the disk tell what those in memory tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qa.errors import DamagedGenerationError, UnknownDocumentError, UnknownPassageError
from qa.indexing import places
from qa.indexing.builder import build
from qa.indexing.documents import DocumentsInMemory
from qa.indexing.generation import Generation
from qa.indexing.keys import Keys, hashed
from qa.indexing.manifest import write_manifest
from qa.indexing.on_disk import PLACES, DocumentsOnDisk, PassagesOnDisk
from qa.reading import read_corpus
from qa.retrieval.quotation import verify
from tests.conftest import ROOT
from tests.fakes import word_model

ESSAYS = ROOT / "tests" / "essays"


@pytest.fixture(scope="module")
def built() -> Generation:
    return build(read_corpus(ESSAYS), word_model()).generation


@pytest.fixture
def on_disk(built: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generation]:
    monkeypatch.setattr(places, "ON_DISK_FROM", 1)
    built.save(tmp_path)
    write_manifest(tmp_path, built.manifest)
    generation = Generation.load(tmp_path)
    assert isinstance(generation.passages, PassagesOnDisk)
    assert isinstance(generation.documents, DocumentsOnDisk)
    yield generation


def test_all_passages_and_documents_come_back_in_their_order(built: Generation, on_disk: Generation) -> None:
    assert list(on_disk.passages) == list(built.passages)
    assert list(on_disk.documents) == list(built.documents)
    assert list(on_disk.documents.values()) == list(built.documents.values())
    assert len(on_disk.documents) == len(built.documents)
    everything = np.arange(len(built.passages))
    assert on_disk.passages.several(everything[::-1]) == list(built.passages)[::-1]
    assert on_disk.passages.documents_of(everything).tolist() == built.passages.documents_of(everything).tolist()
    assert on_disk.passages.languages_of(everything) == built.passages.languages_of(everything)
    assert len(set(built.passages.languages_of(everything))) > 1


def test_a_passage_is_found_by_its_id_and_by_its_anchor(built: Generation, on_disk: Generation) -> None:
    for position, passage in enumerate(built.passages):
        assert on_disk.passages.find(passage.id) == position
        assert on_disk.passage(passage.id) == passage
        assert on_disk.passage_at(passage.document, passage.anchor) == built.passage_at(
            passage.document, passage.anchor
        )
        assert on_disk.citation(passage) == built.citation(passage)
    assert on_disk.passages.find("none") is None
    assert on_disk.passages.under(built.passages[0].document, "none") is None
    with pytest.raises(UnknownPassageError, match="'none'"):
        on_disk.passage("none")


def test_a_document_is_read_with_its_passages_and_told_of_without_its_text(
    built: Generation, on_disk: Generation
) -> None:
    for id_ in built.documents:
        assert id_ in on_disk.documents
        assert on_disk.document(id_) == built.document(id_)
        assert on_disk.passages_of(id_) == built.passages_of(id_)
        assert on_disk.language(id_) == built.document(id_).language
        mine, theirs = on_disk.documents.summary(id_), built.documents.summary(id_)
        assert (mine.characters, mine.sections) == (theirs.characters, theirs.sections)
        assert (mine.about.title, mine.about.sha256) == (theirs.about.title, theirs.about.sha256)
        assert mine.about.text == ""
    assert "none" not in on_disk.documents
    assert on_disk.passages.of("none").tolist() == []
    with pytest.raises(UnknownDocumentError, match="'none'"):
        on_disk.positions(["none"])


def test_a_quote_is_found_in_documents_that_are_not_all_looked_through(
    on_disk: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_, last = on_disk.documents
    quote = on_disk.passages_of(last)[-1].text
    looked_through = verify(on_disk, first, quote)
    monkeypatch.setattr("qa.retrieval.quotation._LOOKED_THROUGH", 0)
    assert verify(on_disk, first, quote) == looked_through
    assert (looked_through.status, looked_through.document and looked_through.document.id) == ("moved", last)


def test_a_file_that_is_cut_short_while_it_answers_is_an_error_and_not_another_passage(
    on_disk: Generation, tmp_path: Path
) -> None:
    with (tmp_path / "passages.jsonl").open("r+b") as file:
        file.truncate(10)
    with pytest.raises(DamagedGenerationError, match=r"passages\.jsonl has been cut short"):
        on_disk.passages[0]


def test_a_line_that_is_damaged_while_it_answers_is_an_error(on_disk: Generation, tmp_path: Path) -> None:
    with (tmp_path / "passages.jsonl").open("r+b") as file:
        file.write(b"[")
    with pytest.raises(DamagedGenerationError, match=r"a line .* is damaged .*qa index build --full"):
        on_disk.passages[0]


def test_a_generation_may_move_while_it_answers(on_disk: Generation, built: Generation, tmp_path: Path) -> None:
    tmp_path.rename(tmp_path.with_name("moved"))
    assert list(on_disk.passages) == list(built.passages)
    assert on_disk.passages.find(built.passages[0].id) == 0
    tmp_path.with_name("moved").rename(tmp_path)


def test_two_keys_of_one_hash_are_both_candidates() -> None:
    keys = Keys.of([hashed("b"), hashed("a"), hashed("b")])
    assert (keys.candidates("b"), keys.candidates("a"), keys.candidates("c")) == ([0, 2], [1], [])


def test_few_passages_have_no_places_and_stay_in_memory(built: Generation, tmp_path: Path) -> None:
    built.save(tmp_path)
    write_manifest(tmp_path, built.manifest)
    assert not (tmp_path / PLACES).exists()
    assert isinstance(Generation.load(tmp_path).documents, DocumentsInMemory)
