"""What a running service survives while it is asked without pause: workers killed, its own end, a disk that is full."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from qa.indexing.store import GENERATIONS, IndexStore
from tests.askers import Askers, clients_of
from tests.conftest import ROOT, environment, eventually
from tests.services import Service, logged, workers
from tests.test_rebuilding import mounted

TOKEN = "the token of the owner"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
# As `qa serve` gives uvicorn, and what it takes to notice the signal and to end the processes.
DRAINS_S, ENDS_S = 5, 5
NEW = "On ferries\n\nThe ferry to Sund leaves at noon.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one index for the services that only read it."""
    return tmp_path_factory.mktemp("faults")


@contextmanager
def asked(folder: Path, number: int) -> Iterator[tuple[Service, Askers]]:
    """A service with so many workers, asked by four, from when each worker answers."""
    with logged(environment(folder), folder, "--workers", str(number)) as service:
        eventually(lambda: service.metric("suraq_workers_ready") == number, 60)
        askers = Askers(service)
        with askers.asking():
            eventually(lambda: askers.answered > 20, 30)
            yield service, askers


def has_no_wrong_answer(askers: Askers) -> None:
    assert askers.wrong == []
    assert askers.statuses == {200}


def test_of_a_killed_worker_only_its_own_connections_fail_and_another_takes_its_place(folder: Path) -> None:
    with asked(folder, 2) as (service, askers):
        victim, other = workers(service)
        os.kill(victim, signal.SIGSTOP)  # so that it holds the connections that it holds
        its_own = clients_of(victim, askers.port)
        os.kill(victim, signal.SIGKILL)
        before = askers.answered
        eventually(lambda: askers.answered > before + 20, 30)
        eventually(lambda: len(workers(service)) == 2 and victim not in workers(service), 30)
        assert other in workers(service)
        eventually(lambda: service.metric("suraq_workers_ready") == 2, 60)
        (new,) = set(workers(service)) - {other}
        eventually(lambda: service.ask_anew("Is anybody there?").status_code == 200 and _took(service, new), 30)
    assert {failed.port for failed in askers.failed} <= its_own
    assert len(askers.failed) <= 4
    assert askers.refused == 0
    has_no_wrong_answer(askers)


def _took(service: Service, pid: int) -> bool:
    """Whether a worker takes connections: of some, made for this, it holds one."""
    port = int(service.client.base_url.port or 0)
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    try:
        return bool({one.getsockname()[1] for one in made} & clients_of(pid, port))
    finally:
        for one in made:
            one.close()


@pytest.mark.parametrize("number", [1, 2])
def test_a_service_that_is_to_end_fails_no_request_and_refuses_new_connections(folder: Path, number: int) -> None:
    with asked(folder, number) as (service, askers):
        service.process.terminate()
        began = time.monotonic()
        service.process.wait(DRAINS_S + ENDS_S)
        assert time.monotonic() - began < DRAINS_S + ENDS_S
        eventually(lambda: askers.refused > 8)
    assert askers.failed == []
    has_no_wrong_answer(askers)


@pytest.mark.parametrize("number", [1, 2])
def test_a_request_that_never_ends_does_not_keep_the_service_and_meanwhile_new_ones_are_refused(
    folder: Path, number: int
) -> None:
    with logged(environment(folder), folder, "--workers", str(number)) as service:
        address = ("127.0.0.1", int(service.client.base_url.port or 0))
        with socket.create_connection(address) as endless:
            endless.sendall(b"POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            assert endless.recv(100).startswith(b"HTTP/1.1 100")
            service.process.terminate()
            began = time.monotonic()
            eventually(lambda: _refuses(address), DRAINS_S - 2)
            assert service.process.poll() is None
            service.process.wait(DRAINS_S + ENDS_S)
            assert time.monotonic() - began > DRAINS_S - 1


def _refuses(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(address) == errno.ECONNREFUSED


class Disk:
    """A disk that can be filled; where none can be mounted, a limit on the size of files stands for it."""

    def __init__(self, folder: Path, small: bool, service: Service) -> None:
        self.filler = folder / "filler"
        self.small = small
        self.pids = [service.process.pid]

    def leave(self, room: int | None) -> None:
        """Leave so many bytes; None: as many as there were."""
        if not self.small:
            for pid in self.pids:
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if room is None else room, hard))
            return
        self.filler.unlink(missing_ok=True)
        if room is not None:
            stat = os.statvfs(self.filler.parent)
            with self.filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, stat.f_bavail * stat.f_bsize - room)


def put(service: Service, text: str) -> httpx.Response:
    return service.client.put("/documents/ferries", content=text.encode(), headers=HEADERS)


def ended(service: Service, job: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def has() -> bool:
        found.update(service.client.get(f"/index/jobs/{job}", headers=HEADERS).json())
        return bool(found.get("finished_at"))

    eventually(has, 60)
    return found


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_on_a_full_disk_edits_and_builds_fail_whole_and_what_was_live_answers(tmp_path: Path) -> None:
    disk_folder = tmp_path / "disk"
    with mounted(disk_folder, "size=6m") as small:
        shutil.copytree(ROOT / "corpus", disk_folder / "corpus")
        env = environment(disk_folder, QA_CORPUS_DIR=str(disk_folder / "corpus"), QA_ADMIN_TOKEN=TOKEN)
        with logged(env, tmp_path) as service:
            disk, askers = Disk(disk_folder, small, service), Askers(service)
            index, store = disk_folder / "index", IndexStore(disk_folder / "index")
            live, corpus = store.live_id(), names(disk_folder / "corpus")
            with askers.asking(2):
                disk.leave(0)
                refused = put(service, NEW)
                assert refused.status_code == 507
                assert "nothing was changed" in refused.json()["detail"]
                assert str(tmp_path) not in refused.text
                assert names(disk_folder / "corpus") == corpus

                disk.leave(64 * 1024)  # enough for the document, and not for an index
                written = put(service, NEW)
                assert written.status_code == 201
                failed = ended(service, written.json()["job"])
                assert failed["phase"] == "failed"
                assert failed["generation"] is None
                assert "cannot be written" in failed["detail"]
                assert "make room" in failed["detail"]
                assert [path.name for path in (index / GENERATIONS).iterdir()] == [live] == [store.live_id()]
                assert [path.name for path in index.glob(".new-*")] == []
                assert (disk_folder / "corpus" / "ferries.txt").read_text() == NEW
                before = askers.answered
                eventually(lambda: askers.answered > before + 10, 30)
            assert {generation for generation, _ in askers.expected} == {live}
            assert askers.failed == []
            has_no_wrong_answer(askers)

            disk.leave(None)
            job = service.client.post("/index/rebuild", headers={"Authorization": f"Bearer {TOKEN}"}).json()["job"]
            assert ended(service, job)["phase"] == "published"
            eventually(lambda: askers.learn(service) == store.live_id() != live)
            assert "ferries" in service.client.get("/documents").text
