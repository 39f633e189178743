"""Suraq: answers questions from an essay with its own passages and exact section citations."""

from __future__ import annotations

import os
from typing import Any

# Nothing is told to anybody: ONNX Runtime would give the machine an identifier and report to its maker what it runs,
# the hub's client what it loads. Both look only when they start, so this comes before any import of them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def __getattr__(name: str) -> Any:
    # Reading a package's metadata takes longer than most commands' own work.
    if name == "__version__":
        from importlib.metadata import version

        return version("suraq")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
