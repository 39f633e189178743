"""Errors as RFC 9457 ``application/problem+json``: the one place where they become statuses and bodies."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
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
    PreconditionError,
    QAError,
    UnknownDocumentError,
    UnknownGenerationError,
    UnknownJobError,
    UnknownPassageError,
)
from qa.settings import Settings

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_LONGEST_VALUE = 80
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


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the API's description says of the errors that a route may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


class NotReadyError(QAError):
    """The index or the encoder is not there yet, or could not be loaded."""


def problem(
    status: int, detail: str, instance: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """A problem document; ``more`` are its extension members."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
    }
    return JSONResponse({**body, **more}, status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""
    app.add_exception_handler(QAError, _domain)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation)  # type: ignore[arg-type]


def _domain(request: Request, error: QAError) -> JSONResponse:
    if isinstance(error, NotReadyError):
        return problem(503, str(error), _instance(request), {"Retry-After": "1"})
    status = next((status for kind, status in _STATUS_OF.items() if isinstance(error, kind)), None)
    if status is not None:
        return problem(status, without_paths(str(error), request.app.state.settings), _instance(request))
    return unexpected(request, error)


def without_paths(text: str, settings: Settings) -> str:
    """The text with the name of the setting wherever it names one of the server's folders."""
    names: dict[str, str] = {}
    for name in ("corpus_dir", "index_dir", "model_cache", "model", "gate", "reranker"):
        folder = Path(getattr(settings, name) or ".")
        names |= {str(path): f"QA_{name.upper()}" for path in (folder, folder.resolve()) if path.is_absolute()}
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    return text


def _http(request: Request, error: HTTPException) -> JSONResponse:
    detail = (
        error.detail
        if error.detail != HTTPStatus(error.status_code).phrase
        else _DETAILS.get(error.status_code, error.detail)
    )
    return problem(error.status_code, detail, _instance(request), error.headers)


_DETAILS = {
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not take that method; /docs lists what it takes",
}


def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = error.errors()
    broken = next((entry for entry in errors if entry["type"] == "json_invalid"), None)
    if broken is not None:
        reason = broken.get("ctx", {}).get("error", "it cannot be parsed")
        return problem(400, f"the body is not JSON: {reason}, at character {broken['loc'][-1]}", _instance(request))
    if [(entry["type"], entry["loc"]) for entry in errors] == [("missing", ("body",))]:
        return problem(400, "the body is empty; send a JSON object", _instance(request))
    fields = [{"field": _field(entry["loc"]), "message": _message(entry)} for entry in errors]
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in fields)
    return problem(422, detail, _instance(request), errors=fields)


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


def unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "the service failed on this request; its log says why", _instance(request))


def _instance(request: Request) -> str:
    return str(request.scope.get("raw_path", b"").decode("ascii", "replace")) or request.url.path
