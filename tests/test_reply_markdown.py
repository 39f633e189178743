"""The corpus's own words inside a reply's Markdown: shown as they are, and nothing made of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.conversation.conversation import Conversation
from qa.conversation.markdown import link, one_line, quotation
from qa.conversation.reply import Reply
from qa.conversation.turns import Turn
from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration

SPITEFUL = [
    "So it stands [1] in the letters [sic].",
    "[the lamp](javascript:alert(1)) and ![a view](x.png)",
    "[lamp]: javascript:alert(1)",
    "<b>bold</b> &amp; <script>alert(1)</script>",
    "It cost $5 and then $6 to **mend** the `lamp` ~~often~~.",
    "# no heading",
    "1. no list",
    "> no quotation",
    "one \u2028# two \u2028- three",
    "one\x0b# two\x85- three",
    "] alone, [ alone, \\] and \\[",
    "<http://tracker.example> <javascript:alert(1)> <mailto:a@b.example> and https://tracker.example",
    "![](http://tracker.example/?q=1) [](javascript:alert(1)) ``[x](javascript:alert(1))``",
    "<img src=x onerror=alert(1)> <!-- --> <?x?> <!X> <![CDATA[x]]> </p>",
    "[^1] [^1]: note [x]: http://tracker.example",
]
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# Some readers make a link of any address.
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]
_PLAIN = {"blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline", "text", "softbreak"}


def parsed(text: str) -> list[Token]:
    return [one for token in _MARKDOWN.parse(text) for one in (token, *(token.children or ()))]


def shown(text: str) -> str:
    return "".join(token.content for token in parsed(text) if token.type == "text")


@pytest.mark.parametrize("text", SPITEFUL)
def test_a_quotation_shows_every_character_and_is_nothing_else(text: str) -> None:
    assert shown(quotation(text)) == text
    assert {token.type for token in parsed(quotation(text))} <= _PLAIN


@pytest.mark.parametrize("text", SPITEFUL)
def test_words_in_a_line_and_in_a_link_are_shown_with_every_character(text: str) -> None:
    line = f"- {one_line(text)} {link(text, 'https://ours.example/read/essay')}"
    assert shown(line) == f"{' '.join(text.split())} {' '.join(text.split())}"
    assert [token.attrGet("href") for token in parsed(line) if token.type in ("link_open", "image")] == [
        "https://ours.example/read/essay"
    ]


@pytest.mark.parametrize("text", SPITEFUL)
def test_no_frontend_that_knows_formulas_finds_one_in_what_is_quoted(text: str) -> None:
    written = quotation(text).replace("\\\\", "")  # what the corpus itself escapes begins no formula
    assert not ("\\[" in written and "\\]" in written)
    assert "$" not in written.replace("\\$", "")


@pytest.mark.parametrize("indent", ["    ", "\t", " \t ", "      "])
def test_an_indented_line_is_no_code(indent: str) -> None:
    text = f"{indent}one\n\n{indent}[two](javascript:alert(1))\n{indent}- three"
    assert {token.type for token in parsed(quotation(text))} <= _PLAIN
    assert shown(quotation(text)) == "one[two](javascript:alert(1))- three"


def greeted(model: PreparedModel, folder: Path, essay: str) -> Reply:
    (folder / "lamp.md").write_text(essay, encoding="utf-8")
    # Whatever the threshold, a heading is suggested.
    generation = build(read_corpus(folder), model).generation.with_threshold(0.0)
    conversation = Conversation(Answerer(generation, model, Calibration.load(model.folder)))
    return conversation.reply([Turn("user", "hello")], 1, lambda number, _: f"[{number}]")


def test_a_greeting_makes_no_link_and_no_html_of_what_titles_and_headings_hold(
    real_model: PreparedModel, tmp_path: Path
) -> None:
    essay = (
        "# The [lamp](javascript:alert(1))\n\nIt shines.\n\n"
        "## <img src=x onerror=alert(1)> of [the keeper](data:text/html,x)\n\nHe sleeps.\n"
    )
    reply = greeted(real_model, tmp_path, essay)
    assert reply.kind == "greeting"
    types = {token.type for token in parsed(reply.text)}
    assert "bullet_list_open" in types
    assert not types & {"link_open", "image", "html_inline", "html_block"}
