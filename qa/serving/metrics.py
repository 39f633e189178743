"""What the service counts and times, for Prometheus. The only file, with `shared_metrics`, to import its client.

With several workers each writes into files of its own in a shared folder, so that whichever is asked tells the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from qa.serving import shared_metrics
from qa.serving.observation import Finished

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

# When each series began: as many series again, which nobody asks for.
disable_created_metrics()

# In seconds. A reply that is written by a language model, or follows a build, takes long.
_REQUEST = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PHASE = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """One worker's counts. ``queue`` tells how many requests wait for their turn; ``more`` is asked at each scrape.

    What is told of a request costs some hundredths of a millisecond.
    """

    def __init__(self, queue: Callable[[], int], more: Sequence[Collector] = ()) -> None:
        shared_metrics.fold_dead()
        self._queue, self._more = queue, more
        # Shared files are read at a scrape by a registry that is made for it; this one then only holds the parts.
        own = self._registry = CollectorRegistry()
        self._requests = Counter(
            "suraq_http_requests", "Requests that ended.", ["method", "route", "status"], registry=own
        )
        self._latency = Histogram(
            "suraq_http_request_duration_seconds",
            "How long a request lasted, to the last byte of its reply.",
            ["route"],
            buckets=_REQUEST,
            registry=own,
        )
        self._phases = Histogram(
            "suraq_phase_duration_seconds",
            "How long a phase of answering lasted; the phase answer holds all the others.",
            ["phase"],
            buckets=_PHASE,
            registry=own,
        )
        self._answers = Counter(
            "suraq_answers", "Questions, by whether the corpus answers them.", ["answerable"], registry=own
        )
        self._follow_ups = Counter(
            "suraq_follow_ups", "Questions of a chat that were understood from those before them.", registry=own
        )
        self._from_cache = Counter("suraq_answers_from_cache", "Questions whose answer was still known.", registry=own)
        self._encoder_errors = Counter("suraq_encoder_errors", "Texts that the encoder failed on.", registry=own)
        self._written = Counter(
            "suraq_language_model_replies",
            "Replies that the language model was asked to write, by whether it did.",
            ["written"],
            registry=own,
        )
        self._in_flight = Gauge(
            "suraq_http_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum", registry=own
        )
        self._waiting = Gauge(
            "suraq_queue_length", "Requests that wait for their turn.", multiprocess_mode="livesum", registry=own
        )
        self._ready = Gauge(
            "suraq_workers_ready", "Worker processes that can answer.", multiprocess_mode="livesum", registry=own
        )
        self._degraded = Gauge(
            "suraq_degraded",
            "Whether what answers from memory is not what lies whole on the disk; /readyz says why.",
            multiprocess_mode="livemax",
            registry=own,
        )
        self._load_failures = Counter(
            "suraq_load_failures", "Times that what is live on the disk could not be loaded.", registry=own
        )
        for answerable in ("true", "false"):  # a share of answers is one of both, also before there was one
            self._answers.labels(answerable)

    def began(self, _id: str) -> None:
        self._in_flight.inc()
        self._waiting.set(self._queue())

    def finished(self, request: Finished) -> None:
        self._in_flight.dec()
        self._waiting.set(self._queue())
        self._requests.labels(request.method, request.route, str(request.status)).inc()
        self._latency.labels(request.route).observe(request.seconds)
        for phase in request.trace.phases:
            self._phases.labels(phase.name).observe(phase.seconds)
        for answerable in request.trace.answers:
            self._answers.labels("true" if answerable else "false").inc()
        for event in request.trace.events:
            if event == "follow-up":
                self._follow_ups.inc()
            elif event == "from cache":
                self._from_cache.inc()
            elif event == "encoder error":
                self._encoder_errors.inc()
            else:
                self._written.labels("true" if event == "written" else "false").inc()

    def health(self, *, ready: bool, degraded: bool) -> None:
        """Tell how this worker is."""
        self._ready.set(ready)
        self._degraded.set(degraded)

    def load_failed(self) -> None:
        self._load_failures.inc()

    def text(self) -> bytes:
        """All metrics in Prometheus's text format; of several workers, together. It reads files: not for the loop."""
        own = b"" if shared_metrics.is_shared() else generate_latest(self._registry)
        registry = CollectorRegistry(auto_describe=False)
        for collector in self._more:
            registry.register(collector)
        with shared_metrics.reading(registry):
            return own + generate_latest(registry)
