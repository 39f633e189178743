"""The reading page as it is sent: all of the text, what is marked of it, and when it need not be sent again."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import httpx
import pytest

from qa.records import Document, Passage
from qa.serving.web.article import contents_of, parts_of
from qa.serving.web.inline_markup import pieces_of
from qa.serving.web.marking import asked_span, to_html
from qa.serving.web.table_rows import rows_of
from tests.fakes import read

_TAG = re.compile(r"<[^>]*>")


def shown(page: str) -> dict[str, str]:
    """The text of each passage on a page, by its anchor; of a table's row only the first cell."""
    found = re.findall(r'<div class="passage[^>]* id="([^"]+)"[^>]*>(.*?)</div>', page, re.DOTALL)
    return {html.unescape(anchor): html.unescape(_TAG.sub("", inner)) for anchor, inner in found}


def marked(page: str) -> list[str]:
    return [html.unescape(_TAG.sub("", one)) for one in re.findall("<mark>(.*?)</mark>", page, re.DOTALL)]


def set_(document: Document, passages: tuple[Passage, ...]) -> list[tuple[str, str]]:
    """Each passage's anchor and its text as the page holds it, in the page's order."""
    blocks = [block for part in parts_of(document, passages, None) for run in part.runs for block in run.blocks]
    return [
        (
            one.anchor,
            html.unescape(_TAG.sub("", str(one.html) + "".join(c.html for row in one.rows for c in row.cells))),
        )
        for block in blocks
        for one in block.passages
    ]


def test_every_passage_is_on_the_page_to_the_letter_and_in_order(service: httpx.Client) -> None:
    listed = service.get("/documents/kazakh-diplomacy/passages").json()["passages"]
    page = service.get("/read/kazakh-diplomacy").text
    assert list(shown(page).items()) == [(one["citation"]["anchor"], one["text"]) for one in listed]
    for one in listed:
        citation = one["citation"]
        place = f'id="{citation["anchor"]}" data-start="{citation["start"]}" data-end="{citation["end"]}"'
        assert place in page


def test_a_footnote_stands_where_the_author_wrote_it() -> None:
    text = "# T\n\n## A\n\nOne[^1].\n\n## B\n\nTwo.\n\n[^1]: A *note*.\n"
    document, passages = read(text, "a.md")
    assert [part.section.anchor for part in parts_of(document, passages, None)] == ["s-a", "s-b"]
    assert set_(document, passages) == [("s-a.p1", "One[^1]."), ("s-b.p1", "Two."), ("s-a.p2", "A *note*.")]
    (_, b) = parts_of(document, passages, None)
    assert (b.runs[1].kind, b.runs[1].blocks[0].marker) == ("footnote", "1")


def test_markdown_is_set_as_it_means_and_keeps_every_character() -> None:
    text = (
        "# T\n\nA **bold *and* so** `co<de` [link](https://a.example/b?c=1&d=2) \\* [bad](javascript:alert(1)).\n"
        "Two  \nlines & <b>tags</b>.\n\n> A quote\n> on *two* lines.\n\n```\nif a:\n    b\n```\n\n"
        "1. first\n2. second\n   - deeper\n\n---\n\n| A | B | C |\n|---|---|---|\n| x \\| y | **z** | |\n| | q | r |\n"
    )
    document, passages = read(text, "a.md")
    assert [one for _, one in set_(document, passages)] == [one.text for one in passages]
    (part,) = parts_of(document, passages, None)
    assert [run.kind for run in part.runs] == ["paragraph", "quote", "code", "item", "rule", "table"]
    first = part.runs[0].blocks[0].passages[0].html
    assert "<strong>bold </strong>" in first
    assert "<em>" in first
    assert "<code>co&lt;de</code>" in first
    assert '<a href="https://a.example/b?c=1&amp;d=2" rel="nofollow noreferrer">link</a>' in first
    assert "<br>lines &amp; &lt;b&gt;tags&lt;/b&gt;" in first
    assert first.count("<a ") == 1, "only addresses of the web are links"
    assert '<span class="source">&gt; </span>' in part.runs[1].blocks[0].passages[0].html
    assert [(block.marker, block.depth) for block in part.runs[3].blocks] == [("1.", 1), ("2.", 1), ("•", 2)]
    rows = [row for block in part.runs[5].blocks for row in block.passages[0].rows]
    assert [row.header for row in rows] == [True, False, False]
    assert [[cell.name for cell in row.cells] for row in rows] == [["A", "B", "C"]] * 3
    assert "<strong>z</strong>" in rows[1].cells[1].html


