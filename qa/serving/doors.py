"""What a request passes before a route sees it, in this order: how often, by whose key, how it arrives, how large it
is, and when its turn is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from qa.serving import keys, rate_limit
from qa.serving.arrival import Arrival
from qa.serving.keys import KeyGate, Keys
from qa.serving.middleware import BodyLimit
from qa.serving.rate_limit import RateLimit
from qa.serving.turns import Queue, Turns
from qa.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Put up what the settings ask for."""
    held = Keys.of(settings)
    app.state.queue = Queue(settings.queue)
    # What is added last is passed first.
    app.add_middleware(Turns, at_once=settings.at_once(), queue=app.state.queue, patience=settings.request_timeout)
    app.add_middleware(BodyLimit)
    app.add_middleware(Arrival, patience=settings.request_timeout)
    if held.api:
        app.add_middleware(KeyGate, keys=held)
    if settings.rate_limit is not None:
        app.add_middleware(RateLimit, rate=settings.rate_limit, keys=held)


def described(settings: Settings) -> list[Callable[[dict[str, Any]], None]]:
    """What adds to the API's description what the settings ask for."""
    told: list[Callable[[dict[str, Any]], None]] = []
    if settings.api_keys:
        told.append(keys.describe)
    if settings.rate_limit is not None:
        told.append(rate_limit.describe)
    return told
