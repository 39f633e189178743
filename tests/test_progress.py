"""How far a build is, as it is shown on stderr."""

from __future__ import annotations

import os
import pty
import sys
import time
from contextlib import suppress

import pytest

from qa.progress import Pace, progress_shown


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that is told, to be set."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def all_of(terminal: int) -> str:
    """What was written to a terminal that nobody writes to any more; a read gives a part of it."""
    told = b""
    with suppress(OSError):  # EIO: that was all
        while part := os.read(terminal, 100_000):
            told += part
    os.close(terminal)
    return told.decode()


def test_a_rate_counts_what_was_done_since_it_began_and_what_is_left_follows_from_the_share_of_the_work() -> None:
    pace = Pace(began=10.0, first=50)
    assert pace.rate(50, 10.0) == 0
    assert pace.rate(90, 14.0) == 10
    assert pace.left(0.0, 14.0) is None
    assert pace.left(0.25, 14.0) == 12
    assert pace.left(1.0, 14.0) == 0


def test_without_a_terminal_a_line_tells_the_rate_and_the_time_left_every_few_seconds(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with progress_shown(bar=True) as progress:
        progress("reading", 0, 0)
        progress("encoding", 40, 100, 0.0)
        for step in range(1, 61):
            clock[0] += 0.25
            progress("encoding", 40 + step, 100, step / 60)
        progress("verifying", 0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "qa: encoding 60 of 100 passages, 4.0/s, 0:10 left",
        "qa: encoding 80 of 100 passages, 4.0/s, 0:05 left",
        "qa: encoding 100 of 100 passages, 4.0/s, 0:00 left",
    ]


def test_of_few_passages_nothing_is_shown(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with progress_shown(bar=True) as progress:
        progress("encoding", 0, 19, 0.0)
        clock[0] += 60
        progress("encoding", 18, 19, 0.9)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("bar", [True, False])
def test_on_a_terminal_a_bar_tells_them_unless_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], bar: bool
) -> None:
    ours, its = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with os.fdopen(its, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress_shown(bar=bar) as progress:
            progress("encoding", 0, 7_260, 0.0)
            clock[0] += 5
            progress("encoding", 363, 7_260, 0.05)
    told = all_of(ours)
    assert "72.6/s, 1:35 left" in told
    assert ("363/7260" in told, "━" in told) == (bar, bar)
    assert ("qa: encoding 363 of 7260 passages" in told) is not bar
