"""The API's description, with the errors that every route of a protocol may answer with, in that protocol's form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI

from qa.serving.error_bodies import MEDIA_TYPE
from qa.serving.problems import Problem

Described = dict[str, Any]

_TEXT_FIELD: Described = {"type": "string"}
_SCHEMAS: dict[str, Described] = {
    "Problem": Problem.model_json_schema(),
    "OpenAIError": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": _TEXT_FIELD,
                    "type": _TEXT_FIELD,
                    "param": {"type": ["string", "null"]},
                    "code": {"type": ["string", "null"]},
                },
            }
        },
    },
    "DifyError": {
        "type": "object",
        "required": ["error_code", "error_msg"],
        "properties": {"error_code": {"type": "integer"}, "error_msg": _TEXT_FIELD},
    },
    "JSONRPCError": {
        "type": "object",
        "required": ["jsonrpc", "error"],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["string", "integer", "null"]},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "integer"}, "message": _TEXT_FIELD},
            },
        },
    },
}


class _Errors(NamedTuple):
    """The statuses that all routes of a protocol may answer with, and the form of such a reply."""

    statuses: tuple[int, ...]
    content: Described


def _json(name: str, media_type: str = "application/json") -> Described:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


_PROBLEM = _json("Problem", MEDIA_TYPE)
_PLAIN = {"text/plain": {"schema": _TEXT_FIELD}}
# Whatever the route: the address is too long, or the headers are.
_OF_HEADS = (414, 431)
# By the beginning of a path.
_PROTOCOLS = {
    "/v1/": _Errors((400, 404, 413, 415, 503), _json("OpenAIError")),
    "/retrieval": _Errors((400, 403, 404, 413, 415, 422, 503), _json("DifyError")),
    "/chat/": _Errors((400, 413, 415, 422, 503), _PLAIN),
    "/mcp": _Errors((400, 403, 413, 421, 500), _json("JSONRPCError") | _PROBLEM),
}


def described(app: FastAPI, more: Sequence[Callable[[Described], None]] = ()) -> Callable[[], Described]:
    """What `FastAPI.openapi` is to be: its own description, made once, with the errors and what ``more`` add."""
    describe = app.openapi

    def openapi() -> Described:
        if app.openapi_schema is None:
            schema = describe()
            schema.setdefault("components", {}).setdefault("schemas", {}).update(_SCHEMAS)
            for path, methods in schema["paths"].items():
                for operation in methods.values():
                    _describe(path, operation["responses"])
            for tell in more:
                tell(schema)
        return app.openapi_schema or {}

    return openapi


def _describe(path: str, responses: Described) -> None:
    protocol = next((errors for start, errors in _PROTOCOLS.items() if path.startswith(start)), None)
    # FastAPI supposes its own form of this error, which nothing here has.
    if protocol is None and "HTTPValidationError" in str(responses.get("422")):
        responses["422"] = {"description": HTTPStatus(422).phrase, "content": _PROBLEM}
    if protocol is not None:
        responses.pop("422", None)
        for status in protocol.statuses:
            responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": protocol.content}
    # What is far too long is refused in plain text before anything reads it.
    content = (protocol.content if protocol is not None else _PROBLEM) | _PLAIN
    for status in _OF_HEADS:
        responses.setdefault(str(status), {"description": HTTPStatus(status).phrase, "content": content})
