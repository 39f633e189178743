"""How often somebody may ask."""

from __future__ import annotations

import re
from typing import NamedTuple

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(rf"([1-9]\d{{0,8}})\s*/\s*({'|'.join(_SECONDS)})")


class Rate(NamedTuple):
    """``amount`` requests in ``seconds``."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, value: object) -> Rate | None:
        """A rate as QA_RATE_LIMIT holds it, ``60/minute``; None where it is empty.

        Raises:
            ValueError: it is none.
        """
        if value is None or isinstance(value, Rate):
            return value
        text = str(value).strip()
        if not text:
            return None
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError(f"it must be a number and one of {', '.join(_SECONDS)}, as in 60/minute; empty: no limit")
        return cls(int(found[1]), _SECONDS[found[2]])
