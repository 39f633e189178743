"""OpenAI's Responses, with OpenAI's own client and LangChain's; and what goes wrong while a reply is spoken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from qa.conversation.reply import Piece, Reply
from qa.conversation.turns import Turn
from qa.serving.chat.speaking import Speaker, Speech, speaker_of
from qa.settings import Settings
from tests.openai_clients import QUESTION, asked, check_links, openai_client, overridden


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> Iterator[openai.OpenAI]:
    with openai_client(service.base_url) as made:
        yield made


def langchain(address: object, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model="suraq", base_url=f"{address}/v1", api_key=SecretStr("any"), use_responses_api=True, max_retries=0, **more
    )


def test_a_response_cites_as_a_chat_completion_does(client: openai.OpenAI, service: httpx.Client) -> None:
    response = client.responses.create(model="suraq", input=QUESTION, instructions="Answer as a pirate.")
    completion = client.chat.completions.create(model="suraq", messages=asked())
    assert response.output_text == completion.choices[0].message.content
    (item,) = response.output
    assert item.type == "message"
    (part,) = item.content
    assert part.type == "output_text"
    check_links(service, part.text, part.annotations)
    assert response.status == "completed"
    assert response.usage
    assert (response.usage.input_tokens, response.usage.total_tokens) == (7, 7 + response.usage.output_tokens)


def test_the_events_of_a_response_come_in_order_and_end_with_the_whole(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="suraq", input=QUESTION, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert set(kinds[4:-4]) == {"output_text.delta", "output_text.annotation.added"}
    last = events[-1]
    assert last.type == "response.completed"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == last.response.output_text
    item = last.response.output[0]
    assert item.type == "message"
    assert item.content[0].type == "output_text"
    added = [event for event in events if event.type == "response.output_text.annotation.added"]
    dumped = [event.annotation.model_dump() for event in added if event.annotation]
    assert dumped == [one.model_dump() for one in item.content[0].annotations]
    assert [event.annotation_index for event in added] == [0, 1, 2, 3, 4]


def test_a_citation_is_streamed_no_sooner_than_its_marker(client: openai.OpenAI) -> None:
    text = ""
    seen = 0
    for event in client.responses.create(model="suraq", input=QUESTION, stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.output_text.annotation.added":
            assert event.annotation
            assert event.annotation.type == "url_citation"
            assert event.annotation.end_index == len(text)
            assert text.endswith(f"({event.annotation.url})")
            seen += 1
    assert seen == 5


def test_the_clients_own_accumulation_of_a_response_holds_its_text_and_citations(
    client: openai.OpenAI, service: httpx.Client
) -> None:
    with client.responses.stream(model="suraq", input=QUESTION) as stream:
        for _ in stream:
            pass
        item = stream.get_final_response().output[0]
    assert item.type == "message"
    assert item.content[0].type == "output_text"
    check_links(service, item.content[0].text, item.content[0].annotations)


def test_the_asynchronous_client_streams_a_response(service: httpx.Client) -> None:
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{service.base_url}/v1", api_key="any", max_retries=0) as own:
            stream = await own.responses.create(model="suraq", input=QUESTION, stream=True)
            return [event.type async for event in stream]

    assert asyncio.run(ask())[-1] == "response.completed"


def test_langchain_sees_the_citations_themselves(service: httpx.Client) -> None:
    chain = langchain(service.base_url)
    whole = chain.invoke(QUESTION)
    assert len(whole.content) == 1
    block = whole.content[0]
    assert isinstance(block, dict)
    assert block["annotations"][0]["url"] == f"{service.base_url}/read/kazakh-diplomacy#s4.1"
    streamed = AIMessageChunk(content="")
    for chunk in chain.stream(QUESTION):
        streamed += chunk
    assert streamed.text == whole.text
    (standard,) = streamed.content_blocks
    assert standard["type"] == "text"
    cited = [dict(one) for one in standard["annotations"]]
    assert [one["url"] for one in cited] == [one["url"] for one in block["annotations"]]
    assert {one["type"] for one in cited} == {"citation"}


def test_langchain_is_told_that_no_response_is_kept(service: httpx.Client) -> None:
    chain = langchain(service.base_url, use_previous_response_id=True)
    said = chain.invoke(QUESTION)
    with pytest.raises(openai.BadRequestError, match="keeps no responses"):
        chain.invoke([("user", QUESTION), said, ("user", "Why?")])


@pytest.mark.parametrize(
    "items",
    [
        [{"role": "user", "content": QUESTION}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]}],
        [
            {"role": "user", "content": "чай"},
            {"role": "assistant", "type": "message", "content": [{"type": "output_text", "text": "Чай."}]},
            {"role": "developer", "content": "Be short."},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"role": "user", "content": [{"type": "input_image"}, {"type": "text", "text": QUESTION}]},
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"type": "item_reference", "id": "msg_1"},
        ],
    ],
)
def test_of_the_items_of_an_input_the_messages_count(client: openai.OpenAI, items: Any) -> None:
    response = client.responses.create(
        model="suraq", input=items, tools=[{"type": "web_search"}], store=True, reasoning={"effort": "low"}
    )
    assert "БҰҰ-дағы рөлі: Қазақстан 1992" in response.output_text


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({}, "input", "required"),
        ({"input": 7}, "input", "a text or a list of items"),
        ({"input": None}, "input", "a text or a list of items"),
        ({"input": [7]}, "input.0", "(it is 7)"),
        ({"input": [{"type": "reasoning"}, {"role": "user", "content": 7}]}, "input.1.content", "(it is 7)"),
        ({"input": []}, None, "no message has the role user"),
        ({"input": " "}, None, "no text"),
        ({"input": "а" * 50_000}, None, "50000 characters"),
        ({"input": "a", "previous_response_id": "resp_1"}, "previous_response_id", "keeps no responses"),
        ({"input": "a", "conversation": {"id": "conv_1"}}, "conversation", "keeps no responses"),
        ({"input": "a", "background": True}, "background", "keeps no responses"),
    ],
)
def test_an_input_that_cannot_be_answered_is_a_bad_request(
    client: openai.OpenAI, body: dict[str, Any], param: str | None, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/responses", body={"model": "suraq", **body}, cast_to=object)
    assert said in raised.value.message
    assert raised.value.param == param


# What goes wrong while a reply is spoken

SAID = Reply("answer", "en", None, ())


class Scripted(Speaker):
    """Says what it is told to, in place of an answer."""

    def __new__(cls, pieces: Callable[[], AsyncIterator[Piece]]) -> Scripted:
        answerer: Any = None
        made = super().__new__(cls, answerer, Settings(), "http://127.0.0.1")
        made.script = pieces
        return made

    script: Callable[[], AsyncIterator[Piece]]

    async def speak(self, turns: Sequence[Turn], *, numbered: bool = False) -> Speech:
        return Speech(SAID, self.script())


@contextmanager
def saying(pieces: Callable[[], AsyncIterator[Piece]]) -> Iterator[openai.OpenAI]:
    """A client of a real server whose replies are ``pieces``."""
    with overridden({speaker_of: lambda: Scripted(pieces)}) as (address, _), openai_client(address) as client:
        yield client


def streams(client: openai.OpenAI) -> list[Callable[[], Any]]:
    return [
        lambda: client.chat.completions.create(model="suraq", messages=asked(), stream=True),
        lambda: client.responses.create(model="suraq", input=QUESTION, stream=True),
    ]


def spoken(event: Any) -> str:
    """What a streamed event adds to the text, in either protocol."""
    return str(getattr(event, "delta", "") if hasattr(event, "type") else event.choices[0].delta.content)


async def failing() -> AsyncIterator[Piece]:
    yield Piece("Once ")
    raise ValueError("a secret at /secret/place")


def test_a_failure_in_the_middle_of_a_chat_completion_is_raised_by_the_client() -> None:
    with saying(failing) as client:
        text = ""
        with pytest.raises(openai.APIError, match="the service failed on this request") as raised:
            for chunk in client.chat.completions.create(model="suraq", messages=asked(), stream=True):
                text += chunk.choices[0].delta.content or ""
    assert text == "Once "
    assert raised.value.type == "server_error"


def test_a_failure_in_the_middle_of_a_response_ends_it_as_failed() -> None:
    with saying(failing) as client:
        events = list(client.responses.create(model="suraq", input=QUESTION, stream=True))
        with pytest.raises(ValueError, match="the service failed on this request"):
            list(langchain(str(client.base_url).removesuffix("/v1/")).stream(QUESTION))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    failed = events[-1]
    assert failed.type == "response.failed"
    assert failed.response.status == "failed"
    assert failed.response.error
    assert failed.response.error.message == "the service failed on this request; its log says why"


def test_a_failure_before_the_first_byte_is_a_500() -> None:
    with saying(failing) as client:
        with pytest.raises(openai.InternalServerError) as raised:
            client.responses.create(model="suraq", input=QUESTION)
        assert "secret" not in str(raised.value)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="suraq", messages=asked())


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_client_that_leaves_in_the_middle_leaves_nothing_running(protocol: int) -> None:
    ended = threading.Event()

    async def endless() -> AsyncIterator[Piece]:
        try:
            while True:
                yield Piece("and so on ")
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def waiting() -> AsyncIterator[Piece]:
        try:
            yield Piece("wait ")
            await asyncio.sleep(3600)
        finally:
            ended.set()

    for pieces in (endless, waiting):
        ended.clear()
        with saying(pieces) as client:
            stream = streams(client)[protocol]()
            assert any(" " in spoken(event) for event in stream)
            assert not ended.is_set()
            stream.close()
            assert ended.wait(10)
