"""Web pages as people and programs write them."""

from __future__ import annotations

import pytest

from qa.records import Document, Passage
from tests.fakes import read


def web_page(body: str, head: str = "") -> tuple[Document, tuple[Passage, ...]]:
    return read(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", "page.html")


def texts(passages: tuple[Passage, ...]) -> list[str]:
    return [one.text for one in passages]


def dropped(document: Document) -> list[tuple[str, str]]:
    return [(one.reason, document.text[one.start : one.end]) for one in document.dropped]


def test_what_is_around_the_main_text_is_dropped_and_told_of() -> None:
    document, passages = web_page(
        "<header>The site</header><nav><a href=/>Home</a></nav><aside>Read also</aside><main><header><h1>Tea</h1></header>"
        "<p>It is green.</p><p hidden>Secret.</p><form>Your name</form><p style='display: none'>Unseen.</p></main><footer>Since 1999</footer>"
        "<script>let x = 'of no use';</script>"
    )  # fmt: skip
    assert (document.title, texts(passages)) == ("Tea", ["It is green."])
    assert dropped(document) == [
        ("outside the main text", "The site"), ("outside the main text", "Home"), ("outside the main text", "Read also"),
        ("outside the main text", "Since 1999"), ("hidden", "Secret."), ("form", "Your name"), ("hidden", "Unseen."),
    ]  # fmt: skip
    assert "of no use" not in document.text


def test_without_a_mark_of_the_main_text_the_usual_parts_of_a_page_are_known() -> None:
    document, passages = web_page(
        "<div role=navigation>Home</div><h1>Tea</h1><p>It is green.</p><div id=comments><h2>Two comments</h2>Great!</div>"
        "<h3>Добавить комментарий</h3><p>Ваш адрес email не будет опубликован.</p><footer>Since 1999</footer>"
    )
    assert texts(passages) == ["It is green."]
    assert [reason for reason, _ in dropped(document)][-3:] == ["navigation", "comments", "page footer"]
    assert "comment form" in {reason for reason, _ in dropped(document)}


def test_the_title_is_the_only_heading_of_the_first_level_else_what_a_browser_shows() -> None:
    assert web_page("<h1>Tea</h1><h2>Green</h2><p>Words.</p>", "<title>Tea - My site</title>")[0].title == "Tea"
    document, _ = web_page("<h1>Tea</h1><p>Words.</p><h1>Coffee</h1><p>Words.</p>", "<title>Drinks</title>")
    assert (document.title, [one.heading for one in document.sections]) == ("Drinks", ["Tea", "Coffee"])


def test_lists_keep_their_depth_their_numbers_and_their_labels() -> None:
    document, passages = web_page(
        "<h1>Rivers</h1><p>There are two:</p><ol start=3><li><b>Ural</b> is long.<ul><li>It bends.</ul><li value=7><p>Emba: short.</p>"
        "<p>And dry.</p></ol><dl><dt>Ili</dt><dd>flows to Balkhash.</dd></dl>"
    )
    assert "  3. Ural is long.\n    • It bends.\n  7. Emba: short.\nAnd dry." in document.text
    assert [(one.item, one.text) for one in passages[1:]] == [
        ("Ural", "Ural is long."), ("Ural", "It bends."), ("Emba", "Emba: short.\nAnd dry."), ("Ili", "Ili\nflows to Balkhash."),
    ]  # fmt: skip
    assert passages[2].plain == "There are two: It bends."


def test_tables_quotes_code_and_captions_are_what_they_are() -> None:
    _, passages = web_page(
        "<h1>T</h1><table><caption>Shrinking</caption><thead><tr><th>Year<th>Area, km²</thead><tbody><tr><td>1960<td>68</table>"
        "<table role=presentation><tr><td><p>Set beside</p><td><p>each other</p></table><blockquote><p>I was shocked.</p></blockquote>"
        "<pre>if tea:\n    drink()\n</pre><figure><img src=x alt=y><figcaption>A lake.</figcaption></figure>"
    )  # fmt: skip
    assert [(one.kind, one.text) for one in passages] == [
        ("paragraph", "Shrinking"), ("row", "Year | Area, km²\n1960 | 68"), ("paragraph", "Set beside"),
        ("paragraph", "each other"), ("quote", "I was shocked."), ("code", "if tea:\n    drink()"), ("paragraph", "A lake."),
    ]  # fmt: skip
    assert passages[1].plain == "Year: 1960; Area, km²: 68"


@pytest.mark.parametrize(
    "notes",
    [
        ('<p>Words<sup class=footnote-ref><a href="#fn1" id="fnref1">[1]</a></sup>.</p><h2>Two</h2><p>Others.</p>'
        '<section class="footnotes"><h4>Notes</h4><ol><li id="fn1"><p>What is meant. <a href="#fnref1">↩︎</a></p></ol></section>'),
        ('<p>Words<a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1</sup></a>.</p><h2>Two</h2><p>Others.</p>'
        '<div id="sdfootnote1"><p><a name="sdfootnote1sym" href="#sdfootnote1anc">1</a>What is meant.</p></div>'),
        ('<p>Words<a href="#_ftn1" name="_ftnref1">[1]</a>.</p><h2>Two</h2><p>Others.</p>'
        '<hr><div id=ftn1><p class=MsoFootnoteText><a href="#_ftnref1" name="_ftn1">[1]</a> What is meant.</p></div>'),
        ('<p>Words<sup id="cite_ref-1"><a href="#cite_note-1">[1]</a></sup>.</p><h2>Two</h2><p>Others.</p>'
        '<ol class=references><li id="cite_note-1"><span><a href="#cite_ref-1">↑</a></span> <span>What is meant.</span></ol>'),
    ],
)  # fmt: skip
def test_notes_of_all_usual_forms_stand_under_the_section_that_refers_to_them(notes: str) -> None:
    document, passages = web_page(f"<h1>T</h1><h2>One</h2>{notes}")
    assert [(one.kind, one.heading, one.text) for one in passages] == [
        ("paragraph", "One", "Words."), ("footnote", "One", "What is meant."), ("paragraph", "Two", "Others."),
    ]  # fmt: skip
    assert [one.heading for one in document.sections] == ["One", "Two"]


def test_a_link_within_the_text_is_no_note() -> None:
    _, passages = web_page('<h1>T</h1><p id=a>See <a href="#b">1</a> below.</p><p id=b>The first.</p>')
    assert texts(passages) == ["See 1 below.", "The first."]


def test_lines_are_broken_where_the_author_breaks_them_and_nowhere_else() -> None:
    _, passages = web_page(
        "<h1>T</h1><p>One\nline<br>and <i>an</i>other.<p>First.<br><br>Second.<div>Loose <span>words</span><p>A block</p>and more</div>"
    )
    assert texts(passages) == ["One line\nand another.", "First.", "Second.", "Loose words", "A block", "and more"]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ('<meta charset="windows-1251"><p>Уголь и руда.', "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Уголь и руда.', "koi8-r"),
        ("<p>Уголь и руда.", "utf-8-sig"),
        ("<p>Уголь и руда.", "utf-16"),
        ('<meta charset="utf-8"><p>Уголь и руда, и ещё много других слов на том же языке.', "cp1251"),
    ],
)
def test_a_page_is_decoded_as_it_declares_itself_or_as_it_looks(data: str, encoding: str) -> None:
    _, passages = read(data.encode(encoding), "page.htm")
    assert passages[0].text.startswith("Уголь и руда")


