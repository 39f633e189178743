"""``/metrics``: what the service counts, for Prometheus."""

from __future__ import annotations

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from qa.serving.metrics import Metrics

router = APIRouter(tags=["health"])
_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counts, latencies and the state of the index, in Prometheus's text format."""
    found: Metrics = request.app.state.metrics
    # Not one of the threads that answer: when those are all taken is when this is looked at.
    text = await run_sync(found.text, limiter=CapacityLimiter(1))
    return Response(text, media_type=_MEDIA_TYPE)
