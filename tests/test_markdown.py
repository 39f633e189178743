from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.fakes import read, texts


def passages_of(text: str) -> list[tuple[str, str, str | None]]:
    return [(passage.kind, passage.text, passage.item) for passage in read(text, "essay.md")[1]]


def test_headings_nest_to_any_depth_and_keep_their_numbers() -> None:
    text = "# Title\n\n## 1. One\n\n### 1.1 Deep\n\n###### Deepest\n\nText.\n\n## IV. Four\n\nEnd.\n"
    document, passages = read(text, "essay.md")
    assert document.title == "Title"
    assert passages[0].path == ("Title", "1. One", "1.1 Deep", "Deepest")
    assert [(section.number, section.heading, section.level) for section in document.sections] == [
        ("1", "One", 1),
        ("1.1", "Deep", 2),
        (None, "Deepest", 3),
        ("IV", "Four", 1),
    ]


def test_several_headings_of_level_one_are_sections() -> None:
    document, _ = read("---\ntitle: From the front\n---\n\n# One\n\nText.\n\n# Two\n\nText.\n", "essay.md")
    assert document.title == "From the front"
    assert [section.heading for section in document.sections] == ["One", "Two"]
    assert [part.reason for part in document.dropped] == ["front matter"]


def test_lists_in_lists() -> None:
    text = "# T\n\n- **Fish**: they swim.\n  - carp\n  - **Pike** bites\n- no label here.\n"
    _, passages = read(text, "essay.md")
    assert [(passage.text, passage.path[1:]) for passage in passages] == [
        ("**Fish**: they swim.", ("Fish",)),
        ("carp", ("Fish",)),
        ("**Pike** bites", ("Fish", "Pike")),
        ("no label here.", ()),
    ]
    assert passages[0].plain == "Fish: they swim."


def test_the_paragraphs_of_an_item_are_one_passage() -> None:
    assert passages_of("# T\n\n1. Label: first.\n\n   second.\n2. next\n") == [
        ("item", "Label: first.\n\n   second.", "Label"),
        ("item", "next", None),
    ]


def test_each_row_of_a_table_repeats_its_header() -> None:
    _, passages = read("# T\n\n| Year | Salt, g |\n|---|---|\n| 1960 | 10 |\n| 2003 | 78 |\n", "essay.md")
    first, second = passages
    assert first.text == "Year | Salt, g |\n|---|---|\n| 1960 | 10"
    assert second.text == "2003 | 78"
    assert (second.kind, second.item, second.context) == ("row", "2003", "Year | Salt, g")
    assert second.plain == "Year: 2003; Salt, g: 78"


def test_a_table_of_a_header_alone_is_one_passage() -> None:
    assert passages_of("# T\n\n| Year | Salt |\n|---|---|\n") == [("row", "Year | Salt", "Year")]


def test_quotes_code_and_footnotes() -> None:
    text = "# T\n\n## A\n\nSaid[^n].\n\n> One quote,\n> two lines.\n\n```py\nx = 1\n```\n\n## B\n\nEnd.\n\n[^n]: The note.\n"
    document, passages = read(text, "essay.md")
    by_kind = {passage.kind: passage for passage in passages}
    assert by_kind["quote"].text == "One quote,\n> two lines."
    assert by_kind["quote"].plain == "One quote, two lines."
    assert by_kind["code"].text == "x = 1"
    assert (by_kind["footnote"].text, by_kind["footnote"].heading) == ("The note.", "A")
    assert passages[0].plain == "Said."
    assert [part.reason for part in document.dropped] == ["code fence", "code fence"]


def test_what_is_no_text_is_dropped_with_a_reason() -> None:
    text = "# T\n\nSee [here][k].\n\n---\n\n<!-- note -->\n\n<div></div>\n\n[k]: https://example.org\n"
    document, passages = read(text, "essay.md")
    assert passages[0].plain == "See here."
    assert [part.reason for part in document.dropped] == [
        "decoration",
        "comment in the source",
        "markup without text",
        "link definition",
    ]


def test_all_of_a_footnote_is_kept_and_one_that_nothing_refers_to_is_told() -> None:
    text = "# T\n\n## A\n\nSaid[^n].\n\n## B\n\nEnd.\n\n[^n]: The note.\n\n    - with an item\n\n[^x]: Lost.\n"
    document, passages = read(text, "essay.md")
    assert [(passage.text, passage.heading) for passage in passages if passage.kind != "paragraph"] == [
        ("The note.", "A"),
        ("with an item", "A"),
    ]
    assert [part.reason for part in document.dropped] == ["footnote that nothing refers to"]


@pytest.mark.parametrize(
    ("heading", "number", "title"),
    [
        ("1 Introduction", "1", "Introduction"),
        ("2) Methods", "2", "Methods"),
        ("3. results", "3", "results"),
        ("4. 1991–2000", "4", "1991–2000"),
        ("5. Вперёд!", "5", "Вперёд!"),
        ("7: Seven", "7", "Seven"),
        ("9 — Nine", "9", "Nine"),
        ("XL. Forty", "XL", "Forty"),
        ("2.1.3 Deep", "2.1.3", "Deep"),
        ("Глава 2", "2", "Глава 2"),
        ("10 причин", None, "10 причин"),
        ("1991–2000", None, "1991–2000"),
        ("Plain", None, "Plain"),
    ],
)
def test_the_numbers_of_headings(heading: str, number: str | None, title: str) -> None:
    section = read(f"# T\n\n## {heading}\n\nText.\n", "essay.md")[0].sections[0]
    assert (section.number, section.heading) == (number, title)


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    document, passages = read("---\n\n# Title\n\nText one.\n\n---\n\n## Second\n\nText two.\n", "essay.md")
    assert document.title == "Title"
    assert texts(passages) == ["Text one.", "Text two."]


def test_odd_markdown_is_read_quickly_and_stops_nothing() -> None:
    assert texts(read("- \u00a0\n\n  foo\n", "essay.md")[1]) == ["foo"]
    spaces = "| a | b |\n|---|---|\n| x" + " " * 20_000 + "y | z |\n"
    assert read(spaces, "essay.md")[1][0].kind == "row"
    comments = "text\n\n<div>\n" + "<!-- " * 20_000 + "\n</div>\n"
    assert read(comments, "essay.md")[1][0].text == "text"
    deep = "".join("  " * depth + "- level\n" for depth in range(30))
    assert len(read(deep, "essay.md")[1]) == 30
    assert texts(read("a\n\n<script>\nalert(1)\n</script>\n\n&nbsp;\n", "essay.md")[1]) == ["a"]


def test_short_items_are_read_with_what_introduces_them() -> None:
    _, passages = read("# T\n\nLong before. The nets held:\n\n- carp;\n- pike.\n", "essay.md")
    assert [passage.plain for passage in passages[1:]] == ["The nets held: carp;", "The nets held: pike."]
    assert passages[1].context == "The nets held:"
    assert passages[1].text == "carp;"


def test_crlf_setext_headings_and_html() -> None:
    document, passages = read("Title\r\n=====\r\n\r\nPart\r\n----\r\n\r\nLine one\r\nline <b>two</b>.\r\n", "essay.md")
    assert (document.title, passages[0].heading) == ("Title", "Part")
    assert passages[0].text == "Line one\r\nline <b>two</b>."
    assert passages[0].plain == "Line one line two."


def test_the_test_essay() -> None:
    document, passages = read((ROOT / "tests" / "essays" / "tea.md").read_bytes(), "tea.md")
    assert document.title == "Чай в степи"
    assert "жаровой, на углях;" in texts(passages)
    assert passages[-1].heading == "Сорта"
