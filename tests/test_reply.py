"""Replies as text: the service's words in the question's language around the corpus's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.conversation.conversation import Conversation
from qa.conversation.markdown import link, one_line, quotation
from qa.conversation.phrases import FALLBACK, Phrases
from qa.conversation.reply import Reply, marks
from qa.conversation.suggestions import suggestions
from qa.conversation.turns import Turn, question_of
from qa.encoding.prepared import PreparedModel
from qa.errors import TurnError
from qa.indexing.builder import build
from qa.reading import read_corpus
from qa.records import Hit
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration, calibration_questions
from tests.test_service import QUESTIONS

SPOKEN = ("kk", "ru", "en", "tr", "zh")
# What Markdown could take for its own, in essays that mean harm or know no better.
ODD = [
    "![x](https://evil.example/?q=1)",
    "[press here](javascript:alert(1))",
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "# not a heading\n- not a list\n1. nor this\n> nor a quotation",
    "*a* _b_ `c` ~~d~~ | e | &lt; \\*",
    "a\n===\nb\n---",
    "[1]: https://evil.example",
    "Дүние — кең. «Ә» [2] (3)",
    "\u202eabc\u202c \u200f",
    "https://evil.example www.evil.example",
]


@pytest.fixture(scope="module")
def answerer(real_model: PreparedModel, corpus: Path) -> Answerer:
    calibration = Calibration.load(real_model.folder)
    generation = build(read_corpus(corpus), real_model).generation
    threshold = calibration.threshold(generation, real_model.means, calibration_questions(real_model.folder))
    return Answerer(generation.with_threshold(threshold), real_model, calibration)


def marker(number: int, hit: Hit) -> str:
    return f"[{number}:{hit.citation.anchor}]"


def replied(answerer: Answerer, text: str, before: Sequence[Turn] = ()) -> Reply:
    return Conversation(answerer).reply([*before, Turn("user", text)], 5, marker, marker)


def shown(markdown: str) -> str:
    """The characters that a reader of Markdown sees."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "softbreak", "text_special"}
    return "".join("\n" if child.type == "softbreak" else child.content for child in inline)


@pytest.mark.parametrize("language", SPOKEN)
def test_the_reply_is_in_the_questions_language_around_the_answering_sentence(
    answerer: Answerer, language: str
) -> None:
    phrases = Phrases.of(language)
    reply = replied(answerer, QUESTIONS[language])
    assert (reply.kind, reply.language) == ("answer", language)
    assert reply.answer is not None
    assert reply.answer.span is not None
    assert reply.text.startswith(f"{phrases.answer}\n\n{quotation(reply.answer.span.text)}\n")
    assert f"\n{phrases.further}\n" in reply.text
    assert f"\n{phrases.sources}\n" in reply.text


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Бүгін Алматыда ауа райы қандай?", "kk"),
        ("Как починить велосипед?", "ru"),
        ("How do I mend a bicycle?", "en"),
        ("Bisiklet nasıl tamir edilir?", "tr"),
        ("怎么修自行车？", "zh"),
        ("Wie repariert man ein Fahrrad?", FALLBACK),
    ],
)
def test_what_the_essay_does_not_answer_is_said_with_the_nearest_sections(
    answerer: Answerer, question: str, language: str
) -> None:
    reply = replied(answerer, question)
    phrases = Phrases.of(language)
    assert reply.kind == "unanswered"
    assert reply.text.startswith(f"{phrases.unanswered}\n\n{phrases.nearest}\n")
    assert [mark.source for mark in marks(reply.pieces)] == [0, 1, 2, 3, 4]


def test_each_source_is_marked_once_in_order_and_what_stands_before_the_marker_is_its_own(answerer: Answerer) -> None:
    reply = replied(answerer, QUESTIONS["en"])
    found = marks(reply.pieces)
    assert [mark.source for mark in found] == list(range(len(reply.sources)))
    for mark, hit in zip(found, reply.sources, strict=True):
        assert reply.text[mark.start : mark.end] == marker(mark.source + 1, hit)
    for mark, hit in list(zip(found, reply.sources, strict=True))[1:]:
        line = reply.text[: mark.start].rsplit("\n- ", 1)[1].strip()
        assert one_line(hit.passage.text).startswith(line.removesuffix(" …").strip())
    closing = reply.text.split(f"\n{Phrases.of('en').sources}\n\n")[1]
    assert closing.splitlines() == [
        f"{number}. {marker(number, hit)}" for number, hit in enumerate(reply.sources, start=1)
    ]


