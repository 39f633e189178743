"""Refuses who asks more often than QA_RATE_LIMIT allows."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.rate import Rate
from qa.serving.error_bodies import error_reply
from qa.serving.keys import ADMIN, Keys, secrets_sent
from qa.serving.open_paths import is_unlimited
from qa.serving.quotas import Quotas, Standing

# A household or a rented server has all addresses of such a network.
_IPV6_PREFIX = 64


class RateLimit:
    """Counts requests by key, and by address where no right one is sent, so that keys cannot be tried without end.

    Each worker counts by itself. Whoever holds the administrator's token is not counted: they could set the rate too.
    """

    def __init__(self, app: ASGIApp, rate: Rate, keys: Keys) -> None:
        self.app = app
        self.keys = keys
        self.quotas = Quotas(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = None if scope["type"] == "lifespan" or is_unlimited(scope["path"]) else self._who(scope)
        if who is None:
            await self.app(scope, receive, send)
            return
        standing = self.quotas.take(who, time.monotonic())
        told = self._told(standing)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        if standing.admitted:
            await self.app(scope, receive, tell)
        else:
            detail = f"that is more than {self._rate()}; ask again in {standing.retry_s} s"
            reply = error_reply(scope["path"], 429, detail, {"Retry-After": str(standing.retry_s)}, code=_CODE)
            await reply(scope, receive, tell)

    def _who(self, scope: Scope) -> str | None:
        holder = self.keys.holder(secrets_sent(scope))
        if holder == ADMIN:
            return None
        return holder or _address(scope)

    def _told(self, standing: Standing) -> dict[str, str]:
        """The fields of the IETF's draft "RateLimit header fields for HTTP"."""
        amount, seconds = self.quotas.rate
        return {
            "RateLimit-Policy": f'"requests";q={amount};w={seconds}',
            "RateLimit": f'"requests";r={standing.remaining};t={standing.reset_s}',
        }

    def _rate(self) -> str:
        amount, seconds = self.quotas.rate
        return f"{amount} requests in {seconds} s"


_CODE = "rate_limit_exceeded"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    host = client[0] if client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _IPV6_PREFIX), strict=False))
    return host


def describe(schema: dict[str, Any]) -> None:
    """Tell in the API's description which routes may refuse who asks too often, in the form of their other errors."""
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            if not is_unlimited(path):
                responses = operation["responses"]
                other: dict[str, Any] = next((one for status, one in responses.items() if status >= "400"), {})
                told = {"description": "Too Many Requests", "content": other.get("content", {})}
                responses.setdefault("429", {name: value for name, value in told.items() if value})
