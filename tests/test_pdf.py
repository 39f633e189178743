"""PDFs as they are really made: the same sections and passages as their Markdown, pages told, the rest dropped."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from qa.encoding.prepared import PreparedModel
from qa.errors import DocumentError
from qa.indexing.builder import build
from qa.reading import Reading, Source, read_document
from qa.reading.formats.pdf.pieces import Words, mark_of, without_mark
from qa.reading.manuscript import PAGE_TURN
from qa.records import Document, Passage
from tests.pdfs import CATALOGUE, page, pages, pdf, scanned_pdf, text_pdf

FORMATS = Path(__file__).parent / "formats"
ESSAYS = ("aral-sea", "kazakh-diplomacy")
MADE = ("", "-untagged", "-printed", "-printed-untagged", "-columns")


def read(path: Path) -> tuple[Document, tuple[Passage, ...]]:
    return read_bytes(path.read_bytes(), path.name)


def read_bytes(data: bytes, name: str = "essay.pdf") -> tuple[Document, tuple[Passage, ...]]:
    return read_document(Source(Path(name).stem, name, data, "0" * 64))


def spoken(passage: Passage) -> str:
    return " ".join(passage.plain.split())


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("essay", ESSAYS)
def test_a_pdf_gives_the_sections_and_passages_of_its_markdown(essay: str, made: str) -> None:
    document, wanted = read(FORMATS / f"{essay}.md")
    found, passages = read(FORMATS / "pdf" / f"{essay}{made}.pdf")
    assert found.title == document.title
    assert found.language == document.language
    assert [section.path for section in found.sections] == [section.path for section in document.sections]
    where = {spoken(passage): passage for passage in passages}
    whole = sum(len(spoken(passage)) for passage in wanted)
    alike = [passage for passage in wanted if spoken(passage) in where]
    assert sum(len(spoken(passage)) for passage in alike) >= 0.95 * whole
    assert len(passages) == len(wanted)
    for passage in alike:
        same = where[spoken(passage)]
        assert (same.path, same.section, same.heading, same.item) == (
            passage.path, passage.section, passage.heading, passage.item,
        )  # fmt: skip
        assert same.kind == passage.kind or {same.kind, passage.kind} == {"quote", "paragraph"}
    assert all(found.text[passage.start : passage.end] == passage.text for passage in passages)


@pytest.mark.parametrize("made", ["", "-untagged"])
def test_a_footnote_stands_in_the_section_that_refers_to_it_and_its_mark_is_no_text(made: str) -> None:
    _, passages = read(FORMATS / "pdf" / f"aral-sea{made}.pdf")
    (note,) = [passage for passage in passages if passage.kind == "footnote"]
    assert note.heading == "Хроника отступления"
    assert note.text == "Оценки разных авторов расходятся, поэтому числа округлены."
    assert any(passage.text == "Как мелел водоём, показывает таблица." for passage in passages)


def test_a_passage_that_goes_on_on_the_next_page_is_one_and_begins_on_the_first() -> None:
    document, passages = read(FORMATS / "pdf" / "kazakh-diplomacy-printed-untagged.pdf")
    assert len(document.pages) == 5
    assert document.pages[0] == 0
    astride = [passage for passage in passages if any(passage.start < turn < passage.end for turn in document.pages)]
    assert astride
    for passage in astride:
        turn = next(turn for turn in document.pages if passage.start < turn < passage.end)
        assert document.text[turn - 1] in " \n-"
        assert PAGE_TURN not in passage.text


def test_a_citation_names_the_page_that_a_passage_begins_on_and_the_one_that_it_ends_on(
    real_model: PreparedModel,
) -> None:
    name = "kazakh-diplomacy-printed.pdf"
    data = (FORMATS / "pdf" / name).read_bytes()
    document, passages = read_document(Source("essay", name, data, hashlib.sha256(data).hexdigest()))
    generation = build(Reading((document,), passages, ()), real_model).generation
    found = {passage.anchor: generation.citation(passage) for passage in passages}
    assert (found["s1.p1"].page, found["s1.p1"].page_end) == (1, 1)
    assert (found["s2.2"].page, found["s2.2"].page_end) == (1, 2)
    assert (found["s7.p1"].page, found["s7.p1"].page_end) == (4, 5)
    assert {
        citation.page_end - citation.page for citation in found.values() if citation.page and citation.page_end
    } == {0, 1}


@pytest.mark.parametrize("made", ["-printed", "-printed-untagged"])
def test_running_headers_and_footers_are_dropped_and_told(made: str) -> None:
    document, passages = read(FORMATS / "pdf" / f"aral-sea{made}.pdf")
    reasons = [dropped.reason for dropped in document.dropped]
    assert reasons == ["running header", "running footer"] * 6
    assert all("file:///" in document.text[drop.start : drop.end] for drop in document.dropped[1::2])
    assert not any("file:///" in passage.text for passage in passages)


def test_page_numbers_and_headers_that_no_tag_marks_are_known_by_their_place() -> None:
    objects = [CATALOGUE, b"<< /Type /Pages /Count 3 /Kids [3 0 R 6 0 R 9 0 R] >>"]
    for number in range(3):
        lines = [f"Page text {'abc'[number]} number {line}, which goes on and on, as prose does." for line in range(12)]
        body = "".join(f"BT /F1 11 Tf 50 {540 - 14 * place} Td ({line}) Tj ET\n" for place, line in enumerate(lines))
        content = f"BT /F1 9 Tf 50 580 Td (A Treatise on Tea) Tj ET\n{body}BT /F1 9 Tf 200 20 Td ({number + 7}) Tj ET"
        own = page(content.encode())
        own[0] = own[0].replace(b"4 0 R", b"%d 0 R" % (4 + 3 * number)).replace(b"5 0 R", b"%d 0 R" % (5 + 3 * number))
        objects += own
    document, passages = read_bytes(pdf(objects))
    reasons = {document.text[drop.start : drop.end]: drop.reason for drop in document.dropped}
    assert reasons == {
        "A Treatise on Tea": "running header", "7": "page number", "8": "page number", "9": "page number",
    }  # fmt: skip
    assert not any("Treatise" in passage.text for passage in passages)


def test_headings_without_tags_and_outline_are_told_by_size_and_weight() -> None:
    drawn = "".join(
        f"BT /{font} {size} Tf 50 {height} Td ({text}) Tj ET\n"
        for font, size, height, text in (
            ("F1", 24, 560, "On Tea"), ("F1", 16, 520, "1. Leaves"), ("F1", 11, 500, "Leaves are picked by hand in spring,"),
            ("F1", 11, 487, "and dried at once in the shade of a roof."), ("F1", 13, 460, "1.1. Green ones"),
            ("F1", 11, 440, "They are steamed, so that they stay green for"), ("F1", 11, 427, "a year or so."),
            ("F1", 16, 400, "2. A heading which is far too long for one"), ("F1", 16, 380, "line of this page"),
            ("F1", 11, 360, "Water must not boil when it is poured on them."),
        )
    )  # fmt: skip
    document, passages = read_bytes(pdf([CATALOGUE, pages(), *page(drawn.encode())]))
    assert document.title == "On Tea"
    assert [section.path[1:] for section in document.sections] == [
        ("1. Leaves",), ("1. Leaves", "1.1. Green ones"), ("2. A heading which is far too long for one line of this page",),
    ]  # fmt: skip
    assert [passage.section for passage in passages] == ["1", "1.1", "2"]
    assert passages[0].text == "Leaves are picked by hand in spring, and dried at once in the shade of a roof."


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["дипломатиялық сая‐", "сатының негізгі ба‐", "ғыты — сая‐", "сат пен бейбітшілік"], "дипломатиялық саясатының негізгі бағыты — саясат пен бейбітшілік"),
        (["Тянь-", "Шаня"], "Тянь-Шаня"),
        (["сауда мен экономикалық байланыс, сауда-", "экономикалық одақ"], "сауда мен экономикалық байланыс, сауда-экономикалық одақ"),
        (["БҰҰ-", "ға мүше"], "БҰҰ-ға мүше"),
        (["с 1990-", "х годов"], "с 1990-х годов"),
        (["soft\xad", "ware"], "software"),
        (["中文的一", "行字"], "中文的一行字"),
        (["a well-known word, well-", "known"], "a well-known word, well-known"),
    ],
)  # fmt: skip
def test_a_hyphen_at_the_end_of_a_line_goes_only_where_it_parts_one_word(lines: list[str], whole: str) -> None:
    assert Words(lines).joined([(line, 1) for line in lines]) == whole


def test_a_turn_of_the_page_is_kept_where_lines_are_joined() -> None:
    assert Words(["one", "two"]).joined([("one", 1), ("two", 3)]) == f"one {PAGE_TURN * 2}two"


@pytest.mark.parametrize(
    ("text", "mark"), [("1 See there.", "1"), ("[12] See there.", "12"), ("* See there.", "*"), ("²See there.", "2"), ("1990 was dry.", "")]
)  # fmt: skip
def test_marks_of_footnotes_are_told_from_years(text: str, mark: str) -> None:
    assert without_mark(text)[0] == mark
    assert mark_of("[3]") == mark_of("³") == "3"


def test_a_pdf_that_only_restricts_what_may_be_done_with_it_is_read() -> None:
    wanted = (Path(__file__).parent / "essays" / "letter.txt").read_text(encoding="utf-8")
    document, _ = read(FORMATS / "pdf" / "restricted.pdf")
    assert wanted.split()[:5] == document.text.split()[:5]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ((FORMATS / "pdf" / "locked.pdf").read_bytes(), "encrypted; remove its password"),
        (scanned_pdf(), "holds no text, only pictures; run it through OCR"),
        (pdf([CATALOGUE, pages(), *page(b"0 0 m 100 100 l S")]), "holds no text"),
        (pdf([CATALOGUE, b"<< /Type /Pages /Count 0 /Kids [] >>"]), "no pages"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "no PDF"),
        (b"PK\x03\x04" + bytes(200), "no PDF"),
        (b"%PDF-1.7\n" + bytes(2000), "damaged"),
        (b"", "empty"),
    ],
    ids=["locked", "scanned", "drawing", "no pages", "picture", "zip", "zeros", "empty"],
)  # fmt: skip
def test_what_cannot_be_read_gets_a_line_that_says_why_and_what_to_do(data: bytes, told: str) -> None:
    with pytest.raises(DocumentError, match=told) as raised:
        read_bytes(data)
    assert str(raised.value).startswith("essay.pdf: ")
    assert "\n" not in str(raised.value)


def test_a_pdf_whose_table_of_objects_loops_or_lies_is_read_or_refused() -> None:
    whole = text_pdf("Tea is black or green.", "It is drunk hot.")
    at = whole.index(b"xref\n0")
    looped = whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % at)
    lying = pdf([CATALOGUE, pages(), *page(b"BT /F1 12 Tf 50 500 Td (Tea is black.) Tj ET")], xref_at=10**9)
    for data in (looped, lying):
        _, passages = read_bytes(data)
        assert passages[0].text.startswith("Tea is black")
    circle = pdf([CATALOGUE, b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>"])
    with pytest.raises(DocumentError, match=r"^essay\.pdf: "):
        read_bytes(circle)


def test_a_title_or_an_outline_of_half_characters_is_none() -> None:
    half = b"<FEFFD800D800>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>", pages(), *page(b"BT /F1 12 Tf 50 500 Td (Tea is black.) Tj ET"),
        b"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
        b"<< /Title %s /Parent 6 0 R /Dest [3 0 R /Fit] >>" % half,
        b"<< /Title %s >>" % half,
    ]  # fmt: skip
    document, passages = read_bytes(pdf(objects, b"/Info 8 0 R"))
    assert document.title == "Essay"
    assert [passage.text for passage in passages] == ["Tea is black."]


def test_a_truncated_pdf_is_read_as_far_as_it_goes_or_refused() -> None:
    data = (FORMATS / "pdf" / "kazakh-diplomacy.pdf").read_bytes()
    for share in (0.3, 0.6, 0.9):
        try:
            document, passages = read_bytes(data[: int(share * len(data))])
        except DocumentError as error:
            assert "damaged" in str(error)
        else:
            assert all(document.text[passage.start : passage.end] == passage.text for passage in passages)
