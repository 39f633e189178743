"""What documents say of themselves, in front matter and in the file beside them, and what becomes of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qa.editing import Editor
from qa.reading import read_corpus, source_hashes, source_stats
from qa.reading.metadata import metadata_of
from qa.reading.stated import stated_in
from qa.records import Document, Metadata
from tests.conftest import ROOT

TEXT = "Бірінші сөйлем осында тұр.\n\nЕкінші сөйлем де осында тұр.\n"


def only(folder: Path) -> Document:
    (document,) = read_corpus(folder).documents
    return document


def said(yaml: str) -> tuple[Metadata, tuple[str, ...]]:
    found = metadata_of(stated_in(yaml) or {})
    return found.metadata, found.warnings


def test_front_matter_says_who_wrote_when_and_where(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "---\ntitle: Title\nAuthors: [Abai, 'Doe, J.']\ndate: 1994-03-07T10:00:00+06:00\nlang: ru-RU\n"
        f"url: https://пример.kz/эссе?x=1#top\nkeywords: a, b, a\npages: 12\nscore: 1.5\ndraft: true\n---\n\n{TEXT}"
    )
    document = only(tmp_path)
    assert document.metadata == Metadata(
        authors=("Abai", "Doe, J."),
        date="1994-03-07",
        url="https://xn--e1afmkfd.kz/%D1%8D%D1%81%D1%81%D0%B5?x=1#top",
        language="ru",
        tags=("a", "b"),
        fields={"pages": 12, "score": 1.5, "draft": True},
    )
    assert (document.title, document.language, document.warnings) == ("Title", "ru", ())


def test_a_plain_text_may_begin_with_it_too_and_its_title_still_stands_in_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"---\nauthor: Abai\ndate: 1994\n---\nThe title\n\n{TEXT}")
    document = only(tmp_path)
    assert (document.title, document.metadata.authors, document.metadata.date) == ("The title", ("Abai",), "1994")
    assert [(part.reason, part.line_start, part.line_end) for part in document.dropped] == [("front matter", 1, 4)]


def test_two_rules_in_a_plain_text_that_name_no_metadata_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"---\nЕскерту: бұл мәтін\n---\n\n{TEXT}")
    assert "Ескерту: бұл мәтін" in [passage.text for passage in read_corpus(tmp_path).passages]
    assert only(tmp_path).metadata == Metadata()


@pytest.mark.parametrize("date", ["1994", "1994-03", "1994-03-07", "0099-12-31"])
def test_a_date_may_be_a_year_or_a_month(date: str) -> None:
    assert said(f"date: {date}") == (Metadata(date=date), ())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("date: 7 March 1994", "no date such as 1994"),
        ("date: 1994-13", "no date"),
        ("date: 1994-02-30", "no date"),
        ("date: [1994, 1995]", "is a list"),
        ("url: ftp://site.example/a", "no address"),
        ("url: javascript:alert(1)", "no address"),
        ("url: https://user:secret@site.example/", "no address"),
        ("url: //site.example/a", "no address"),
        ("url: 'https://site.example/a b'", "no address"),
        ("url: https://[::1", "no address"),
        ("url: 'https://site.example:port/'", "no address"),
        ("language: Kazakh", "no code of a language"),
        (f"note: {'x' * 1001}", "1001 characters"),
        (f"author: {'x' * 1001}", "1000 characters"),
        ("places: [a, b]", "is a list"),
        ("<b>: x", "cannot be the name of a field"),
        ("document: x", "cannot be the name of a field"),
        (f"tags: [{', '.join(map(str, range(51)))}]", "more than 50"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_warning(line: str, told: str) -> None:
    metadata, warnings = said(f"{line}\nkept: yes\n")
    assert metadata == Metadata(fields={"kept": "yes"})
    assert len(warnings) == 1 and told in warnings[0], warnings


def test_the_language_code_of_norway_is_no_truth_value_and_a_year_no_number_less() -> None:
    assert said("language: no\nauthor: 1984\nnumber: 007")[0] == Metadata(
        language="no", authors=("1984",), fields={"number": "007"}
    )


def test_an_author_whom_a_program_made_up_is_none() -> None:
    assert said("author: [Unknown Author, Abai]") == (Metadata(authors=("Abai",)), ())


def test_many_fields_and_warnings_are_bounded() -> None:
    metadata, warnings = said("\n".join(f"f{n}: {n}" for n in range(90)))
    assert len(metadata.fields) == 50 and len(warnings) == 20


def test_a_file_beside_a_document_counts_for_more_than_what_the_document_says(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"---\nauthor: Abai\ndate: 1994\n---\n\n{TEXT}")
    (tmp_path / "a.md.meta.yaml").write_text("author: Shakarim\nlanguage: en\ntitle: Beside\n")
    document = only(tmp_path)
    assert (document.metadata.authors, document.metadata.date) == (("Shakarim",), "1994")
    assert (document.language, document.title) == ("en", "Beside")
    assert read_corpus(tmp_path).skipped == ()


@pytest.mark.parametrize("content", [b"- a\n- b\n", b"a: [", b"\xff\xfe\x00", b"a: b\n" * 20_000, b""])
def test_a_file_beside_a_document_that_says_nothing_is_told_of(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "a.txt.meta.yaml").write_bytes(content)
    document = only(tmp_path)
    assert document.metadata == Metadata() and "a.txt.meta.yaml" in document.warnings[0]


def test_a_web_page_says_it_in_its_head_and_the_file_beside_it_counts_for_more(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<!doctype html><html lang=ru><head><title>Title</title><meta name=author content='Abai; Shakarim'>"
        "<link rel=canonical href='https://site.example/a'></head><body><h1>Heading</h1><p>Сөйлем осында тұр.</p></body>"
    )
    (tmp_path / "a.html.meta.yaml").write_text("date: 1994\nlanguage: kk\n")
    document = only(tmp_path)
    assert document.metadata == Metadata(
        authors=("Abai", "Shakarim"), date="1994", url="https://site.example/a", language="kk"
    )
    assert (document.title, document.language) == ("Heading", "kk")


def test_a_word_document_says_it_in_its_properties(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "formats" / "kazakh-diplomacy.docx", tmp_path / "a.docx")
    (tmp_path / "a.docx.meta.yaml").write_text("author: Abai\n")
    document = only(tmp_path)
    assert (document.metadata.authors, document.language, document.warnings) == (("Abai",), "kk", ())


def test_metadata_without_its_document_and_behind_a_link_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    (tmp_path / "secret").write_text("author: Nobody")
    (folder / "a.txt.meta.yaml").symlink_to(tmp_path / "secret")
    (folder / "gone.txt.meta.yaml").write_text("author: Nobody")
    reading = read_corpus(folder)
    assert reading.documents[0].metadata == Metadata()
    assert sorted(one.name for one in reading.skipped) == ["a.txt.meta.yaml", "gone.txt.meta.yaml"]


def test_a_change_of_the_file_beside_a_document_is_one_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    before, stats = source_hashes(tmp_path), source_stats(tmp_path)
    beside = tmp_path / "a.txt.meta.yaml"
    beside.write_text("author: Abai\n")
    between = source_hashes(tmp_path)
    assert between.keys() == before.keys() == {"a.txt"} and between != before
    assert source_stats(tmp_path) != stats
    beside.write_text("author: Abay\n")
    os.utime(beside, ns=(1, 1))
    assert source_hashes(tmp_path) not in (before, between)
    beside.unlink()
    assert source_hashes(tmp_path) == before


def test_a_document_is_removed_with_the_file_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(TEXT)
    (folder / "a.txt.meta.yaml").write_text("author: Abai\n")
    Editor(folder, tmp_path / "index").remove("a")
    assert [path.name for path in folder.iterdir()] == ["b.txt"]
