"""The same essay comes out of every format: its sections, and its passages word for word."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from qa.records import Document, Passage
from tests.fakes import read
from tests.office import epub, page

FORMATS = Path(__file__).parent / "formats"
ESSAYS = ("kazakh-diplomacy", "aral-sea")
WHOLE = ("docx", "odt", "html", "rtf")


def essay(name: str) -> tuple[Document, tuple[Passage, ...]]:
    return read((FORMATS / name).read_bytes(), name)


def sections(document: Document) -> list[tuple[tuple[str, ...], str | None]]:
    return [(section.path, section.number) for section in document.sections if section.level]


def everything(passage: Passage) -> tuple[object, ...]:
    return passage.plain, passage.path, passage.section, passage.item, passage.kind, passage.context


def notes_last(passages: Sequence[Passage]) -> list[Passage]:
    """As in the Markdown text; elsewhere a note is written where its section ends."""
    return sorted(passages, key=lambda one: one.kind == "footnote")


@pytest.mark.parametrize("ending", WHOLE)
@pytest.mark.parametrize("name", ESSAYS)
def test_what_libreoffice_saved_reads_as_the_essay_in_markdown(name: str, ending: str) -> None:
    wanted, passages = essay(f"{name}.md")
    document, found = essay(f"{name}.{ending}")
    assert (document.title, document.language, document.encoding) == (wanted.title, wanted.language, ending)
    assert sections(document) == sections(wanted)
    assert [everything(one) for one in notes_last(found)] == [everything(one) for one in passages]
    assert document.dropped == ()
    assert document.pages == ()


@pytest.mark.parametrize("name", ESSAYS)
def test_a_book_of_libreoffices_has_the_same_sections_and_most_of_the_same_text(name: str) -> None:
    """It has lost the marks of its lists, and the header of its table."""
    wanted, passages = essay(f"{name}.md")
    document, found = essay(f"{name}.epub")
    assert (document.title, sections(document)) == (wanted.title, sections(wanted))

    def where(passage: Passage) -> tuple[str, tuple[str, ...]]:
        return passage.plain, passage.path[: len(passage.path) - (passage.item is not None)]

    same = {where(one) for one in found}
    kept = sum(len(one.plain) for one in passages if where(one) in same)
    assert kept / sum(len(one.plain) for one in passages) >= 0.95


@pytest.mark.parametrize("name", ESSAYS)
def test_a_book_with_real_markup_reads_as_the_essay_in_markdown(name: str) -> None:
    body = (FORMATS / f"{name}.html").read_text(encoding="utf-8").split("<body", 1)[1].split(">", 1)[1]
    chapters = body.replace("</body>", "").replace("</html>", "").split("<h1")
    last = len(chapters) - 1
    pages = {
        f"{place}.html": f"<html><body>{'<h1' if place else ''}{text}".replace(
            '"#sdfootnote1sym', f'"{last}.html#sdfootnote1sym'
        )
        for place, text in enumerate(chapters)
    }
    wanted, passages = essay(f"{name}.md")
    document, found = read(epub(pages), f"{name}.epub")
    assert sections(document) == sections(wanted)
    assert [everything(one) for one in notes_last(found)] == [everything(one) for one in passages]


@pytest.mark.parametrize("ending", (*WHOLE, "epub", "md"))
@pytest.mark.parametrize("name", ESSAYS)
def test_every_offset_leads_to_its_words(name: str, ending: str) -> None:
    document, passages = essay(f"{name}.{ending}")
    lines = document.text.split("\n")
    for one in passages:
        assert document.text[one.start : one.end] == one.text
        assert one.text.split("\n")[0] in lines[one.line_start - 1]
        assert [one.text[start:end] for start, end in one.sentences]
    for section in document.sections:
        if section.level:
            assert document.text[section.start : section.end].endswith(section.heading or "")


def test_the_text_of_a_converted_document_is_fit_to_be_read() -> None:
    document, _ = essay("aral-sea.docx")
    assert "Веками озеро поили две большие реки:\n\n  • Сырдарья собирает" in document.text
    assert "\n  3. Кокарал, самый крупный" in document.text
    assert "\n\nГод | Площадь, тыс. км² | Солёность, г на литр\n1960 | 68 | 10\n1990 | 37 | 29\n" in document.text
    assert document.text.startswith("Аральское море: вода, соль и надежда\n\nГеография\n\nАрал — бессточное")
    assert not any(mark in document.text for mark in ("\\", "[^", "**", "\n\n\n"))


def test_a_format_is_told_by_its_name_whatever_the_case_of_that() -> None:
    data = (FORMATS / "aral-sea.docx").read_bytes()
    assert read(data, "Aral.DOCX")[0].encoding == "docx"
    assert zipfile.is_zipfile(BytesIO(data))


def test_a_page_of_a_book_that_is_no_sound_xml_is_read_as_a_browser_would() -> None:
    document, passages = read(
        epub({"1.html": "<html><body><h1>One<p>Words &amp; more&nbsp;words.<p>Others."}), "book.epub"
    )
    assert [one.text for one in passages] == ["Words & more words.", "Others."]
    assert document.title == "One"


def test_a_book_is_named_by_what_it_says_of_itself_and_its_chapters_by_its_contents() -> None:
    long = "Rivers run down to the sea, and the sea is not full. " * 8
    contents = page('<nav epub:type="toc"><ol><li><a href="1.html">The Cover</a></li><li><a href="2.html">The Spring</a></li>'
                    '<li><a href="3.html#x">The Mouth</a></li></ol></nav>')  # fmt: skip
    pages = {"1.html": page("<p>For a friend.</p>"), "2.html": page(f"<p>{long}</p>"), "3.html": page(f"<p>{long}</p>")}
    document, _ = read(epub(pages, contents), "book.epub")
    assert document.title == "A Book of Rivers"
    assert [one.path[1:] for one in document.sections] == [(), ("The Spring",), ("The Mouth",)]


def test_a_book_of_the_second_version_has_its_contents_in_another_form() -> None:
    long = "Rivers run down to the sea, and the sea is not full. " * 8
    contents = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>The Spring</text></navLabel>'
        '<content src="1.html"/></navPoint></navMap></ncx>'
    )
    document, _ = read(epub({"1.html": page(f"<p>{long}</p>")}, contents, "2.0"), "book.epub")
    assert document.sections[0].heading == "The Spring" or document.title == "The Spring"


def test_a_note_at_the_end_of_a_book_stands_under_the_chapter_that_refers_to_it() -> None:
    pages = {
        "1.html": page('<h1>One</h1><p>Words<a id="r" epub:type="noteref" href="notes.html#n">1</a> go on.</p>'),
        "2.html": page("<h1>Two</h1><p>Others.</p>"),
        "notes.html": page('<h1>Notes</h1><aside epub:type="footnote" id="n"><p><a href="1.html#r">1</a> What is meant.</p></aside>'),
    }  # fmt: skip
    _, passages = read(epub(pages), "book.epub")
    assert [(one.kind, one.heading, one.text) for one in passages] == [
        ("paragraph", "One", "Words go on."), ("footnote", "One", "What is meant."), ("paragraph", "Two", "Others."),
    ]  # fmt: skip
