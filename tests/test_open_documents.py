"""OpenDocument texts and Rich Text as word processors save them."""

from __future__ import annotations

import pytest

from qa.records import Document, Passage
from tests.fakes import read
from tests.office import odt

OUTLINE = (
    '<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>'
)
LISTS = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix=")"/>'
    '<text:list-level-style-bullet text:level="2" text:bullet-char="•"/></text:list-style>'
)


def p(text: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def h(text: str, level: int = 1) -> str:
    return f'<text:h text:outline-level="{level}">{text}</text:h>'


def item(*content: str) -> str:
    return f"<text:list-item>{''.join(content)}</text:list-item>"


def open_document(body: str, styles: str = "", automatic: str = "") -> tuple[Document, tuple[Passage, ...]]:
    return read(odt(body, styles, automatic), "essay.odt")


def texts(passages: tuple[Passage, ...]) -> list[str]:
    return [one.text for one in passages]


def test_headings_of_an_open_document_are_numbered_as_its_outline_says() -> None:
    title = '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    document, _ = open_document(
        p("Essay", "P1") + h("One") + h("In it", 2) + p("Words.") + h("Two") + p("Words."), OUTLINE, title
    )
    assert document.title == "Essay"
    assert [(one.number, one.heading) for one in document.sections] == [("1", "One"), ("1.1", "In it"), ("2", "Two")]


def test_lists_of_an_open_document_keep_depth_and_numbers() -> None:
    inner = f"<text:list>{item(p('inner'))}</text:list>"
    whole = f'<text:list text:style-name="L">{item(p("One"), inner)}{item(p("Two"), p("and more"))}</text:list>'
    document, passages = open_document(p("Some things:") + whole + p("Then:") + whole, LISTS)
    assert document.text.count("  1) One\n    • inner\n  2) Two\nand more") == 2
    assert texts(passages)[:4] == ["Some things:", "One", "inner", "Two\nand more"]


def test_notes_deletions_boxes_and_signs_of_an_open_document() -> None:
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Meant.</text:p></text:note-body></text:note>"
    changed = "<text:tracked-changes><text:changed-region><text:deletion><text:p>Gone.</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    box = '<draw:frame xmlns:draw="d"><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame>'
    comment = "<office:annotation><text:p>Really?</text:p></office:annotation>"
    contents = f"<text:table-of-content><text:index-body>{p('One 1')}</text:index-body></text:table-of-content>"
    document, passages = open_document(
        changed + contents + p(f"Words{note} go<text:s/>on{comment},<text:tab/>and<text:line-break/>on{box}.")
    )
    assert texts(passages) == ["Words go on, and\non.", "In the box.", "Meant."]
    assert [(one.reason, document.text[one.start : one.end]) for one in document.dropped] == [
        ("table of contents", "One 1"), ("comment", "Really?"),
    ]  # fmt: skip


def test_a_table_of_an_open_document_knows_its_header() -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(f'<table:table-cell>{p(cell)}</table:table-cell>' for cell in cells)}</table:table-row>"

    header = f"<table:table-header-rows>{row('Name', 'Capital')}</table:table-header-rows>"
    _, passages = open_document(f"<table:table>{header}{row('Kazakhstan', 'Astana')}</table:table>")
    assert [(one.kind, one.plain) for one in passages] == [("row", "Name: Kazakhstan; Capital: Astana")]


def test_quotes_and_code_go_by_their_styles() -> None:
    _, passages = open_document(
        p("He said:")
        + p("Words.", "Quotations")
        + p("a = 1", "Preformatted_20_Text")
        + p("b = 2", "Preformatted_20_Text"),
        '<style:style style:name="Quotations" style:family="paragraph"/>'
        '<style:style style:name="Preformatted_20_Text" style:family="paragraph"/>',
    )
    assert [(one.kind, one.text) for one in passages] == [
        ("paragraph", "He said:"), ("quote", "Words."), ("code", "a = 1\nb = 2"),
    ]  # fmt: skip


