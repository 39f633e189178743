"""Whose requests a protocol answers that pages of other sites must not speak: which ``Origin``, which ``Host``."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from qa.settings import Settings

_PORT = re.compile(r":\d*$")


class Refusal(NamedTuple):
    """An HTTP status, and what to say."""

    status: int
    detail: str


def refusal(headers: Headers, settings: Settings) -> Refusal | None:
    """Why a request is not answered, or None if it is.

    A page of another site may have its name lead to this machine and so call a service that only this machine can
    reach (DNS rebinding). Browsers tell with every POST which page sends it, and programs that are no browser send no
    ``Origin``: so one that is sent must be of QA_BASE_URL, of QA_CORS_ORIGINS or of this machine. ``Host`` is compared
    with QA_BASE_URL where that is set. Where it is not, which name the service is known by cannot be told from one made
    to lead here, and refusing all names would refuse the service's own.
    """
    origin = headers.get("origin")
    if origin is not None and not _may_call(origin, settings):
        return Refusal(
            403,
            f"pages of the origin {origin[:80]!r} may not call this service; "
            "if it is the service's own, set QA_BASE_URL to it, if another site's, add it to QA_CORS_ORIGINS",
        )
    host = _name(headers.get("host", ""))
    if settings.base_url and not _is_local(host) and host != urlsplit(settings.base_url).hostname:
        return Refusal(
            421,
            f"this service is not {host[:80]!r}; QA_BASE_URL says what it is: "
            "call it by that name, or let the proxy hand on the header Host",
        )
    return None


def _may_call(origin: str, settings: Settings) -> bool:
    if "*" in settings.cors_origins:
        return True
    sent = _split(origin)
    if sent is None or sent[0] not in ("http", "https"):
        return False
    return sent in map(_split, (settings.base_url, *settings.cors_origins)) or _is_loopback(sent[1])


def _split(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port as an origin has them; None where they cannot be told, as of ``null``."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


def _name(host: str) -> str:
    """The name or address in a ``Host``, without its port."""
    return _PORT.sub("", host).strip("[]").lower()


def _is_local(name: str) -> bool:
    """Whether a name cannot have been made to lead here: it is an address, or one of the own network."""
    return "." not in name or name.endswith(".localhost") or _address(name) is not None


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
