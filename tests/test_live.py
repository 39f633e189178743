"""A running service takes over each generation that becomes live, and no request notices."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import uvicorn

from qa import loading
from qa.encoding.encoder import Encoding
from qa.indexing.builder import build
from qa.indexing.store import CURRENT, GENERATIONS, IndexStore
from qa.loading import reload_answerer
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.retrieval.relevance import Scales
from qa.serving.app import create_app
from qa.serving.live import LOOK_EVERY_S, Live
from qa.settings import Settings
from tests.conftest import environment, eventually, run_qa, serving
from tests.fakes import WordEncoder, publish, word_model

EVEN = Calibration(Scales(1.0, 1.0, 1.0), slope=2.0, intercept=-5.0)


class GatedEncoder(WordEncoder):
    """Holds each question that says "wait" until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.held = threading.Event()

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]:
        if any("wait" in text for text in texts):
            self.held.set()
            assert self.gate.wait(30)
        return super().encode_questions(texts)


class Site:
    """A corpus, an index folder of the newest generation alone, and a service over them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
        self.settings.corpus_dir.mkdir(parents=True)
        self.encoder = GatedEncoder()
        self.model = replace(word_model(), encoder=self.encoder)
        self.loads: list[str] = []
        self.app = create_app(self.settings, self.load, self.reload)
        self.live: Live = self.app.state.live

    def publish(self, word: str, index: Path | None = None) -> str:
        (self.settings.corpus_dir / "essay.txt").write_text(f"Alpha {word}.\n\nBeta {word}.\n")
        store = IndexStore(index or self.settings.index_dir)
        publish(store, build(read_corpus(self.settings.corpus_dir), self.model).generation)
        store.prune(1)
        return store.live_id()

    def load(self) -> Answerer:
        self.loads.append("load")
        return Answerer(IndexStore(self.settings.index_dir).live(), self.model, EVEN)

    def reload(self, answerer: Answerer) -> Answerer:
        self.loads.append("reload")
        return reload_answerer(self.settings, answerer)

    def point_to(self, id_: str) -> None:
        written = self.settings.index_dir / "written"
        written.write_text(id_ + "\n")
        written.rename(self.settings.index_dir / CURRENT)

    def eventually_live(self, id_: str) -> None:
        eventually(lambda: self.live.generation == id_)

    @contextmanager
    def served(self) -> Iterator[str]:
        """A real server in this process; its address."""
        server = uvicorn.Server(uvicorn.Config(self.app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            eventually(lambda: server.started)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            self.encoder.gate.set()
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=30, trust_env=False)


def asked(reply: httpx.Response) -> tuple[str, str, set[str]]:
    """The generation by the header, by the body, and the texts of the passages."""
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return (
        reply.headers["X-Index-Generation"],
        body["index"]["generation"],
        {passage["text"] for passage in body["passages"]},
    )


def test_no_request_fails_or_mixes_generations_while_they_change(site: Site) -> None:
    words = {site.publish("zero"): "zero"}
    done = threading.Event()
    replies: list[list[tuple[str, str, set[str]]]] = [[] for _ in range(8)]

    def ask(address: str, own: list[tuple[str, str, set[str]]]) -> None:
        with client(address) as connection:
            while not done.is_set():
                own.append(asked(connection.get("/ask?q=alpha")))

    def moved(id_: str) -> bool:
        return any(one.done() for one in asking) or all(own and own[-1][0] == id_ for own in replies)

    with site.served() as address, ThreadPoolExecutor(8) as pool:
        site.eventually_live(next(iter(words)))
        asking = [pool.submit(ask, address, own) for own in replies]
        for word in ("one", "two", "three", "four"):
            id_ = site.publish(word)
            words[id_] = word
            eventually(partial(moved, id_))
        done.set()
        for one in asking:
            one.result(30)
    for own in replies:
        assert [header for header, _, _ in own] == sorted(header for header, _, _ in own)
        for header, body, texts in own:
            assert header == body
            assert texts == {f"Alpha {words[body]}.", f"Beta {words[body]}."}
    assert site.loads == ["load", *["reload"] * 4]


def test_a_request_in_flight_keeps_its_generation_which_is_then_let_go_of(site: Site) -> None:
    first = site.publish("zero")
    with site.served() as address, client(address) as one, client(address) as other, ThreadPoolExecutor(1) as pool:
        site.eventually_live(first)
        old = weakref.ref(site.live.answerer().generation)
        in_flight = pool.submit(one.get, "/ask?q=wait+alpha")
        assert site.encoder.held.wait(10)
        second = site.publish("one")  # which also removes the files of the first
        site.eventually_live(second)
        assert asked(other.get("/ask?q=alpha")) == (second, second, {"Alpha one.", "Beta one."})
        assert other.get("/livez").headers["X-Index-Generation"] == second
        assert old() is not None
        site.encoder.gate.set()
        assert asked(in_flight.result(10)) == (first, first, {"Alpha zero.", "Beta zero."})
        eventually(lambda: old() is None)
        assert asked(one.get("/ask?q=alpha"))[:2] == (second, second)


def test_every_reply_about_an_index_bears_its_generation(site: Site) -> None:
    first = site.publish("zero")
    with site.served() as address, client(address) as own:
        site.eventually_live(first)
        assert own.get("/readyz").json()["generation"] == first
        second = site.publish("one")
        site.eventually_live(second)
        for path in ("/ask?q=a", "/ask?q=", "/documents", "/documents/none", "/readyz", "/livez", "/nowhere", "/index"):
            assert own.get(path).headers["X-Index-Generation"] == second


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def damaged(site: Site, word: str, how: str) -> str:
    """Publish a generation that cannot be loaded."""
    elsewhere = site.settings.index_dir.parent / word
    id_ = site.publish(word, elsewhere)
    folder = elsewhere / GENERATIONS / id_
    if how == "damaged":
        (folder / "passages.jsonl").write_bytes(b"")
    elif how == "of another format":
        (folder / "manifest.json").write_text('{"format": 99}')
    if how != "missing":
        shutil.move(folder, site.settings.index_dir / GENERATIONS)
    site.point_to(id_)
    return id_


@pytest.mark.parametrize("how", ["damaged", "of another format", "missing"])
def test_a_generation_that_cannot_be_loaded_is_told_once_and_the_old_one_serves_on(
    site: Site, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = site.publish("zero")
    with site.served() as address, client(address) as own:
        site.eventually_live(first)
        damaged(site, "one", how)
        eventually(lambda: errors(caplog))
        time.sleep(4 * LOOK_EVERY_S)
        assert len(errors(caplog)) == 1
        assert f"the generation {first} serves on: " in caplog.text
        assert "qa index build" in caplog.text
        assert asked(own.get("/ask?q=alpha")) == (first, first, {"Alpha zero.", "Beta zero."})
        second = site.publish("two")
        site.eventually_live(second)
        assert asked(own.get("/ask?q=alpha")) == (second, second, {"Alpha two.", "Beta two."})


def test_an_index_that_appears_later_makes_the_service_ready(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with site.served() as address, client(address) as own:
        eventually(lambda: errors(caplog))
        assert "the service cannot answer: there is no index in" in caplog.text
        assert own.get("/readyz").status_code == 503
        assert "X-Index-Generation" not in own.get("/livez").headers
        first = site.publish("zero")
        eventually(lambda: own.get("/readyz").status_code == 200)
        assert asked(own.get("/ask?q=alpha"))[0] == first
    assert site.loads == ["load", "load"]


def test_a_generation_that_is_gone_back_to_is_taken_again(site: Site) -> None:
    first = site.publish("zero")
    kept = site.settings.index_dir.parent / "kept"
    shutil.copytree(site.settings.index_dir / GENERATIONS / first, kept)
    with site.served():
        site.eventually_live(first)
        second = site.publish("one")
        site.eventually_live(second)
        shutil.move(kept, site.settings.index_dir / GENERATIONS / first)
        site.point_to(first)
        site.eventually_live(first)
        site.point_to(second)
        site.eventually_live(second)


def test_only_the_generation_is_loaded_anew_when_the_model_is_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("zero")
    before = site.load()
    site.publish("one")
    after = reload_answerer(site.settings, before)
    assert after.generation.id != before.generation.id
    assert after.model is before.model
    assert after.calibration is before.calibration

    other = replace(before.model, card=replace(before.model.card, fingerprint="others"))
    monkeypatch.setattr(loading, "load_answerer", lambda settings: after)
    assert reload_answerer(site.settings, cast("Answerer", SimpleNamespace(model=other))) is after


def test_every_worker_process_takes_over(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    essay = tmp_path / "corpus" / "essay.txt"
    essay.write_text("The river Ili flows into lake Balkhash.\n", encoding="utf-8")
    env = environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"))
    with serving(env, "--workers", "2") as one:
        essay.write_text("The river Syr Darya flows into the Aral sea.\n", encoding="utf-8")
        assert run_qa("index", "build", env=env).returncode == 0
        id_ = IndexStore(tmp_path / "index").live_id()

        def everywhere() -> bool:
            # Each connection goes to either of the two.
            replies = [httpx.get(f"{one.base_url}/ask?q=river", trust_env=False) for _ in range(8)]
            return all("Aral" in reply.text and asked(reply)[:2] == (id_, id_) for reply in replies)

        eventually(everywhere)


def test_it_has_stopped_only_when_what_it_loads_is_loaded(tmp_path: Path) -> None:
    begun, gate, loaded = threading.Event(), threading.Event(), threading.Event()

    def load() -> Answerer:
        begun.set()
        assert gate.wait(30)
        loaded.set()
        raise ValueError("nothing to answer with")

    live = Live(load, lambda _: load(), tmp_path / CURRENT)
    live.start()
    assert begun.wait(10)
    threading.Timer(0.2, gate.set).start()
    live.stop()
    assert loaded.is_set()
