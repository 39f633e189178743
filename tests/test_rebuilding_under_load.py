"""Questions without pause while the index is rebuilt and rolled back: none fails, and none mixes two generations."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from qa.indexing.builder import silent
from qa.indexing.store import IndexStore
from qa.rebuilding import rebuild
from qa.settings import Settings, load_settings
from tests.conftest import ROOT, environment, eventually, serving

REBUILDS, ROLLBACKS, ASKERS = 50, 10, 4
QUESTIONS = ["Нөмірі қандай?", "Какая чашка не имеет ручки?", "What is the number?", "Шай далаға қалай келді?"]


@dataclass(frozen=True)
class Reply:
    """What one question got, or how it failed."""

    asker: int
    status: int
    header: str
    generation: str
    sources: dict[str, str]
    texts: list[str]


class Load:
    """Askers, each with a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: list[Reply] = []
        self.errors: list[str] = []
        self.stopped = threading.Event()

    def ask(self, asker: int) -> None:
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            while not self.stopped.wait(0.02):
                for question in QUESTIONS:
                    try:
                        self.replies.append(_reply(asker, client.post("/ask", json={"question": question})))
                    except Exception as error:
                        self.errors.append(repr(error))

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.ask, args=(asker,)) for asker in range(ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join()


def _reply(asker: int, reply: httpx.Response) -> Reply:
    body = reply.json()
    passages = body.get("passages", [])
    return Reply(
        asker,
        reply.status_code,
        reply.headers.get("X-Index-Generation", ""),
        body.get("index", {}).get("generation", ""),
        {one["citation"]["document"]: one["citation"]["source_sha256"] for one in passages},
        [one["text"] for one in passages],
    )


def test_no_question_fails_and_no_answer_mixes_two_generations(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "essays", tmp_path / "corpus")
    counter = tmp_path / "corpus" / "counter.txt"
    counter.write_text("Нөмірі 0.\n", encoding="utf-8")
    settings = Settings(
        corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", model_cache=load_settings().model_cache
    )
    store = IndexStore(settings.index_dir)
    built: dict[str, tuple[int, dict[str, str]]] = {}

    def publish(number: int) -> None:
        counter.write_text(f"Нөмірі {number}.\n", encoding="utf-8")
        assert rebuild(settings, silent, print).status == "published"
        note(number)

    def note(number: int) -> None:
        manifest = store.live_manifest()
        built[manifest.generation] = number, {source.id: source.sha256 for source in manifest.sources}

    env = environment(tmp_path, QA_CORPUS_DIR=str(settings.corpus_dir))
    with serving(env, "--workers", "2") as client:
        # One of the two answered; a connection of its own finds either.
        eventually(lambda: all(httpx.get(client.base_url.join("/readyz")).status_code == 200 for _ in range(20)))
        note(0)
        load = Load(str(client.base_url))
        with load.running():
            for number in range(1, REBUILDS + 1):
                publish(number)
            published = time.monotonic()
            while client.get("/index").json()["generation"] != store.live_id():
                assert time.monotonic() < published + 2
            rolled_back_from = len(load.replies)
            for _ in range(ROLLBACKS):
                with store.building(print):
                    store.rollback(store.before(max(built)) if store.live_id() == max(built) else max(built))
                time.sleep(0.4)
    assert load.errors == []
    assert {reply.status for reply in load.replies} == {200}
    assert len(load.replies) > 10 * REBUILDS
    for reply in load.replies:
        assert reply.header == reply.generation
        number, sources = built[reply.generation]
        assert reply.sources.items() <= sources.items()
        assert [text for text in reply.texts if text.startswith("Нөмірі")] in ([], [f"Нөмірі {number}."])
    assert len({reply.generation for reply in load.replies}) > REBUILDS / 2
    for asker in range(ASKERS):
        seen = [reply.header for reply in load.replies[:rolled_back_from] if reply.asker == asker]
        assert seen == sorted(seen)
    assert len({reply.generation for reply in load.replies[rolled_back_from:]}) > 1
