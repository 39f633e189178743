"""Who may administer: those who send the token that is set."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from qa.serving.parts import SettingsPart
from qa.settings import Settings

_bearer = HTTPBearer(auto_error=False, scheme_name="admin", description="the value of QA_ADMIN_TOKEN")


def require_admin(
    settings: SettingsPart, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Refuse a request without the token; where none is set, all of them."""
    # Headers arrive as Latin-1, so these are the bytes that were sent.
    check_token(settings, None if sent is None else sent.credentials.encode("latin-1"))


def check_token(settings: Settings, sent: bytes | None) -> None:
    """Refuse what is not the token, however it was sent.

    Raises:
        HTTPException: it is another, or none is set.
    """
    token = settings.admin_token.get_secret_value()
    if not token:
        raise HTTPException(403, "administration over HTTP is off; set QA_ADMIN_TOKEN and start the service again")
    if sent is None or not secrets.compare_digest(sent, token.encode()):
        raise HTTPException(
            401,
            "this needs the header Authorization: Bearer, with QA_ADMIN_TOKEN's value",
            {"WWW-Authenticate": "Bearer"},
        )


AdminOnly = Depends(require_admin)
