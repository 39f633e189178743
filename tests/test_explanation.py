"""Where the time of an answer went, and answers that are still known."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from qa.recent import Recent
from qa.retrieval.trace import Phase, Trace
from qa.serving.explanation import Explanation

PARTS = ["framework", "encode", "search", "interaction", "other", "serialise"]


def test_the_parts_of_an_answers_time_are_those_between_its_phases() -> None:
    trace = Trace(began=0)
    trace.phases = [
        Phase("encode", 50, 60),  # of something else, before the turn
        Phase("encode", 1_100_000, 3_100_000),
        Phase("search", 3_200_000, 3_700_000),
        Phase("interaction", 3_700_000, 4_700_000),
        Phase("answer", 1_000_000, 5_000_000),
    ]
    found = Explanation.of(trace, 1_000_000, 6_000_000)
    assert found.took_ms == {
        "framework": 1.0, "encode": 2.0, "search": 0.5, "interaction": 1.0, "other": 0.5, "serialise": 1.0,
    }  # fmt: skip
    assert found.share["encode"] == pytest.approx(2 / 6, abs=1e-3)
    assert not found.from_cache


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reply_tells_where_its_time_went_where_that_is_asked_for(service: httpx.Client, method: str) -> None:
    question = f"Which organisations did Kazakhstan found, asked by {method}?"
    first, second, plain = (_asked(service, method, question, explain) for explain in ("true", "true", "false"))
    assert list(first["explain"]["took_ms"]) == list(first["explain"]["share"]) == PARTS
    assert all(one >= 0 for one in first["explain"]["took_ms"].values())
    assert sum(first["explain"]["share"].values()) == pytest.approx(1, abs=0.01)
    assert not first["explain"]["from_cache"]
    assert second["explain"]["from_cache"]
    assert list(second["explain"]["took_ms"]) == ["framework", "other", "serialise"]
    assert "explain" not in plain
    assert first["passages"] == second["passages"] == plain["passages"]


def _asked(service: httpx.Client, method: str, question: str, explain: str) -> dict[str, Any]:
    if method == "GET":
        reply = service.get("/ask", params={"q": question, "explain": explain})
    else:
        reply = service.post("/ask", params={"explain": explain}, json={"question": question})
    found: dict[str, Any] = reply.raise_for_status().json()
    return found


def test_what_was_used_longest_ago_is_let_go_of_first() -> None:
    recent: Recent[int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.get("a") == 1
    recent.keep("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
