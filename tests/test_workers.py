"""How many processes serve, and how many questions each answers together."""

from __future__ import annotations

import pytest

from qa import settings as module
from qa.settings import Settings


@pytest.mark.parametrize(
    ("cores", "given", "processes", "at_once"),
    [
        (1, {}, 1, 2),
        (2, {}, 1, 2),
        (3, {}, 1, 3),
        (4, {}, 2, 2),
        (8, {}, 4, 2),
        (64, {}, 4, 16),
        (64, {"workers": 1}, 1, 64),
        (2, {"workers": 7}, 7, 2),
        (8, {"rate_limit": "60/minute"}, 1, 8),
        (8, {"unanswered": "memory"}, 1, 8),
        (8, {"unanswered": "asked.jsonl"}, 4, 2),
        (8, {"rate_limit": "60/minute", "workers": 2}, 2, 4),
    ],
)
def test_workers_and_turns_follow_the_cores_unless_they_are_set(
    monkeypatch: pytest.MonkeyPatch, cores: int, given: dict[str, object], processes: int, at_once: int
) -> None:
    monkeypatch.setattr(module, "cores", lambda: cores)
    settings = Settings(**given)  # type: ignore[arg-type]
    assert (settings.processes(), settings.at_once()) == (processes, at_once)
