"""What is fed with anything at all: each target takes bytes and fails if something that must always hold does not.

``scripts/fuzz_readers`` runs them for minutes, guided by what they cover; `test_fuzz_readers` replays what was found.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from markdown_it import MarkdownIt
from pydantic import BaseModel, ValidationError

from qa.conversation.cues import Reading
from qa.conversation.leaning import leaning
from qa.conversation.markdown import link, one_line, quotation
from qa.conversation.smalltalk import beyond_courtesy, courtesy
from qa.conversation.turns import question_of
from qa.editing import check_id
from qa.errors import DocumentError, InvalidIdError, TurnError
from qa.indexing.builder import build
from qa.indexing.generation import Generation
from qa.language.cleaning import visible
from qa.language.folding import Folded
from qa.language.interpretation import interpret
from qa.language.lexicon import Lexicon
from qa.reading import Source, formats, read_corpus, read_document
from qa.reading.decoding import decode
from qa.reading.front_matter import FrontMatter
from qa.reading.metadata import metadata_of
from qa.reading.passages import LONGEST_PASSAGE
from qa.records import Document, Passage
from qa.retrieval.quotation import verify
from qa.serving import asked_filters
from qa.serving.chat.completions import ChatRequest
from qa.serving.chat.dify import MetadataBody, RetrievalRequest
from qa.serving.chat.filters import filter_of
from qa.serving.chat.metadata_conditions import MetadataCondition
from qa.serving.chat.open_webui import task_reply
from qa.serving.chat.responses import ResponseRequest
from qa.serving.chat.speaking import token_count, turns_of
from qa.serving.chat.ui_stream import UIRequest
from qa.serving.mcp.tools import TOOLS, ArgumentError
from tests.fakes import word_model
from tests.office import docx, epub, odt, page
from tests.pdfs import CATALOGUE, pages, pdf
from tests.pdfs import page as drawn

ESSAYS = Path(__file__).parent.parent / "essays"
_METADATA: dict[str, str | int | None] = {
    name: (7 if "int" in str(field.annotation) else None if name == "item" else f"4.10 {name}")
    for name, field in MetadataBody.model_fields.items()
} | {"built_at": "2026-01-31T00:00:00+00:00"}
_ATTRIBUTES: dict[str, str | float] = {"document": "essay", "section": "4.10", "start": 7, "end": 90}
_Body = TypeVar("_Body", bound=BaseModel)
_ADDRESS = "https://ours.example/read/essay#s4.2"


def plain_text(data: bytes) -> None:
    _document(data, "essay.txt")


def markdown(data: bytes) -> None:
    _document(data, "essay.md")


def web_page(data: bytes) -> None:
    _document(data, "essay.html")


def rich_text(data: bytes) -> None:
    _document(b"{\\rtf1" + data + b"}", "essay.rtf")


def word_document(data: bytes) -> None:
    """Markup within a body, or bytes that are no archive."""
    _document(docx(_text(data)), "essay.docx")
    _document(data, "essay.docx")


def open_document(data: bytes) -> None:
    _document(odt(_text(data)), "essay.odt")


def book(data: bytes) -> None:
    _document(epub({"1.html": page(_text(data)), "2.html": _text(data)}), "essay.epub")


def portable_document(data: bytes) -> None:
    """What is drawn on a page, and a file of any bytes."""
    _document(pdf([CATALOGUE, pages(), *drawn(data)]), "essay.pdf")
    _document(b"%PDF-1.7\n" + data, "essay.pdf")


def front_matter(data: bytes) -> None:
    text = f"---\n{_text(data)}\n---\n\nText.\n"
    found = FrontMatter.of(text)
    assert found is None or found.title is None or visible(found.title) == found.title
    said = metadata_of(found.stated if found else {}).metadata
    assert said.url is None or (said.url.isascii() and said.url.startswith(("http://", "https://")))
    assert all(visible(name) for name in (*said.authors, *said.tags, *said.fields))
    _document(text.encode(), "essay.md")


def decoding(data: bytes) -> None:
    try:
        found = decode(data, "essay.txt")
    except DocumentError:
        return
    found.text.encode()  # half characters have no UTF-8, and raise
    try:
        as_utf_8 = data.decode()
    except UnicodeDecodeError:
        return
    marked = data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    assert marked or "\0" in as_utf_8 or (found.text, found.encoding) == (as_utf_8, "utf-8")


def question(data: bytes) -> None:
    """A question as it is cleaned, spelt and understood before anything is searched."""
    text = _text(data)[:1000]
    shown = visible(text)
    assert visible(shown) == shown or len(shown) > 64
    found = interpret(text, (_words(), Lexicon.general()))
    found.text.encode()
    assert len(found.text) <= 4 * len(shown) + 4
    assert found.language is None or (found.language.isalpha() and len(found.language) <= 3)
    courtesy(text)
    assert beyond_courtesy(shown) in shown
    for reading in Reading.of(shown[:150]):
        assert all(0 <= word.start < word.end <= len(shown) for word in reading.words)
        leaning(reading)


def quotations(data: bytes) -> None:
    """A quote, made of a stretch of a document with something in its midst, and looked for from anywhere."""
    generation = _generation()
    ids = sorted(generation.documents)
    text, head = _text(data[4:]), (*data[:4], 0, 0, 0, 0)
    document = generation.documents[ids[head[0] % len(ids)]]
    start = len(document.text) * head[1] // 256
    quote = (document.text[start : start + head[2]] + text + document.text[start + head[2] : start + 2 * head[2]])[
        :5000
    ]
    if not visible(quote):
        return
    verdict = verify(generation, document.id, quote, start if head[3] % 2 else None)
    if verdict.document is not None:
        assert verdict.start is not None
        assert verdict.end is not None
        now = verdict.document.text[verdict.start : verdict.end]
        assert 0 <= verdict.start < verdict.end <= len(verdict.document.text)
        assert verdict.status == "changed" or now == quote
        assert verdict.text in (None, now)
    else:
        assert verdict.status == "gone"
    folded = Folded.of(text)
    for sought in (folded.text, folded.text[1:-1].strip()):
        span = folded.find(sought)
        assert span is None or 0 <= span[0] < span[1] <= len(text)


def messages(data: bytes) -> None:
    """What chat frontends and models send: bodies of each protocol, and a tool's arguments."""
    body = _json(data)
    for kind in (ChatRequest, UIRequest, ResponseRequest):
        taken = _taken(kind, body)
        turns = (
            turns_of(taken.messages)
            if isinstance(taken, ChatRequest)
            else turns_of(taken.input)
            if isinstance(taken, ResponseRequest)
            else [turn for message in taken.messages for turn in message.turns()]
            if isinstance(taken, UIRequest)
            else []
        )
        for turn in turns:
            turn.text.encode()
            assert token_count(turn.text) <= len(turn.text)
        try:
            asked, before = question_of(turns)
            assert visible(asked)
            assert len(before) < len(turns)
        except TurnError:
            pass
        if isinstance(taken, ChatRequest) and not any(
            '"tags"' in one.content or "follow" in one.content for one in taken.messages
        ):
            reply = task_reply(taken.messages, None)  # type: ignore[arg-type]  # a title asks nothing of it
            assert reply is None or isinstance(json.loads(reply), dict)
    for tool in TOOLS.values() if isinstance(body, dict) else ():
        try:
            tool._replace(run=lambda _answerer, arguments, _base: arguments).call(None, body, "")  # type: ignore[arg-type]
        except ArgumentError as error:
            str(error).encode()


