"""The processes that builds run in, and the one that stands by."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from qa.builders import Builders
from tests.conftest import eventually

ESSAY = "1. Сұрақ\n\nСұрақ қойған адам ғана жауап табады. Ол үшін оқу керек.\n"
OWNER = """
import sys, time
import qa.builders
qa.builders._AFTER_S = 0
builders = qa.builders.Builders()
builders.stand_by()
while builders._ready is None:
    time.sleep(0.01)
print(builders._ready[0].pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def builders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builders]:
    """With a corpus of one essay and an index of its own, and a process that stands by at once."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "essay.txt").write_text(ESSAY, encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("QA_") and name != "QA_MODEL_CACHE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QA_CORPUS_DIR", str(tmp_path / "corpus"))
    monkeypatch.setenv("QA_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setattr("qa.builders._AFTER_S", 0)
    builders = Builders()
    yield builders
    builders.close()


def pid_of_ready(builders: Builders) -> int:
    eventually(lambda: builders._ready is not None)
    assert builders._ready is not None
    return builders._ready[0].pid


def built(builders: Builders, log: Path, *arguments: str) -> tuple[int, int, str]:
    """The number and the exit status of the process that built, and what it wrote."""
    with log.open("wb") as output:
        process = builders.start(arguments, output.fileno())
    status = process.wait(timeout=60)
    return process.pid, status, log.read_text(encoding="utf-8")


def locked(file: BinaryIO) -> bool:
    """Lock a file that nobody else has locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_the_process_that_stands_by_builds_and_another_takes_its_place(builders: Builders, tmp_path: Path) -> None:
    builders.stand_by()
    ready = pid_of_ready(builders)
    pid, status, written = built(builders, tmp_path / "log")
    assert pid == ready
    assert status == 0
    assert written.startswith("Built ")
    assert (tmp_path / "index" / "CURRENT").is_file()
    again, status, written = built(builders, tmp_path / "log", "--full") if pid_of_ready(builders) else (0, 0, "")
    assert again not in (0, ready)
    assert status == 0
    assert written.startswith("Built ")


def test_without_one_a_process_is_started(builders: Builders, tmp_path: Path) -> None:
    _, status, written = built(builders, tmp_path / "log")
    assert status == 0
    assert written.startswith("Built ")
    assert builders._ready is None


def test_the_process_that_stands_by_says_a_domain_error_in_one_line(builders: Builders, tmp_path: Path) -> None:
    (tmp_path / "corpus" / "essay.txt").unlink()
    builders.stand_by()
    ready = pid_of_ready(builders)
    pid, status, written = built(builders, tmp_path / "log")
    assert (pid, status) == (ready, 1)
    assert written.startswith("qa: ")
    assert written.count("\n") == 1


def test_one_that_was_killed_is_replaced_at_once(builders: Builders, tmp_path: Path) -> None:
    builders.stand_by()
    ready = pid_of_ready(builders)
    assert builders._ready is not None
    builders._ready[0].kill()
    builders._ready[0].wait()
    pid, status, _ = built(builders, tmp_path / "log")
    assert pid != ready
    assert status == 0


def test_files_stay_open_as_long_as_the_build(builders: Builders, tmp_path: Path) -> None:
    builders.stand_by()
    pid_of_ready(builders)
    lock = tmp_path / "lock"
    with lock.open("wb") as held, (tmp_path / "log").open("wb") as log:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = builders.start([], log.fileno(), [held.fileno()])
    with lock.open("rb") as other:
        assert not locked(other)
        assert process.wait(timeout=60) == 0
        eventually(lambda: locked(other))


def test_closing_lets_it_go(builders: Builders) -> None:
    builders.stand_by()
    pid = pid_of_ready(builders)
    builders.close()
    assert builders._ready is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_ends_with_the_process_that_it_stands_by_for() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
    stat = Path(f"/proc/{pid}/stat")
    # Where nobody collects orphans it stays, but as a zombie.
    eventually(lambda: not stat.exists() or stat.read_text().rpartition(") ")[2].startswith("Z"), timeout=30)
