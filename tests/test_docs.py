"""The README promises nothing that is not there, and leaves out nothing that is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from qa.cli import main
from qa.serving.app import create_app
from qa.settings import Settings
from tests.conftest import ROOT, environment, run_qa

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def test_every_command_and_option_is_in_the_readme_and_the_reverse() -> None:
    rows = dict(re.findall(r"^\| `qa ((?:[a-z]+ ?)+)([^`]*)` \|", README, re.MULTILINE))
    documented = {name.strip(): set(re.findall(r"--[a-z]+|-k", rest)) for name, rest in rows.items()}
    real = {}
    for name, command in commands(main):
        if command.hidden:
            continue
        shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
        options = {option for parameter in shown for option in parameter.opts if option.startswith("-")}
        real[name] = options - {"--top-k"}
    assert documented == real


def test_every_setting_is_in_the_readme_with_its_default_and_the_reverse() -> None:
    table = dict(re.findall(r"^\| `(QA_[A-Z_]+)` \| `?([^|`]*)`? \|", README, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        shown = (
            (field.json_schema_extra or {}).get("shown", field.default)
            if not callable(field.json_schema_extra)
            else None
        )
        assert table.pop(f"QA_{name.upper()}").strip() == str(shown)
    assert table == {}


def test_every_route_is_in_the_readme_and_the_reverse() -> None:
    def load() -> Any:
        raise AssertionError("not called")

    app = create_app(Settings(), load)
    schema = app.openapi()["paths"]
    real = {f"{method.upper()} {path}" for path, methods in schema.items() for method in methods} | {"GET /docs"}
    documented = set(re.findall(r"^\| `((?:GET|POST|PUT|DELETE) /[^`]*)` \|", README, re.MULTILINE))
    assert documented == real


def test_every_file_and_script_that_is_named_exists() -> None:
    for name in re.findall(r"`((?:\./)?(?:scripts|corpus|qa|index)/[\w./-]+|[\w-]+\.lock)`", README):
        assert (ROOT / name).exists(), name
    assert (ROOT / "index" / "README.md").exists()


def test_the_first_screen_shows_the_two_commands_and_a_question() -> None:
    first = "\n".join(README.splitlines()[:45])
    assert "./scripts/serve" in first
    assert "./scripts/test" in first
    assert "curl -s localhost:8000/ask" in first
    assert '"answerable":' in first


def _curls() -> list[tuple[str, str]]:
    """The commands that are shown with a reply; those of the administration need a service with a token."""
    pairs = [(shell, reply) for (kind, shell), (after, reply) in pairwise(BLOCKS) if (kind, after) == ("sh", "json")]
    return [pair for pair in pairs if "QA_ADMIN_TOKEN" not in pair[0]]


@pytest.mark.parametrize(("shell", "reply"), _curls())
def test_the_curl_commands_give_the_replies_that_are_shown(service: httpx.Client, shell: str, reply: str) -> None:
    command = shlex.split(shell.replace("localhost:8000", f"127.0.0.1:{service.base_url.port}"))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    real, shown = json.loads(done.stdout), json.loads(reply)
    for volatile in ("took_ms", "index", "request_id"):
        assert (volatile in real) == (volatile in shown)
        real.pop(volatile, None)
        shown.pop(volatile, None)
    assert real == _nearly(shown)


def _nearly(value: Any) -> Any:
    """What equals the reply with its probabilities a little higher or lower: processors differ."""
    if isinstance(value, dict):
        return {key: _nearly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nearly(item) for item in value]
    return pytest.approx(value, abs=0.05) if isinstance(value, float) else value


def test_the_terminal_sessions_are_real(tmp_path: Path) -> None:
    env = environment(tmp_path)
    run_qa("index", "build", env=env)
    sessions = [body for kind, body in BLOCKS if not kind and body.startswith("$ ")]
    assert sessions
    for session in sessions:
        command, _, output = session[2:].partition("\n")
        if command.startswith("qa eval"):
            env = {**env, "QA_CORPUS_DIR": "tests/essays"}
            run_qa("index", "build", env=env)
        shown = run_qa(*shlex.split(command)[1:], env=env).stdout
        lines = [line for line in output.splitlines() if line.strip() not in ("…", "")]
        for line in lines:
            assert _without_figures(line) in _without_figures(shown), line


def _without_figures(text: str) -> str:
    """Probabilities and times vary with the processor."""
    return re.sub(r"\d+\.\d+", "0.00", text)
