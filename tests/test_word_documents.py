"""Word documents as Word writes them: by styles, numbering, tables, notes and tracked changes."""

from __future__ import annotations

import pytest

from qa.errors import DocumentError
from qa.reading import Source, read_document
from qa.records import Document, Passage
from tests.fakes import read
from tests.office import abstract_list, docx, list_of, listed, paragraph, style, styled, table, word, zipped

STYLES = (
    style("1", "heading 1", '<w:outlineLvl w:val="0"/>', "a")
    + style("2", "heading 2", '<w:outlineLvl w:val="1"/>', "a")
    + style("MyPart", "Бөлім атауы", "", "1")
    + style("a3", "Title", "", "a")
    + style("Looks", "Looks like one", '<w:outlineLvl w:val="9"/>', "1")
    + style("TOC1", "toc 1")
)
HEADINGS = abstract_list(7, ("decimal", "%1."), ("decimal", "%1.%2"), styles=("1", "2"))


def word_document(body: str, **parts: str) -> tuple[Document, tuple[Passage, ...]]:
    return read(docx(body, **{"styles": STYLES, **parts}), "essay.docx")


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path[1:] for section in document.sections if section.level]


def texts(passages: tuple[Passage, ...]) -> list[str]:
    return [one.text for one in passages]


def test_headings_go_by_what_a_style_is_based_on_not_by_its_name() -> None:
    document, _ = word_document(
        styled("a3", "Essay") + styled("1", "One") + paragraph("Words.") + styled("2", "Deeper") + paragraph("Words.")
        + styled("MyPart", "Two") + paragraph("Words.", '<w:outlineLvl w:val="9"/>') + styled("Looks", "Not a heading")
        + paragraph("A heading by itself", '<w:outlineLvl w:val="1"/>') + paragraph("Words.")
    )  # fmt: skip
    assert document.title == "Essay"
    assert paths(document) == [("One",), ("One", "Deeper"), ("Two",), ("Two", "A heading by itself")]


def test_the_number_that_word_shows_is_the_sections_number() -> None:
    body = (
        styled("a3", "Essay") + styled("1", "First") + styled("2", "Inner") + paragraph("Words.") + styled("2", "Other")
        + paragraph("Words.") + styled("1", "Second") + styled("2", "Inner again") + paragraph("Words.")
    )  # fmt: skip
    numbered = STYLES.replace(
        '<w:outlineLvl w:val="0"/>', '<w:outlineLvl w:val="0"/><w:numPr><w:numId w:val="3"/></w:numPr>'
    )
    numbered = numbered.replace(
        '<w:outlineLvl w:val="1"/>', '<w:outlineLvl w:val="1"/><w:numPr><w:numId w:val="3"/></w:numPr>'
    )
    document, passages = word_document(body, styles=numbered, numbering=HEADINGS + list_of(3, 7))
    assert [(one.number, one.heading) for one in document.sections] == [
        ("1", "First"), ("1.1", "Inner"), ("1.2", "Other"), ("2", "Second"), ("2.1", "Inner again"),
    ]  # fmt: skip
    assert passages[-1].label == "§2.1, Inner again"
    assert passages[-1].path == ("Essay", "2. Second", "2.1 Inner again")


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("upperRoman", "%1.", ["I. A", "II. B", "III. C"]),
        ("decimal", "Глава %1.", ["Глава 1. A", "Глава 2. B", "Глава 3. C"]),
        ("russianLower", "%1)", ["а) A", "б) B", "в) C"]),
        ("decimal", "§ %1", ["§ 1 A", "§ 2 B", "§ 3 C"]),
    ],
)
def test_numbers_have_the_form_that_the_list_gives_them(form: str, text: str, wanted: list[str]) -> None:
    properties = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    body = styled("a3", "Essay") + "".join(styled("1", name, properties) + paragraph("Words.") for name in "ABC")
    document, _ = word_document(body, numbering=abstract_list(0, (form, text)) + list_of(1, 0))
    assert [one.path[-1] for one in document.sections] == wanted