def conditions(data: bytes) -> None:
    """Conditions on metadata as Dify sends them, and filters as OpenAI's clients do."""
    body = _json(data)
    _taken(RetrievalRequest, body)
    condition = _taken(MetadataCondition, body)
    names = [name for one in (condition.conditions or () if condition else ()) for name in one.name]
    wanted = condition.filter() if condition else None
    if wanted is not None:
        assert wanted.names() == set(names)
        assert wanted.holds(_METADATA) in (True, False)
    try:
        assert filter_of(body).holds(_ATTRIBUTES) in (True, False)
    except ValueError as error:
        assert str(error)
    try:
        asked = asked_filters.filter_of(body)
        assert asked is None or asked.holds(_METADATA) in (True, False)
    except ValueError as error:
        assert str(error)


def ids(data: bytes) -> None:
    """What is let through as a document's id names a file inside the corpus and nothing else."""
    id_ = _text(data)
    try:
        check_id(id_)
    except InvalidIdError as error:
        str(error).encode()
        return
    folder = "/corpus/folder"
    path = f"{folder}/{id_}.txt"
    assert os.path.normpath(path) == path
    assert path.isprintable()
    assert all(0 < len(part.encode()) <= 255 for part in path[1:].split("/"))


def replies(data: bytes) -> None:
    """The corpus's words in a chat's Markdown: shown, and nothing made of them."""
    text = _text(data).replace("\0", "")
    quoted, line = quotation(text), f"- {one_line(text)} {link(text, _ADDRESS)}"
    for written in (quoted, line):
        found = [one for token in _renderer().parse(written) for one in (token, *(token.children or ()))]
        kinds = {token.type for token in found}
        assert not kinds & {"image", "html_inline", "html_block", "fence", "code_block", "code_inline", "heading_open"}
        links = [token.attrGet("href") for token in found if token.type == "link_open"]
        assert links == ([_ADDRESS] if written is line else [])
        assert not kinds & {"em_open", "strong_open", "s_open", "table_open", "hr", "ordered_list_open"}
        assert written is line or "bullet_list_open" not in kinds
    shown = "".join(one.content for token in _renderer().parse(quoted) for one in token.children or ())
    assert "".join(shown.split()) == "".join(text.split())


