from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import normalised
from qa.errors import (
    CorpusError,
    DamagedGenerationError,
    GenerationError,
    MismatchError,
    NoGenerationError,
    UnknownDocumentError,
)
from qa.indexing.builder import build
from qa.indexing.dense import DenseIndex
from qa.indexing.generation import Generation
from qa.indexing.manifest import CHECKSUM, FORMAT_VERSION, MANIFEST, Manifest
from qa.indexing.staleness import staleness
from qa.indexing.store import IndexStore
from qa.reading import corpus as corpus_module
from qa.reading import read_corpus
from tests.fakes import publish, word_model


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.txt").write_text("Alpha beta gamma.\n\nDelta epsilon.\n", encoding="utf-8")
    (folder / "deep" / "two.md").write_text("# Two\n\nZeta **eta** theta.\n", encoding="utf-8")
    return folder


def built(corpus: Path, folder: Path, keep: int = 5) -> tuple[IndexStore, Manifest]:
    store = IndexStore(folder)
    generation = build(read_corpus(corpus), word_model()).generation
    publish(store, generation)
    store.prune(keep)
    return store, store.live_manifest()


def test_the_dense_index_returns_known_neighbours_with_their_cosines_best_first() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    index = DenseIndex.from_vectors(vectors)
    positions, cosines = index.search(np.array([1, 0], dtype=np.float32), 3)
    assert positions.tolist() == [0, 2, 1]
    assert cosines.tolist() == pytest.approx([1, 0.6, 0])


def test_the_dense_index_searches_among_some_only() -> None:
    index = DenseIndex.from_vectors(normalised(np.eye(4, dtype=np.float32)))
    positions, _ = index.search(np.array([1, 0, 0, 0], dtype=np.float32), 10, np.array([1, 3]))
    assert sorted(positions.tolist()) == [1, 3]
    assert len(index.search(np.array([1, 0, 0, 0], dtype=np.float32), 10, np.array([], dtype=np.int64))[0]) == 0


def test_a_generation_comes_back_from_the_disk_as_it_was_built(corpus: Path, tmp_path: Path) -> None:
    store, manifest = built(corpus, tmp_path / "index")
    generation = store.live()
    assert generation.manifest == manifest
    assert list(generation.documents) == ["deep/two", "one"]
    assert [passage.text for passage in generation.passages] == [
        "Zeta **eta** theta.",
        "Alpha beta gamma.",
        "Delta epsilon.",
    ]
    assert len(generation.dense) == len(generation.tokens) == 3
    tokens = generation.tokens.passage(0)
    # The words' places are those of the source, markup included.
    assert tokens.spans.tolist() == [[0, 4], [7, 10], [13, 18]]
    assert np.linalg.norm(tokens.vectors * tokens.scales[:, None], axis=1) == pytest.approx(1)
    assert (manifest.counts.documents, manifest.counts.passages, manifest.counts.tokens) == (2, 3, 8)


def test_the_manifest_holds_what_the_contract_names(corpus: Path, tmp_path: Path) -> None:
    store, _ = built(corpus, tmp_path / "index")
    folder = tmp_path / "index" / "generations" / store.live_id()
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["model"] == {"name": "words", "source": "tests", "fingerprint": "words", "dimension": 64}
    assert {entry["name"]: entry["passages"] for entry in manifest["sources"]} == {"deep/two.md": 1, "one.txt": 2}
    assert all(len(entry["sha256"]) == 64 for entry in manifest["sources"])
    assert set(manifest["files"]) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {MANIFEST, CHECKSUM}
    assert {"format", "metric", "normaliser", "chunker", "counts", "built_at"} <= manifest.keys()


def test_the_newest_generations_are_kept(corpus: Path, tmp_path: Path) -> None:
    ids = [built(corpus, tmp_path / "index", keep=2)[1].generation for _ in range(4)]
    assert IndexStore(tmp_path / "index").ids() == ids[-2:]
    assert IndexStore(tmp_path / "index").live_id() == ids[-1]


def test_without_an_index_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoGenerationError, match="run qa index build"):
        IndexStore(tmp_path).live()


@pytest.mark.parametrize(
    "name",
    [
        "documents.jsonl",
        "passages.jsonl",
        "dense.faiss",
        "tokens-vectors.npy",
        "lexical/body/terms.txt",
    ],
)
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_each_damaged_file_is_told_by_name(corpus: Path, tmp_path: Path, name: str, damage: str) -> None:
    store, manifest = built(corpus, tmp_path / "index")
    path = tmp_path / "index" / "generations" / manifest.generation / name
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "cut":
        path.write_bytes(data[:-3])
    else:
        path.unlink()
    with pytest.raises(DamagedGenerationError, match=rf"{name}.*qa index build --full|lacks {name}"):
        store.live()


