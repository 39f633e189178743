"""When a queue stands: it is no burst that passes, more come than can be answered."""

from __future__ import annotations

# A burst of questions that fills the default queue is answered in about this time.
_BURST_S = 0.3
# It has passed when nobody was refused for so long.
_CALM_S = 1.0


class Crowding:
    """Tells a burst, for which a long queue is good, from a crowd, in which it makes everyone wait and answers no more.

    It is a crowd once somebody has waited at every moment of 0.3 s, until nobody was refused for a second.
    Times are those of a clock that is never set, in seconds.
    """

    def __init__(self) -> None:
        self._waited_since: float | None = None
        self._refused_at = float("-inf")
        self._crowded = False

    def is_crowd(self, now: float, waiting: int) -> bool:
        """Whether it is one, while so many wait; ask whenever somebody comes."""
        if waiting == 0:
            self._waited_since = None
        elif self._waited_since is None:
            self._waited_since = now
        long = self._waited_since is not None and now - self._waited_since >= _BURST_S
        self._crowded = long or (self._crowded and now - self._refused_at < _CALM_S)
        return self._crowded

    def refused(self, now: float) -> None:
        """Somebody was."""
        self._refused_at = now

    def emptied(self) -> None:
        """Nobody waits any more."""
        self._waited_since = None