@pytest.mark.parametrize(
    "text",
    ["**unclosed", "a\r\n*b*", "[a](<x y> 't') ![i *j*](k) <http://x.y>", "``a ` b``", "&copy; \\&amp; ****", "a\0*b*",
     "[x [y](http://z.w)](http://q)", "> *a\n> b* [^1] [^2]", "*" * 300, "[" * 300, "`" * 7 + "a" + "`" * 3],
)  # fmt: skip
def test_whatever_the_markup_the_pieces_cover_the_text(text: str) -> None:
    pieces = pieces_of(text, "", {"1": "p9"})
    assert [text[one.start : one.end] for one in pieces if one.start == one.end] == []
    assert "".join(text[one.start : one.end] for one in pieces) == text
    assert html.unescape(_TAG.sub("", to_html(text, [one._replace(instead="") for one in pieces], (1, 2)))) == text


def test_an_entity_is_shown_as_what_it_stands_for() -> None:
    assert to_html("a &lt; b", pieces_of("a &lt; b", "", {}), None) == 'a <span class="source">&amp;lt;</span>&lt; b'


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("A | B |\n|:--|--:|\n| c | d", [["A", "B"], ["c", "d"]]),
        ("A | B\n> ---|---\n> c | d", [["A", "B"], ["c", "d"]]),
        ("a \\| b || c", [["a \\| b", "", "c"]]),
        ("| x", [["", "x"]]),
        ("alone", [["alone"]]),
    ],
)
def test_the_cells_of_a_row(row: str, cells: list[list[str]]) -> None:
    assert [[row[start:end] for start, end in line] for line in rows_of(row)] == cells


def test_a_long_paragraph_stays_one_paragraph_and_hard_wraps_are_told_from_verse() -> None:
    long = "A sentence of some length stands here. " * 80
    wrapped = (
        "the words of this paragraph end where the width of\nthe page did and so they are to flow again as one\ntext."
    )
    verse = "Roses are red and\nviolets are blue and\nsugar is sweet, my love,\nas are you."
    document, passages = read(f"T\n\n{long}\n\n{wrapped}\n\n{verse}\n")
    (part,) = parts_of(document, passages, None)
    blocks = part.runs[0].blocks
    assert [len(block.passages) for block in blocks] == [3, 1, 1]
    assert [block.wrapped for block in blocks] == [False, True, False]


def test_the_contents_name_items_only_where_there_are_few() -> None:
    document, passages = read("T\n\n1. One\n\nText:\n\n• Abc: def.\n• Ghi: jkl.\n\n2. Two\n\nMore.\n")
    entries = [(one.anchor, one.text, one.level) for one in contents_of(document, passages)]
    assert entries == [("s1", "1. One", 1), ("s1.1", "Abc", 2), ("s1.2", "Ghi", 2), ("s2", "2. Two", 1)]
    many = "".join(f"\n• Label{'x' * i}: text.\n" for i in range(60))
    document, passages = read(f"T\n\n1. One\n\nText:\n{many}\n2. Two\n\nMore.\n")
    assert [one.anchor for one in contents_of(document, passages)] == ["s1", "s2"]


def test_offsets_mark_the_answers_sentence_and_nothing_else(service: httpx.Client) -> None:
    reply = service.post("/ask", json={"question": "ШЫҰ не үшін құрылған?"}).json()
    answer, citation = reply["answer"], reply["passages"][0]["citation"]
    asked = {"start": answer["start"], "end": answer["end"]}
    page = service.get("/read/kazakh-diplomacy", params=asked).text
    assert marked(page) == [answer["text"]]
    assert shown(page) == shown(service.get("/read/kazakh-diplomacy").text)
    for source, expected in [
        (citation["source_sha256"], [answer["text"]]),
        (citation["source_sha256"][:8].upper(), [answer["text"]]),
        (citation["source_sha256"][:7], []),
        ("0" * 64, []),
    ]:
        assert marked(service.get("/read/kazakh-diplomacy", params={**asked, "source": source}).text) == expected


