"""Properties of passages, for any document."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.reading.lines import Lines
from qa.reading.passages import LONGEST_PASSAGE
from qa.records import Document, Passage
from tests.fakes import read, texts

WORDS = st.sampled_from(
    [
        "дипломатия",
        "елдің",
        "сыртқы",
        "саясаты",
        "бейбіт",
        "көрші",
        "шарт",
        "келісім",
        "сауда",
        "мәдениет",
        "ұйым",
        "мүше",
    ]
)
SENTENCE = st.lists(WORDS, min_size=3, max_size=12).map(lambda words: " ".join(words).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=30).map(" ".join)
HEADING = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: " ".join(words).capitalize())
LABEL = st.none() | st.lists(WORDS, min_size=1, max_size=3).map(lambda words: " ".join(words).capitalize())


@dataclass(frozen=True)
class Part:
    """A section to be written: paragraphs, then labelled or unlabelled items, then sections below it."""

    heading: str
    paragraphs: list[str]
    items: list[tuple[str | None, str]]
    parts: list[Part]


def part(below: st.SearchStrategy[list[Part]]) -> st.SearchStrategy[Part]:
    return st.builds(
        Part,
        HEADING,
        st.lists(PARAGRAPH, min_size=1, max_size=2),
        st.lists(st.tuples(LABEL, SENTENCE), max_size=3),
        below,
    )


PARTS = st.lists(part(st.lists(part(st.just([])), max_size=2)), min_size=1, max_size=3)


class Writer:
    """Writes parts as plain text or Markdown and notes each body text, with the section that it stands in."""

    def __init__(self, markdown: bool) -> None:
        self.markdown = markdown
        self.text = "# Тақырып туралы\n\n" if markdown else "Тақырып туралы\n\n"
        self.bodies: list[tuple[int, int, str]] = []

    def write(self, parts: list[Part], above: str = "") -> Writer:
        for count, one in enumerate(parts, start=1):
            number = f"{above}{count}"
            mark = "#" * (2 + above.count(".")) + " " if self.markdown else ""
            self.text += f"{mark}{number}{'' if above else '.'} {one.heading}\n\n"
            for paragraph in one.paragraphs:
                self.body(paragraph, number)
                self.text += "\n\n"
            for label, sentence in one.items:
                self.text += "- " if self.markdown else "  • "
                self.body(f"{label}: {sentence}" if label else sentence, number)
                self.text += "\n"
            self.text += "\n" if one.items else ""
            self.write(one.parts, f"{number}.")
        return self

    def body(self, text: str, number: str) -> None:
        self.bodies.append((len(self.text), len(self.text) + len(text), number))
        self.text += text


def check(document: Document, passages: tuple[Passage, ...]) -> None:
    """What holds for the passages of any document."""
    end = 0
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip() != ""
        assert passage.start >= end, "passages overlap or are out of order"
        assert len(passage.text) <= LONGEST_PASSAGE or len(passage.sentences) == 1
        lines = Lines(document.text)
        assert (passage.line_start, passage.line_end) == lines.span(passage.start, passage.end)
        for start, stop in passage.sentences:
            assert 0 <= start < stop <= len(passage.text)
        end = passage.end
    assert len({passage.id for passage in passages}) == len(passages)
    anchors = [passage.anchor for passage in passages] + [section.anchor for section in document.sections]
    assert len(set(anchors)) == len(anchors)


@given(PARTS, st.booleans())
def test_every_character_of_the_body_is_in_exactly_one_passage_of_its_section(
    parts: list[Part], markdown: bool
) -> None:
    written = Writer(markdown).write(parts)
    document, passages = read(written.text, "essay.md" if markdown else "essay.txt")
    check(document, passages)
    assert document.dropped == ()
    owner = {place: passage for passage in passages for place in range(passage.start, passage.end)}
    for start, end, number in written.bodies:
        for place in range(start, end):
            if not written.text[place].isspace():
                assert owner[place].section == number
    assert sum(end - start for start, end, _ in written.bodies) >= sum(len(text) for text in texts(passages))


@given(PARTS)
def test_labelled_items_are_passages_of_their_own(parts: list[Part]) -> None:
    _, passages = read(Writer(False).write(parts).text)
    written = [
        (label, f"{label}: {sentence}" if label else sentence)
        for one in parts
        for section in (one, *one.parts)
        for label, sentence in section.items
    ]
    assert [(passage.item, passage.text) for passage in passages if passage.kind == "item"] == written


# What may stand before the text of a line: the marks of lists, quotes, tables, footnotes and headings.
MARKERS = re.compile(
    r"(?:[\s>|#*+•●▪◦‣■□►▸➢➤✓✔·∙–—−-]|\d{1,9}[.)]|\(\d{1,3}\)|\(?[^\W\d_]\)|[ivx]{1,5}\)|\[\^[^\]]+\]:)*"
)
ANY_LINE = st.text(max_size=60) | st.sampled_from(
    [
        "# A",
        "- b",
        "1. c",
        "| d | e |",
        "|---|---|",
        "> f",
        "```",
        "---",
        "    g",
        "[^1]: h",
        "i[^1]",
        "<div>",
        "* * *",
        "Leave a Reply",
    ]
)


@given(st.lists(ANY_LINE, max_size=12).map("\n".join), st.sampled_from(["essay.txt", "essay.md"]))
@example("- a\n\n\n  b", "essay.md")
@example("> - | a | b |\n> |---|---|", "essay.md")
@example("a\r\rb\u2028c\x0bd", "essay.txt")
def test_any_text_is_read_and_nothing_is_lost_in_silence(text: str, name: str) -> None:
    try:
        document, passages = read(text.encode("utf-8", "replace"), name)
    except DocumentError:
        return
    check(document, passages)
    accounted = bytearray(len(document.text))
    spans = [(p.start, p.end) for p in passages]
    spans += [(part.start, part.end) for part in document.dropped]
    spans += [(section.start, section.end) for section in document.sections]
    for start, end in spans:
        accounted[start:end] = b"\1" * (end - start)
    for line in Lines(document.text).all:
        start, end = line.content
        kept = [place for place in range(start, end) if accounted[place]]
        if kept:
            assert MARKERS.fullmatch(document.text[start : kept[0]]), line.text
            assert document.text[kept[-1] + 1 : end].strip("| \t#") == "", line.text
        elif not line.blank:
            shown = visible(line.text).strip("#= ")
            assert all(word in document.title for word in shown.split() if word.isalnum()), line.text


@given(st.lists(SENTENCE, min_size=60, max_size=90).map(" ".join))
def test_long_paragraphs_are_cut_at_sentence_ends(paragraph: str) -> None:
    _, passages = read(f"Тақырып туралы\n\n{paragraph}\n")
    assert len(passages) > 1
    assert all(passage.text.endswith(".") for passage in passages)
    assert " ".join(texts(passages)) == paragraph
    assert [passage.anchor for passage in passages[:2]] == ["p1", "p1-2"]


def test_a_sentence_longer_than_a_passage_is_cut_between_words() -> None:
    sentence = "өте ұзақ сөйлем " * 200
    _, passages = read(f"Тақырып туралы\n\n{sentence.strip()}.\n")
    assert all(len(passage.text) <= LONGEST_PASSAGE for passage in passages)
    assert " ".join(texts(passages)) == f"{sentence.strip()}."


def test_a_word_longer_than_a_passage_is_cut_all_the_same() -> None:
    _, passages = read("Тақырып туралы\n\n" + "ы" * 5000 + "\n")
    assert "".join(texts(passages)) == "ы" * 5000


@pytest.mark.parametrize("form", ["{}. ", "{}.1 ", "Глава {}. ", "{}-тарау. ", "§ {}. ", "Chapter {}: "])
@pytest.mark.parametrize("name", ["essay.txt", "essay.md"])
def test_ids_stay_when_sections_elsewhere_are_added_and_renumbered(form: str, name: str) -> None:
    def essay(*parts: tuple[str, str]) -> str:
        mark = "## " if name.endswith(".md") else ""
        numbered = [
            f"{mark}{form.format(number)}{heading}\n\n{body}" for number, (heading, body) in enumerate(parts, 1)
        ]
        return "\n\n".join([f"{mark[1:]}Тақырып туралы", *numbered]) + "\n"

    old = [("Кіріспе", "Бірінші мәтін."), ("Негіз", "- Белгі: екінші мәтін.")]
    ids = {passage.text: passage.id for passage in read(essay(*old), name)[1]}
    renumbered = {passage.text: passage for passage in read(essay(("Жаңа", "Жаңа мәтін."), *old), name)[1]}
    assert (renumbered["Белгі: екінші мәтін."].section or "").startswith("3")
    assert {text: renumbered[text].id for text in ids} == ids


def test_the_same_text_twice_has_two_ids_and_in_another_section_another_id() -> None:
    _, passages = read("Тақырып туралы\n\n1. Кіріспе\n\nМәтін осы.\n\nМәтін осы.\n\n2. Соңы\n\nМәтін осы.\n")
    assert len({passage.id for passage in passages}) == 3


def test_labels_of_citations() -> None:
    text = "# T\n\nPreamble.\n\n## 2.1 Named\n\nText.\n\n- Item: text.\n\n## Plain\n\nText.\n\n- Other: text.\n"
    _, passages = read(text, "essay.md")
    assert [passage.label for passage in passages] == ["T", "§2.1, Named", "§2.1, Item", "Plain", "Plain, Other"]
    assert [passage.anchor for passage in passages] == ["p1", "s2.1.p1", "s2.1.1", "s-plain.p1", "s-plain.1"]
