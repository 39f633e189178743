"""What happens to every request and every reply, whatever the route. Plain ASGI, so that streams stay streams."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.serving.error_bodies import error_reply
from qa.serving.problems import unexpected

LARGEST_BODY = 64 * 1024
# A chat frontend sends all that was said, and descriptions of dozens of tools.
LARGEST_CONVERSATION = 4 * 1024 * 1024
_CONVERSATIONS = ("/v1/", "/chat/", "/mcp")


class BodyLimit:
    """Refuses a body of more than `LARGEST_BODY` bytes (of `LARGEST_CONVERSATION` in chat), before anything is parsed.

    A document that is written may be larger: its route counts what it receives, once it knows who sends it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"] == "PUT" and scope["path"].startswith("/documents/")):
            await self.app(scope, receive, send)
            return
        largest = LARGEST_CONVERSATION if scope["path"].startswith(_CONVERSATIONS) else LARGEST_BODY
        declared = Request(scope).headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > largest:
            await self._refuse(largest, scope, receive, send)
            return
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > largest:
                await self._refuse(largest, scope, receive, send)
                return
            if message["type"] == "http.disconnect":
                return  # nobody is left to answer, and what was sent is not whole
            if not message.get("more_body", False):
                break

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, replay, send)

    async def _refuse(self, largest: int, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the body has more than {largest} bytes; send a shorter one"
        await error_reply(scope["path"], 413, detail, {"Connection": "close"})(scope, receive, send)


class Failures:
    """Answers what no handler caught, inside the other middleware, so that they see the reply."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception as error:
            if started or scope["type"] != "http":
                raise  # too late for a reply of another status: the server closes the connection
            await unexpected(Request(scope), error)(scope, receive, send)


class Head:
    """Answers HEAD as GET without the body, on every route that has GET."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
            await send(message)

        inner = {**scope, "method": "GET"}
        try:
            await self.app(inner, receive, bare)
        finally:
            scope["route"] = inner.get("route")


class GenerationHeader:
    """Tells with every reply which generation answered it; ``generation`` tells the one that is live.

    Another may become live while a request is answered, so the one that the request took comes first (`answerer_of`).
    """

    def __init__(self, app: ASGIApp, generation: Callable[[], str | None]) -> None:
        self.app = app
        self.generation = generation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                generation = state.get("generation") or self.generation()
                if generation:
                    MutableHeaders(scope=message).setdefault("X-Index-Generation", generation)
            await send(message)

        await self.app(scope, receive, tell)
