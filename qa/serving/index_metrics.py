"""What Prometheus is told of the index: which one answers, how old it is, whether it is stale, and its builds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from qa.errors import QAError
from qa.indexing.builds import Builds
from qa.indexing.staleness import staleness
from qa.retrieval.answerer import Answerer
from qa.serving.live import Live
from qa.settings import Settings

# To look through the corpus takes longer the larger it is, and who scrapes may do so every second.
_LOOK_EVERY_S = 10.0


class IndexMetrics(Collector):
    """Asked at each scrape. Of several workers the one that is asked tells of its own generation."""

    def __init__(self, live: Live, settings: Settings) -> None:
        self._live, self._settings = live, settings
        self._stale: tuple[str, float, bool] | None = None  # of which generation, when it was looked at, and what came

    def describe(self) -> list[Metric]:
        """Nothing: names are not looked at, and to collect would read files."""
        return []

    def collect(self) -> Iterator[Metric]:
        info = InfoMetricFamily("suraq_generation", "The generation that answers, and its model.")
        age = GaugeMetricFamily("suraq_generation_age_seconds", "How long ago the generation that answers was built.")
        stale = GaugeMetricFamily(
            "suraq_index_stale", "Whether the corpus, or the model, has changed since the generation was built."
        )
        answerer = self._live.loaded
        if answerer is not None:
            manifest = answerer.generation.manifest
            built = datetime.fromisoformat(manifest.built_at).timestamp()
            info.add_metric([], {"generation": manifest.generation, "model": manifest.model.name})
            age.add_metric([], max(0.0, time.time() - built))  # a clock may be set back
            stale.add_metric([], self._is_stale(answerer))
        yield from (info, age, stale)
        yield from _builds(Builds.read(self._settings.index_dir))

    def _is_stale(self, answerer: Answerer) -> bool:
        id_, now = answerer.generation.id, time.monotonic()
        if self._stale is None or self._stale[0] != id_ or now - self._stale[1] >= _LOOK_EVERY_S:
            try:
                found = bool(staleness(answerer.generation.manifest, self._settings.corpus_dir, answerer.model.card))
            except (OSError, QAError):
                found = True  # what cannot be looked at has changed
            self._stale = id_, now, found
        return self._stale[2]


def _builds(builds: Builds) -> Iterator[Metric]:
    count = CounterMetricFamily("suraq_builds", "Builds of the index that ended, by outcome.", labels=["outcome"])
    seconds = CounterMetricFamily("suraq_build_seconds", "How long they took, together.", labels=["outcome"])
    last = GaugeMetricFamily(
        "suraq_last_build_timestamp_seconds", "When the last build of each outcome ended.", labels=["outcome"]
    )
    for outcome, ended in builds.ended.items():
        count.add_metric([outcome], ended.count)
        seconds.add_metric([outcome], ended.seconds)
        last.add_metric([outcome], ended.last)
    yield from (count, seconds, last)
