"""Whose turn it is, with an application whose requests go on when they are told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from starlette.types import Message, Receive, Scope, Send

from qa.serving.turns import Queue, Turns


class Stage:
    """An application behind `Turns`; each request goes on when it is told to."""

    def __init__(self, at_once: int, waiting: int, patience: float = 60) -> None:
        self.turns = Turns(self.app, at_once, Queue(waiting), patience)
        self.on_stage: list[str] = []
        self.cues: dict[str, anyio.Event] = {}
        self.replies: dict[str, int] = {}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.on_stage.append(scope["path"])
        cue = self.cues[scope["path"]] = anyio.Event()
        await cue.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await anyio.sleep_forever()  # a stream that goes on

    async def enter(self, path: str, method: str = "POST") -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.replies[path] = message["status"]

        await self.turns({"type": "http", "method": method, "path": path, "headers": []}, receive, send)


def staged(play: Callable[[Stage, TaskGroup], Awaitable[None]], *arguments: float) -> Stage:
    stage = Stage(*arguments)  # type: ignore[arg-type]

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            await play(stage, tasks)
            tasks.cancel_scope.cancel()

    anyio.run(run)
    return stage


async def settled() -> None:
    await anyio.wait_all_tasks_blocked()


def test_who_waits_has_a_turn_in_order_once_a_reply_begins_and_who_is_too_many_is_refused() -> None:
    async def play(stage: Stage, tasks: TaskGroup) -> None:
        for path in ("/a", "/b", "/c", "/d", "/e"):
            tasks.start_soon(stage.enter, path)
            await settled()
        assert (stage.on_stage, stage.replies) == (["/a", "/b"], {"/e": 503})
        stage.cues["/b"].set()
        await settled()
        assert stage.on_stage == ["/a", "/b", "/c"]
        tasks.start_soon(stage.enter, "/f")
        stage.cues["/a"].set()
        await settled()
        assert stage.on_stage == ["/a", "/b", "/c", "/d"]
        stage.cues["/c"].set()
        await settled()
        assert stage.on_stage == ["/a", "/b", "/c", "/d", "/f"]

    stage = staged(play, 2, 2)
    assert stage.replies == {"/e": 503, "/a": 200, "/b": 200, "/c": 200}


def test_who_waits_too_long_is_refused_and_leaves_its_place() -> None:
    async def play(stage: Stage, tasks: TaskGroup) -> None:
        tasks.start_soon(stage.enter, "/a")
        await settled()
        await stage.enter("/b")
        tasks.start_soon(stage.enter, "/c")
        await settled()
        stage.cues["/a"].set()
        await settled()
        assert stage.on_stage == ["/a", "/c"]

    assert staged(play, 1, 1, 0.2).replies == {"/b": 503, "/a": 200}


def test_who_leaves_while_waiting_or_answered_takes_no_turn_along() -> None:
    async def play(stage: Stage, tasks: TaskGroup) -> None:
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(stage.enter, "/a")
            await settled()
            leaving.start_soon(stage.enter, "/b")
            await settled()
            leaving.cancel_scope.cancel()
        tasks.start_soon(stage.enter, "/c")
        await settled()
        assert stage.on_stage == ["/a", "/c"]

    assert staged(play, 1, 1).replies == {}


def test_health_metrics_and_administration_need_no_turn() -> None:
    apart = [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/index/jobs/1/events"),
             ("PUT", "/documents/tea"), ("DELETE", "/documents/tea")]  # fmt: skip

    async def play(stage: Stage, tasks: TaskGroup) -> None:
        for method, path in [("POST", "/ask"), *apart, ("GET", "/documents/tea")]:
            tasks.start_soon(stage.enter, path, method)
            await settled()

    stage = staged(play, 1, 0)
    assert stage.on_stage == ["/ask", *(path for _, path in apart)]
    assert stage.replies == {"/documents/tea": 503}
