"""The form of an error: RFC 9457 ``application/problem+json``, but on the routes of a foreign protocol its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from fastapi.responses import JSONResponse, PlainTextResponse, Response

from qa.logs import request_id

MEDIA_TYPE = "application/problem+json"
_JSON_RPC_INVALID_REQUEST, _JSON_RPC_SERVER_ERROR = -32600, -32000
# The same request may be answered at another time.
_LATER = (408, 429, 500, 503)


class Field(NamedTuple):
    """A field of the body that is out of its range."""

    field: str
    message: str


def error_reply(
    path: str,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    *,
    fields: Sequence[Field] = (),
    code: str | None = None,
) -> Response:
    """The reply to a request for ``path`` that failed; ``code`` is what the protocol calls such an error."""
    if f"{path}/".startswith("/v1/"):
        # OpenAI's own service calls every fault of a body 400.
        return JSONResponse(openai_error(status, detail, fields, code), 400 if status == 422 else status, headers)
    if f"{path}/".startswith("/retrieval/"):
        # Dify's codes are numbers; for an error that it has none for, the status.
        number = int(code) if code and code.isdecimal() else status
        return JSONResponse({"error_code": number, "error_msg": detail}, status, headers)
    if path == "/mcp":
        error = {"code": _JSON_RPC_SERVER_ERROR if status in _LATER else _JSON_RPC_INVALID_REQUEST, "message": detail}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status, headers)
    if path.startswith("/chat/"):
        return PlainTextResponse(detail, status, headers)  # what the AI SDK shows as the error's message
    more: dict[str, object] = {"errors": [one._asdict() for one in fields]} if fields else {}
    if (id_ := request_id.get()) is not None:
        more["request_id"] = id_  # by which the log knows the request
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
    }
    return JSONResponse({**body, **more}, status, headers, MEDIA_TYPE)


_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def openai_error(status: int, detail: str, fields: Sequence[Field] = (), code: str | None = None) -> dict[str, object]:
    """An error as OpenAI's API tells of it."""
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    param = fields[0].field if fields else None
    return {"error": {"message": detail, "type": kind, "param": param, "code": code}}
