"""A burst is let in; of a crowd only as many as are answered soon."""

from __future__ import annotations

import time

from anyio.abc import TaskGroup

from qa.serving.crowding import Crowding
from tests.test_turns import Stage, settled, staged


def test_a_queue_that_stands_is_a_crowd_until_nobody_was_refused_for_a_second() -> None:
    crowding = Crowding()
    assert [crowding.is_crowd(now, 3) for now in (10.0, 10.2)] == [False, False]
    assert crowding.is_crowd(10.4, 3)
    crowding.refused(10.4)
    crowding.emptied()
    assert crowding.is_crowd(11.3, 0)
    assert not crowding.is_crowd(11.5, 0)
    assert not crowding.is_crowd(11.6, 3)


def test_bursts_that_pass_are_no_crowd_however_many_they_are() -> None:
    crowding = Crowding()
    for burst in range(100):
        assert not crowding.is_crowd(burst * 0.25, 16)
        assert not crowding.is_crowd(burst * 0.25 + 0.2, 1)
        crowding.emptied()


def test_in_a_crowd_no_more_wait_than_twice_as_many_as_have_their_turn() -> None:
    async def play(stage: Stage, tasks: TaskGroup) -> None:
        async def come(first: int, last: int) -> None:
            for number in range(first, last):
                tasks.start_soon(stage.enter, f"/{number}")
                await settled()

        await come(0, 4)  # one has its turn, three wait
        assert stage.replies == {}
        stands = time.monotonic() + 0.35
        while time.monotonic() < stands:
            await settled()
        await come(4, 5)
        assert stage.replies == {"/4": 503}
        for number in range(2):  # now one waits, so that one more may
            stage.cues[f"/{number}"].set()
            await settled()
        await come(5, 7)

    assert staged(play, 1, 5).replies == {"/4": 503, "/0": 200, "/1": 200, "/6": 503}
