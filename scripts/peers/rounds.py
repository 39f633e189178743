"""What is measured of one service in one round, and how well it finds what question sets ask for."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from qa.evaluation.figures import figures
from qa.evaluation.outcomes import DEPTH, Outcome
from qa.evaluation.questions import Case, read_cases
from qa.records import Answer, Citation, Hit, Passage
from scripts.peers.processes import Running, build, running
from scripts.peers.services import Material, Peer
from scripts.stressed import Connection, Reply, percentile, variants

_WARM_UP, _CLIENTS, _REST_S = 20, 8, 2.0
# What those who are refused with 503 wait before they ask again: Suraq's Retry-After; the peers refuse nobody.
_RETRY_S = 1.0
QUALITY = ("hit@1", "hit@3", "ndcg@10")
# By the name of a figure its value in one round.
Figures = dict[str, float]


class Asked(NamedTuple):
    """How long each question took that was answered, how many were refused, and how long all took together."""

    seconds: list[float]
    refused: int
    took: float


async def round_of(peer: Peer, given: Material, questions: Path, asked: int, seconds: float) -> Figures:
    """Build, start, rest, one client, several clients; the service ends with the round."""
    asking = variants(questions)
    found = {"build_s": build(peer, given)}
    async with running(peer, given, next(asking)) as service:
        found["start_s"] = service.start_s
        await asyncio.sleep(_REST_S)
        idle = service.memory()
        await _asked(service, 1, _counted(asking, _WARM_UP))
        alone = await _asked(service, 1, _counted(asking, asked))
        until = time.perf_counter() + seconds
        together = await _asked(service, _CLIENTS, _while(asking, lambda: time.perf_counter() < until))
        busy = service.memory()
    return {
        **found,
        "idle_rss_mb": idle.rss, "idle_pss_mb": idle.pss, "busy_rss_mb": busy.rss,
        "p50_ms": percentile(alone.seconds, 50), "p99_ms": percentile(alone.seconds, 99),
        "rate": len(together.seconds) / together.took, "rate_p99_ms": percentile(together.seconds, 99),
        "refused": 100 * together.refused / (together.refused + len(together.seconds)),
    }  # fmt: skip


def _counted(questions: Iterator[str], count: int) -> Iterator[str]:
    return (next(questions) for _ in range(count))


def _while(questions: Iterator[str], goes_on: Callable[[], bool]) -> Iterator[str]:
    while goes_on():
        yield next(questions)


async def _asked(service: Running, clients: int, questions: Iterator[str]) -> Asked:
    begun = last = time.perf_counter()

    async def one() -> list[Reply]:
        nonlocal last
        connection, replies = Connection(service.port), []
        for question in questions:
            replies.append(await service.ask(connection, question))
            last = time.perf_counter()
            if replies[-1].status == 503:
                await asyncio.sleep(_RETRY_S)
        connection.close()
        return replies

    replies = [reply for replies in await asyncio.gather(*(one() for _ in range(clients))) for reply in replies]
    statuses = Counter(reply.status for reply in replies)
    if not {200} <= statuses.keys() <= {200, 503}:
        sys.exit(f"{service.peer.title} answered with these statuses: {dict(statuses)}")
    return Asked([reply.seconds for reply in replies if reply.status == 200], statuses[503], last - begun)


async def quality_of(peer: Peer, given: Material, passages: Iterable[Passage], questions: Path) -> Figures:
    known, cases = {passage.id: passage for passage in passages}, read_cases(questions)
    build(peer, given)
    outcomes = []
    async with running(peer, given, cases[0].question) as service:
        connection = Connection(service.port)
        for case in cases:
            reply = await service.ask(connection, case.question, DEPTH)
            if reply.status != 200:
                sys.exit(f"{peer.title} answered {case.question!r} with the status {reply.status}")
            outcomes.append(outcome(case, peer.found(json.loads(reply.body)), known))
        connection.close()
    told = figures(outcomes)
    return {name: told[name] for name in QUALITY}


def outcome(case: Case, ids: list[str], known: dict[str, Passage]) -> Outcome:
    """What became of a question that was answered with the passages of these ids."""
    hits = tuple(Hit(known[id_], _uncited(known[id_]), 0.0, ()) for id_ in ids)
    answer = Answer(case.question, case.question, None, bool(hits), 0.0, None, hits)
    return Outcome.of(case, answer, 0.0)


def _uncited(passage: Passage) -> Citation:
    """Its place; what no figure depends on is left empty."""
    place = (passage.section, passage.heading, passage.item, passage.path, passage.label)
    bounds = (passage.start, passage.end, passage.line_start, passage.line_end)
    return Citation(passage.document, "", *place, *bounds, "", passage.anchor)
