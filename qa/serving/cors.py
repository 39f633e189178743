"""What pages of other sites may ask of the service: Cross-Origin Resource Sharing, by QA_CORS_ORIGINS."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_READABLE = (
    "ETag",
    "Location",
    "Mcp-Session-Id",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Index-Generation",
    "X-Request-ID",
)


def install(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins call every route; without any, browsers keep other sites' pages from all of them.

    Nothing is opened that the origin itself protected: no reply depends on cookies, none are allowed, and
    administration asks for its token whichever page sends it. So the names of headers are no protection either, and
    all may be sent: clients such as OpenAI's send a dozen of their own.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=["*"],
            expose_headers=_READABLE,
            # A site that is named may call a service in its readers' own network. "Every site" is not meant to let
            # any page on the Web reach into it.
            allow_private_network="*" not in origins,
        )
