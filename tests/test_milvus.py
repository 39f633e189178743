"""What is particular to generations in Milvus: rows, terms, connections that break, and builders that do not end."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml

from qa import making
from qa.errors import (
    DamagedGenerationError,
    GenerationError,
    MismatchError,
    NoGenerationError,
    SettingsError,
    UnreachableStoreError,
)
from qa.indexing.builder import build, silent
from qa.indexing.generation import Generation
from qa.indexing.lexical import LexicalIndex
from qa.indexing.milvus import collections, connection, legs, terms
from qa.indexing.milvus.connection import Connection
from qa.indexing.milvus.legs import MilvusDense
from qa.indexing.milvus.parts import Parts
from qa.indexing.milvus.row import Row
from qa.indexing.milvus.rows import name_of
from qa.indexing.milvus.store import MilvusStore
from qa.indexing.postings import Postings
from qa.loading import store_of
from qa.reading import read_corpus
from qa.rebuilding import rebuild
from qa.settings import Settings
from tests.conftest import ROOT, environment, eventually, run_qa, serving
from tests.fakes import word_model
from tests.milvus import MilvusServer, milvus_server

CORPUS = {"one.txt": "Alpha beta.\n\nGamma delta.\n", "two.txt": "Epsilon zeta.\n\nAlpha eta theta.\n"}


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Connection]:
    link = Connection(str(tmp_path / "suraq.db"))
    yield link
    link.close()


@pytest.fixture
def store(tmp_path: Path, link: Connection) -> MilvusStore:
    return MilvusStore(link, "suraq", tmp_path / "index")


def generation(folder: Path, newest: str = "", **files: str) -> Generation:
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for name, text in {**CORPUS, **files}.items():
        (corpus / name).write_text(text)
    return build(read_corpus(corpus), word_model(), newest=newest).generation


def published(store: MilvusStore, given: Generation) -> Generation:
    with store.building(lambda _: None):
        store.stage(given)
        store.make_live(given.id)
    return store.live()


def postings_of(index: LexicalIndex, field: str = "body") -> Postings:
    found = index.fields[field]
    assert isinstance(found, Postings)
    return found


def is_ready(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == 200


def refuses(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == 503


def reads(client: httpx.Client, text: str) -> bool:
    return client.get("/documents/one/text").text == text


# Terms


def test_the_product_of_a_question_and_a_passage_is_its_bm25() -> None:
    bodies = ["Alpha beta beta.", "Қазақстан елі туралы", "", "beta gamma delta beta alpha"]
    index = LexicalIndex.from_texts(bodies, ["Heading", "", "Heading two", "x"])
    for name, of_all in zip(("body", "headings"), index.scores("beta alpha казакстан heading beta"), strict=True):
        rows = list(terms.weights_of(postings_of(index, name), {}))
        assert len(rows) == len(bodies)
        found = terms.products(terms.asked("beta alpha казакстан heading beta", {}), rows)
        assert found == pytest.approx(of_all, abs=1e-5)
        assert found.max() > 0


def test_the_weights_are_the_same_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    index = LexicalIndex.from_texts([f"word{n} and other{n % 3}" for n in range(11)], [""] * 11)
    whole = list(terms.weights_of(postings_of(index), {}))
    monkeypatch.setattr(terms, "_BLOCK", 4)
    in_blocks = list(terms.weights_of(postings_of(index), {}))
    assert [one.as_mapping() for one in whole] == [one.as_mapping() for one in in_blocks]
    assert all(len(one.terms) for one in whole)


def test_terms_whose_hash_is_the_same_get_numbers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = terms._hashed
    monkeypatch.setattr(terms, "_hashed", lambda term: 7 if term in ("beta", "alph", "zeta") else hashed(term))
    others = terms.other_numbers(["zeta", "alph", "gamm", "beta"])
    assert sorted(others) == ["beta", "zeta"]
    numbers = {terms.number_of(term, others) for term in ("alph", "beta", "zeta", "gamm")}
    assert len(numbers) == 4
    assert terms.number_of("alph", others) == 7


def test_a_question_without_any_term_matches_nothing(store: MilvusStore, tmp_path: Path) -> None:
    found = published(store, generation(tmp_path))
    body, headings = found.lexical.matches("?!")
    assert body.most(5).tolist() == []
    assert body.at(np.arange(2)).tolist() == headings.at(np.arange(2)).tolist() == [0, 0]


# Rows


def test_a_string_longer_than_a_row_comes_back_whole(link: Connection) -> None:
    parts = Parts(link, "things")
    parts.create()
    long, odd = bytes(range(256)) * 800, b"\0" * 49_149 + b"end"
    parts.put([("long", long), ("odd", odd), ("empty", b"")])
    assert parts.get(["long", "odd", "empty", "missing"]) == {"long": long, "odd": odd, "empty": b""}
    assert parts.keys("") == ["empty", "long", "odd"]
    parts.remove("long")
    assert parts.get(["long"], 2) == {}


def test_a_row_that_was_changed_is_told_and_not_answered_from(
    store: MilvusStore, tmp_path: Path, link: Connection
) -> None:
    found = published(store, generation(tmp_path))
    parts = Parts(link, f"suraq_{found.id.replace('-', '_')}_rows", "Strong")
    (data,) = parts.get([name_of(1)]).values()
    assert Row.unpack(data, "it").vector.tolist() == found.dense.vector(1).tolist()
    parts.put([(name_of(1), data[:-3] + b"xyz")])
    with pytest.raises(DamagedGenerationError, match="passage 1 is damaged in Milvus"):
        store.live().dense.vector(1)
    with pytest.raises(DamagedGenerationError):
        store.verified(found.id)
    parts.remove(name_of(1))
    with pytest.raises(DamagedGenerationError, match="passage 1 is missing"):
        store.live().tokens.passage(1)


def test_a_table_that_is_missing_is_told_when_the_generation_is_loaded(
    store: MilvusStore, tmp_path: Path, link: Connection
) -> None:
    found = published(store, generation(tmp_path))
    Parts(link, f"suraq_{found.id.replace('-', '_')}_rows", "Strong").remove("words")
    with pytest.raises(DamagedGenerationError, match="words of the generation"):
        store.live()


def test_a_manifest_of_another_format_is_told_and_one_that_is_none(
    store: MilvusStore, tmp_path: Path, link: Connection
) -> None:
    found = published(store, generation(tmp_path))
    catalogue = Parts(link, "suraq_catalogue")
    catalogue.put([(f"manifest {found.id}", b'{"format": 99}')])
    with pytest.raises(MismatchError, match="has the format 99, this version reads"):
        store.live_manifest()
    catalogue.put([(f"manifest {found.id}", b"not JSON")])
    with pytest.raises(DamagedGenerationError, match="no readable manifest"):
        store.live_manifest()


def test_passages_that_cannot_be_searched_for_are_told(store: MilvusStore, tmp_path: Path, link: Connection) -> None:
    found = published(store, generation(tmp_path))
    store.verified(found.id)
    link.do("delete", f"suraq_{found.id.replace('-', '_')}", ids=[0])
    with pytest.raises(DamagedGenerationError, match=r"4 passages .* were written, and 3 can be searched for"):
        store.check_live()


# Search


def test_a_large_corpus_is_searched_by_a_graph(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "EXACT_UP_TO", 3)
    found = published(store, generation(tmp_path))
    assert isinstance(found.dense, MilvusDense)
    for position in range(len(found.passages)):
        positions, cosines = found.dense.search(found.dense.vector(position), 1)
        assert (positions.tolist(), cosines.tolist()) == ([position], [pytest.approx(1, abs=1e-5)])


def test_a_condition_names_documents_where_these_are_whole(store: MilvusStore, tmp_path: Path) -> None:
    found = published(store, generation(tmp_path))
    assert isinstance(found.dense, MilvusDense)
    condition = found.dense.vectors.condition
    assert condition(found.positions(["two"])) == 'document in ["two"]'
    assert condition(np.array([1, 2, 3])) == "(position >= 1 and position <= 3)"
    assert condition(np.array([0, 2])) == "(position >= 0 and position <= 0) or (position >= 2 and position <= 2)"
    for among in (found.positions(["two"]), np.array([1, 2, 3]), np.array([0, 2])):
        positions, _ = found.dense.search(found.dense.vector(0), 10, among)
        assert sorted(positions.tolist()) == among.tolist()


def test_scattered_passages_are_named_one_by_one(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "_STRETCHES", 1)
    found = published(store, generation(tmp_path))
    assert isinstance(found.dense, MilvusDense)
    among = np.array([0, 2])
    assert found.dense.vectors.condition(among) == "position in [0, 2]"
    positions, _ = found.dense.search(found.dense.vector(0), 10, among)
    assert sorted(positions.tolist()) == [0, 2]


def test_what_was_fetched_is_let_go_of_when_there_is_no_room(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = published(store, generation(tmp_path))
    monkeypatch.setattr("qa.indexing.milvus.rows._KEPT_BYTES", 1)
    assert isinstance(found.dense, MilvusDense)
    rows = found.dense.rows.several(np.array([2, 0, 2]))
    assert [b"Epsilon" in row.passage for row in rows] == [True, False, True]
    assert not found.dense.rows._kept


# Publishing


def test_a_generation_that_was_not_completed_is_not_seen_and_removed_by_the_next_builder(
    store: MilvusStore, tmp_path: Path, link: Connection
) -> None:
    first = published(store, generation(tmp_path))
    store.stage(generation(tmp_path, first.id))  # and the builder is killed
    names = set(link.do("list_collections"))
    assert (store.ids(), store.live_id()) == ([first.id], first.id)
    with store.building(lambda _: None):
        gone = names - set(link.do("list_collections"))
    assert len(gone) == 2
    assert not any(first.id.replace("-", "_") in name for name in gone)
    assert store.live().dense.vector(0).any()


def test_another_service_s_collections_are_left_alone(tmp_path: Path, link: Connection) -> None:
    mine, other = (MilvusStore(link, prefix, tmp_path / prefix) for prefix in ("suraq", "suraq_2"))
    theirs = published(other, generation(tmp_path))
    published(mine, generation(tmp_path))
    with mine.building(lambda _: None):
        pass
    assert other.live().id == theirs.id
    assert other.live().passages[0].text == "Alpha beta."


def test_a_write_that_fails_leaves_nothing_and_what_was_live(
    store: MilvusStore, tmp_path: Path, link: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = published(store, generation(tmp_path))
    names = sorted(link.do("list_collections"))
    attempt = Connection._attempt

    def full(self: Connection, method: str, *arguments: object, **named: object) -> object:
        if method == "flush":
            raise GenerationError("Milvus has no room")
        return attempt(self, method, *arguments, **named)

    monkeypatch.setattr(Connection, "_attempt", full)
    with pytest.raises(GenerationError, match="no room"), store.building(lambda _: None):
        store.stage(generation(tmp_path, first.id))
    monkeypatch.undo()
    assert sorted(link.do("list_collections")) == names
    assert store.live_id() == first.id


def test_a_large_corpus_is_built_by_way_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corpus").mkdir()
    for name, text in CORPUS.items():
        (tmp_path / "corpus" / name).write_text(text)
    settings = Settings(
        corpus_dir=tmp_path / "corpus",
        index_dir=tmp_path / "index",
        store="milvus",
        milvus_uri=str(tmp_path / "suraq.db"),
    )
    built = rebuild(settings, silent, print, full=True)
    monkeypatch.setattr(making, "LARGE_CORPUS", 0)
    streamed = rebuild(settings, silent, print, full=True)
    store = store_of(settings)
    (tmp_path / "corpus" / "three.txt").write_text("Iota kappa.\n")
    grown = rebuild(settings, silent, print)
    assert [one.encoded for one in (built, streamed, grown)] == [4, 4, 1]
    assert built.manifest.generation < streamed.manifest.generation < grown.manifest.generation == store.live_id()
    assert streamed.manifest.files["rows"] == built.manifest.files["rows"]
    assert [path.name for path in (tmp_path / "index" / "generations").iterdir()] == []
    store.close()


def test_nothing_published_is_told(store: MilvusStore) -> None:
    with pytest.raises(NoGenerationError, match="run qa index build"):
        store.live()
    assert store.ids() == []


def test_one_process_serves_a_file_to_the_others(tmp_path: Path) -> None:
    env = environment(
        tmp_path, QA_STORE="milvus", QA_MILVUS_URI=str(tmp_path / "suraq.db"), QA_CORPUS_DIR=str(tmp_path / "corpus")
    )
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "one.txt").write_text("Alpha beta.\n")
    with serving(env) as client:
        before = client.get("/readyz").json()["generation"]
        (tmp_path / "corpus" / "one.txt").write_text("Alpha gamma.\n")
        done = run_qa("index", "build", env=env)
        assert done.returncode == 0, done.stderr
        eventually(lambda: client.get("/readyz").json()["generation"] != before, 30)
        assert client.get("/documents/one/text").text == "Alpha gamma.\n"


# A server, and losing it


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path) as server:
        yield server


def test_services_share_a_server_and_recover_from_losing_it(server: MilvusServer, tmp_path: Path) -> None:
    env = environment(
        tmp_path, QA_STORE="milvus", QA_MILVUS_URI=server.uri, QA_CORPUS_DIR=str(tmp_path / "corpus"), QA_WORKERS="1"
    )
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "one.txt").write_text("Alpha beta.\n")
    other = {**env, "QA_INDEX_DIR": str(tmp_path / "other"), "QA_CORPUS_DIR": str(tmp_path / "no-corpus")}
    assert run_qa("index", "build", env=env).returncode == 0
    with serving(env) as first, serving(other) as second:
        assert first.get("/readyz").json() == second.get("/readyz").json()
        server.stop()
        for client in (first, second):
            eventually(partial(refuses, client), 30)
            lost = client.get("/ask", params={"q": "What is beta, now?"})
            assert lost.status_code == 503
            assert int(lost.headers["Retry-After"]) >= 1
            assert lost.json()["detail"] == "what holds the index does not answer; ask again in a moment"
        server.start()
        for client in (first, second):
            eventually(partial(is_ready, client), 60)
            assert client.get("/ask", params={"q": "What is beta again?"}).status_code == 200
        (tmp_path / "corpus" / "one.txt").write_text("Alpha gamma.\n")
        assert run_qa("index", "build", env=env).returncode == 0
        for client in (first, second):
            eventually(partial(reads, client, "Alpha gamma.\n"), 30)


def test_a_builder_waits_for_a_server_that_comes_back(server: MilvusServer) -> None:
    link = Connection(server.uri)
    assert link.do("list_collections") == []
    server.stop()
    back = threading.Thread(target=server.start)
    back.start()
    assert link.do("list_collections", timeout=3.0) == []
    assert link.problem is None
    back.join()
    link.close()


def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_FIRST_WAIT", 0.01)
    link = Connection("http://me:secret@127.0.0.1:9", "token")
    with pytest.raises(UnreachableStoreError, match=r"Milvus at http://127\.0\.0\.1:9 does not answer") as raised:
        link.do("list_collections", timeout=0.2)
    assert "secret" not in str(raised.value)
    assert "token" not in str(raised.value)
    assert link.problem == str(raised.value)


def test_what_milvus_refuses_is_not_tried_again(link: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts(link, "things")
    parts.create()
    tried: list[str] = []
    attempt = Connection._attempt

    def counted(self: Connection, method: str, *arguments: object, **named: object) -> object:
        tried.append(method)
        return attempt(self, method, *arguments, **named)

    monkeypatch.setattr(Connection, "_attempt", counted)
    with pytest.raises(GenerationError, match="refuses upsert"):
        link.do("upsert", "things", [{"key": "x"}])
    assert tried == ["upsert"]


# Settings


def test_milvus_needs_an_address() -> None:
    with pytest.raises(ValueError, match="name its Milvus here"):
        Settings(store="milvus")
    with pytest.raises(ValueError, match="begin with http"):
        Settings(store="milvus", milvus_uri="ftp://host")
    with pytest.raises(ValueError, match="should match pattern"):
        Settings(store="milvus", milvus_uri="x.db", milvus_collection="a b")


@pytest.mark.parametrize(("uri", "package"), [("http://127.0.0.1:9", "pymilvus"), ("x.db", "milvus_lite")])
def test_without_the_package_one_line_says_what_to_install(
    uri: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def found(name: str) -> ModuleSpec | None:
        return None if name == package else find(name)

    monkeypatch.setattr("importlib.util.find_spec", found)
    with pytest.raises(SettingsError, match=r"pip install 'suraq\[milvus\]'"):
        MilvusStore(Connection(uri if "://" in uri else str(tmp_path / uri)), "suraq", tmp_path).live()


def test_the_compose_file_names_settings_that_there_are() -> None:
    services = yaml.safe_load((ROOT / "docs" / "deployment" / "milvus.yaml").read_text(encoding="utf-8"))["services"]
    named = {name for one in ("builder", "suraq") for name in services[one]["environment"]}
    assert {"QA_STORE", "QA_MILVUS_URI", "QA_CORPUS_DIR"} < named
    assert named <= {f"QA_{name.upper()}" for name in Settings.model_fields}
    assert services["builder"]["environment"]["QA_MILVUS_URI"] == "http://milvus:19530"


def test_without_milvus_it_is_not_imported() -> None:
    code = "import sys, qa.serving.app, qa.rebuilding; sys.exit('pymilvus' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