def test_offsets_mark_across_passages_and_inside_a_table(service: httpx.Client) -> None:
    text = service.get("/documents/kazakh-diplomacy/text").text
    first, second = service.get("/documents/kazakh-diplomacy/passages").json()["passages"][:2]
    start, end = first["citation"]["end"] - 20, second["citation"]["start"] + 30
    page = service.get("/read/kazakh-diplomacy", params={"start": start, "end": end}).text
    assert marked(page) == [text[start : first["citation"]["end"]], text[second["citation"]["start"] : end]]
    tea = service.get("/documents/tea/text").text
    at = tea.index("терпкий")
    assert marked(service.get("/read/tea", params={"start": at, "end": at + 7}).text) == ["терпкий"]


@pytest.mark.parametrize(
    ("start", "end"),
    [("", ""), ("a", "b"), ("-5", "9"), ("9", "5"), ("5", "5"), ("0", "9999999"), ("1e1", "20"), ("1.0", "20"),
     ("٣", "٩"), ("9" * 500, "9" * 501), ("5", None), (None, "5"), ("\0", "<script>")],
)  # fmt: skip
def test_offsets_that_say_nothing_are_ignored(service: httpx.Client, start: str | None, end: str | None) -> None:
    params = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
    reply = service.get("/read/letter", params=params)
    assert (reply.status_code, marked(reply.text)) == (200, [])


def test_offsets_count_characters_not_code_units() -> None:
    text = "T\n\n😀 𠀋𠀌 жыл. Екінші 🇰🇿 сөйлем.\n\nҮшінші.\n"
    document, passages = read(text)
    start = text.index("𠀌")
    span = asked_span(document, str(start), str(text.index("сөйлем")), document.sha256)
    (part,) = parts_of(document, passages, span)
    assert marked(part.runs[0].blocks[0].passages[0].html) == ["𠀌 жыл. Екінші 🇰🇿 "]


def test_a_page_that_is_known_is_not_sent_again(service: httpx.Client) -> None:
    first = service.get("/read/tea", headers={"Accept-Language": "ru"})
    tag = {"If-None-Match": first.headers["etag"]}
    again = service.get("/read/tea", headers={**tag, "Accept-Language": "ru"})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    policy = again.headers.get("content-security-policy")
    assert policy in (None, first.headers["content-security-policy"])  # else the page that is kept would get another
    assert service.get("/read/tea", headers={**tag, "Accept-Language": "kk"}).status_code == 200
    assert service.get("/read/letter", headers={**tag, "Accept-Language": "ru"}).status_code == 200
    chosen = httpx.get(f"{service.base_url}/read/tea?lang=ru", headers=tag, trust_env=False)
    assert (chosen.status_code, "suraq-language=ru" in chosen.headers["set-cookie"]) == (200, True)


def test_the_page_speaks_its_readers_language_and_the_essay_its_own(service: httpx.Client) -> None:
    page = service.get("/read/tea", headers={"Accept-Language": "kk"})
    assert page.headers["content-language"] == "kk"
    assert '<html lang="kk">' in page.text
    assert '<article class="essay" lang="ru" data-document="tea"' in page.text
    source = service.get("/documents/tea").json()["source_sha256"]
    assert f'data-source="{source}"' in page.text


def test_the_page_is_compressed_for_those_who_can_read_that(service: httpx.Client) -> None:
    small = service.get("/read/kazakh-diplomacy", headers={"Accept-Encoding": "gzip"})
    plain = service.get("/read/kazakh-diplomacy", headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert (small.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert small.text == plain.text
    assert int(small.headers["content-length"]) * 3 < int(plain.headers["content-length"])


@pytest.mark.parametrize("address", ["/read/nothing", "/read/tea/at/nothing"])
def test_a_reader_who_finds_nothing_is_told_so_on_a_page(service: httpx.Client, address: str) -> None:
    page = service.get(address, headers={"Accept": "text/html", "Accept-Language": "kk"})
    assert page.status_code == 404
    assert '<p class="problem">Бұл мекенжайда мәтін жоқ' in page.text
    assert service.get(address).headers["content-type"] == "application/problem+json"


def test_the_policy_allows_what_the_page_loads_and_nothing_within_it(service: httpx.Client) -> None:
    page = service.get(f"/read/tea?start=1&end=9#{quote('s-посуда.1')}")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'; style-src 'self'" in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page.text)
    for address in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
        assert service.get(address).status_code == 200
