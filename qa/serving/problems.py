"""What went wrong, as a status and a message: the one place where errors become replies. Their form: `error_bodies`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from qa.errors import (
    ConflictError,
    CorpusError,
    DocumentError,
    EditError,
    GenerationError,
    GonePassageError,
    IndexFolderError,
    InvalidIdError,
    JobError,
    MissingCollectionError,
    PreconditionError,
    QAError,
    TurnError,
    UnknownDocumentError,
    UnknownGenerationError,
    UnknownJobError,
    UnknownPassageError,
    UnreachableStoreError,
)
from qa.serving.allowed import allowed_methods
from qa.serving.error_bodies import MEDIA_TYPE, Field, error_reply
from qa.settings import Settings

log = logging.getLogger(__name__)

# Of a value so many characters are told, and so many errors of a body: a conversation may hold many thousands.
_LONGEST_VALUE, _MOST_ERRORS = 80, 10
UNREACHABLE = "what holds the index does not answer; ask again in a moment"
# The first that fits counts: what is narrower stands above.
_STATUS_OF: Mapping[type[QAError], int] = {
    UnknownDocumentError: 404,
    UnknownGenerationError: 404,
    UnknownJobError: 404,
    UnknownPassageError: 404,
    GonePassageError: 410,
    IndexFolderError: 507,
    GenerationError: 409,
    CorpusError: 409,
    ConflictError: 409,
    PreconditionError: 412,
    DocumentError: 422,
    InvalidIdError: 422,
    TurnError: 422,
    EditError: 507,
    JobError: 507,
}


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None = None


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the API's description says of the errors that a route may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


class NotReadyError(QAError):
    """The index or the encoder is not there yet, or could not be loaded."""


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""
    app.add_exception_handler(QAError, _domain)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation)  # type: ignore[arg-type]


def _domain(request: Request, error: QAError) -> Response:
    if isinstance(error, UnreachableStoreError | MissingCollectionError):
        log.error("%s", error)  # where it is kept is nothing for those who ask
        return error_reply(_instance(request), 503, UNREACHABLE, {"Retry-After": "2"})
    if isinstance(error, NotReadyError):
        return error_reply(_instance(request), 503, str(error), {"Retry-After": "1"})
    status = next((status for kind, status in _STATUS_OF.items() if isinstance(error, kind)), None)
    if status is not None:
        return error_reply(_instance(request), status, without_paths(str(error), request.app.state.settings))
    return unexpected(request, error)


def message_of(error: Exception) -> str:
    """What to say of an error once a reply has begun: a domain error's own words, of any other only that it failed."""
    if isinstance(error, QAError):
        return str(error)
    log.error("a reply failed in its middle", exc_info=error)
    return "the service failed on this request; its log says why"


def without_paths(text: str, settings: Settings) -> str:
    """The text with the name of the setting wherever it names one of the server's folders."""
    names: dict[str, str] = {}
    for name in ("corpus_dir", "index_dir", "model_cache", "model", "gate", "reranker"):
        folder = Path(getattr(settings, name) or ".")
        names |= {str(path): f"QA_{name.upper()}" for path in (folder, folder.resolve()) if path.is_absolute()}
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    return text


def _http(request: Request, error: HTTPException) -> Response:
    detail = (
        error.detail
        if error.detail != HTTPStatus(error.status_code).phrase
        else _DETAILS.get(error.status_code, error.detail)
    )
    allowed = allowed_methods(request) if error.status_code == 405 else ""
    headers = {**(error.headers or {}), "Allow": allowed} if allowed else error.headers
    return error_reply(_instance(request), error.status_code, detail, headers, code=getattr(error, "code", None))


_DETAILS = {
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not take that method; /docs lists what it takes",
}


def _validation(request: Request, error: RequestValidationError) -> Response:
    errors = error.errors()
    broken = next((entry for entry in errors if entry["type"] == "json_invalid"), None)
    if broken is not None:
        reason = broken.get("ctx", {}).get("error", "it cannot be parsed")
        return error_reply(_instance(request), 400, f"the body is not JSON: {reason}, at character {broken['loc'][-1]}")
    if [(entry["type"], entry["loc"]) for entry in errors] == [("missing", ("body",))]:
        return error_reply(_instance(request), 400, "the body is empty; send a JSON object")
    fields = [Field(_field(entry["loc"]), _message(entry)) for entry in errors[:_MOST_ERRORS]]
    more = [f"and {len(errors) - _MOST_ERRORS} more"] if len(errors) > _MOST_ERRORS else []
    detail = "; ".join([*(f"{entry.field}: {entry.message}" for entry in fields), *more])
    return error_reply(_instance(request), 422, detail, fields=fields)


def _field(location: tuple[int | str, ...]) -> str:
    """``("body", "documents", 0)`` is ``documents.0``; the body itself is ``body``."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _message(entry: Mapping[str, Any]) -> str:
    message = str(entry["msg"]).removeprefix("Value error, ")
    if entry["type"] == "missing":
        return message
    try:
        value = json.dumps(entry["input"])
    except (TypeError, ValueError, RecursionError):
        return message
    return f"{message} (it is {value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + '…'})"


def unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_reply(_instance(request), 500, "the service failed on this request; its log says why")


def _instance(request: Request) -> str:
    return str(request.scope.get("raw_path", b"").decode("ascii", "replace")) or request.url.path
