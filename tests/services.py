"""A real service whose log is kept, and what it counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT, eventually, free_port


class Service(NamedTuple):
    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines of a log that is JSON."""
        return [json.loads(line) for line in self.lines]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name whose labels include some, as the service tells them now."""
        return metric(self.client.get("/metrics").text, name, **labels)

    def ask_anew(self, question: str) -> httpx.Response:
        """Ask over a connection of its own, which any worker may get."""
        return httpx.get(f"{self.client.base_url}/ask", params={"q": question}, timeout=30, trust_env=False)


def metric(text: str, name: str, **labels: str) -> float:
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


@contextmanager
def logged(
    env: dict[str, str],
    folder: Path,
    *arguments: str,
    route: str = "/readyz",
    qa: Sequence[str] = (sys.executable, "-m", "qa"),
    cwd: Path = ROOT,
) -> Iterator[Service]:
    """A real ``qa serve`` on a free port, from when ``route`` is answered with 200 until the block ends."""
    port, log = free_port(), folder / "stderr.log"
    command = [*qa, "serve", "--port", str(port), *arguments]
    with log.open("wb") as output, subprocess.Popen(command, env=env, cwd=cwd, stderr=output) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                eventually(lambda: process.poll() is not None or _answers(client, route), 120)
                assert process.poll() is None, log.read_text()
                yield Service(client, process, log)
        finally:
            process.terminate()
            process.wait(20)


def _answers(client: httpx.Client, route: str) -> bool:
    try:
        return client.get(route).status_code == 200
    except httpx.TransportError:
        return False


def workers(service: Service) -> list[int]:
    """The ids of the worker processes, which are forked from a child of the service."""
    return [worker for child in children(service.process.pid) for worker in children(child)]


def children(pid: int) -> list[int]:
    """The processes that one started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