def test_a_greeting_names_the_essays_and_asks_what_they_answer(answerer: Answerer) -> None:
    reply = replied(answerer, "Сәлем!")
    assert (reply.kind, reply.language, reply.answer, reply.sources) == ("greeting", "kk", None, ())
    assert answerer.generation.documents["kazakh-diplomacy"].title in reply.text
    questions = [line.removeprefix("- ") for line in reply.text.splitlines() if line.startswith("- ")]
    assert questions == suggestions(answerer, Phrases.of("kk"), 3)
    assert len(questions) == 3
    assert replied(answerer, "Спасибо!").text.startswith(Phrases.of("ru").thanked)


@pytest.mark.parametrize("language", SPOKEN)
def test_what_is_suggested_is_answered_from_its_own_section(answerer: Answerer, language: str) -> None:
    asked = suggestions(answerer, Phrases.of(language), 3)
    assert len(asked) == 3
    for question in asked:
        (hit,) = answerer.answer(question, 1).hits
        assert str(hit.citation.heading) in question
        assert replied(answerer, question).kind == "answer"


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("ответил хорошо", "bg", "ru"),
        ("достығымыз", "uk", "kk"),
        ("нейтралитет", "bg", "ru"),
        ("elma", "tr", "tr"),
        ("Äpfel", "de", "en"),
    ],
)
def test_a_word_or_two_are_answered_in_the_likeliest_language_that_is_spoken(
    text: str, language: str, spoken: str
) -> None:
    assert Phrases.for_reader(text, language).language == spoken


@pytest.mark.parametrize("text", ["👍", "?!", "…", "😀😀"])
def test_signs_alone_ask_nothing(answerer: Answerer, text: str) -> None:
    answer = answerer.answer(text, 3)
    assert (answer.answerable, answer.confidence, answer.span) == (False, 0.0, None)


def test_every_language_has_every_phrase_and_no_placeholder_is_left() -> None:
    for language in SPOKEN:
        phrases = Phrases.of(language)
        assert phrases.language == language
        assert "{heading}" in phrases.about
        assert "{titles}" in phrases.welcome
    assert Phrases.of("sw") == Phrases.of(None) == Phrases.of(FALLBACK)


@pytest.mark.parametrize("text", ODD)
def test_markdown_shows_the_corpuss_words_as_they_are(text: str) -> None:
    assert shown(one_line(text)) == " ".join(text.split())
    lines = [line.strip() for line in text.splitlines()]
    assert [line.strip() for line in shown(quotation(text)).splitlines()] == lines


@given(st.text(alphabet="ab *_`[]()<>#-+=.!|~&\\1\n:/é", max_size=40))
def test_any_text_in_one_line_is_shown_as_it_is(text: str) -> None:
    assert shown(f"x {one_line(text)}") == f"x {' '.join(text.split())}".strip()


def test_a_link_closes_where_it_should() -> None:
    (inline,) = MarkdownIt().parse(link("§1, a] (b) [c", "https://host/read/a(1)#s1"))[1:2]
    opened, *texts, closed = inline.children or []
    assert (opened.type, opened.attrs["href"]) == ("link_open", "https://host/read/a%281%29#s1")
    assert "".join(token.content for token in texts) == "§1, a] (b) [c"
    assert closed.type == "link_close"


@pytest.mark.parametrize("turns", [[], [Turn("assistant", "hello")], [Turn("user", " \u200b\n")]])
def test_who_says_nothing_is_told_so(turns: list[Turn]) -> None:
    with pytest.raises(TurnError, match="question"):
        question_of(turns)


def test_the_question_is_the_users_last_turn_and_what_follows_it_does_not_count() -> None:
    turns = [Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"), Turn("assistant", "d")]
    assert question_of(turns) == ("c", tuple(turns[:2]))


def test_the_phrases_are_about_no_corpus(answerer: Answerer) -> None:
    said = json.dumps([repr(Phrases.of(language)) for language in SPOKEN], ensure_ascii=False)
    for document in answerer.generation.documents.values():
        assert document.title not in said
