"""Runs the encoder over the passages of a build.

One passage a thread, as many at once as there are cores: the runtime holds no lock of Python's while it computes, so
two cores encode nearly twice what one does, and a result depends on its own passage alone. Two threads that share one
passage wait for each other at every layer. The longest passages come first, so that at the end no core waits long for
another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from qa.encoding.prepared import PreparedModel
from qa.indexing.encoded import Encoded
from qa.records import Passage

# Passages a thread that wait for it or for whoever takes what it made: more would only fill the memory.
_AHEAD = 4


class Task(NamedTuple):
    """A passage and the language of its document."""

    passage: Passage
    language: str | None


def encode(model: PreparedModel, passages: Sequence[Task], workers: int) -> Iterator[tuple[int, Encoded]]:
    """The number of each passage and what it is encoded as, the longest first, ``workers`` at a time.

    Whoever stops early waits only for the passages that are being encoded.
    """

    def encoded(number: int) -> tuple[int, Encoded]:
        passage, language = passages[number]
        (encoding,) = model.encoder.encode_passages([passage.plain])
        return number, Encoded.of(encoding, passage, model.means, language)

    order = iter(sorted(range(len(passages)), key=lambda number: len(passages[number].passage.plain), reverse=True))
    model.encoder.expect(len(passages))
    pool = ThreadPoolExecutor(workers)
    try:
        waiting: deque[Future[tuple[int, Encoded]]] = deque()
        waiting.extend(pool.submit(encoded, number) for number in islice(order, workers * _AHEAD))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(encoded, number) for number in islice(order, 1))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)
