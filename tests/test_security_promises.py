"""``SECURITY.md`` names tests that exist, and some of its promises are kept here."""

from __future__ import annotations

import re

import pytest

from qa.settings import Settings
from tests.conftest import ROOT

PROMISES = re.findall(
    r"^\| (?!promise|---)(.+?) \| (.+?) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE
)
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize(("promise", "tested_by"), PROMISES)
def test_every_promise_is_tested_by_tests_that_exist(promise: str, tested_by: str) -> None:
    named = re.findall(r"`(test_\w+)`", tested_by)
    assert named, promise
    assert set(named) <= TESTS


def test_there_are_promises_against_every_attacker() -> None:
    assert len(PROMISES) > 25


def test_the_address_is_loopback_unless_another_is_set() -> None:
    assert Settings.model_fields["host"].default == "127.0.0.1"


def test_no_module_reads_pickles() -> None:
    for file in (ROOT / "qa").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(pickle|marshal|shelve|joblib|dill)\b(?! is| that)", text), file
        assert "allow_pickle=True" not in text, file
        assert not re.search(r"yaml\.(load|unsafe_load|full_load)\(", text), file
