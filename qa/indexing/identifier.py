"""The ids of generations: they sort by age, whatever the clock does."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

_TIME = "%Y%m%dT%H%M%S%f"


def generation_id(now: datetime, newest: str = "") -> str:
    """An id of this moment, or of the one right after ``newest``, where a clock that was set back would make it older.

    What is older than it is pruned first and gone back to, so an id must never sort before one that was there.
    """
    moment = now
    with suppress(ValueError, OverflowError):  # no id that this makes, or none at all
        moment = max(now, datetime.strptime(newest.partition("-")[0], _TIME).replace(tzinfo=UTC) + timedelta.resolution)
    return f"{moment:{_TIME}}-{secrets.token_hex(4)}"
