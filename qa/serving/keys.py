"""Who may ask: those who send one of the keys that are set, or the administrator's token."""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

from fastapi.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.api_keys import ApiKeys, digest_of
from qa.serving.error_bodies import error_reply
from qa.serving.open_paths import is_open
from qa.settings import Settings

ADMIN = "admin"
_HOW = "send the header Authorization: Bearer, a space and a key, or the header X-API-Key"
_BEARER = b"bearer "
# What Dify calls these errors.
_BAD_HEADER, _NOT_AUTHORISED = "1001", "1002"


class Keys(NamedTuple):
    """``admin`` is the digest of the administrator's token, None where there is none."""

    api: ApiKeys
    admin: bytes | None

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        token = settings.admin_token.get_secret_value()
        return cls(settings.api_keys, digest_of(token.encode()) if token else None)

    def holder(self, sent: list[bytes]) -> str | None:
        """By whose key a request comes, `ADMIN` or a key's digest; None where none of those sent is one."""
        for secret in sent:
            if self.admin is not None and hmac.compare_digest(self.admin, digest_of(secret)):
                return ADMIN
            found = self.api.find(secret)
            if found is not None:
                return found.hex()
        return None


def secrets_sent(scope: Scope) -> list[bytes]:
    """What a request sends as its key, by either header, in the bytes that were sent."""
    sent = []
    for name, value in scope["headers"]:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            sent.append(value[len(_BEARER) :].strip())
        elif name == b"x-api-key":
            sent.append(value.strip())
    return [secret for secret in sent if secret]


class KeyGate:
    """Lets through who holds a key. To tell a missing one from a wrong one leaks nothing: who sends it knows which."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        sent = secrets_sent(scope)
        if self.keys.holder(sent) is not None:
            await self.app(scope, receive, send)
        else:
            await _refusal(scope, wrong=bool(sent))(scope, receive, send)


def _refusal(scope: Scope, *, wrong: bool) -> Response:
    path: str = scope["path"]
    detail = f"the key that was sent is none of this service's; {_HOW}" if wrong else f"this needs a key: {_HOW}"
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"' if wrong else "Bearer"}
    if f"{path}/".startswith("/retrieval/"):
        return error_reply(path, 403, detail, code=_NOT_AUTHORISED if wrong else _BAD_HEADER)
    if _is_for_a_reader(scope):
        return PlainTextResponse(f"This service answers programs that hold a key: {detail}.", 401, headers)
    return error_reply(path, 401, detail, headers, code="invalid_api_key")


def _is_for_a_reader(scope: Scope) -> bool:
    """Whether a browser asks for a page."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def describe(schema: dict[str, Any]) -> None:
    """Tell in the API's description which routes ask for a key; those for the administrator tell of the token."""
    schema.setdefault("components", {}).setdefault("securitySchemes", {})["key"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "one of QA_API_KEYS; X-API-Key is taken as well",
    }
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            if not is_open(path):
                operation.setdefault("security", [{"key": []}])
                operation["responses"].setdefault("401", {"description": "Unauthorized"})