def test_a_list_that_starts_anew_counts_from_where_it_says() -> None:
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    numbering = abstract_list(0, ("decimal", "%1."), ("lowerLetter", "%2)")) + list_of(1, 0) + list_of(2, 0, again)
    document, passages = word_document(
        paragraph("Three things:") + listed("One") + listed("inner", 1) + listed("Two") + paragraph("And again:")
        + listed("Other", 0, 2) + listed("None", 0, 0),
        numbering=numbering,
    )  # fmt: skip
    assert "  1. One\n    a) inner\n  2. Two\n" in document.text
    assert "\n  1. Other" in document.text
    assert [one.kind for one in passages] == ["paragraph", "item", "item", "item", "paragraph", "item", "paragraph"]
    assert passages[1].plain == "Three things: One"


def test_items_bear_their_labels_and_those_they_are_nested_in() -> None:
    numbering = abstract_list(0, ("bullet", "\uf0b7"), ("bullet", "o")) + list_of(1, 0)
    bold = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:rPr><w:b/></w:rPr>'
        "<w:t>Сырдарья</w:t></w:r><w:r><w:t> поит Арал.</w:t></w:r></w:p>"
    )
    document, passages = word_document(
        paragraph("Rivers") + listed("Two of them: great ones.") + bold, numbering=numbering
    )
    assert [one.path[1:] for one in passages[-2:]] == [("Two of them",), ("Two of them", "Сырдарья")]
    assert "• Two of them" in document.text
    assert "\uf0b7" not in document.text


def test_what_was_deleted_is_no_text_and_what_was_inserted_is() -> None:
    body = (
        "<w:p><w:r><w:t>It is </w:t></w:r><w:del><w:r><w:delText>not </w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>surely </w:t></w:r></w:ins><w:r><w:t>so.</w:t></w:r></w:p>"
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>Two that </w:t></w:r></w:p>"
        "<w:p><w:r><w:t>became one.</w:t></w:r></w:p>"
        "<w:p><w:moveFrom><w:r><w:t>Gone.</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t>Come.</w:t></w:r></w:moveTo></w:p>"
    )
    assert texts(word_document(body)[1]) == ["It is surely so.", "Two that became one.", "Come."]


def test_a_note_is_a_passage_of_the_section_that_refers_to_it() -> None:
    reference = (
        '<w:p><w:r><w:t>Words</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t>.</w:t></w:r></w:p>'
    )
    end = '<w:p><w:r><w:t>Others.</w:t></w:r><w:r><w:endnoteReference w:id="5"/></w:r></w:p>'
    notes = (
        f'<w:footnote w:id="0" w:type="separator">{paragraph("–")}</w:footnote>'
        f'<w:footnote w:id="2">{paragraph(" What is meant.")}</w:footnote><w:footnote w:id="3">{paragraph("Unused.")}</w:footnote>'
    )
    document, passages = word_document(
        styled("a3", "T") + styled("1", "One") + reference + styled("1", "Two") + end,
        footnotes=notes, endnotes=f'<w:endnote w:id="5">{paragraph("At the end.")}</w:endnote>',
    )  # fmt: skip
    assert [(one.kind, one.heading, one.text) for one in passages] == [
        ("paragraph", "One", "Words."), ("footnote", "One", "What is meant."),
        ("paragraph", "Two", "Others."), ("footnote", "Two", "At the end."),
    ]  # fmt: skip
    assert "\n\n1 What is meant." in document.text


def test_a_table_is_read_by_rows_under_its_header() -> None:
    cells = ("Year", "Area"), ("1960", "68"), ("1990", "37")
    _, passages = word_document(paragraph("Shrinking") + table(*cells, header=True))
    assert [(one.kind, one.plain, one.item, one.context) for one in passages[-2:]] == [
        ("row", "Year: 1960; Area: 68", "1960", "Year | Area"), ("row", "Year: 1990; Area: 37", "1990", "Year | Area"),
    ]  # fmt: skip
    assert texts(passages)[-2:] == ["Year | Area\n1960 | 68", "1990 | 37"]
    assert [one.plain for one in word_document(table(*cells))[1]] == ["Year: 1960; Area: 68", "Year: 1990; Area: 37"]
    facts = ("Capital", "Astana"), ("Currency", "tenge")
    assert [one.plain for one in word_document(table(*facts))[1]] == ["Capital: Astana", "Currency: tenge"]


