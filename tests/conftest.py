"""The real model, loaded once, and a real service on loopback, started once."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import hypothesis
import pytest

from qa.encoding.prepared import PreparedModel
from qa.loading import load_model
from qa.settings import load_settings

ROOT = Path(__file__).parent.parent
# Put before a program, it makes any connection or look-up beyond loopback an error.
LOOPBACK_ONLY = """
import socket, sys
connect, look_up = socket.socket.connect, socket.getaddrinfo
def loopback_only(self, address):
    if self.family != socket.AF_UNIX and not str(address[0]).startswith("127."):
        raise AssertionError(f"a connection to {address}")
    return connect(self, address)
def names_of_loopback_only(host, *rest, **more):
    if host not in ("127.0.0.1", "localhost", None):
        raise AssertionError(f"a look-up of {host}")
    return look_up(host, *rest, **more)
socket.socket.connect, socket.getaddrinfo = loopback_only, names_of_loopback_only
"""

# The first example pays for what is loaded late, on machines of any speed.
hypothesis.settings.register_profile("suraq", deadline=None)
hypothesis.settings.load_profile("suraq")


@pytest.fixture(scope="session")
def real_model() -> PreparedModel:
    return load_model(load_settings())


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """This process's environment with an index of its own in ``folder``, one worker however many cores there are, and no
    other settings but the model cache's place.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_") or name == "QA_MODEL_CACHE"}
    return {**kept, "QA_INDEX_DIR": str(folder / "index"), "QA_WORKERS": "1", "HF_HUB_OFFLINE": "1", **settings}


def run_qa(*arguments: str, env: dict[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def eventually(condition: Callable[[], object], timeout: float = 10) -> None:
    """Wait until ``condition`` holds, and fail if it does not in ``timeout`` seconds."""
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"not so after {timeout} seconds"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(env: dict[str, str], *arguments: str, route: str = "/readyz") -> Iterator[httpx.Client]:
    """A real ``qa serve`` on a free port, from when ``route`` is answered with 200 until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "qa", "serve", "--port", str(port), *arguments]
    with subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                _wait_until_ready(client, process, route)
                if "--workers" in arguments:
                    eventually(lambda: all(_is_ready(client, route) for _ in range(12)), timeout=60)
                yield client
        finally:
            process.terminate()
            told = process.communicate(timeout=20)[1]
        if process.returncode == -signal.SIGABRT:
            raise RuntimeError(f"qa serve aborted: {told}")


def _is_ready(client: httpx.Client, route: str) -> bool:
    """Whether a worker is, whichever takes a new connection."""
    return httpx.get(f"{client.base_url}{route}", trust_env=False).status_code == 200


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[str], route: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"qa serve ended with {process.returncode}: {process.communicate()[1]}")
        try:
            if client.get(route).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("qa serve was not ready in two minutes")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped essay, and beside it a Markdown one with a table and a headingless one."""
    folder = tmp_path_factory.mktemp("corpus")
    shutil.copy(ROOT / "corpus" / "kazakh-diplomacy.txt", folder)
    for file in (ROOT / "tests" / "essays").iterdir():
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Iterator[httpx.Client]:
    with serving(environment(tmp_path_factory.mktemp("service"), QA_CORPUS_DIR=str(corpus))) as client:
        yield client
