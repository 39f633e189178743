"""What was once found by fuzzing, and a little more of it at every run; `scripts/fuzz_readers` goes on for long."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import DocumentError
from qa.reading import Source, read_document
from qa.reading.isolation import Converters
from tests.fuzzing.targets import TARGETS, check

FOUND = Path(__file__).parent / "fuzzing" / "found"
SIGNS = [
    line[1:-1].encode().decode("unicode_escape").encode("latin-1").decode()
    for line in (FOUND.parent / "signs.dict").read_text(encoding="utf-8").splitlines()
    if line.startswith('"')
]
# What readers look for, between any words and characters.
TEXTS = st.lists(st.sampled_from(SIGNS) | st.sampled_from(["word ", "Сөз ", "\n", "\n\n"]) | st.text(max_size=5)).map(
    "".join
)
# What protocols send, with anything in any place.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9) | st.sampled_from(SIGNS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "model", "messages", "role", "content", "parts", "type", "text", "input", "query", "id", "conditions", "name",
            "comparison_operator", "value", "filters", "key", "logical_operator", "knowledge_id", "metadata_condition",
        ]),
        inner
        | st.sampled_from(["user", "suraq", "text", "section", "start", "is", "in", "≥", "before", "and", "eq", "gt"]),
        max_size=4,
    ),
)  # fmt: skip


WORDS = st.sampled_from(["word ", "Сөз ", "1. ", "a: b ", ";", ":", "\n"]) | st.text(max_size=3)
# Pieces of the markup of each format, in any order.
MARKUP = {
    "web_page": "<p> </p> <h1> <h2> </h2> <ul> <ol start=3> <li> </ul> <table> <tr> <td> <th colspan=2> </table> <blockquote> <pre> <b> "
    "</b> <br> <a+href=#a+id=b> <a+href=#b+id=a> 1</a> <div+id=a> </div> <aside> <nav> <main> </main> <dl> <dt> <dd> &nbsp; <!-- --> "
    "<script> <p+hidden> <q> <span+style=font-weight:bold> </span> <title> <header> <footer> <details> <figure> <img+alt=x>",
    "rich_text": r"\par \pard { } \b \b0 {\*\x {\footnote {\listtext \ls1 \ilvl2 \intbl \cell \row \trowd \trhdr \u1179? \u-10179? \'e9 "
    r"\uc2 \uc0 \outlinelevel1 \s1 {\stylesheet{\s1+heading+1;}} {\fonttbl{\f1\fcharset204+A;}} \f1 \v \plain \bin3 {\header {\shptxt \line",
}  # fmt: skip


@pytest.mark.parametrize("name", MARKUP)
def test_any_markup_keeps_what_must_always_hold(name: str) -> None:
    pieces = [piece.replace("+", " ") for piece in MARKUP[name].split()]

    @given(st.lists(st.sampled_from(pieces) | WORDS, max_size=40).map("".join))
    @settings(max_examples=150, derandomize=True, database=None, deadline=None)
    def holds(text: str) -> None:
        TARGETS[name](text.encode("utf-8", "replace"))

    holds()


ELEMENTS = {
    "word_document": "w:p w:p w:r w:r w:t w:t w:pPr w:tbl w:tr w:tc w:br w:del w:ins w:rPr w:b w:sdt w:sdtContent w:txbxContent w:hyperlink "
    "mc:AlternateContent mc:Choice mc:Fallback w:outlineLvl+w:val='1' w:pStyle+w:val='Title' w:gridSpan+w:val='3' w:trPr w:tblHeader w:vanish",
    "open_document": "text:p text:p text:h text:h+text:outline-level='2' text:list text:list-item text:note text:note-body text:span text:s "
    "text:line-break table:table table:table-header-rows table:table-row table:table-cell table:covered-table-cell text:section "
    "text:table-of-content text:list-header text:p+text:style-name='Title' text:p+text:style-name='Preformatted+Text' text:tracked-changes",
    "book": "p p h1 h2 ul ol li aside+epub:type='footnote'+id='a' a+epub:type='noteref'+href='#a' a+href='1.html#a'+id='b' br table tr td th "
    "thead blockquote pre div span b dl dt dd section q figure",
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTS)
def test_any_elements_keep_what_must_always_hold(name: str) -> None:
    tags = st.sampled_from([tag.replace("+", " ") for tag in ELEMENTS[name].split()])
    trees = st.recursive(
        WORDS.map(escape),
        lambda inner: st.tuples(tags, st.lists(inner, max_size=4)).map(
            lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0].split()[0]}>"
        ),
        max_leaves=25,
    )

    @given(st.lists(trees, max_size=4).map("".join))
    @settings(max_examples=200, derandomize=True, database=None, deadline=None)
    def holds(text: str) -> None:
        TARGETS[name](text.encode("utf-8", "replace"))

    holds()


DRAWN = (
    "BT+/F1+12+Tf+50+500+Td+(Tea)+Tj+ET BT ET q Q /F1+1+Tf /F1+0+Tf 12+0+0+12+50+400+Tm 0+1+-1+0+9+9+Tm -1+0+0+-1+300+300+Tm 0+-14+Td "
    "200+0+Td (1.) (word) (\\225) [(A)-3000(B)]+TJ Tj T* 14+TL 3+Tr 5+Ts 50+50+100+1+re+f 90+9+1+99+re+f 50+500+3+3+re+f /Artifact+BMC "
    "/P+<</MCID+0>>+BDC EMC 1e38+Tw 1e-38+0+0+1e38+0+0+cm 99999999+0+Td"
)


def test_anything_drawn_on_a_page_keeps_what_must_always_hold() -> None:
    pieces = [piece.replace("+", " ") for piece in DRAWN.split()]

    @given(st.lists(st.sampled_from(pieces), max_size=60).map(" ".join))
    @settings(max_examples=250, derandomize=True, database=None, deadline=None)
    def holds(text: str) -> None:
        TARGETS["portable_document"](text.encode("latin-1", "replace"))

    holds()


FIXTURES = sorted(
    path for path in (FOUND.parent.parent / "formats").rglob("kazakh-diplomacy*.*") if path.suffix != ".md"
)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_file_with_some_bytes_changed_is_read_or_refused(path: Path) -> None:
    """In a process of its own, as files are read: native code may crash."""
    whole = path.read_bytes()
    places = st.integers(0, len(whole) - 1)
    changes = st.lists(st.tuples(places, st.binary(max_size=4), st.integers(0, 40)), min_size=1, max_size=12)

    with Converters() as converters:

        @given(changes)
        @settings(max_examples=8, derandomize=True, database=None, deadline=None)
        def holds(changed: list[tuple[int, bytes, int]]) -> None:
            data = bytearray(whole)
            for place, written, gone in changed:
                data[place : place + gone] = written
            try:
                check(*read_document(Source("essay", path.name, bytes(data), "0" * 64), converters))
            except DocumentError as error:
                assert str(error).startswith(f"{path.name}: ")

        holds()


@pytest.mark.parametrize("found", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_is_found_no_more(found: Path) -> None:
    TARGETS[found.parent.name](found.read_bytes())


@pytest.mark.parametrize("name", ["plain_text", "markdown", "front_matter", "question", "quotations", "ids", "replies"])
def test_any_text_keeps_what_must_always_hold(name: str) -> None:
    @given(TEXTS)
    @settings(max_examples=60, derandomize=True, database=None)
    def holds(text: str) -> None:
        TARGETS[name](text.encode("utf-8", "replace"))

    holds()


@pytest.mark.parametrize("name", ["messages", "conditions"])
def test_any_json_keeps_what_must_always_hold(name: str) -> None:
    import json

    @given(JSON)
    @settings(max_examples=200, derandomize=True, database=None)
    def holds(body: object) -> None:
        TARGETS[name](json.dumps(body).encode())

    holds()


@given(
    st.binary(max_size=200)
    | TEXTS.flatmap(
        lambda text: st.sampled_from(["utf-16", "cp1251", "koi8-r", "utf-8-sig"]).map(
            lambda encoding: text.encode(encoding, "replace")
        )
    )
)
@settings(max_examples=100, derandomize=True, database=None)
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    TARGETS["decoding"](data)
