"""How who asks would have the reply: as a page or as data, compressed or not."""

from __future__ import annotations

from fastapi import Request


def prefers_page(request: Request) -> bool:
    """Whether ``Accept`` puts ``text/html`` above ``application/json``; ``*/*`` and no header do not."""
    accepted = _accepted(request.headers.get("accept", ""))
    return _quality(accepted, "text/html") > _quality(accepted, "application/json")


def takes_gzip(request: Request) -> bool:
    """Whether ``Accept-Encoding`` names gzip, and not to refuse it."""
    return _accepted(request.headers.get("accept-encoding", "")).get("gzip", 0.0) > 0


def _accepted(header: str) -> dict[str, float]:
    """What a header lists, media ranges or encodings, with their qualities, 0 to 1."""
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        media_range, *parameters = (one.strip() for one in part.split(";"))
        stated = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            found[media_range] = float(stated)
        except ValueError:
            found[media_range] = 0.0
    return found


def _quality(accepted: dict[str, float], media_type: str) -> float:
    """That of the narrowest range which holds the type."""
    main = media_type.partition("/")[0]
    return next((accepted[one] for one in (media_type, f"{main}/*", "*/*") if one in accepted), 0.0)
