"""When a queue stands: it is no burst that passes. When it overruns: more come than can be answered."""

from __future__ import annotations

from typing import Literal

# A burst of questions that fills the default queue is answered in about this time.
_BURST_S = 0.3
# An overrun has passed when nobody was refused for so long.
_CALM_S = 1.0

Standing = Literal["burst", "standing", "overrun"]


class Crowding:
    """Tells a burst, for which a long queue is good, from a queue that stands, and that from an overrun.

    A queue stands once somebody has waited at every moment of 0.3 s: as many ask as there is room for, each again as
    soon as there is an answer. Where somebody has to be refused then, to let many wait makes all of them wait and
    answers none more; so it is until nobody was refused for a second. Times are those of a clock that is never set, in
    seconds.
    """

    def __init__(self) -> None:
        self._waited_since: float | None = None
        self._refused_at = float("-inf")
        self._overrun = False

    def now(self, now: float, waiting: int) -> Standing:
        """What it is, while so many wait; ask whenever somebody comes."""
        if waiting == 0:
            self._waited_since = None
        elif self._waited_since is None:
            self._waited_since = now
        self._overrun = self._overrun and now - self._refused_at < _CALM_S
        if self._overrun:
            return "overrun"
        return "standing" if self._stands(now) else "burst"

    def refused(self, now: float) -> None:
        """Somebody was."""
        self._refused_at = now
        self._overrun = self._overrun or self._stands(now)

    def emptied(self) -> None:
        """Nobody waits any more."""
        self._waited_since = None

    def _stands(self, now: float) -> bool:
        return self._waited_since is not None and now - self._waited_since >= _BURST_S
