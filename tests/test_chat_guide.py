"""The guide to chat frontends names nothing that is not there, and its programs run."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx
import pytest

from qa.cli import main
from qa.settings import Settings
from tests.conftest import ROOT
from tests.test_docs import commands
from tests.test_examples import EXAMPLES, QUESTIONS, address, is_there, model_names

GUIDE = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
# What the guide says in code within its sentences and tables.
SPANS = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", GUIDE, flags=re.DOTALL | re.MULTILINE))


def test_every_route_in_the_guide_is_there(service: httpx.Client) -> None:
    paths = {match[1] for span in SPANS if (match := re.fullmatch(r"(?:(?:GET|POST) )?(/\S*)", span))}
    assert {"/v1/chat/completions", "/mcp", "/retrieval"} <= paths
    # Beginnings of addresses, which alone are none.
    missing = {path for path in paths - {"/v1"} if not is_there(service, path)}
    assert missing == set()


def test_every_setting_in_the_guide_is_there() -> None:
    named = set(re.findall(r"QA_[A-Z_]+", GUIDE))
    assert {"QA_BASE_URL", "QA_HOST"} <= named
    assert named - {f"QA_{name.upper()}" for name in Settings.model_fields} == set()


def test_every_command_in_the_guide_is_there() -> None:
    real = dict(commands(main))
    named = {match[1] for span in SPANS if (match := re.fullmatch(r"qa ([a-z]+(?: [a-z]+)*)", span))}
    assert {"serve", "mcp"} <= named
    assert named - real.keys() == set()


def test_every_model_in_the_guide_is_there(service: httpx.Client) -> None:
    named = {span for span in SPANS if re.fullmatch(r"suraq(-[a-z]+)?", span)}
    assert {"suraq", "suraq-openwebui"} <= named
    assert named - model_names(service) == set()


def test_the_guide_links_to_every_example_and_to_nothing_else_that_is_not_there() -> None:
    linked = set(re.findall(r"\]\((?!https?:)([^)#]+)", GUIDE))
    assert {ROOT / "docs" / name for name in linked if not (ROOT / "docs" / name).exists()} == set()
    files = {f"examples/{file.name}" for file in EXAMPLES.iterdir() if file.is_file() and file.name != "ruff.toml"}
    assert files - linked == set()


def test_the_readme_leads_to_the_guide() -> None:
    assert "](docs/chat.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("program", [body for kind, body in BLOCKS if kind == "python"])
def test_the_programs_in_the_guide_run(service: httpx.Client, program: str) -> None:
    assert "http://127.0.0.1:8000" in program
    done = subprocess.run(
        [sys.executable, "-c", program.replace("http://127.0.0.1:8000", address(service))],
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1992" in done.stdout
    assert f"{address(service)}/read/kazakh-diplomacy#s4.1" in done.stdout


def test_the_reply_in_the_guide_is_real(service: httpx.Client) -> None:
    (shown,) = [body for kind, body in BLOCKS if not kind]
    body = {"model": "suraq", "messages": [{"role": "user", "content": QUESTIONS["en"]}]}
    reply = service.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    assert reply.startswith(shown.replace("https://essay.example", address(service)).rstrip("\n"))
