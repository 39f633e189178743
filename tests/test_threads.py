"""How many requests are worked on at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import httpx

from qa.encoding.encoder import Encoder, Encoding
from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.serving.app import create_app
from qa.settings import Settings, cores


class Crowd:
    """Counts the threads that are inside it; each stays until nobody else has come for a while."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.inside = self.most = 0

    def __enter__(self) -> None:
        with self._arrived:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._arrived.notify_all()
            while self._arrived.wait(timeout=0.2):
                pass

    def __exit__(self, *_: object) -> None:
        with self._arrived:
            self.inside -= 1


class CrowdedEncoder:
    """An encoder that is a crowd for questions."""

    def __init__(self, encoder: Encoder, crowd: Crowd) -> None:
        self._encoder, self._crowd = encoder, crowd
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]:
        with self._crowd:
            return self._encoder.encode_questions(texts)

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        return self._encoder.encode_passages(texts)

    def expect(self, texts: int) -> None:
        self._encoder.expect(texts)


def test_no_more_requests_are_worked_on_at_once_than_the_cores_bear(real_model: PreparedModel, tmp_path: Path) -> None:
    (tmp_path / "lamp.txt").write_text("The lamp was lit in 1871.", encoding="utf-8")
    crowd = Crowd()
    model = replace(real_model, encoder=CrowdedEncoder(real_model.encoder, crowd))
    generation = build(read_corpus(tmp_path), model).generation
    answerer = Answerer(generation, model, Calibration.load(real_model.folder))
    app = create_app(Settings(index_dir=tmp_path), lambda: answerer)

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a", timeout=60) as client,
        ):
            with anyio.fail_after(30):
                while (await client.get("/readyz")).status_code != 200:
                    await anyio.sleep(0.02)
            crowd.most = 0
            async with anyio.create_task_group() as tasks:
                for _ in range(30):
                    tasks.start_soon(lambda: client.post("/ask", json={"question": "When was the lamp lit?"}))

    anyio.run(ask)
    assert 2 <= crowd.most <= 2 * max(cores(), 2)
