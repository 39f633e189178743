"""Follows each request from its first byte to the last of its reply: names it, and tells what became of it."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.logs import request_id
from qa.retrieval.trace import Trace, traced
from qa.settings import Settings

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# What found no route has no template, and its path may be anything: there would be no end of names.
UNROUTED = "unmatched"
# As nginx says it: who asked went away before there was a reply.
_NOBODY_WAITED = 499
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


class Finished(NamedTuple):
    """A request that ended. ``route`` is its template, never a path; ``seconds`` lasted it to its last byte."""

    route: str
    method: str
    status: int
    seconds: float
    id: str
    client: str
    generation: str | None
    trace: Trace


class Observer(Protocol):
    """Is told of every request, once it has begun and once it has ended."""

    def began(self, id_: str) -> None: ...

    def finished(self, request: Finished) -> None: ...


class Observation:
    """Names each request in the header ``X-Request-ID`` and to the log, and tells ``observers`` of it.

    An id that the sender gave is kept if it is one to 128 letters, digits, dots, underscores and dashes.
    """

    def __init__(self, app: ASGIApp, observers: Sequence[Observer], generation: Callable[[], str | None]) -> None:
        self.app = app
        self.observers = observers
        self.generation = generation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, trace, status = perf_counter(), Trace(), _NOBODY_WAITED
        id_ = _id_of(scope)
        token = request_id.set(id_)

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id_
            await send(message)

        for observer in self.observers:
            observer.began(id_)
        try:
            with traced(trace):
                await self.app(scope, receive, named)
        finally:
            taken = scope.get("state", {}).get("generation")
            client = scope["client"][0] if scope.get("client") else ""
            route, method = _route_of(scope), scope["method"] if scope["method"] in _METHODS else "other"
            seconds = perf_counter() - began
            ended = Finished(route, method, status, seconds, id_, client, taken or self.generation(), trace)
            for observer in self.observers:
                observer.finished(ended)
            request_id.reset(token)


def _id_of(scope: Scope) -> str:
    sent = Headers(scope=scope).get(HEADER, "")
    return sent if _SANE.fullmatch(sent) else secrets.token_hex(16)


def _route_of(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", None) or UNROUTED


class RequestLog:
    """A line for each request that ended."""

    def __init__(self, settings: Settings) -> None:
        self._questions = settings.log_questions

    def began(self, _id: str) -> None:
        """Nothing: what has only begun is told of when it ends."""

    def finished(self, request: Finished) -> None:
        told: dict[str, object] = {
            "method": request.method,
            "route": request.route,
            "status": request.status,
            "ms": round(request.seconds * 1000, 1),
            "client": request.client,
            "generation": request.generation,
        }
        if self._questions and request.trace.questions:
            told["question"] = request.trace.questions[-1]
        log.info("request", extra=told)