def _document(data: bytes, name: str) -> None:
    try:
        # In this process, where what is covered can be seen.
        document, passages = read_document(Source("essay", name, data, "0" * 64), formats)
    except DocumentError as error:
        str(error).encode()
        return
    check(document, passages)


def check(document: Document, passages: tuple[Passage, ...]) -> None:
    """What holds of every document and its passages."""
    text, lines = document.text, document.text.count("\n") + document.text.count("\r") + 1
    assert passages
    document.title.encode()
    headings = [(section.start, section.end) for section in document.sections if section.level]
    anchors = {section.anchor: section for section in document.sections}
    reached = 0
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert reached <= passage.start < passage.end
        reached = passage.end
        assert len(passage.text) <= LONGEST_PASSAGE or passage.kind == "row"
        assert 1 <= passage.line_start <= passage.line_end <= lines
        assert not any(start < passage.end and passage.start < end for start, end in headings)
        section = anchors[passage.section_anchor]
        assert passage.path[: len(section.path)] == section.path
        assert (passage.section, passage.heading) == (section.number, section.heading)
        assert all(0 <= start < end <= len(passage.text) for start, end in passage.sentences)
        assert visible(passage.plain)
    assert len({passage.id for passage in passages}) == len(passages)
    assert len({passage.anchor for passage in passages} | anchors.keys()) == len(passages) + len(document.sections)
    assert all(0 <= part.start <= part.end <= len(text) for part in document.dropped)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(data: bytes) -> object:
    """Any JSON; what is none as a text. Escapes make halves of characters."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _text(data)


def _taken(kind: type[_Body], body: object) -> _Body | None:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        assert error.errors(include_url=False, include_context=False)
        return None


@cache
def _generation() -> Generation:
    return build(read_corpus(ESSAYS), word_model()).generation


@cache
def _words() -> Lexicon:
    return Lexicon.of_texts(document.text for document in _generation().documents.values())


@cache
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    renderer.validateLink = lambda url: True  # type: ignore[method-assign]  # some readers make a link of any address
    return renderer


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        plain_text, markdown, web_page, rich_text, word_document, open_document, book, portable_document, front_matter, decoding, question, quotations, messages, conditions, ids, replies,
    )
}  # fmt: skip