def test_signs_that_only_a_browser_needs_are_left_out() -> None:
    document, passages = web_page(
        '<h2 id=one>One <a class=headerlink href="#one">¶</a></h2><p>Soft\u00adly<wbr>, it&nbsp;is <q>so</q>.</p>'
    )
    assert document.sections[0].heading == "One"
    assert texts(passages) == ["Softly, it is “so”."]


def test_a_page_in_xhtml_may_close_what_is_empty_at_once() -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1251"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>'
        '<script src="x"/></head><body><h1>Чай</h1><p><a id="a"/>Он&nbsp;зелёный.<br/>Да.</p></body></html>'
    )
    for name in ("page.xhtml", "page.html"):
        document, passages = read(text.encode("cp1251"), name)
        assert (document.title, texts(passages)) == ("Чай", ["Он зелёный.\nДа."])


def test_a_number_that_a_program_put_right_before_a_title_is_the_sections_number() -> None:
    document, _ = web_page("<h1>T</h1><h2>1.First</h2><p>W.</p><h3>1.1Ішкі</h3><p>W.</p><h2>2D images</h2><p>W.</p>")
    assert [(one.number, one.path[-1]) for one in document.sections] == [
        ("1", "1. First"), ("1.1", "1.1 Ішкі"), (None, "2D images"),
    ]  # fmt: skip


def test_what_is_struck_as_deleted_is_no_text() -> None:
    assert texts(web_page("<h1>T</h1><p>It is <del>not</del> <ins>surely</ins> so.</p>")[1]) == ["It is surely so."]
