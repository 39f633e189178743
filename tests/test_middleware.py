"""What happens to every request, whatever the route, as the server itself calls the application."""

from __future__ import annotations

import anyio
from starlette.types import Message, Receive, Scope, Send

from qa.serving.middleware import BodyLimit


def test_a_body_whose_sender_leaves_in_its_middle_reaches_no_route() -> None:
    """A route would read half a body and log the failure as its own."""
    reached: list[str] = []
    sent: list[Message] = []
    coming: list[Message] = [
        {"type": "http.request", "body": b'{"question": "Wh', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": []}
    anyio.run(BodyLimit(route), scope, receive, send)
    assert (reached, sent, coming) == ([], [], [])
