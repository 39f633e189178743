"""How many processes serve, and how many questions each answers together."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qa import settings as module
from qa.settings import Settings
from tests.conftest import ROOT, environment, eventually
from tests.services import Service, children, logged, workers


@pytest.mark.parametrize(
    ("cores", "given", "processes", "at_once"),
    [
        (1, {}, 1, 2),
        (2, {}, 1, 2),
        (3, {}, 1, 3),
        (4, {}, 2, 2),
        (8, {}, 4, 2),
        (64, {}, 4, 16),
        (64, {"workers": 1}, 1, 64),
        (2, {"workers": 7}, 7, 2),
        (8, {"rate_limit": "60/minute"}, 1, 8),
        (8, {"unanswered": "memory"}, 1, 8),
        (8, {"unanswered": "asked.jsonl"}, 4, 2),
        (8, {"rate_limit": "60/minute", "workers": 2}, 2, 4),
    ],
)
def test_workers_and_turns_follow_the_cores_unless_they_are_set(
    monkeypatch: pytest.MonkeyPatch, cores: int, given: dict[str, object], processes: int, at_once: int
) -> None:
    monkeypatch.setattr(module, "cores", lambda: cores)
    settings = Settings(**given)  # type: ignore[arg-type]
    assert (settings.processes(), settings.at_once()) == (processes, at_once)


@pytest.mark.parametrize(
    ("told", "found"), [("max 100000", 8), ("150000 100000", 2), ("5000 100000", 1), ("", 8), ("9 0", 8)]
)
def test_a_container_counts_as_many_cores_as_it_may_keep_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, found: int
) -> None:
    (tmp_path / "cpu.max").write_text(told)
    monkeypatch.setattr(module, "_CPU_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    assert module.cores() == found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one index for the services here."""
    return tmp_path_factory.mktemp("workers")


@contextmanager
def two(folder: Path) -> Iterator[Service]:
    # A module of this name lies in the current folder, where none is to be looked for.
    (folder / "cwd").mkdir(exist_ok=True)
    (folder / "cwd" / "faiss.py").write_text("raise RuntimeError('not this one')\n")
    env = environment(folder, QA_CORPUS_DIR=str(ROOT / "corpus"))
    script = str(Path(sys.executable).with_name("qa"))  # unlike python -m, it does not look there itself
    with logged(env, folder, "--workers", "2", qa=[script], cwd=folder / "cwd") as service:
        eventually(lambda: service.metric("suraq_workers_ready") == 2, 60)
        yield service


def forked_from(service: Service) -> int:
    """The process that the workers were forked from."""
    (found,) = [child for child in children(service.process.pid) if children(child)]
    return found


def gone(pids: list[int]) -> bool:
    return not any(
        Path(f"/proc/{pid}/statm").exists() and Path(f"/proc/{pid}/statm").read_text()[0] != "0" for pid in pids
    )


def refuses(service: Service) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", int(service.client.base_url.port or 0))) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_what_workers_are_forked_from_changes_nothing(folder: Path, number: signal.Signals) -> None:
    with two(folder) as service:
        before = workers(service)
        os.kill(forked_from(service), number)
        assert service.ask_anew("Is anybody there?").status_code == 200
        time.sleep(1.5)  # the supervisor looks every half second
        assert workers(service) == before


def test_workers_end_with_what_they_were_forked_from_and_others_take_their_place(folder: Path) -> None:
    with two(folder) as service:
        before = workers(service)
        os.kill(forked_from(service), signal.SIGKILL)
        eventually(lambda: gone(before), 30)
        eventually(lambda: len(workers(service)) == 2 and service.metric("suraq_workers_ready") == 2, 60)
        after = workers(service)
        service.process.terminate()
        service.process.wait(20)
        eventually(lambda: gone(after), 5)
        assert refuses(service)


def test_workers_end_with_their_supervisor_however_it_ended(folder: Path) -> None:
    with two(folder) as service:
        left = [*workers(service), forked_from(service)]
        service.process.kill()
        service.process.wait(10)
        eventually(lambda: gone(left), 20)
        assert refuses(service)


def test_a_signal_to_all_processes_ends_them_in_order(folder: Path) -> None:
    with two(folder) as service:
        own = workers(service)
        for pid in [service.process.pid, forked_from(service), *own]:
            os.kill(pid, signal.SIGTERM)
        assert service.process.wait(20) == 0
        assert gone(own)
        assert not [line for line in service.lines if "Error" in line]
