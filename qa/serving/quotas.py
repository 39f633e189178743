"""What is left of a rate to each of those who ask."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import NamedTuple

from qa.rate import Rate

# Of so many it is remembered when they asked; a hundred bytes each.
MOST_REMEMBERED = 100_000


class Standing(NamedTuple):
    """Where somebody stands: whether this request is within the rate, how many more are, in seconds when all are again,
    and when one is."""

    admitted: bool
    remaining: int
    reset_s: int
    retry_s: int


class Quotas:
    """The generic cell rate algorithm (ITU-T I.371): as many requests at once as the rate has, then one by one.

    One number is kept for each who asks: when all of the rate will be theirs again. Times are those of a clock that is
    never set.
    """

    def __init__(self, rate: Rate, most: int = MOST_REMEMBERED) -> None:
        self.rate = rate
        self._interval = rate.seconds / rate.amount
        self._most = most
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def take(self, who: str, now: float) -> Standing:
        """Count one request of ``who`` at ``now``, in seconds; one that is refused does not count."""
        before = max(self._whole_at.get(who, now), now)
        after = before + self._interval
        # Sums of intervals err by less than a millionth of one.
        over = after - now - self.rate.seconds
        if over > self._interval * 1e-6:
            return Standing(False, 0, math.ceil(before - now), max(1, math.ceil(over)))
        self._whole_at[who] = after
        self._whole_at.move_to_end(who)
        self._forget(now)
        remaining = math.floor(max(0.0, -over) / self._interval + 1e-6)
        return Standing(True, remaining, math.ceil(after - now), 0)

    def _forget(self, now: float) -> None:
        """Forget those to whom all of the rate is left, and whoever asked longest ago where there are too many."""
        while self._whole_at:
            oldest = next(iter(self._whole_at))
            if self._whole_at[oldest] > now and len(self._whole_at) <= self._most:
                return
            del self._whole_at[oldest]

    def __len__(self) -> int:
        return len(self._whole_at)
