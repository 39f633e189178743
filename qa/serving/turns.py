"""Whose turn it is: so many requests are answered at once, so many wait, and no more are taken on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from anyio import Semaphore, move_on_after
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.serving.crowding import Crowding, Standing
from qa.serving.error_bodies import error_reply
from qa.serving.open_paths import is_unlimited

_SOON = {"Retry-After": "1"}
# So many times as many as have their turn may wait in a queue that stands, so that four clients a core are all
# answered; and in one that overruns, so that the last is answered in a few times as long as one who comes alone.
_STANDING, _OVERRUN = 3, 1
# Administration: what it does is in other processes, and an upload takes its time.
_APART = "/index/"


@dataclass
class Queue:
    """The requests of an app that wait for their turn: how many there are now, and the most that may."""

    longest: int
    waiting: int = 0


class Turns:
    """Gives each request its turn, in the order of their coming, and takes it back when its reply begins.

    ``at_once`` have their turn together. Others wait in the ``queue``, each for ``patience`` seconds at most; whoever
    comes beyond that is refused at once: to let more wait would make all wait longer and answer none more. What happens
    in a thread cannot be stopped, so that only waiting has a limit in time. In a queue that stands fewer may wait than
    in a burst, and fewer still where more come than can be answered (`Crowding`).

    A reply that goes on after its search gives its turn back itself: ``state`` holds ``give_turn_back``.
    """

    def __init__(self, app: ASGIApp, at_once: int, queue: Queue, patience: float) -> None:
        self.app = app
        self._turns = Semaphore(at_once, fast_acquire=True)
        self._queue = queue
        self._most: dict[Standing, int] = {
            "burst": queue.longest,
            "standing": min(queue.longest, _STANDING * at_once),
            "overrun": min(queue.longest, _OVERRUN * at_once),
        }
        self._crowding = Crowding()
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_apart(scope):
            await self.app(scope, receive, send)
            return
        refusal = await self._wait()
        if refusal:
            await error_reply(scope["path"], 503, refusal, _SOON)(scope, receive, send)
            return
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._turns.release()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                give_back()
            await send(message)

        scope.setdefault("state", {})["give_turn_back"] = give_back
        try:
            await self.app(scope, receive, note)
        finally:
            give_back()

    async def _wait(self) -> str:
        """Wait for a turn; why there is none, or nothing."""
        now = time.monotonic()
        most = self._most[self._crowding.now(now, self._queue.waiting)]
        if self._turns.value == 0 and self._queue.waiting >= most:
            self._crowding.refused(now)
            return "as many requests wait for an answer as may; ask again in a moment"
        self._queue.waiting += 1
        try:
            with move_on_after(self._patience) as waited:
                await self._turns.acquire()
        finally:
            self._queue.waiting -= 1
            if not self._queue.waiting:
                self._crowding.emptied()
        if waited.cancelled_caught:
            return f"the request waited {self._patience:g} s and others still were before it; ask again in a moment"
        return ""


def _is_apart(scope: Scope) -> bool:
    path: str = scope["path"]
    return is_unlimited(path) or path.startswith(_APART) or scope["method"] in ("PUT", "DELETE")
