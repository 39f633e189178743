"""How far a build is, on stderr: a bar where there is a terminal, else a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qa.logs import tell

if TYPE_CHECKING:
    from qa.indexing.builder import Progress

_WORTH_SHOWING = 20  # passages: half a second
_SECONDS_BETWEEN_LINES = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something goes that was at ``first`` of its steps at the time ``began``, in seconds."""

    began: float
    first: int

    def rate(self, done: int, now: float) -> float:
        """Steps a second since then."""
        return (done - self.first) / max(now - self.began, 1e-9)

    def left(self, share: float, now: float) -> float | None:
        """Seconds to the end, where ``share`` of the work that was left then is done; None as long as none is."""
        return (now - self.began) * (1 - share) / share if share > 0 else None


class _Shown(Protocol):
    def show(self, phase: str, done: int, total: int, pace: str) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def progress_shown(*, bar: bool) -> Iterator[Progress]:
    """Show progress for as many passages as take a moment; ``bar``: as a bar, where stderr is a terminal."""
    shown: _Shown | None = None
    phase_now, pace = "", Pace(0.0, 0)

    def show(phase: str, done: int, total: int, share: float | None = None, /) -> None:
        nonlocal shown, phase_now, pace
        now = time.monotonic()
        if phase != phase_now:
            phase_now, pace = phase, Pace(now, done)
        if shown is None and total >= _WORTH_SHOWING:
            shown = _Bar() if bar and sys.stderr.isatty() else _Lines(now)
        if shown is not None:
            shown.show(phase, done, total, "" if share is None else _told(pace, done, share, now))

    try:
        yield show
    finally:
        if shown is not None:
            shown.stop()


def _told(pace: Pace, done: int, share: float, now: float) -> str:
    left = pace.left(share, now)
    if left is None:
        return ""
    minutes, seconds = divmod(round(left), 60)
    return f"{pace.rate(done, now):.1f}/s, {minutes}:{seconds:02} left"


class _Bar:
    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
        )
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("", total=None, pace="")
        self._bar.start()

    def show(self, phase: str, done: int, total: int, pace: str) -> None:
        self._bar.update(self._task, description=phase.capitalize(), completed=done, total=total or None, pace=pace)

    def stop(self) -> None:
        self._bar.stop()


class _Lines:
    def __init__(self, now: float) -> None:
        self._last = now

    def show(self, phase: str, done: int, total: int, pace: str) -> None:
        now = time.monotonic()
        if pace and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            tell(f"qa: {phase} {done} of {total} passages, {pace}")

    def stop(self) -> None:
        """Nothing: its lines stand."""
