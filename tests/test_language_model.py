"""The language model as a server: its limits, its settings, and what it costs when it is not asked."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from qa.errors import SettingsError
from qa.serving.synthesis.language_model import LONGEST_TEXT, BrokenOffError, LanguageModel
from qa.serving.synthesis.prompt import Prompt
from qa.settings import load_settings
from tests.conftest import environment
from tests.scripted_model import Exchange, saying, scripted_model, silent


def written_by(model: LanguageModel, gone: Callable[[], Any] | None = None) -> list[str]:
    async def read() -> list[str]:
        text: AsyncGenerator[str] = model.write(Prompt("rules", "data"), gone)
        return [delta async for delta in text]

    return asyncio.run(read())


def test_a_model_that_never_ends_is_stopped_by_the_clock_and_by_the_length_of_its_text() -> None:
    def trickling(exchange: Exchange) -> None:
        exchange.begin()
        while not exchange.closed_within(0.05):
            exchange.say("on ")

    def flooding(exchange: Exchange) -> None:
        exchange.begin()
        while not exchange.closed_within(0):
            exchange.say("on " * 200)

    with scripted_model() as server:
        model = LanguageModel(server.url, "scribe", SecretStr(""), 0.4)
        for script, longest in ((trickling, 0.4 * 6 + 2), (flooding, 2)):
            server.will(script)
            since = time.monotonic()
            with pytest.raises(BrokenOffError, match=r"longer than 0\.4 s|more than 20000 characters"):
                written_by(model)
            assert time.monotonic() - since < longest
    assert LONGEST_TEXT == 20_000


def test_a_server_that_is_not_there_is_a_model_that_does_not_answer() -> None:
    with scripted_model() as server:
        url = server.url
    with pytest.raises(BrokenOffError):
        written_by(LanguageModel(url, "scribe", SecretStr(""), 5))


def test_a_model_that_nobody_waits_for_is_stopped() -> None:
    async def at_once() -> None:
        return

    with scripted_model() as server:
        server.will(silent("On"))
        with pytest.raises(BrokenOffError, match="it was stopped"):
            written_by(LanguageModel(server.url, "scribe", SecretStr(""), 30), at_once)


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (("<thi", "nk>It asks [2] ", "so</th", "ink>\n\nAt ", "seven."), "\n\nAt seven."),
        (("<", "b> is bold"), "<b> is bold"),
        (("At <think>seven</think>.",), "At <think>seven</think>."),
        (("\n<think>", "a" * (LONGEST_TEXT + 1), "</think>At seven."), "At seven."),
        (("<think>and no end",), ""),
    ],
)
def test_what_a_model_thinks_before_it_replies_is_left_out(deltas: tuple[str, ...], text: str) -> None:
    with scripted_model() as server:
        server.will(saying(*deltas))
        assert "".join(written_by(LanguageModel(server.url, "scribe", SecretStr(""), 20))) == text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"QA_LLM_BASE_URL": "http://127.0.0.1/v1"}, "QA_LLM_MODEL is '': QA_LLM_BASE_URL is set; set this"),
        ({"QA_LLM_MODEL": "scribe"}, "QA_LLM_MODEL is 'scribe': QA_LLM_BASE_URL is not set; set it"),
        ({"QA_LLM_BASE_URL": "here", "QA_LLM_MODEL": "scribe"}, "QA_LLM_BASE_URL is 'here': it must begin with"),
        (
            {"QA_LLM_BASE_URL": "http://127.0.0.1", "QA_LLM_MODEL": "s", "QA_LLM_TIMEOUT": "0"},
            "QA_LLM_TIMEOUT is '0': Input should be greater than 0",
        ),
    ],
)
def test_settings_of_a_model_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], message: str
) -> None:
    for name, value in {**settings, "QA_LLM_API_KEY": "s3cret"}.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    try:
        with pytest.raises(SettingsError) as caught:
            load_settings()
    finally:
        load_settings.cache_clear()
    assert str(caught.value).startswith(message)
    assert "s3cret" not in str(caught.value)


def test_the_client_of_the_model_s_server_is_not_imported_before_a_question_needs_it(tmp_path: Path) -> None:
    program = (
        "import json, sys; from qa.serving.app import create_app_from_environment; create_app_from_environment();"
        "print(json.dumps([name for name in ('openai', 'httpx2') if name in sys.modules]))"
    )
    env = environment(tmp_path, QA_LLM_BASE_URL="http://127.0.0.1:9/v1", QA_LLM_MODEL="scribe")
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