@pytest.mark.parametrize("content", ["", "{}", "not json", f'{{"format": {FORMAT_VERSION}}}'])
def test_a_damaged_manifest_is_told(corpus: Path, tmp_path: Path, content: str) -> None:
    store, manifest = built(corpus, tmp_path / "index")
    (tmp_path / "index" / "generations" / manifest.generation / MANIFEST).write_text(content)
    with pytest.raises(DamagedGenerationError, match=r"manifest\.json"):
        store.live()


def test_another_format_is_refused_with_both_numbers(corpus: Path, tmp_path: Path) -> None:
    store, manifest = built(corpus, tmp_path / "index")
    path = tmp_path / "index" / "generations" / manifest.generation / MANIFEST
    path.write_text('{"format": 99, "of another": "shape"}', encoding="utf-8")
    with pytest.raises(MismatchError, match=f"format 99, this version reads {FORMAT_VERSION}"):
        store.live()


def test_a_build_that_fails_leaves_the_live_generation_and_nothing_else(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, manifest = built(corpus, tmp_path / "index")
    generation = build(read_corpus(corpus), word_model()).generation

    def full(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Generation, "save", lambda self, folder: full(folder))
    with pytest.raises(GenerationError, match=r"No space left on device.*stays live"):
        publish(store, generation)
    assert store.live_id() == manifest.generation
    assert [path.name for path in (tmp_path / "index" / "generations").iterdir()] == [manifest.generation]


def test_staleness_tells_what_changed_and_how(corpus: Path, tmp_path: Path) -> None:
    _, manifest = built(corpus, tmp_path / "index")
    card = word_model().card
    assert not staleness(manifest, corpus, card)
    (corpus / "one.txt").write_text("Other.")
    (corpus / "three.txt").write_text("New.")
    (corpus / "deep" / "two.md").unlink()
    found = staleness(manifest, corpus, card)
    assert (found.added, found.changed, found.removed) == (("three.txt",), ("one.txt",), ("deep/two.md",))
    assert str(found) == "added three.txt; changed one.txt; removed deep/two.md"
    older = manifest.model_copy(update={"chunker": 0, "model": manifest.model.model_copy(update={"fingerprint": "x"})})
    assert staleness(older, corpus, card).reasons == (
        "built with chunker version 0, now 3",
        "built with model x, now words",
    )


def test_a_file_that_cannot_be_read_is_reported_and_stops_nothing(corpus: Path, tmp_path: Path) -> None:
    (corpus / "picture.txt").write_bytes(b"\x89PNG\x00\x00\x01")
    (corpus / "empty.md").write_text(" \n")
    (corpus / "sheet.xlsx").write_text("x")
    (corpus / "one.md").write_text("The same id as one.txt.")
    (corpus / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "secret.txt").write_text("Secret.")
    (corpus / ".hidden.txt").write_text("Hidden.")
    reading = read_corpus(corpus)
    assert [document.id for document in reading.documents] == ["deep/two", "one"]
    assert {file.name for file in reading.skipped} == {
        "picture.txt",
        "empty.md",
        "sheet.xlsx",
        "one.txt",
        "outside.txt",
    }
    assert all(file.reason.startswith(f"{file.name}: ") for file in reading.skipped)
    _, manifest = built(corpus, tmp_path / "index")
    assert not staleness(manifest, corpus, word_model().card)
    (corpus / "empty.md").write_text("No longer empty.")
    assert staleness(manifest, corpus, word_model().card).added == ("empty.md",)


def test_a_corpus_without_documents_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        read_corpus(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no document in"):
        read_corpus(tmp_path / "empty")


def test_ids_that_are_the_address_of_another_documents_part_are_refused(corpus: Path) -> None:
    (corpus / "one").mkdir()
    (corpus / "one" / "text.txt").write_text("Hidden behind one.txt.")
    assert "address" in {file.name: file.reason for file in read_corpus(corpus).skipped}["one/text.txt"]


def test_a_file_that_breaks_a_parser_stops_nothing(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, title: str) -> None:
        raise KeyError("kisim")

    monkeypatch.setitem(corpus_module._PARSERS, "markdown", broken)
    reading = read_corpus(corpus)
    assert [document.id for document in reading.documents] == ["one"]
    assert "KeyError" in reading.skipped[0].reason


def test_a_name_that_is_not_utf_8_is_reported(corpus: Path) -> None:
    (corpus / os.fsdecode(b"\xff.txt")).write_text("Text.")
    assert "its name is not UTF-8" in read_corpus(corpus).skipped[0].reason


def test_unknown_documents_are_named(corpus: Path, tmp_path: Path) -> None:
    generation: Generation = built(corpus, tmp_path / "index")[0].live()
    with pytest.raises(UnknownDocumentError, match="'three'"):
        generation.positions(["one", "three"])
    assert generation.positions(["one"]).tolist() == [1, 2]
