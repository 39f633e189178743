"""What a paragraph is by the name of its style, as word processors of any language store it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADING = re.compile(r"heading (\d)")
_QUOTES = frozenset({"quote", "intense quote", "quotations", "block text", "block quotation", "blockquote"})
_CODES = frozenset({"preformatted text", "html preformatted", "macro text", "macro", "source code", "code"})
_CONTENTS = re.compile(r"(?:toc|contents|table of figures|user index|index) ?\d+|table of figures|toc heading")


def role_of(names: Iterable[str]) -> tuple[str, int]:
    """The role of a style by its name and those that it is based on, nearest first, and the rank of a heading.

    A role is title, heading, quote, code, contents (a line of a table of contents), goes on (a paragraph of the list
    item above it), or paragraph.
    """
    for name in names:
        name = name.replace("_20_", " ").strip().lower()
        if name == "title":
            return "title", 0
        if heading := _HEADING.fullmatch(name):
            return "heading", int(heading[1])
        if name in _QUOTES:
            return "quote", 0
        if name in _CODES:
            return "code", 0
        if _CONTENTS.fullmatch(name) or name == "contents heading":
            return "contents", 0
        if name.startswith(("list continue", "list contents", "list paragraph")):
            return "goes on", 0
    return "paragraph", 0
