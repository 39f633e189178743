"""A clock that is set: order, limits and pruning go on as if it had not been."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from qa.indexing.builder import build
from qa.indexing.identifier import generation_id
from qa.indexing.store import IndexStore
from qa.jobs import Jobs
from qa.rate import Rate
from qa.reading import read_corpus
from qa.serving.keys import Keys
from qa.serving.rate_limit import RateLimit
from qa.settings import Settings
from tests.conftest import ROOT, environment, eventually, run_qa
from tests.fakes import publish, word_model
from tests.services import logged
from tests.test_jobs import build_in, jobs, known, wait_for

__all__ = ["jobs"]  # a fixture

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Put before a program, it sets its clock back by so many days.
SET_BACK = """
import datetime, sys, time
days = float(sys.argv.pop(1))
real, real_time = datetime.datetime, time.time
class Clock(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) - datetime.timedelta(days=days)
datetime.datetime, time.time = Clock, lambda: real_time() - 86400 * days
from qa.cli import main
main()
"""


@pytest.mark.parametrize("newest", ["20250101T000000000000-ffffffff", "", "no id", "99991231T235959999999-00000000"])
def test_an_id_tells_the_time_where_that_is_later_than_the_newest(newest: str) -> None:
    assert generation_id(NOW, newest).startswith("20260101T000000000000-")


@pytest.mark.parametrize("newest", ["20260101T000000000000-ffffffff", "20991231T235959999999-ffffffff"])
def test_an_id_sorts_after_the_newest_where_the_clock_was_set_back(newest: str) -> None:
    ids = [newest]
    for _ in range(100):
        ids.append(generation_id(NOW, ids[-1]))
    assert ids == sorted(ids)
    assert len(set(ids)) == 101


def built_with_clock(env: dict[str, str], days_back: float, text: str) -> str:
    """Edit the corpus and build with a clock that was set back: the new generation."""
    (Path(env["QA_CORPUS_DIR"]) / "counter.txt").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", SET_BACK, str(days_back), "index", "build"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return IndexStore(Path(env["QA_INDEX_DIR"])).live_id()


def test_what_is_built_after_the_clock_was_set_back_is_served_kept_and_gone_back_from(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "counter.txt").write_text("The number is 0.\n", encoding="utf-8")
    env = environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"), QA_KEEP_GENERATIONS="2")
    with logged(env, tmp_path) as service:

        def serves(id_: str, number: int) -> None:
            eventually(lambda: service.client.get("/readyz").json()["generation"] == id_)
            reply = service.ask_anew("What is the number?").json()
            assert reply["index"]["generation"] == id_
            assert [passage["text"] for passage in reply["passages"]] == [f"The number is {number}."]
            assert service.client.get("/readyz").json()["degraded"] is None

        ids = []
        for number, days_back in enumerate((0.0, 400.0, 800.0, 1.0), start=1):
            ids.append(built_with_clock(env, days_back, f"The number is {number}.\n"))
            serves(ids[-1], number)
        assert ids == sorted(ids)
        store = IndexStore(tmp_path / "index")
        assert store.ids() == ids[-2:]
        assert store.live_manifest().built_at < datetime.now(UTC).isoformat()[:10]  # which tells what the clock did
        assert run_qa("index", "rollback", env=env).returncode == 0
        serves(ids[-2], 3)
        assert service.metric("suraq_generation_age_seconds") > 700 * 86400


def test_pruning_never_removes_what_is_live_however_old_it_seems(tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_text("Alpha.\n")
    store, reading = IndexStore(tmp_path / "index"), read_corpus(tmp_path)
    future = [f"20{year}0101T000000000000-00000000" for year in (97, 98, 99)]
    live = build(reading, word_model()).generation
    for newest in future:
        publish(store, build(reading, word_model(), newest=newest).generation)
    publish(store, live)
    store.prune(1)
    assert store.live_id() == live.id
    assert live.id in store.ids()
    assert store.live().id == live.id


def test_a_job_that_starts_after_the_clock_was_set_back_is_the_newest(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = "2099-01-01T00:00:00.000+00:00"
    known(jobs, 1, started_at=later, updated_at=later, finished_at=later, phase="published")
    build_in(monkeypatch, jobs, "encoding")
    started = jobs.start().job
    assert [job.id for job in jobs.all()] == [started.id, f"{1:016x}"]
    now = wait_for(jobs, started.id, "encoding")
    assert later < now.started_at < now.updated_at


def test_rates_and_when_to_ask_again_do_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        raise AssertionError("not called")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            fields = {name.lower(): value for name, value in message["headers"]}
            seen.append((message["status"], int(fields.get(b"retry-after", b"0"))))

    limit = RateLimit(app, Rate(2, 3600), Keys.of(Settings()))
    scope = {"type": "http", "method": "GET", "path": "/ask", "headers": [], "client": ("192.0.2.1", 1)}
    real = time.time
    for days in (0, -400, 400):
        monkeypatch.setattr(time, "time", lambda days=days: real() + 86400 * days)
        anyio.run(limit, scope, receive, send)
    assert seen == [(200, 0), (200, 0), (429, 1800)]
