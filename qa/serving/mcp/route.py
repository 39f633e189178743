"""``/mcp``: the Model Context Protocol over Streamable HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio import TASK_STATUS_IGNORED, Lock, create_task_group, sleep_forever
from anyio.abc import TaskGroup, TaskStatus
from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.retrieval.answerer import Answerer
from qa.serving.chat.speaking import base_url_of
from qa.serving.links import Links
from qa.serving.listening import Listening
from qa.serving.mcp.origins import refusal
from qa.serving.parts import SettingsPart

_INVALID_REQUEST = -32600  # JSON-RPC 2.0
_MESSAGE = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


class LateStart:
    """An ASGI app that the first request starts, since to import its library takes most of a second.

    It is entered and left in a task of ``tasks``, whichever request starts it.
    """

    def __init__(self, load: Callable[[], AbstractAsyncContextManager[ASGIApp]], tasks: TaskGroup) -> None:
        self._load = load
        self._tasks = tasks
        self._lock = Lock()
        self._app: ASGIApp | None = None

    async def app(self) -> ASGIApp:
        """The app, started. Raises as ``load`` does, and the next request tries again."""
        async with self._lock:
            if self._app is None:
                started: ASGIApp = await self._tasks.start(self._run)
                self._app = started
        return self._app

    async def _run(self, *, task_status: TaskStatus[ASGIApp] = TASK_STATUS_IGNORED) -> None:
        async with await run_sync(self._load) as app:
            task_status.started(app)
            await sleep_forever()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    def load() -> AbstractAsyncContextManager[ASGIApp]:
        from qa.serving.mcp.server import Library, over_http

        def links(request: Request | None) -> Links:
            assert request is not None  # over HTTP there is one
            return Links.of(base_url_of(request, app.state.settings), app.state.settings)

        def answerer() -> Answerer:
            return Listening.of(app.state.live.answerer(), app.state.unanswered)

        return over_http(Library(answerer, links))

    async with create_task_group() as tasks:
        app.state.mcp = LateStart(load, tasks)
        yield
        tasks.cancel_scope.cancel()


router = APIRouter(tags=["chat"], lifespan=lifespan)


# No stream from the server and no session to delete: GET and DELETE are answered with 405, as the protocol wants.
@router.post("/mcp", response_model=None, openapi_extra={"requestBody": _MESSAGE})
async def mcp(request: Request, settings: SettingsPart) -> Response:
    """A message of the Model Context Protocol; the tools are `search` and `fetch`."""
    refused = refusal(request.headers, settings)
    if refused is not None:
        error = {"code": _INVALID_REQUEST, "message": refused.detail}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, refused.status)
    late: LateStart = request.app.state.mcp
    return _Delegated(await late.app())


class _Delegated(Response):
    """A reply that an ASGI app gives."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def tell(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 400:
                refused = True
            elif not refused:
                await send(message)
            elif not message.get("more_body", False):
                await _refusal(message.get("body", b""))(scope, receive, send)

        await self._app(scope, receive, tell)


def _refusal(body: bytes) -> Response:
    """A refusal of the library in words of our own: its own name the libraries that it uses, with their versions."""
    try:
        error = json.loads(body)["error"]
        code, message = int(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = _INVALID_REQUEST, "send a message as JSON, with the header Content-Type: application/json"
    if "\n" in message:
        message = "this is no message of JSON-RPC 2.0: send an object with jsonrpc, method and, for a reply, id"
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}, 400)
