"""The file of metadata beside a document that cannot hold any itself: ``essay.pdf.meta.yaml`` beside ``essay.pdf``."""

from __future__ import annotations

import stat
from pathlib import Path

from qa.reading.stated import LONGEST, Stated, stated_in

SUFFIX = ".meta.yaml"
# UTF-8 takes four bytes for a character at most.
_LARGEST = 4 * LONGEST


def is_sidecar(name: str) -> bool:
    """Whether a file so named holds metadata of another."""
    return name.lower().endswith(SUFFIX)


def sidecar_of(path: Path) -> Path | None:
    """The file of metadata of a document's file; None where there is none, or it is a link, which is not followed."""
    beside = path.with_name(path.name + SUFFIX)
    try:
        return beside if stat.S_ISREG(beside.lstat().st_mode) else None
    except OSError:
        return None


def stated_beside(data: bytes) -> Stated:
    """What a file of metadata states.

    Raises:
        ValueError: it is too large or no mapping of names to values.
    """
    if len(data) > _LARGEST:
        raise ValueError(f"it has {len(data)} bytes, more than {_LARGEST}")
    try:
        stated = stated_in(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if stated is None:
        raise ValueError("it holds no YAML mapping, as in “author: Name”")
    return stated