# Rich Text


def rich_text(body: str | bytes, head: str = "") -> tuple[Document, tuple[Passage, ...]]:
    body = body if isinstance(body, bytes) else body.encode("ascii")
    return read(b"{\\rtf1\\ansi\\ansicpg1252" + head.encode("ascii") + body + b"}", "essay.rtf")


def test_letters_come_in_code_pages_by_their_font_and_in_unicode() -> None:
    fonts = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset2 Symbol;}}"
    body = (
        b"\\f1 \\'d0\\'e5\\'ea\\'e0 "
        + "Арал".encode("cp1251")
        + b"\\f0  \\'e9t\\'e9 \\uc1\\u1179? \\uc2\\u1241\\'3f\\'3f.\\uc1\\u-10179?\\u-8535?\\par"
    )
    assert texts(rich_text(body, fonts)[1]) == ["Река Арал été қ ә.🚩"]
    assert texts(rich_text(b"\\'d3\\'e3\\'ee\\'eb\\'fc\\par", r"\ansicpg1251")[1]) == ["Уголь"]


def test_headings_of_rich_text_go_by_style_or_level() -> None:
    styles = r"{\stylesheet{\s0 Normal;}{\s1\sbasedon0\outlinelevel0 heading 1;}{\s2\sbasedon1 Part;}{\s3 Title;}}"
    document, _ = rich_text(
        r"\pard\s3 Essay\par\pard\s1 {\listtext 1.\tab}One\par\pard Words.\par\pard\s2 Two\par\pard Words.\par"
        r"\pard\outlinelevel1 Deeper\par\pard Words.\par",
        styles,
    )
    assert document.title == "Essay"
    assert [(one.number, one.path[1:]) for one in document.sections] == [
        ("1", ("1. One",)), (None, ("Two",)), (None, ("Two", "Deeper")),
    ]  # fmt: skip


def test_lists_tables_and_notes_of_rich_text() -> None:
    document, passages = rich_text(
        r"\pard Some things:\par\pard{\listtext\u8226\'95\tab}\ls1\ilvl0 {\b Label} and more\par{\listtext\pard a)\tab}\ls1\ilvl1 inner\par"
        r"\pard Words{\super\chftn}{\footnote\pard {\super\chftn} What is {\i meant}.} go on.\par"
        r"\trowd\trhdr\pard\intbl Year\cell Area\cell\row\trowd\pard\intbl 1960\cell 68\cell\row\pard After.\par{\header My school\par}"
    )
    assert [(one.kind, one.item, one.plain) for one in passages] == [
        ("paragraph", None, "Some things:"), ("item", "Label", "Some things: Label and more"),
        ("item", "Label", "Some things: inner"), ("paragraph", None, "Words go on."),
        ("row", "1960", "Year: 1960; Area: 68"), ("paragraph", None, "After."), ("footnote", None, "What is meant."),
    ]  # fmt: skip
    assert "  • Label and more\n    a) inner" in document.text
    assert [(one.reason, document.text[one.start : one.end]) for one in document.dropped] == [
        ("page header", "My school")
    ]


def test_what_nobody_sees_of_rich_text_is_left_out() -> None:
    body = (
        r"One{\v hidden}{\deleted gone}{\*\unknown x}{\pict\pngblip 89504e}{\field{\*\fldinst HYPERLINK x}{\fldrslt  link}}"
        r"\bin4 abcd\emdash\ldblquote so\rdblquote\~it\_is\line{\*\bkmkstart a}down\par"
    )
    assert texts(rich_text(body)[1]) == ["One link—“so” it-is\ndown"]


@pytest.mark.parametrize(
    "body", [r"{\b Bold} words\par", r"{\info{\title A title}{\author Somebody}}{\b Bold} words\par"]
)
def test_what_a_file_says_of_itself_is_no_text_of_it(body: str) -> None:
    assert texts(rich_text(body)[1]) == ["Bold words"]
