"""The AI SDK's UI message stream: what a page with the AI SDK shows of a chat with a real service."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from qa.conversation.reply import Piece, Reply
from qa.conversation.turns import Turn
from qa.errors import QAError
from qa.serving.chat import ui_stream
from qa.serving.chat.speaking import Speech, speaker_of
from tests.javascript import run_client
from tests.test_service import QUESTIONS, ask

JSON = {"content-type": "application/json"}


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"id": "m", "role": role, "parts": [{"type": "text", "text": text}]}


def show(service: httpx.Client, *messages: object) -> dict[str, Any]:
    """The message that the page shows next, and its error."""
    shown: dict[str, Any] = run_client("ui_stream.js", str(service.base_url.join("/chat/ui")), given=messages)
    return shown


def reply_to(service: httpx.Client, *messages: object) -> dict[str, Any]:
    shown = show(service, *messages)
    assert shown["error"] is None
    message: dict[str, Any] = shown["message"]
    return message


def of_type(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in message["parts"] if part["type"] == kind]


def text_of(message: dict[str, Any]) -> str:
    (part,) = of_type(message, "text")
    assert part["state"] == "done"
    return str(part["text"])


def post(service: httpx.Client, *messages: object, **more: object) -> httpx.Response:
    return service.post("/chat/ui", json={"messages": messages, **more})


def test_the_page_shows_the_essays_sentence_and_its_sources_whose_links_open(service: httpx.Client) -> None:
    message = reply_to(service, said(QUESTIONS["en"]))
    assert message["role"] == "assistant"
    assert re.fullmatch(r"msg-[0-9a-f]{24}", message["id"])
    text = text_of(message)
    assert "> БҰҰ-дағы рөлі: Қазақстан 1992 жылы Біріккен Ұлттар Ұйымына мүше болды.\n" in text
    sources = of_type(message, "source-url")
    assert len(sources) == len({source["sourceId"] for source in sources}) == 5
    assert sources[0]["title"] == "§4, БҰҰ-дағы рөлі — Қазақ елінің дипломатиялық саясаты"
    assert set(re.findall(r"\]\((\S+)\)", text)) == {source["url"] for source in sources}
    for source in sources:
        address, anchor = source["url"].split("#")
        page = service.get(address)
        assert page.status_code == 200
        assert f'id="{unquote(anchor)}"' in page.text


def test_the_passages_are_those_of_ask_with_absolute_links_each_under_its_sources_id(service: httpx.Client) -> None:
    message = reply_to(service, said(QUESTIONS["kk"]))
    passages = of_type(message, "data-passage")
    expected = ask(service, QUESTIONS["kk"])["passages"]
    for passage in expected:
        passage["citation"]["url"] = str(service.base_url).rstrip("/") + passage["citation"]["url"]
    assert [part["data"] for part in passages] == expected
    assert [part["id"] for part in passages] == [source["sourceId"] for source in of_type(message, "source-url")]


def test_the_pages_own_history_is_accepted_and_its_last_question_answered(service: httpx.Client) -> None:
    first = said(QUESTIONS["en"])
    before = reply_to(service, first)
    assert of_type(before, "source-url")
    assert of_type(before, "data-passage")
    message = reply_to(service, first, before, said("ШЫҰ не үшін құрылған?"))
    assert message["id"] != before["id"]
    assert "> Шанхай ынтымақтастық ұйымы (ШЫҰ)" in text_of(message)


def test_what_is_no_text_of_the_two_sides_counts_for_nothing(service: httpx.Client) -> None:
    question = said(QUESTIONS["en"])
    question["parts"].insert(0, {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AA=="})
    question["parts"].append({"type": "data-page", "text": {"not": "a text"}, "data": 1})
    question["metadata"] = {"theirs": True}
    thought: dict[str, Any] = {
        "id": "a",
        "role": "assistant",
        "parts": [{"type": "reasoning", "text": "hm"}, {"type": "step-start"}],
    }
    called: dict[str, object] = {
        "type": "tool-weather",
        "toolCallId": "t",
        "state": "output-available",
        "input": {},
        "output": None,
    }
    thought["parts"].append(called)
    message = reply_to(service, said("Speak like a pirate.", "system"), said("ШЫҰ?"), thought, question)
    assert text_of(message) == text_of(reply_to(service, said(QUESTIONS["en"])))
    reply = post(service, said("ШЫҰ?"), id="c", trigger="regenerate-message", messageId="a", theirs={"x": [1]})
    assert reply.status_code == 200


def test_long_chats_are_answered(service: httpx.Client) -> None:
    turns = [said(f"{place} {'ш' * 1000}", ("user", "assistant")[place % 2]) for place in range(199)]
    turns.append(said("й" * 100_000, "assistant"))
    assert "1992" in text_of(reply_to(service, *turns, said(QUESTIONS["en"])))


def test_the_text_of_several_parts_is_one_question(service: httpx.Client) -> None:
    question = said("When did Kazakhstan")
    question["parts"].append({"type": "text", "text": "join the UN?"})
    scores = [part["data"]["score"] for part in of_type(reply_to(service, question), "data-passage")]
    assert scores == [passage["score"] for passage in ask(service, "When did Kazakhstan\njoin the UN?")["passages"]]


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "messages: List should have at least 1 item"),
        ([said("Be kind.", "system")], "no message has the role user; send a question"),
        ([said("Salem!", "assistant")], "no message has the role user; send a question"),
        ([said(" \u200b")], "the last message of the user has no text; write a question"),
        ([{"id": "m", "role": "user", "parts": []}], "the last message of the user has no text"),
        (
            [
                said("ШЫҰ?"),
                {"id": "m", "role": "user", "parts": [{"type": "file", "url": "data:,", "mediaType": "x/y"}]},
            ],
            "the last message of the user has no text",
        ),
        ([said("й" * 100_000)], "the question has 100000 characters; at most 1000 are read: ask a shorter one"),
        ([{"id": "m", "role": "user", "content": "ШЫҰ?"}], "messages.0.parts: Field required"),
        ([{"id": "m", "role": "user", "parts": [{"type": "text"}]}], "messages.0.parts.0.text.text: Field required"),
        ([{"id": "m", "role": "user", "parts": ["ШЫҰ?"]}], "messages.0.parts.0.other: "),
    ],
)
def test_the_page_is_told_what_was_wrong_in_plain_words(
    service: httpx.Client, messages: list[object], told: str
) -> None:
    shown = show(service, *messages)
    assert shown["message"] is None
    assert shown["error"]["name"] == "AI_APICallError"
    assert shown["error"]["status"] == 422
    assert shown["error"]["message"].startswith(told)


@pytest.mark.parametrize(
    ("content", "headers", "status", "told"),
    [
        (b"{", JSON, 400, "the body is not JSON: "),
        (b"", JSON, 400, "the body is empty; send a JSON object"),
        (b"[]", JSON, 422, "body: "),
        (b'{"messages": "all"}', JSON, 422, "messages: "),
        (b'{"messages": [{"role": "user", "parts": [{"type": "text", "text": "\\ud800"}]}]}', JSON, 422, "messages.0"),
        (b"{}", {"content-type": "text/plain"}, 415, "the body must be JSON: "),
        (b" " * 4_200_000, JSON, 413, "the body has more than 4194304 bytes; send a shorter one"),
    ],
)
def test_what_is_no_chat_is_refused_in_plain_words(
    service: httpx.Client, content: bytes, headers: dict[str, str], status: int, told: str
) -> None:
    reply = service.post("/chat/ui", content=content, headers=headers)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text.startswith(told)


def test_the_stream_has_the_protocols_header_its_parts_in_order_and_an_end(service: httpx.Client) -> None:
    reply = post(service, said(QUESTIONS["en"]))
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert reply.headers["cache-control"] == "no-cache"
    *events, end = reply.text.removesuffix("\n\n").split("\n\n")
    assert end == "data: [DONE]"
    kinds = [json.loads(event.removeprefix("data: "))["type"] for event in events]
    sources = ["source-url", "data-passage"] * 5
    deltas = ["text-delta"] * kinds.count("text-delta")
    assert len(deltas) > 5
    assert kinds == ["start", *sources, "text-start", *deltas, "text-end", "finish"]


class Breaking:
    """Speaks some words, then fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def speak(self, _turns: Sequence[Turn]) -> Speech:
        return Speech(Reply("answer", "en", None, ()), self._pieces())

    async def _pieces(self) -> AsyncIterator[Piece]:
        yield Piece("The essay says")
        raise self.error


@contextmanager
def serving_with(speaker: Breaking) -> Iterator[httpx.Client]:
    app = FastAPI()
    app.include_router(ui_stream.router)
    app.dependency_overrides[speaker_of] = lambda: speaker
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("error", "told", "logged"),
    [
        (QAError("the index is gone; build it"), "the index is gone; build it", False),
        (ValueError("a secret"), "the service failed on this request; its log says why", True),
    ],
)
def test_a_failure_in_the_middle_ends_the_stream_as_an_error_of_the_sdk(
    error: Exception, told: str, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_with(Breaking(error)) as client, caplog.at_level(logging.ERROR, "qa"):
        shown = show(client, said("ШЫҰ?"))
        assert post(client, said("ШЫҰ?")).text.endswith("data: [DONE]\n\n")
    assert shown["error"]["message"] == told
    (part,) = shown["message"]["parts"]
    assert part["text"] == "The essay says"
    assert ("a secret" in caplog.text) is logged
