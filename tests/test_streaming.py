"""A build that writes as it reads makes what one in memory makes; where passages are many, it makes them smaller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa import making
from qa.encoding.encoder import Encoding
from qa.encoding.prepared import PreparedModel
from qa.errors import IndexFolderError
from qa.indexing import packing, places
from qa.indexing.builder import build, known_documents, silent
from qa.indexing.generation import Generation
from qa.indexing.journal import FILE, Journal, Origin
from qa.indexing.manifest import write_manifest
from qa.indexing.on_disk import PassagesOnDisk
from qa.indexing.packed_postings import PackedPostings
from qa.indexing.reduced_tokens import ReducedTokens
from qa.indexing.store import IndexStore
from qa.indexing.streaming import Streamed, StreamingBuild
from qa.indexing.tokens import TokenStore
from qa.indexing.verification import verified
from qa.reading import CorpusStream, read_corpus, stream
from qa.rebuilding import rebuild
from qa.settings import Settings, load_settings
from tests.fakes import WordEncoder, word_model
from tests.pdfs import text_pdf

TEXTS = {
    "alma.md": "# Alma\n\nAn apple is round (ARF Apple Round Fruit).\n\n## Trees\n\nA tree bears apples.\n\n- red;\n- green.\n",
    "deep/su.txt": "Water runs to the sea.\n\nThe sea is salt.\n\nWater runs to the sea.\n",
    "tau.md": "# Mountains\n\nA mountain is high.\n\nA tree bears apples.\n",
}


class FailingEncoder(WordEncoder):
    """Fails when it is to encode one more passage than it may."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        if len(self.encoded) >= self.most:
            raise KeyboardInterrupt
        return super().encode_passages(texts)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few passages are kept as many are."""
    monkeypatch.setattr(places, "ON_DISK_FROM", 1)
    monkeypatch.setattr("qa.indexing.lexical.PACKED_FROM", 1)
    monkeypatch.setattr("qa.indexing.streaming.REDUCED_FROM", 1)
    monkeypatch.setattr(packing, "BATCH", 3)


def streamed(
    corpus: Path, folder: Path, model: PreparedModel, previous: Generation | None = None
) -> tuple[Generation, Streamed]:
    folder.mkdir()
    opened: list[Journal] = []

    def journal(token_bytes: int | None) -> Journal:
        opened.append(Journal(folder.parent, Origin(model="words", dimension=64, token_bytes=token_bytes)))
        return opened[0]

    try:
        read = CorpusStream(corpus, known_documents(previous))
        done = StreamingBuild(folder, model, previous, silent, 1).run("made", read, None, journal)
    finally:
        for one in opened:
            one.close()
    write_manifest(folder, done.manifest)
    return verified(folder), done


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("manifest")
    }


def test_the_files_are_those_of_a_build_in_memory(corpus: Path, tmp_path: Path) -> None:
    (corpus / "no.txt").write_bytes(b"\x89PNG\x00\x00\x01")
    generation, done = streamed(corpus, tmp_path / "streamed", word_model())
    reading = read_corpus(corpus)
    whole = build(reading, word_model()).generation
    (tmp_path / "whole").mkdir()
    whole.save(tmp_path / "whole")
    assert files_of(tmp_path / "streamed") == files_of(tmp_path / "whole")
    left_out = {"generation", "built_at", "files"}
    assert done.manifest.model_dump(exclude=left_out) == whole.manifest.model_dump(exclude=left_out)
    # Two passages are equal to others, but for their places, and are encoded once.
    assert (done.encoded, done.resumed) == (len(generation.passages) - 2, 0)


def test_formats_pages_metadata_and_warnings_come_as_in_a_build_in_memory(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_AHEAD", 2)
    monkeypatch.setattr(places, "ON_DISK_FROM", 1)
    for number in range(4):
        (corpus / f"page-{number}.html").write_text(f"<h1>Tea</h1><p>Tea is page {number}.</p>", encoding="utf-8")
    (corpus / "book.pdf").write_bytes(text_pdf("Tea is black."))
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 no more")
    sidecar = corpus / "book.pdf.meta.yaml"
    sidecar.write_text("author: Aral\ndate: soon\n", encoding="utf-8")
    previous, done = streamed(corpus, tmp_path / "streamed", word_model())
    whole = build(read_corpus(corpus), word_model()).generation
    (tmp_path / "whole").mkdir()
    whole.save(tmp_path / "whole")
    assert files_of(tmp_path / "streamed") == files_of(tmp_path / "whole")
    assert done.manifest.sources == whole.manifest.sources
    assert [file.name for file in done.manifest.skipped] == ["broken.pdf"]
    told = previous.summary("book").about
    assert (told.metadata.authors, len(told.pages), len(told.warnings)) == (("Aral",), 1, 1)
    assert previous.citation(previous.passages_of("book")[0]).page == 1
    sidecar.write_text("author: Balkhash\n", encoding="utf-8")
    again, second = streamed(corpus, tmp_path / "second", word_model(), previous)
    assert (second.encoded, again.summary("book").about.metadata.authors) == (0, ("Balkhash",))


def test_an_edit_encodes_what_is_new_and_gives_the_files_of_a_build_from_nothing(corpus: Path, tmp_path: Path) -> None:
    previous, _ = streamed(corpus, tmp_path / "first", word_model())
    (corpus / "tau.md").write_text("# Mountains\n\nA mountain is high.\n\nIt has snow.\n", encoding="utf-8")
    model = word_model()
    _, done = streamed(corpus, tmp_path / "second", model, previous)
    assert done.encoded == 1
    assert isinstance(model.encoder, WordEncoder)
    assert model.encoder.encoded == ["It has snow."]


@pytest.mark.usefixtures("many")
def test_many_passages_stay_on_the_disk_packed_and_reduced_and_are_found(corpus: Path, tmp_path: Path) -> None:
    generation, _ = streamed(corpus, tmp_path / "streamed", word_model())
    assert isinstance(generation.passages, PassagesOnDisk)
    assert isinstance(generation.tokens, ReducedTokens)
    assert PackedPostings.is_in(tmp_path / "streamed" / "lexical" / "body")
    whole = build(read_corpus(corpus), word_model()).generation
    assert list(generation.passages) == list(whole.passages)
    for position in range(len(whole.passages)):
        assert generation.dense.vector(position).tolist() == whole.dense.vector(position).tolist()
        mine, theirs = generation.tokens.passage(position), whole.tokens.passage(position)
        assert mine.spans.tolist() == theirs.spans.tolist()
        # Each of these tokens is an axis, so that nothing is lost.
        assert (mine.vectors * mine.scales[:, None]) == pytest.approx(theirs.vectors * theirs.scales[:, None], abs=1e-5)
    best = generation.lexical.matches("mountains")[0].most(1)
    assert generation.passages[int(best[0])].text == "A mountain is high."


@pytest.mark.usefixtures("many")
def test_reduced_tokens_are_taken_over_by_a_build_of_many_and_not_by_one_of_few(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = streamed(corpus, tmp_path / "first", word_model())
    again, done = streamed(corpus, tmp_path / "again", word_model(), first)
    assert done.encoded == 0
    assert files_of(tmp_path / "again")["tokens.packed"] == files_of(tmp_path / "first")["tokens.packed"]
    monkeypatch.setattr("qa.indexing.streaming.REDUCED_FROM", 1000)
    whole, done = streamed(corpus, tmp_path / "whole", word_model(), again)
    assert done.encoded > 0
    assert isinstance(whole.tokens, TokenStore)
    assert build(read_corpus(corpus), word_model(), again).encoded == len(again.passages)
    monkeypatch.setattr("qa.indexing.streaming.REDUCED_FROM", 1)
    assert streamed(corpus, tmp_path / "reduced", word_model(), whole)[1].encoded == 0
    assert files_of(tmp_path / "reduced")["tokens.packed"] == files_of(tmp_path / "first")["tokens.packed"]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("reduces", [True, False])
def test_a_build_that_is_cut_short_goes_on_where_it_was(
    corpus: Path, tmp_path: Path, reduces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not reduces:
        monkeypatch.setattr("qa.indexing.streaming.REDUCED_FROM", 1000)
    model = word_model()
    with pytest.raises(KeyboardInterrupt):
        streamed(corpus, tmp_path / "cut", replace(model, encoder=FailingEncoder(3)))
    _, done = streamed(corpus, tmp_path / "resumed", model)
    assert done.resumed == 3
    (tmp_path / FILE).unlink()
    _, whole = streamed(corpus, tmp_path / "whole", word_model())
    assert whole.encoded == done.encoded + done.resumed
    mine, theirs = files_of(tmp_path / "resumed"), files_of(tmp_path / "whole")
    # The axes of the words depend on what was encoded first; all else is the same.
    assert {name for name in theirs if mine[name] != theirs[name]} <= {
        "dense.faiss",
        "tokens.packed",
        "tokens-vectors.npy",
    }


def test_without_room_for_the_journal_the_error_says_so(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "add", lambda self, key, encoded: False)
    with pytest.raises(IndexFolderError, match=r"encoded\.journal cannot be written.*make room"):
        streamed(corpus, tmp_path / "streamed", word_model())


@pytest.fixture
def settings(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(making, "LARGE_CORPUS", 0)
    yield load_settings().model_copy(update={"corpus_dir": corpus, "index_dir": tmp_path / "index"})


def test_a_large_corpus_is_built_published_and_built_again(settings: Settings) -> None:
    first = rebuild(settings, silent, print)
    assert (first.status, first.changes and len(first.changes.added)) == ("published", first.encoded + 2)
    store = IndexStore(settings.index_dir)
    assert not (settings.index_dir / FILE).exists()
    (settings.corpus_dir / "tau.md").write_text("# Mountains\n\nA mountain is high.\n", encoding="utf-8")
    second = rebuild(settings, silent, print)
    assert (second.status, second.encoded) == ("published", 0)
    assert second.changes is not None
    assert [passage.text for passage in second.changes.removed] == ["A tree bears apples."]
    assert second.manifest.threshold == store.live().manifest.threshold != 0.5
    with closing(Journal(settings.index_dir, Origin(model="x", dimension=4))) as journal:
        assert not len(journal)
    assert rebuild(settings, silent, print).status == "unchanged"
    assert store.ids() == [first.manifest.generation, second.manifest.generation]
    assert np.isfinite(store.live().dense.vector(0)).all()
