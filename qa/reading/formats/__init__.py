"""Files that are no text themselves become one: the bytes of each format are read into a composition.

A reader knows bytes only, neither names nor folders; what it raises says what is wrong with them and what to do, and
who reads a file puts its name before that.
"""

from __future__ import annotations

from importlib import import_module

from qa.reading.composition import Composed


def convert(kind: str, data: bytes, fallback_title: str) -> Composed:
    """Read the bytes of a file of a kind, by its name in `qa.reading.kinds`.

    Raises:
        DocumentError: they are damaged, encrypted, of another kind, or would take too much memory.
    """
    module = import_module(f"qa.reading.formats.{kind}")  # what reads a format is loaded when there is such a file
    composed: Composed = module.read(data, fallback_title)
    return composed
