"""The Markdown parser, and the words without their markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from qa.language.cleaning import visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

Environment = dict[str, Any]

_CONTAINER_MARKS = re.compile(r"(?m)^[ \t]*(?:>[ \t]?)*[ \t]*")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\[\]\s]+\]")
_DEEPEST = 100  # levels of lists and quotes
# For each bracket the parser looks through the rest of a paragraph. No paragraph that somebody wrote has more of these
# than so: one that has is text as it stands.
_MOST = {"[": 500, "<": 2000, "*": 5000, "_": 5000, "`": 5000}


@cache
def parser(front_matter: bool = False) -> MarkdownIt:
    """CommonMark with tables and footnotes; ``front_matter``: the text begins with some."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    made = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").use(footnote_plugin)
    made.core.ruler.at("inline", _inline)
    return made.use(front_matter_plugin) if front_matter else made


def without_markup(environment: Environment) -> Callable[[str], str]:
    """A function that takes the markup off a stretch of the document with those link definitions."""
    references = {"references": environment.get("references", {})}

    def plain(markup: str) -> str:
        source = _FOOTNOTE_MARK.sub("", _CONTAINER_MARKS.sub("", markup))
        inline = parser().parseInline(source, {**references})
        return visible("".join(_shown(child) for token in inline for child in token.children or ()))

    return plain


def without_comments(html: str) -> str:
    """HTML without its comments; what opens one and never closes it stays."""
    kept: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        kept.append(html[at:start])
        at = end + 3
    return "".join([*kept, html[at:]])


def _inline(state: StateCore) -> None:
    """What stands within paragraphs: markdown-it's own rule, with a limit, and without its nesting.

    A tree of emphasis within emphasis could be deeper than Python's stack; nobody here asks for it.
    """
    from markdown_it.token import Token

    for token in state.tokens:
        if token.type != "inline":
            continue
        children: list[Token] = []
        if all(token.content.count(sign) <= most for sign, most in _MOST.items()):
            state.md.inline.parse(token.content, state.md, state.env, children)
        else:
            children.append(Token("text", "", 0, content=token.content))
        token.children = [child for child in children if not child.nesting]


def _shown(token: Any) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return str(token.content) if token.type in ("text", "code_inline", "image") else ""
