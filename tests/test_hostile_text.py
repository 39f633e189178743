"""Texts made to take time or memory: each is read, or refused, in time that grows with its length only."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import httpx
import pytest

import qa
from qa.conversation.turns import Turn, question_of
from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.reading.debris import _patterns
from qa.reading.passages import LONGEST_PASSAGE
from tests.fakes import read
from tests.fuzzing.targets import check

SIZE = 40_000
# Of processor time: the slowest of these takes a second or two of it, and what is quadratic ten times that.
MOST_S = 8


@contextmanager
def in_time(seconds: float = MOST_S) -> Iterator[None]:
    """Fail if the block takes more processor time; one that hangs is broken off."""

    def break_off(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"still at it after {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, break_off)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def many(piece: str, size: int = SIZE) -> str:
    return piece * (size // len(piece))


def counted(piece: Callable[[int], str], count: int) -> str:
    return "".join(map(piece, range(count)))


MERGES = "".join(
    f"{chr(98 + depth)}: &{chr(98 + depth)} {{<<: [{', '.join([f'*{chr(97 + depth)}'] * 9)}]}}\n" for depth in range(20)
)
MARKDOWN = {
    "brackets": many("["), "images": many("!["), "footnote marks": many("[^"), "footnotes within": many("^["),
    "quotes in quotes": many("> ") + "a", "lists in lists": many("- ") + "a", "quotes in lists": many(">- ") + "a",
    "indented lists": "\n".join(" " * depth + "- a" for depth in range(280)),
    "emphasis in emphasis": many("**", SIZE // 2) + "a" + many("**", SIZE // 2), "stars": many("*a **a "),
    "bold without end": many("**a"), "links": many("[a]("), "links in links": many("[", 10_000) + "a" + many("](b)"),
    "comments": "<div>\n" + many("<!---->"), "comments without end": "<div>\n" + many("<!-- "), "cdata": many("<![CDATA["),
    "attributes": many('<a b="'), "ticks": counted(lambda count: "`" * count + " ", 280), "entities": many("&#x"),
    "headings": many("# a\n"), "one heading": "# t\n\n## " + many("h", SIZE // 2) + "\n\n" + many("a\n\n", SIZE // 2),
    "underlined paragraph": many("a\n") + "---\n", "link definitions": counted(lambda count: f"[{count}]: a\n", 4000),
    "footnotes": counted(lambda n: f"x[^{n}] ", 3000) + "\n\n" + counted(lambda n: f"[^{n}]: a\n\n", 3000),
    "columns": many("|", SIZE // 2) + "\n" + many("|-", SIZE // 2) + "\n" + many("|a\n", 3000),
    "rows": "|a|b|\n|-|-|\n" + many("|c|d|\n"), "a wide column": f"|{many('h', SIZE // 2)}|\n|-|\n" + many("|a|\n", SIZE // 2),
    "introduced items": many("x", SIZE // 2) + ":\n\n" + many("- a\n", SIZE // 2), "items": many("- a\n"),
    "aliases that multiply": f"---\na: &a {{x: 1}}\n{MERGES}---\n\nText.",
    "aliases in aliases": "---\na: &a [x]\n" + MERGES.replace("{<<: ", "").replace("}", "") + "---\n\nText.",
    "nested yaml": f"---\na: {many('[')}\n---\n\nText.", "yaml in yaml": f"---\n{many('- ', 12_000)}\n---\n\nText.",
    "a huge number": f"---\na: {many('9', 12_000)}\n---\n\nText.", "sixties": f"---\na: {many('1:', 12_000)}1\n---\n\nText.",
    "odd tags": "---\na: !!bool x\nb: !!timestamp x\nc: !!int ''\nd: !!float ''\ne: !!binary ж\n---\n\nText.",
    "long metadata": f"---\n{many('a: b' + chr(10), 100_000)}---\n\nText.",
    "marks on a letter": "a" + many("\u0301\u0323"), "fences": many("```\n"),
}  # fmt: skip
PLAIN = {
    "a long word": many("a", 1_000_000), "one letter words": many("a "), "lines of a letter": many("a\n"),
    "numbers": many("1. a\n"), "numbers in turn": counted(lambda count: f"{count}. Ab\n\n", 3000),
    "contents": counted(lambda n: f"{n}. Ab .... {n}\n", 1500) + counted(lambda n: f"{n}. Ab\n\ntext\n\n", 1500),
    "capitals": many("AB\n\n"), "items": many("- a\n"), "items in items": "\n".join(" " * n + "- a" for n in range(280)),
    "forms": "Text.\n\n" + many("leave a reply\n"), "forms apart": "Text.\n\n" + many("leave a reply\n\n"),
    "replies": "Text.\n\n" + many("reply\n"), "short lines apart": "Text here.\n\n" + many("ok\n\n"),
    "dots": many(". ") + "a", "abbreviations": many("A."), "hyphens": many("a-"), "quotes": many('"') + "a",
    "brackets": many("(АБ (") + "a", "bidi": many("\u202ea \u2066"), "invisible": many("\u200b") + "a",
    "ligatures": many("\ufdfa "), "marks on a letter": "a" + many("\u0301\u0323"), "marks alone": many("\u0323\u0301"),
    "other line ends": many("a\u2028"), "white space": many(" ") + "a", "control characters": many("\x01 ") + "a",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [*((f"{key}.md", text) for key, text in MARKDOWN.items()), *((f"{key}.txt", text) for key, text in PLAIN.items())],
    ids=lambda value: value if value.endswith((".md", ".txt")) else "",
)
def test_a_hostile_document_is_read_in_time_and_makes_no_more_than_a_few_times_its_size(name: str, text: str) -> None:
    with in_time():
        try:
            document, passages = read(text, name)
        except DocumentError:
            return
    check(document, passages)
    repeated = sum(
        len(one.plain) + len(one.context or "") + len(one.label) + sum(map(len, one.path)) for one in passages
    )
    assert repeated < 300 * len(text)


def test_front_matter_that_multiplies_is_still_front_matter() -> None:
    document, passages = read(f"---\na: &a {{x: 1}}\n{MERGES}title: Tea & milk\n---\n\nText.", "essay.md")
    assert (document.title, [passage.text for passage in passages]) == ("Tea & milk", ["Text."])


@pytest.mark.parametrize("value", ["!!bool x", "!!timestamp x", "!!int ''", "!!float ''", "2024-99-99", "9" * 5000])
def test_a_value_that_yaml_cannot_make_does_not_hide_the_title(value: str) -> None:
    assert read(f"---\ndate: {value}\ntitle: Tea\n---\n\nText.", "essay.md")[0].title == "Tea"


@pytest.mark.parametrize("title", ["2024", "[Tea]", "!!binary x", "true", "''"])
def test_a_title_that_is_no_text_is_none(title: str) -> None:
    assert read(f"---\ntitle: {title}\n---\n\nText.", "essay.md")[0].title == "Essay"


def test_a_heading_longer_than_any_is_text_and_loses_nothing() -> None:
    long = " ".join(["word"] * 400)
    _, passages = read(f"# Tea\n\n## {long}\n\nText.", "essay.md")
    assert passages[-1].heading is None
    assert " ".join(passage.text for passage in passages) == f"{long} Text."


def test_a_paragraph_with_more_brackets_than_anybody_writes_is_text_as_it_stands() -> None:
    _, passages = read("[a](b) **c**\n\n" + "[a](b) " * 600, "essay.md")
    assert passages[0].plain == "a c"
    assert "".join(passage.text for passage in passages[1:]).count("[a](b)") == 600


def test_a_document_whose_passages_would_repeat_more_than_memory_holds_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qa.reading.passages._MOST_REPEATED", 1_000_000)
    with pytest.raises(DocumentError, match="long headings or labels"):
        read("# " + "word " * 150 + "\n\n" + "a\n\n" * 3000, "essay.md")


def test_long_stacks_of_marks_are_composed_in_pieces_and_ordinary_ones_as_unicode_says() -> None:
    # One more than are composed at once, and far more than any writing has.
    for count in (1, 3, 60):
        text = "a" + "\u0323\u0301" * (count // 2) + "\u0301" + " e\u0301 한글 각"
        assert visible(text) == unicodedata.normalize("NFC", text)
    with in_time(5):
        stacked = visible("a" + many("\u0301\u0323", 2_000_000))
    assert stacked[0] == "ạ"
    assert stacked.count("\u0301") + stacked.count("\u0323") == 1_999_999


def test_a_long_word_is_cut_into_passages_without_a_gap() -> None:
    text = many("слово", 1_000_000)
    with in_time():
        _, passages = read(text)
    assert "".join(passage.text for passage in passages) == text
    assert max(len(passage.text) for passage in passages) == LONGEST_PASSAGE


def test_a_conversation_of_megabytes_is_looked_through_in_time() -> None:
    with in_time(10):
        question, before = question_of([Turn("user", many("a\u0301\u0323", 4_000_000)), Turn("user", "Why?")] * 2)
    assert (question, len(before)) == ("Why?", 3)


# Every expression that is applied to what others wrote

UNITS = (
    "a", "1", ".", "1.", ". ", " ", "\n", "\t", "[", "[^", "[^a", "]", "*", "**a", "__a", "(", "( ", "ab(", "ab (", '"',
    '"a",', 'W/"', "I", "I.", "X ", "1.1", "- ", "—", "a-", "a'", "ә", "USER:", "USER: \n", "/", ":", ": ", "a:", "|", "> ",
    ">", "{", "\r", "\u0301", "、", "vk", "x", "reply ", "<", "<script", "---\n", "=", "a.", "a@", "http://a", "§ ", "глава ",
    "# ", "\xa0", "1) ", "«", "[1", "[1,", " 1",
)  # fmt: skip
LONG = 100_000
# Where what it is applied to has a limit of its own, in characters; the reason is in the module.
LIMITS = {"_PAGE": 150, "_ADDRESS": 2000, "_ITEM": 400, "debris": 400}
METHODS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer")


def expressions() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """The name of each expression of a module in qa, itself, and a method by which the module applies it."""
    for module in pkgutil.walk_packages(qa.__path__, "qa."):
        spec = importlib.util.find_spec(module.name)
        source = spec.loader.get_source(module.name) or "" if spec and spec.loader else ""  # type: ignore[attr-defined]
        if "re.compile" not in source:
            continue
        used = {
            (node.value.id, node.attr)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in METHODS
        }
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                for method in [attr for owner, attr in used if owner == name]:
                    yield name, value, method
            elif (module.name, name) == ("qa.reading.headings", "_FORMS"):
                yield from ((name, form, "match") for _, form in value)
    for patterns in _patterns().values():
        yield from (("debris", pattern.expression, "fullmatch") for pattern in patterns)


FOUND = list(expressions())


def test_the_expressions_are_found() -> None:
    assert len(FOUND) > 60
    assert {"_BULLET", "_FOOTNOTE_MARK", "_USER", "_FORMS", "debris", "_TAGS"} <= {name for name, _, _ in FOUND}


@pytest.mark.parametrize(
    ("name", "expression", "method"), FOUND, ids=[f"{name}-{method}-{n}" for n, (name, _, method) in enumerate(FOUND)]
)
def test_no_expression_backtracks_on_a_text_of_100_kb(name: str, expression: re.Pattern[str], method: str) -> None:
    size = LIMITS.get(name, LONG)
    for unit in UNITS:
        for end in ("", "!", " x"):
            text = many(unit, size) + end
            started = time.process_time()
            with in_time(5):
                found = expression.sub("", text) if method == "sub" else getattr(expression, method)(text)
                for _ in found if method == "finditer" else ():
                    pass
            took = time.process_time() - started
            assert took < 2, f"{took:.1f} s for {unit!r} and {end!r}"


# Over HTTP


def test_a_question_of_a_megabyte_is_refused_by_every_protocol_at_once(service: httpx.Client) -> None:
    word = "x" * 1_000_000
    said = [{"role": "user", "content": word}]
    parts = [{"role": "user", "parts": [{"type": "text", "text": word}]}]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    asked = {
        "/ask": ({"question": word}, 413),
        "/retrieval": ({"knowledge_id": "suraq", "query": word}, 413),
        "/citations/verify": ({"document": "tea", "quote": word}, 413),
        "/v1/chat/completions": ({"model": "suraq", "messages": said}, 400),
        "/v1/responses": ({"model": "suraq", "input": word}, 400),
        "/v1/vector_stores/suraq/search": ({"query": word}, 400),
        "/v1/embeddings": ({"model": "suraq", "input": [word]}, 400),
        "/chat/ui": ({"messages": parts}, 422),
        "/mcp": ({**call, "params": {"name": "search", "arguments": {"query": word}}}, 200),
    }
    for path, (body, status) in asked.items():
        started = time.monotonic()
        reply = service.post(path, json=body)
        assert (path, reply.status_code) == (path, status)
        assert len(reply.content) < 2000
        assert time.monotonic() - started < 5
    assert service.post("/mcp", json=asked["/mcp"][0]).json()["result"]["isError"] is True
    assert service.get("/ask", params={"q": word[:1001]}).status_code == 422


@pytest.mark.parametrize(
    "opening", ["[", '{"a":', '[{"content":', '{"messages":[{"content":'], ids=["lists", "objects", "both", "messages"]
)
def test_json_nested_a_hundred_thousand_deep_is_refused_at_once(service: httpx.Client, opening: str) -> None:
    for path in ("/v1/chat/completions", "/v1/responses", "/chat/ui", "/mcp"):
        started = time.monotonic()
        for closing in ("", "]" * 100_000 if opening == "[" else ""):
            reply = service.post(
                path, content=opening * 100_000 + closing, headers={"content-type": "application/json"}
            )
            assert (path, reply.status_code) == (path, 400)
        assert time.monotonic() - started < 5
    assert service.get("/livez").status_code == 200


def test_conditions_that_repeat_long_values_are_compared_in_time(service: httpx.Client) -> None:
    one = {"name": ["title"] * 20, "comparison_operator": "is", "value": "\u0301\u0323" * 250}
    body = {"knowledge_id": "suraq", "query": "tea", "metadata_condition": {"conditions": [one] * 40}}
    started = time.monotonic()
    reply = service.post("/retrieval", json=body)
    assert (reply.status_code, reply.json()["records"]) == (200, [])
    assert time.monotonic() - started < 5
