"""What a language model wrote, made into pieces: citations, quotations, and no link but our own."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.conversation.reply import Piece
from qa.records import Citation, Hit
from qa.serving.synthesis.cited_text import CitedText
from tests.fakes import passage

FIRST = "The lighthouse was built in 1871 by the engineer Marta Lindqvist, and it stands on the northern cliff."
SECOND = "Шамшырақ **1871 жылы** салынған және солтүстік жартаста тұр. 灯塔建于一八七一年，由工程师建造。"
THIRD = "[The island of Sund](sund.md) lies off the northern coast."
UNVERIFIED = "(not there)"


def hit(number: int, text: str) -> Hit:
    one = passage(str(number), f"s{number}", text, section=str(number))
    one = replace(one, plain=re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text))
    citation = Citation(
        "essay", "The harbour", str(number), None, None, ("The harbour",), f"§{number}", 0, len(text), 1, 1, "", f"s{number}"
    )  # fmt: skip
    return Hit(one, citation, 0.9, ())


HITS = [hit(1, FIRST), hit(2, SECOND), hit(3, THIRD)]


def read(*deltas: str, linked: bool = False) -> list[Piece]:
    def marker(number: int, one: Hit) -> str:
        return f"[{one.citation.label}](https://ours.example/{number})" if linked else f"[{number}]"

    text = CitedText(HITS, marker, UNVERIFIED)
    return [*(piece for delta in deltas for piece in text.read(delta)), *text.finish()]


def shown(*deltas: str, linked: bool = False) -> str:
    return "".join(piece.text for piece in read(*deltas, linked=linked))


def sources(pieces: list[Piece]) -> list[int]:
    return [piece.source for piece in pieces if piece.source is not None]


@pytest.mark.parametrize(
    ("written", "text", "cited"),
    [
        ("So it is [1].", "So it is [1].", [0]),
        ("So it is[1].", "So it is [1].", [0]),
        ("So it is [1, 2].", "So it is [1] [2].", [0, 1]),
        ("So it is [1][2].", "So it is [1] [2].", [0, 1]),
        ("So it is [1-2].", "So it is [1] [2].", [0, 1]),
        ("So it is [^2].", "So it is [2].", [1]),
        ("So it is [^1, ^2].", "So it is [1] [2].", [0, 1]),
        ("事实如此【1】。", "事实如此 [1]。", [0]),
        ("事实如此【2†source】。", "事实如此 [2]。", [1]),
        ("So it is [99].", "So it is.", []),
        ("So it is [0] and [4] more.", "So it is and more.", []),
        ("So it is [2, 99].", "So it is [2].", [1]),
        ("In [1871] and [a] and [1", "In \\[1871\\] and \\[a\\] and \\[1", []),
        ("[1]", "[1]", [0]),
        ("", "", []),
    ],
)
def test_each_form_of_a_marker_becomes_our_own_or_goes(written: str, text: str, cited: list[int]) -> None:
    assert shown(written) == text
    assert sources(read(written)) == cited
    assert shown(*written) == text, "a letter at a time"


QUOTED = [
    ("It says «The lighthouse was built in 1871 by the engineer» [1].", False),
    ("It says “the lighthouse was raised in 1871 by an engineer” [1].", True),
    ("It says „The lighthouse was built\u00a0 in 1871 by“ so.", False),
    ("It says „The lighthouse was built in 1872 by“ so.", True),
    ("Онда «Шамшырақ 1871 жылы салынған және солтүстік» [2].", False),
    ('It says "The lighthouse was built … on the northern cliff." [1]', False),
    ('It says "The lighthouse was built … 1871 жылы салынған" [1]', True),
    ('It says "The lighthouse [1] was built in 1871 by" so.', False),
    ("It says «The island of Sund lies off the northern coast» [3].", False),
    ("文中写道「灯塔建于一八七一年，由工程师」。", False),
    ("文中写道「灯塔建于一八七二年，由工程师」。", True),
    ("It is «the “great” lighthouse of the whole coast» there.", True),
    ("It is a «short name» of it.", False),
    ("It says «The lighthouse was torn down in 1999\nand no more.", True),
    ('A board of 5" and nothing quoted in this paragraph.\nNor here.', False),
    ('It says "a lighthouse that was torn down in 1999" so.', True),
]


@pytest.mark.parametrize(("written", "strange"), QUOTED)
def test_a_quotation_that_stands_in_no_passage_is_marked(written: str, strange: bool) -> None:
    assert shown(written).count(UNVERIFIED) == strange
    assert shown(*written) == shown(written)


def test_the_mark_stands_right_after_the_quotation_and_before_the_end_of_an_open_one() -> None:
    assert shown("So «it was never built there at all», they say.") == (
        f"So «it was never built there at all» {UNVERIFIED}, they say."
    )
    assert shown("So «it was never built there at all\nthey say").startswith(
        f"So «it was never built there at all {UNVERIFIED}\n"
    )
    assert shown("So «it was never built there at all").endswith(f"at all {UNVERIFIED}")


HOSTILE = [
    "[x](http://evil.example/?q=1)",
    "![x](http://evil.example/a.png)",
    "[1](http://evil.example)",
    "![1](http://evil.example)",
    "!\n[1]\n[1]: http://evil.example 'title'",
    "[1]: http://evil.example",
    "it is [1].\n\n[1]: http://evil.example",
    "[1][99](http://evil.example)",
    "[x][y]\n\n[y]: http://evil.example",
    "<img src='http://evil.example/a.png'>",
    "<http://evil.example>",
    "<a@evil.example>",
    "\n<script \nsrc=http://evil.example",
    "\n<div \n",
    "\n~~~html\n<b>\n~~~",
    "ftp://зло.рф/x",
    "http://evil.example/a?b=c#d",
    "HTTPS://EVIL.EXAMPLE/A",
    "http[99]://evil.example/x",
    "ht[99]tp://зло.рф/x",
    "www.evil.example",
    "www[99].evil.example",
    "evil.com/x?q=1",
    "a@evil.example",
    "a@[99]evil.example",
    "\\[x](http://evil.example)",
    "\\`http://evil.example`",
    "`` http://evil.example ``",
    "```html\n<script>alert(1)</script>\n```",
    "&lt;img src=x&gt; &#91;x](http://evil.example)",
    "> http://evil.example",
    "http&#58;//зло.рф and www&period;зло.рф",
]
PARSERS = [
    MarkdownIt("commonmark"),
    MarkdownIt("gfm-like", {"linkify": False}),
    MarkdownIt("commonmark", {"html": False}),
]
# What readers of Markdown link by themselves outside of code.
AUTOLINK = re.compile(r"\w://|www\.[^\s`]|[\w.+-]+@[\w-]+\.\w|\b[\w-]+\.(?:com|example)\b", re.IGNORECASE)


def tokens(parser: MarkdownIt, text: str) -> list[Any]:
    return [token for block in parser.parse(text) for token in [block, *(block.children or [])]]


def check_only_our_links(markdown: str) -> None:
    for parser in PARSERS:
        for token in tokens(parser, markdown):
            assert token.type not in ("image", "html_inline", "html_block", "fence"), markdown
            if token.type == "link_open":
                assert str(token.attrs["href"]).startswith("https://ours.example/"), markdown
        plain = [token for token in tokens(parser, markdown) if token.type in ("text", "link_open", "link_close")]
        # Adjacent texts would be read as one.
        joined = "".join(token.content if token.type == "text" else "\n" for token in plain)
        assert not AUTOLINK.search(joined), markdown


@pytest.mark.parametrize("written", HOSTILE)
@pytest.mark.parametrize("linked", [True, False])
def test_no_link_image_or_html_of_the_model_remains(written: str, linked: bool) -> None:
    for text in (written, f"See {written} there.", f"So [1]{written}", f"- {written}\n- [2]"):
        check_only_our_links(shown(text, linked=linked))
        assert shown(*text, linked=linked) == shown(text, linked=linked)


def test_what_was_neutralised_can_still_be_read() -> None:
    assert shown("See [x](http://evil.example/a).") == "See \\[x\\](`http://evil.example/a`)."
    assert (
        shown("**Bold** and\n- a list, e.g. of U.S. ships, 4.5 km")
        == "**Bold** and\n- a list, e.g. of U.S. ships, 4.5 km"
    )


SIGNS = ["[1]", "[99]", "[2, 1]", "【1】", "http", "://", "evil.com", "www", "&#58;", "~~~", "- ", "\n\n", FIRST]
WRITTEN = st.lists(st.sampled_from([*'[]()!<>`\\&:/.@*_^«»" \naЖ灯', *SIGNS]), max_size=25).map("".join)


@given(WRITTEN, st.booleans(), st.data())
def test_however_it_is_cut_the_text_is_the_same_and_links_only_to_us(
    written: str, linked: bool, data: st.DataObject
) -> None:
    cuts = sorted({0, len(written), *data.draw(st.lists(st.integers(0, len(written)), max_size=8))})
    whole = read(written, linked=linked)
    cut = read(*(written[start:end] for start, end in pairwise(cuts)), linked=linked)
    assert "".join(piece.text for piece in whole) == "".join(piece.text for piece in cut)
    assert sources(whole) == sources(cut)
    check_only_our_links("".join(piece.text for piece in whole))
