"""All by which a running service can be seen from outside, put around an app: metrics, the log's requests, traces."""

from __future__ import annotations

from fastapi import FastAPI

from qa.serving import scraping
from qa.serving.index_metrics import IndexMetrics
from qa.serving.live import Live
from qa.serving.metrics import Metrics
from qa.serving.observation import Observation, Observer, RequestLog
from qa.serving.telemetry import Telemetry, is_wanted
from qa.settings import Settings


class Observability:
    """Of one app. Make it once all other middleware is there: what is added last sees all others' replies."""

    def __init__(self, app: FastAPI, live: Live, settings: Settings) -> None:
        metrics = Metrics(lambda: app.state.queue.waiting, [IndexMetrics(live, settings)])
        live.on_check = lambda: metrics.health(ready=live.loaded is not None, degraded=live.degraded is not None)
        live.on_failure = metrics.load_failed
        app.state.metrics = metrics
        app.include_router(scraping.router)
        self._telemetry = Telemetry.of(app) if is_wanted() else None
        observers: list[Observer | None] = [
            metrics,
            RequestLog(settings) if settings.log_requests else None,
            self._telemetry,
        ]
        app.add_middleware(
            Observation,
            observers=[one for one in observers if one is not None],
            generation=lambda: live.generation,
        )

    def close(self) -> None:
        """Send what has not been sent yet."""
        if self._telemetry is not None:
            self._telemetry.close()
