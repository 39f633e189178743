"""What becomes of the index folder under a running service: it answers on as before, and says truly how it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from qa.errors import DamagedGenerationError
from qa.indexing import arrays
from qa.indexing.generation import Generation
from qa.indexing.store import CURRENT, GENERATIONS, IndexStore
from qa.indexing.tokens import TokenStore
from qa.indexing.verification import verified
from qa.serving.soundness import Soundness
from tests.conftest import environment, eventually, run_qa
from tests.services import Service, logged
from tests.test_live import Site, client

QUESTIONS = ("When did Kazakhstan join the UN?", "ШЫҰ не үшін құрылған?", "How do I bake bread?")


def health(service: Service) -> list[Any]:
    """What several connections are told, which any worker may get: all degraded texts; None where there is none."""
    replies = [httpx.get(f"{service.client.base_url}/readyz", trust_env=False) for _ in range(6)]
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.json()["status"] for reply in replies} == {"ready"}
    return [reply.json()["degraded"] for reply in replies]


def answers(service: Service) -> list[Any]:
    """What is answered, but for how long it took."""
    found = []
    for question in QUESTIONS * 2:
        reply = service.ask_anew(question)
        assert reply.status_code == 200
        found.append({**reply.json(), "took_ms": 0})
    return found


def degrade(service: Service, index: Path, how: Callable[[], object], *said: str) -> None:
    """Do something to the index folder; what is answered stays, and all that can be asked says why it is not well."""
    before = answers(service)
    how()
    eventually(lambda: all(health(service)), 20)
    for text in health(service):
        assert all(word in text for word in said), text
        assert str(index) not in text
    eventually(lambda: service.metric("suraq_degraded") == 1)
    assert answers(service) == before
    assert service.client.get("/livez").json()["status"] == "alive"
    assert any(" error " in line and said[-1] in line for line in service.lines)


def mend(service: Service, how: Callable[[], object]) -> None:
    how()
    eventually(lambda: not any(health(service)), 20)
    eventually(lambda: service.metric("suraq_degraded") == 0)
    answers(service)


def flip(path: Path) -> None:
    """Change every byte of a file in its place, as a failing disk might."""
    with path.open("r+b") as file:
        data = file.read()
        file.seek(0)
        file.write(bytes(byte ^ 0xFF for byte in data))


def point_to(index: Path, text: str) -> None:
    (index / "written").write_text(f"{text}\n")
    (index / "written").rename(index / CURRENT)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_index_that_goes_away_or_is_damaged_is_answered_from_memory(tmp_path: Path, workers: str) -> None:
    env = environment(tmp_path)
    index, aside = tmp_path / "index", tmp_path / "aside"
    with logged(env, tmp_path, "--workers", workers) as service:
        eventually(lambda: service.metric("suraq_workers_ready") == int(workers), 60)
        assert not any(health(service))
        live = IndexStore(index).live_id()
        files = index / GENERATIONS / live

        degrade(service, index, lambda: index.rename(aside), "does not say what is live", "qa index build")
        mend(service, lambda: aside.rename(index))

        pointer = (index / CURRENT).read_text().strip()
        degrade(service, index, (index / CURRENT).unlink, "does not say what is live", "qa index build")
        mend(service, lambda: point_to(index, pointer))

        degrade(service, index, lambda: shutil.move(files, aside), live, "no readable manifest.json")
        mend(service, lambda: shutil.move(aside, files))

        for name in ("tokens-vectors.npy", "lexical/body/weights.npy", "dense.faiss", "passages.jsonl"):
            degrade(service, index, lambda name=name: flip(files / name), "sha256", name)  # type: ignore[misc]
            mend(service, lambda name=name: flip(files / name))  # type: ignore[misc]

        degrade(service, index, lambda: os.truncate(files / "tokens-vectors.npy", 100), "100 bytes", "--full")
        mend(service, lambda: run_qa("index", "build", "--full", env=env))
        assert IndexStore(index).live_id() != live
        assert {reply["index"]["generation"] for reply in answers(service)} == {IndexStore(index).live_id()}

        shutil.rmtree(index)
        eventually(lambda: all(health(service)), 20)
        mend(service, lambda: run_qa("index", "build", env=env))
        eventually(lambda: service.client.get("/readyz").headers["X-Index-Generation"] == IndexStore(index).live_id())


def test_a_damaged_generation_is_not_taken_over_and_the_service_says_so(tmp_path: Path) -> None:
    env = environment(tmp_path)
    index = tmp_path / "index"
    with logged(env, tmp_path) as service:
        live = IndexStore(index).live_id()
        damaged = index / GENERATIONS / "20991231T000000000000-00000000"
        shutil.copytree(index / GENERATIONS / live, damaged)
        flip(damaged / "passages.jsonl")
        degrade(service, index, lambda: point_to(index, damaged.name), damaged.name, "sha256")
        assert service.client.get("/readyz").json()["generation"] == live
        assert service.metric("suraq_load_failures_total") >= 1
        assert service.metric("suraq_generation_info", generation=live) == 1
        mend(service, lambda: point_to(index, live))
        degrade(service, index, lambda: point_to(index, "20991231T000000000001-00000000"), "no index")
        mend(service, lambda: point_to(index, live))


def test_livez_answers_at_once_and_readyz_is_503_until_the_encoder_is_there(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.served() as address, client(address) as own:
        assert own.get("/livez").json() == {"status": "alive", "generation": None}
        waiting = own.get("/readyz")
        assert (waiting.status_code, waiting.headers["Retry-After"]) == (503, "1")
        assert "suraq_degraded 0.0" in own.get("/metrics").text
        assert "suraq_workers_ready 0.0" in own.get("/metrics").text
        site.publish("zero")
        eventually(lambda: own.get("/readyz").status_code == 200)
        assert own.get("/readyz").json()["degraded"] is None
        eventually(lambda: "suraq_workers_ready 1.0" in own.get("/metrics").text)


def test_files_are_read_again_only_when_one_was_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    id_ = site.publish("zero")
    folder = site.settings.index_dir / GENERATIONS / id_
    generation = Generation.load(folder)
    read: list[Path] = []
    real = Soundness._found

    def found(self: Soundness, one: Generation, *, whole: bool) -> str | None:
        read.append(folder)
        return real(self, one, whole=whole)

    monkeypatch.setattr(Soundness, "_found", found)
    soundness = Soundness(site.settings.index_dir)
    assert [soundness.problem(generation) for _ in range(3)] == [None] * 3
    assert len(read) == 1
    os.utime(folder / "passages.jsonl")
    assert [soundness.problem(generation) for _ in range(3)] == [None] * 3
    assert len(read) == 2
    (folder / "passages.jsonl").write_bytes(b"")
    assert all("passages.jsonl" in (soundness.problem(generation) or "") for _ in range(3))
    assert len(read) == 3


def test_another_generation_under_the_same_name_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path)
    first = site.publish("zero")
    folders = site.settings.index_dir / GENERATIONS
    generation = Generation.load(folders / first)
    second = site.publish("one")
    shutil.move(folders / second, folders / first)
    assert "is another one" in (Soundness(site.settings.index_dir).problem(generation) or "")


def test_small_arrays_are_copied_and_large_ones_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    folder = site.settings.index_dir / GENERATIONS / site.publish("zero")
    copied = Generation.load(folder)
    monkeypatch.setattr(arrays, "LARGEST_COPY", 0)
    mapped = Generation.load(folder)
    assert isinstance(copied.tokens, TokenStore)
    assert isinstance(mapped.tokens, TokenStore)
    before = copied.tokens.vectors.copy()
    assert before.any()
    flip(folder / "tokens-vectors.npy")
    assert (copied.tokens.vectors == before).all()
    assert not (mapped.tokens.vectors == before).all()


def test_the_files_of_a_large_generation_are_compared_by_size_at_once_and_read_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    folder = site.settings.index_dir / GENERATIONS / site.publish("zero")
    for module in ("qa.indexing.manifest", "qa.serving.soundness"):
        monkeypatch.setattr(f"{module}.LARGEST_READ", 0)
    path = folder / "tokens-scales.npy"
    data = bytearray(path.read_bytes())
    data[-4] ^= 1
    path.write_bytes(data)
    generation = Generation.load(folder)  # a byte that changed is not found at once
    soundness = Soundness(site.settings.index_dir)
    assert soundness.problem(generation) is None
    eventually(lambda: "tokens-scales.npy" in (soundness.problem(generation) or ""))
    with pytest.raises(DamagedGenerationError, match=r"tokens-scales\.npy.*sha256"):
        verified(folder)
    path.write_bytes(data[:-1])
    eventually(lambda: "bytes, not" in (soundness.problem(generation) or ""))
    with pytest.raises(DamagedGenerationError, match=r"tokens-scales\.npy.*bytes, not"):
        Generation.load(folder)