def test_a_table_of_one_column_is_a_frame_around_paragraphs() -> None:
    document, passages = word_document(
        styled("a3", "T") + f"<w:tbl><w:tr><w:tc>{styled('1', 'Inside')}{paragraph('Words.')}</w:tc></w:tr></w:tbl>"
    )
    assert paths(document) == [("Inside",)]
    assert [one.kind for one in passages] == ["paragraph"]


def test_a_text_box_is_read_once_and_after_what_it_is_anchored_in() -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>Around.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
        f"<wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert texts(word_document(body)[1]) == ["Around.", "In the box."]


def test_links_fields_breaks_and_signs_are_read_as_they_are_seen() -> None:
    body = (
        '<w:p><w:hyperlink><w:r><w:t>A link</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>and</w:t><w:br/><w:t>non</w:t>'
        "<w:noBreakHyphen/><w:t>stop</w:t><w:softHyphen/><w:t>ping</w:t></w:r>"
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> DATE </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t xml:space="preserve"> today</w:t></w:r>'
        '<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>'
    )  # fmt: skip
    assert texts(word_document(body)[1]) == ["A link and\nnon-stopping today"]


def test_what_is_around_the_text_is_told_of_as_dropped() -> None:
    contents = '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    body = f"{contents}<w:sdtContent>{paragraph('One 1')}</w:sdtContent></w:sdt>{styled('TOC1', 'Two 2')}{paragraph('Words.')}"
    document, passages = word_document(
        body, comments=f"<w:comment>{paragraph('Really?')}</w:comment>", header1=paragraph("My school"), footer1=paragraph("Page 1"),
    )  # fmt: skip
    assert texts(passages) == ["Words."]
    assert [(one.reason, document.text[one.start : one.end]) for one in document.dropped] == [
        ("table of contents", "One 1"), ("table of contents", "Two 2"), ("page header", "My school"),
        ("page footer", "Page 1"), ("comment", "Really?"),
    ]  # fmt: skip


def test_headings_that_only_look_so_are_recognised_where_none_is_marked() -> None:
    bold = "<w:b/>"
    document, _ = word_document(
        paragraph("Reading by the Lamp", run=bold) + paragraph("1. Beginning", run=bold) + paragraph("Words of a text that goes on.")
        + paragraph("2. End", run=bold) + paragraph("And words <w:b/>of another.".replace("<w:b/>", ""))
    )  # fmt: skip
    assert document.title == "Reading by the Lamp"
    assert [(one.number, one.heading) for one in document.sections] == [("1", "Beginning"), ("2", "End")]


def test_a_document_of_the_strict_kind_is_read_alike() -> None:
    data = word("document", f"<w:body>{styled('1', 'One')}{paragraph('Words.')}</w:body>")
    strict = data.replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    document, passages = read(zipped({"word/document.xml": strict}), "essay.docx")
    assert (document.title, texts(passages)) == ("One", ["Words."])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("document.macroEnabled.main+xml", "with macros"), ("template.main+xml", "a Word template"),
        ("template.macroEnabledTemplate.main+xml", "with macros"),
    ],
)  # fmt: skip
def test_other_files_of_words_are_refused_by_name(kind: str, said: str) -> None:
    data = docx(paragraph("Words."), kind=kind)
    with pytest.raises(DocumentError, match=rf"^essay\.docx: .*{said}.* save it as \.docx$"):
        read_document(Source("essay", "essay.docx", data, ""))


def test_lists_of_one_kind_go_on_counting_from_each_other_but_each_in_its_own_form() -> None:
    override = (
        '<w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="-"/></w:lvl>'
        "</w:lvlOverride>"
    )
    numbering = abstract_list(0, ("decimal", "%1.")) + list_of(1, 0) + list_of(2, 0) + list_of(3, 0, override)
    body = (
        listed("One") + listed("Dot", 0, 3) + paragraph("Between them.") + listed("Three", 0, 2) + listed("Dot", 0, 3)
    )
    document, _ = word_document(paragraph("T.") + body, numbering=numbering)
    assert [line.strip() for line in document.text.split("\n") if line.startswith("  ")] == [
        "1. One", "• Dot", "3. Three", "• Dot",
    ]  # fmt: skip
