"""The corpus's words inside Markdown: shown as they are, whatever characters they hold."""

from __future__ import annotations

import re

# What could begin emphasis, code, a link, an image, HTML, a table, a strike-through or a formula; and a line's first
# characters that make it a heading, a quotation, a list or a rule. What closes a bracket means nothing by itself and is
# left alone: of "\[…\]" Open WebUI and others make a formula.
_SPECIAL = re.compile(r"[\\`*_\[<>|~&$]")
_LINE_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
# Where Markdown ends a line; Python knows more ends.
_LINE_END = re.compile(r"\r\n?|\n")


def _escaped(text: str) -> str:
    """A line that Markdown shows character by character."""
    text = _SPECIAL.sub(lambda match: "\\" + match[0], text)
    return _LINE_START.sub(_escaped_start, text)


def _escaped_start(match: re.Match[str]) -> str:
    space, start = match.groups()
    # Of "1." it is the dot that makes a list.
    return f"{space}{start}\\" if start.isdigit() else f"{space}\\{start}"


def quotation(text: str) -> str:
    """Text as a block of quotation; its lines' indentation, which Markdown would make code of, is left out."""
    lines = (line.lstrip(" \t") for line in _LINE_END.split(text))
    return "\n".join(f"> {_escaped(line)}" if line.strip() else ">" for line in lines)


def one_line(text: str) -> str:
    """Text in a line of its own, as in a list."""
    return _escaped(" ".join(text.split()))


def link(text: str, address: str) -> str:
    """A link; ``address`` is percent-encoded."""
    name = one_line(text).replace("]", "\\]")
    return f"[{name}]({address.replace('(', '%28').replace(')', '%29')})"
