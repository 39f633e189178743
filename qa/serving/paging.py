"""Long lists, a page at a time."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

LARGEST_PAGE = 1000
Offset = Annotated[int, Query(ge=0, le=10**9, description="how many to pass over")]


def next_page(request: Request, response: Response, offset: int, limit: int, total: int) -> str | None:
    """The address of the next page, in a ``Link`` header too (RFC 8288); None after the last one."""
    if offset + limit >= total:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("offset", "limit")]
    path = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0] or request.url.path
    address = f"{path}?{urlencode([*kept, ('offset', offset + limit), ('limit', limit)])}"
    response.headers["Link"] = f'<{address}>; rel="next"'
    return address
