"""Which methods an address takes."""

from __future__ import annotations

from fastapi import Request
from starlette.routing import Match, Mount

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def allowed_methods(request: Request) -> str:
    """The value of ``Allow``: the methods of all routes that the address fits, not of the first one only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    taken = {
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    }
    return ", ".join(sorted(taken | ({"HEAD"} if "GET" in taken else set())))
