"""Traces by OpenTelemetry, where its own settings ask for them. The only file to import it.

A request is a span, what its answer was made of are spans within it. No question is told, nor any address with one.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from qa.serving.observation import Finished

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)

_PLACES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
# Asked by machines, every few seconds.
_UNTRACED = "/livez$,/readyz$,/metrics$"
# Each may hold the question of GET /ask.
_ADDRESSES = ("http.url", "http.target", "url.full", "url.query")
_LONGEST_CLOSE_S = 3.0


def is_wanted() -> bool:
    """Whether OpenTelemetry's own settings ask for traces."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = os.environ.get(_EXPORTER, "")
    return exporter != "none" and bool(exporter or any(os.environ.get(place) for place in _PLACES))


class Telemetry:
    """Sends what an app does, from a thread of its own."""

    def __init__(self, app: FastAPI, provider: TracerProvider) -> None:
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.metrics import NoOpMeterProvider

        self._provider = provider
        self._tracer = provider.get_tracer("suraq")
        FastAPIInstrumentor.instrument_app(
            app,
            server_request_hook=_without_question,
            tracer_provider=provider,
            meter_provider=NoOpMeterProvider(),
            excluded_urls=_UNTRACED,
            exclude_spans=["receive", "send"],
        )

    @classmethod
    def of(cls, app: FastAPI) -> Telemetry | None:
        """Traces of the app; None, and a line in the log, where they are asked for but cannot be."""
        try:
            exporter = _exporter()
        except ImportError:
            asked = next(name for name in (*_PLACES, _EXPORTER) if os.environ.get(name))
            log.warning("%s is set, but OpenTelemetry is not installed: no traces; pip install '.[telemetry]'", asked)
            return None
        if exporter is None:
            log.warning("%s is %r: no traces; Suraq has otlp, over HTTP, and console", _EXPORTER, os.environ[_EXPORTER])
            return None
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = "OTEL_SERVICE_NAME" in os.environ
        resource = Resource.create({} if named else {SERVICE_NAME: "suraq"})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(app, provider)

    def began(self, id_: str) -> None:
        """Give the request's span its id. The span ends with the last byte, before `finished`."""
        from opentelemetry.trace import get_current_span

        get_current_span().set_attribute("suraq.request_id", id_)

    def finished(self, request: Finished) -> None:
        """Tell of the phases, within the request's span."""
        from opentelemetry.trace import get_current_span

        if not get_current_span().get_span_context().is_valid:
            return  # it is not traced
        since_epoch = time.time_ns() - time.perf_counter_ns()
        answers = iter(request.trace.answers)
        for phase in request.trace.phases:
            told: dict[str, str | bool] = {}
            if phase.name == "answer":
                told = {"suraq.generation": request.generation or "", "suraq.answerable": next(answers, False)}
            span = self._tracer.start_span(phase.name, start_time=since_epoch + phase.started, attributes=told)
            span.end(since_epoch + phase.ended)

    def close(self) -> None:
        """Send what is left, for a few seconds at most: nobody may be there to take it."""
        closing = threading.Thread(target=self._provider.shutdown, name="last traces", daemon=True)
        closing.start()
        closing.join(_LONGEST_CLOSE_S)


def _exporter() -> SpanExporter | None:
    """What sends the traces away; None for a way that is not known here.

    Raises:
        ImportError: the extra is not installed.
    """
    kind = os.environ.get(_EXPORTER) or "otlp"
    import opentelemetry.instrumentation.fastapi  # noqa: F401 - all that is needed, before anything is begun

    if kind == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if kind != "otlp":
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _without_question(span: Span, _scope: dict[str, Any]) -> None:
    """Put the bare path where an address with its query stands."""
    attributes: Any = getattr(span, "attributes", None) or {}
    for name in _ADDRESSES:
        if name in attributes:
            span.set_attribute(name, "" if name == "url.query" else attributes[name].partition("?")[0])
