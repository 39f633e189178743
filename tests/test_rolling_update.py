"""Two instances behind nginx are replaced one after the other while questions come without pause: none fails."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conftest import ROOT, environment, eventually, free_port
from tests.front import Front, nginx_before

ASKERS = 3
QUESTION = {"question": "ШЫҰ не үшін құрылған?", "top_k": 1}


class Instances:
    """Real services on fixed ports; one is stopped as a deployment does it and another takes its place."""

    def __init__(self, folder: Path) -> None:
        self.env = environment(folder)
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "qa", "serve", "--port", str(port)]
        self.running[port] = subprocess.Popen(command, env=self.env, cwd=ROOT)
        eventually(lambda: self._is_ready(port), timeout=120)

    def stop(self, port: int) -> None:
        process = self.running.pop(port)
        process.terminate()
        assert process.wait(timeout=20) in (0, -15)

    def _is_ready(self, port: int) -> bool:
        assert self.running[port].poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    @contextmanager
    def closing(self) -> Iterator[Instances]:
        try:
            yield self
        finally:
            for port in list(self.running):
                self.stop(port)


class Load:
    """Askers, each with a connection that it keeps."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.answered = 0
        self.failed: list[str] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def _ask(self) -> None:
        with self.front.client() as client:
            while not self._stopped.is_set():
                try:
                    reply = client.post("/ask", json=QUESTION)
                    good = reply.status_code == 200 and reply.json()["answerable"] is True
                    told = "" if good else f"{reply.status_code} {reply.text}"
                except Exception as error:
                    told = repr(error)
                with self._lock:
                    self.answered += not told
                    self.failed += [told] if told else []

    def wait_for_more(self, count: int) -> None:
        wanted = self.answered + count
        eventually(lambda: self.answered >= wanted, timeout=60)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join(60)


def test_no_question_fails_while_both_instances_are_replaced(tmp_path: Path) -> None:
    ports = (free_port(), free_port())
    with Instances(tmp_path).closing() as instances:
        for port in ports:
            instances.start(port)
        first = {port: process.pid for port, process in instances.running.items()}
        with nginx_before(tmp_path, ports) as front:
            load = Load(front)
            with load.running():
                for port in ports:
                    load.wait_for_more(20)
                    instances.stop(port)
                    load.wait_for_more(20)  # the other one answers alone
                    instances.start(port)
                load.wait_for_more(20)
        assert load.failed == []
        assert load.answered >= 100
        assert all(instances.running[port].pid != first[port] for port in ports)
