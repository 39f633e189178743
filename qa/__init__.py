"""Suraq: answers questions from an essay with its own passages and exact section citations."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    # Reading a package's metadata takes longer than most commands' own work.
    if name == "__version__":
        from importlib.metadata import version

        return version("suraq")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
