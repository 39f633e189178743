"""Text and outline of a document are written together."""

from __future__ import annotations

import pickle

import pytest

from qa.reading.composition import Composed, Composition
from qa.reading.lines import Lines
from qa.reading.passages import cut_passages
from qa.records import Passage


def passages_of(composed: Composed) -> tuple[Passage, ...]:
    return cut_passages("essay", composed.text, composed.outline, Lines(composed.text))


def test_a_page_begins_with_what_is_written_next_or_within_a_paragraph() -> None:
    made = Composition()
    made.page(1)
    made.title("Tea")
    made.heading("Green", 1)
    made.paragraph("It goes on \f overleaf, and on a third dip\flomatic page.")
    made.page(5)
    made.paragraph("The fifth.")
    composed = made.build("")
    text, pages = composed.text, composed.pages
    assert "It goes on overleaf, and on a third diplomatic page." in text
    assert text[pages[1] :].startswith("overleaf")
    assert text[pages[2] :].startswith("lomatic")
    assert (pages[0], pages[3], len(pages)) == (0, pages[4], 5)
    assert text[pages[4] :].strip() == "The fifth."


def test_without_pages_there_are_none() -> None:
    made = Composition()
    made.paragraph("Words.")
    assert made.build("").pages == ()


def test_notes_stand_where_their_section_ends_or_where_they_are_put() -> None:
    made = Composition()
    made.heading("One", 1)
    made.paragraph("Words, namely:")
    place = made.place
    made.footnote("Here.", "*", here=True)
    made.item("first", 1)
    made.footnote("Below.", "1")
    made.item("second", 1)
    made.heading("Two", 1)
    made.footnote("Of the first.", "2", place=place)
    made.paragraph("Others.")
    found = passages_of(made.build(""))
    assert [(one.heading, one.kind, one.plain) for one in found] == [
        ("One", "paragraph", "Words, namely:"), ("One", "footnote", "Here."), ("One", "item", "Words, namely: first"),
        ("One", "item", "Words, namely: second"), ("One", "footnote", "Of the first."), ("One", "footnote", "Below."),
        ("Two", "paragraph", "Others."),
    ]  # fmt: skip


def test_a_mark_that_somebody_typed_is_a_mark() -> None:
    made = Composition()
    made.paragraph("Three things:")
    for text in ("• Label: words", "1) second", "б) third", "1.5 metres deep", "A - B"):
        made.paragraph(text)
    found = passages_of(made.build("x"))
    assert [(one.kind, one.item, one.text) for one in found[1:4]] == [
        ("item", "Label", "Label: words"), ("item", None, "second"), ("item", None, "third"),
    ]  # fmt: skip
    assert [one.kind for one in found[4:]] == ["paragraph", "paragraph"]


def test_a_list_that_lost_its_marks_is_known_by_its_semicolons() -> None:
    made = Composition()
    made.title("T")
    for text in ("We want three things:", "water;", "fish;", "a harbour.", "This is another; paragraph."):
        made.paragraph(text)
    assert [one.kind for one in passages_of(made.build(""))] == ["paragraph", "item", "item", "item", "paragraph"]


def test_headings_without_a_mark_are_known_by_their_form() -> None:
    made = Composition()
    for text in ("A Title of Mine", "1. One", "Words of one.", "2. Two", "Words of two."):
        made.paragraph(text)
    composed = made.build("")
    assert composed.outline.title == "A Title of Mine"
    assert [one.section.path[-1] for one in composed.outline.sections] == ["1. One", "2. Two"]


def test_headings_without_a_mark_are_known_by_their_type() -> None:
    made = Composition()
    for text, size in (
        ("large", 18),
        ("smaller", 14),
        ("Words.", 0),
        ("other", 14),
        ("Words.", 0),
        ("end", 18),
        ("Words.", 0),
    ):
        made.paragraph(text, strong=size)
    paths = [one.section.path[1:] for one in made.build("x").outline.sections]
    assert paths == [("large",), ("large", "smaller"), ("large", "other"), ("end",)]


def test_a_paragraph_of_nothing_but_a_page_turn_turns_the_page() -> None:
    made = Composition()
    made.paragraph("One.")
    made.paragraph(" \f \f")
    made.paragraph("Three.")
    composed = made.build("")
    assert composed.text == "One.\n\nThree."
    assert [composed.text[page:].strip() for page in composed.pages] == ["One.\n\nThree.", "Three.", "Three."]


def test_what_is_dropped_stands_after_the_text_and_what_is_long_of_it_is_cut() -> None:
    made = Composition()
    made.drop("Home", "navigation")
    made.paragraph("Words.")
    made.drop("x" * 500, "page footer")
    composed = made.build("")
    assert composed.text.startswith("Words.\n\nHome\n\nxxx")
    assert [(one.reason, one.end - one.start) for one in composed.outline.dropped] == [
        ("navigation", 4),
        ("page footer", 200),
    ]


@pytest.mark.parametrize("text", ["", " \u200b", "\f", "\n\n"])
def test_nothing_is_nothing(text: str) -> None:
    made = Composition()
    made.title(text)
    made.heading(text, 1)
    made.paragraph(text)
    made.paragraph(text, "code")
    made.item(text)
    made.table([[text, text]], header=True)
    made.footnote(text)
    made.drop(text, "x")
    assert made.build("x").text == ""


def test_half_a_letter_does_not_get_into_the_text() -> None:
    made = Composition()
    made.paragraph("Words \ud83d here.")
    made.paragraph("\udc00", "code")
    made.build("").text.encode()


def test_what_is_composed_can_be_sent_to_another_process() -> None:
    made = Composition()
    made.declare("language", "kk")
    made.heading("One", 1)
    made.paragraph("Words.")
    composed = made.build("x")
    assert pickle.loads(pickle.dumps(composed)) == composed
