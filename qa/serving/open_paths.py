"""Which addresses ask for no key, and which no limit holds back."""

from __future__ import annotations

_REPORT = "/index/report"
# What is named here shows nothing of the essay: health, the description of the API, and what pages are made of; the
# report asks for the administrator's token itself, which a form sends to it.
_OPEN = frozenset(
    {
        "/livez",
        "/readyz",
        "/docs",
        "/docs/oauth2-redirect",
        "/openapi.json",
        "/widget.js",
        "/admin",
        _REPORT,
        "/favicon.ico",
    }
)
_OPEN_FOLDERS = ("/assets/", "/static-offline-docs/")
# How busy a service is and what it is asked about is for whoever may ask.
_METRICS = "/metrics"


def is_open(path: str) -> bool:
    """Whether a path is answered without a key. What is not named here needs one: nothing is open by oversight."""
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def is_unlimited(path: str) -> bool:
    """Whether a path is answered however busy the service is: what watches over it must see it then.

    Not where a token is sent in the body: it could be tried without end.
    """
    return path == _METRICS or (is_open(path) and path != _REPORT)
