"""Questions whose answer is a whole list: the passage that introduces it and its items."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import numpy as np

from qa.indexing.dense import Positions
from qa.indexing.passages import Passages
from qa.records import Passage


def asks_for_several(question: str) -> bool:
    """Whether a question asks for more than one thing, by the words that its language has for that."""
    return _cues().search(question) is not None


def items_after(passages: Passages, position: int) -> Positions:
    """The positions of the list items that directly follow a passage in its section; none after an item."""
    first = passages[position]
    end = position + 1
    while first.kind != "item" and end < len(passages) and _belongs(passages[end], first):
        end += 1
    return np.arange(position + 1, end, dtype=np.int64)


def _belongs(passage: Passage, first: Passage) -> bool:
    return (passage.kind, passage.document, passage.section_anchor) == ("item", first.document, first.section_anchor)


@cache
def _cues() -> re.Pattern[str]:
    spelt = tomllib.loads((files("qa.retrieval") / "lists.toml").read_text(encoding="utf-8"))
    words = [word for language in spelt.values() for word in language.get("words", ())]
    parts = [part for language in spelt.values() for part in language.get("parts", ())]
    return re.compile(rf"\b(?:{'|'.join(words)})\b|{'|'.join(parts)}", re.IGNORECASE)
