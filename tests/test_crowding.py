"""A burst is let in; of a crowd only as many as are answered soon."""

from __future__ import annotations

import time

from anyio.abc import TaskGroup

from qa.serving.crowding import Crowding
from tests.test_turns import Stage, settled, staged


def test_a_queue_that_stands_overruns_once_somebody_is_refused_until_nobody_was_for_a_second() -> None:
    crowding = Crowding()
    assert [crowding.now(now, 3) for now in (10.0, 10.2)] == ["burst", "burst"]
    assert [crowding.now(now, 3) for now in (10.4, 10.9)] == ["standing", "standing"]
    crowding.refused(10.9)
    assert crowding.now(10.9, 3) == "overrun"
    crowding.emptied()
    assert crowding.now(11.8, 0) == "overrun"
    assert crowding.now(12.0, 0) == "burst"
    assert crowding.now(12.1, 3) == "burst"


def test_bursts_that_pass_are_no_more_however_many_they_are() -> None:
    crowding = Crowding()
    for burst in range(100):
        assert crowding.now(burst * 0.25, 16) == "burst"
        crowding.refused(burst * 0.25 + 0.1)
        assert crowding.now(burst * 0.25 + 0.2, 1) == "burst"
        crowding.emptied()


def test_in_a_queue_that_stands_three_wait_for_each_turn_and_in_one_that_overruns_one() -> None:
    async def play(stage: Stage, tasks: TaskGroup) -> None:
        async def come(first: int, last: int) -> None:
            for number in range(first, last):
                tasks.start_soon(stage.enter, f"/{number}")
                await settled()

        async def go(first: int, last: int) -> None:
            for number in range(first, last):
                stage.cues[f"/{number}"].set()
                await settled()

        await come(0, 3)  # one has its turn, two wait
        stands = time.monotonic() + 0.35
        while time.monotonic() < stands:
            await settled()
        await come(3, 5)  # three wait, and one too many comes
        assert stage.replies == {"/4": 503}
        await go(0, 2)  # one waits
        await come(5, 6)
        await go(2, 3)  # none waits
        await come(6, 8)

    assert staged(play, 1, 5).replies == {"/4": 503, "/5": 503, "/0": 200, "/1": 200, "/2": 200, "/7": 503}
