"""Greetings and thanks, which want a word back and no passage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Courtesy:
    kind: Literal["greeting", "thanks"]
    language: str


def courtesy(text: str) -> Courtesy | None:
    """What kind of courtesy a message is and nothing else; None if it is more."""
    return None
