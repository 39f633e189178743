"""How a request arrives: its head not too long, its body in time and as it is, and not all of them at once."""

from __future__ import annotations

import time
from typing import NamedTuple

from anyio import fail_after
from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.serving.error_bodies import error_reply

# A question of 1000 characters in an address takes up to 12,000 bytes; other servers take heads of 8 to 64 KiB.
LARGEST_HEAD = 32 * 1024
# A document may take so many times as long as any other body: it may be eight times as large as the largest of those.
_UPLOAD = 10
# So many bytes of bodies are held of all requests together.
LARGEST_TOGETHER = 256 * 1024**2
_LONGEST_SHOWN = 200


class Refusal(NamedTuple):
    status: int
    detail: str
    headers: dict[str, str]


class Arrival:
    """Refuses a head that is too long, a packed body, and one that has not arrived whole in ``patience`` seconds.

    What is packed can be a thousand times as large as what is counted, so nothing is unpacked here.
    """

    def __init__(self, app: ASGIApp, patience: float, most: int = LARGEST_TOGETHER) -> None:
        self.app = app
        self.patience = patience
        self.most = most
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        refusal = refusal_of(scope)
        if refusal is not None:
            reply = error_reply(path[:_LONGEST_SHOWN], refusal.status, refusal.detail, refusal.headers)
            await reply(scope, receive, send)
            return
        body = _Body(self, receive, self.patience * (_UPLOAD if scope["method"] == "PUT" else 1))
        try:
            await self.app(scope, body.receive, send)
        except _ArrivalError as error:  # one that a route sees is answered like any other that it raises
            await error_reply(path, error.status_code, error.detail, error.headers)(scope, receive, send)
        finally:
            self.held -= body.size


def refusal_of(scope: Scope) -> Refusal | None:
    """Why a request is refused by its head alone, if it is."""
    address = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if address > LARGEST_HEAD:
        return Refusal(414, f"the address has more than {LARGEST_HEAD} bytes; send a shorter one", _CLOSE)
    fields, packed = address, ""
    for name, value in scope["headers"]:
        fields += len(name) + len(value)
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            packed = value.decode("latin-1")[:_LONGEST_SHOWN]
    if fields > LARGEST_HEAD:
        return Refusal(431, f"the headers have more than {LARGEST_HEAD} bytes; send fewer or shorter ones", _CLOSE)
    if packed:
        detail = f"the body is packed ({packed}); send it as it is, without Content-Encoding"
        return Refusal(415, detail, {"Accept-Encoding": "identity"})
    return None


class _ArrivalError(HTTPException):
    """The body is not waited for any longer."""


class _Body:
    """What has arrived of one request's body, and until when the rest is waited for."""

    def __init__(self, all_of_them: Arrival, receive: Receive, patience: float) -> None:
        self._all = all_of_them
        self._receive = receive
        self._patience = patience
        self._until = time.monotonic() + patience
        self._whole = False
        self.size = 0

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()  # which tells when the client leaves
        try:
            with fail_after(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            detail = f"the body did not arrive in {self._patience:g} s; send it faster, or a shorter one"
            raise _ArrivalError(408, detail, _CLOSE) from None
        size = len(message.get("body", b""))
        self.size += size
        self._all.held += size
        self._whole = not message.get("more_body", False)
        if self._all.held > self._all.most:
            detail = "the bodies of all requests together are more than is held; send this one again in a moment"
            raise _ArrivalError(503, detail, {**_CLOSE, "Retry-After": "1"})
        return message


_CLOSE = {"Connection": "close"}
