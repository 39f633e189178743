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

    def encoded(numbers: Sequence[int]) -> list[tuple[int, Encoded]]:
        encodings = model.encoder.encode_passages([passages[number].passage.plain for number in numbers])
        return [
            (number, Encoded.of(encoding, passages[number].passage, model.means, passages[number].language))
            for number, encoding in zip(numbers, encodings, strict=True)
        ]

    order = sorted(range(len(passages)), key=lambda number: len(passages[number].passage.plain), reverse=True)
    # A graphics card is given many at a time, which are of nearly the same length then.
    size = getattr(model.encoder, "batch", 1)
    batches = (order[start : start + size] for start in range(0, len(order), size))
    model.encoder.expect(len(passages))
    pool = ThreadPoolExecutor(workers)
    try:
        waiting: deque[Future[list[tuple[int, Encoded]]]] = deque()
        waiting.extend(pool.submit(encoded, batch) for batch in islice(batches, workers * _AHEAD))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(encoded, batch) for batch in islice(batches, 1))
            yield from done
    finally:
        pool.shutdown(cancel_futures=True)
