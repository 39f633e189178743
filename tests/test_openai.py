"""OpenAI's chat completions and models, with OpenAI's own client and LangChain's, on a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletion
from pydantic import SecretStr

from tests.openai_clients import JSON, QUESTION, asked, check_links, openai_client


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> Iterator[openai.OpenAI]:
    with openai_client(service.base_url) as made:
        yield made


def chat(client: openai.OpenAI, messages: Any = None, **more: Any) -> ChatCompletion:
    reply = client.chat.completions.create(**{"model": "suraq", "messages": messages or asked(), **more})
    assert isinstance(reply, ChatCompletion)
    return reply


def test_the_models_are_listed_and_each_is_found_by_its_name(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["suraq", "suraq-openwebui", "suraq-query", "suraq-passage"]
    assert [client.models.retrieve(name).id for name in names] == names
    with pytest.raises(openai.NotFoundError, match="'gpt'"):
        client.models.retrieve("gpt")


def test_a_reply_quotes_the_answer_and_types_its_citations(client: openai.OpenAI, service: httpx.Client) -> None:
    reply = chat(client)
    message = reply.choices[0].message
    assert message.content
    assert "1992" in message.content
    citations = [one.url_citation for one in message.annotations or ()]
    check_links(service, message.content, citations)
    assert citations[0].url.endswith("/read/kazakh-diplomacy#s4.1")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens == 7


def test_a_stream_says_what_a_whole_reply_says(client: openai.OpenAI) -> None:
    whole = chat(client).choices[0].message
    chunks = list(
        client.chat.completions.create(
            model="suraq", messages=asked(), stream=True, stream_options={"include_usage": True}
        )
    )
    assert len({(chunk.id, chunk.model, chunk.created) for chunk in chunks}) == 1
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == whole.content
    (annotations,) = [found for delta in deltas if (found := getattr(delta, "annotations", None))]
    assert annotations == [one.model_dump() for one in whole.annotations or ()]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert [bool(chunk.usage) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []


def test_no_usage_is_streamed_unasked(client: openai.OpenAI) -> None:
    for options in (None, {}, {"include_usage": None}):
        body: Any = {"model": "suraq", "messages": asked(), "stream": True, "stream_options": options}
        chunks = list(client.chat.completions.create(**body))
        assert all(chunk.choices and not chunk.usage for chunk in chunks)


def test_the_clients_own_accumulation_ends_with_the_citations(client: openai.OpenAI, service: httpx.Client) -> None:
    with client.chat.completions.stream(model="suraq", messages=asked()) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert message.content
    check_links(service, message.content, [one.url_citation for one in message.annotations or ()])


def test_the_asynchronous_client_gets_the_same(service: httpx.Client, client: openai.OpenAI) -> None:
    async def ask_twice() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{service.base_url}/v1", api_key="any", max_retries=0) as own:
            whole = await own.chat.completions.create(model="suraq", messages=asked())
            stream = await own.chat.completions.create(model="suraq", messages=asked(), stream=True)
            streamed = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return whole.choices[0].message.content, "".join(streamed)

    whole, streamed = asyncio.run(ask_twice())
    assert whole == streamed == chat(client).choices[0].message.content


def test_langchain_sees_the_citations_as_links_in_the_text(service: httpx.Client, client: openai.OpenAI) -> None:
    langchain = ChatOpenAI(model="suraq", base_url=f"{service.base_url}/v1", api_key=SecretStr("any"))
    whole = langchain.invoke([("system", "Be short."), ("user", QUESTION)])
    assert whole.content == chat(client).choices[0].message.content
    assert f"[§4, БҰҰ-дағы рөлі]({service.base_url}/read/kazakh-diplomacy#s4.1)" in whole.content
    assert isinstance(whole.usage_metadata, dict)
    chunks = list(langchain.stream(QUESTION))
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    assert "".join(str(chunk.content) for chunk in chunks) == whole.content


def test_the_model_for_open_webui_numbers_its_sources_and_sends_them_as_events(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="suraq-openwebui", messages=asked(), stream=True))
    events = [event for chunk in chunks if (event := getattr(chunk, "event", None))]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert [f"[{number}]" in text for number in range(1, len(events) + 1)] == [True] * 5
    assert "](http" not in text
    assert "1992" in events[0]["data"]["document"][0]
    assert not any(getattr(chunk.choices[0].delta, "annotations", None) for chunk in chunks if chunk.choices)


def test_a_task_of_open_webui_that_is_streamed_is_streamed_to(client: openai.OpenAI) -> None:
    task = '### Task:\nWrite {"title": "…"}\n<chat_history>\nUSER: Tea?\n</chat_history>'
    assert chat(client, asked(task)).choices[0].message.content == '{"title": "Tea?"}'
    chunks = list(client.chat.completions.create(model="suraq", messages=asked(task), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        (asked([{"type": "text", "text": QUESTION}]), {}),
        (asked([IMAGE, {"type": "text", "text": QUESTION}]), {}),
        ([{"role": "system", "content": "Answer as a pirate."}, *asked()], {"temperature": 2.0, "n": 3, "seed": 1}),
        ([{"role": "developer", "content": [{"type": "text", "text": "Be short."}]}, *asked()], {"store": True}),
        ([*asked("чай"), {"role": "assistant", "content": None}, *asked()], {"max_tokens": 1}),
        ([*asked("а" * 50_000), {"role": "assistant", "content": "?"}, *asked()], {}),
        (
            asked(),
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}], "tool_choice": "auto"},
        ),
        (asked(), {"response_format": {"type": "json_object"}, "extra_body": {"nobody_knows": {"this": [1]}}}),
        ([*asked(), {"role": "assistant", "content": "1992"}] * 100, {}),
    ],
)
def test_what_chat_frontends_send_beside_the_question_changes_nothing(
    client: openai.OpenAI, messages: Any, more: dict[str, Any]
) -> None:
    assert "БҰҰ-дағы рөлі: Қазақстан 1992" in (chat(client, messages, **more).choices[0].message.content or "")


@pytest.mark.parametrize(
    ("messages", "param", "said"),
    [
        ([], "messages", "at least 1 item"),
        ("hello", "messages", "list"),
        ([{"content": "hello"}], "messages.0.role", "required"),
        ([{"role": "system", "content": "Be short."}], None, "no message has the role user"),
        (asked([IMAGE]), None, "no text"),
        (asked(""), None, "no text"),
        (asked(None), None, "no text"),
        (asked([]), None, "no text"),
        (asked({"text": "hello"}), "messages.0.content", "a text, or a list of parts"),
        (asked(["hello"]), "messages.0.content", "a text, or a list of parts"),
        (asked(7), "messages.0.content", "a text, or a list of parts"),
        (asked("а" * 50_000), None, "50000 characters; at most 1000"),
    ],
)
def test_messages_that_cannot_be_answered_are_a_bad_request(
    client: openai.OpenAI, messages: Any, param: str | None, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="suraq", messages=messages)
    assert said in raised.value.message
    assert (raised.value.type, raised.value.param) == ("invalid_request_error", param)
    assert isinstance(raised.value.body, dict)
    assert set(raised.value.body) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("name", ["gpt-5", "suraq-query", ""])
def test_another_model_is_not_found(client: openai.OpenAI, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.chat.completions.create(model=name, messages=asked()),
        lambda: client.chat.completions.create(model=name, messages=asked(), stream=True),
        lambda: client.responses.create(model=name, input=QUESTION),
        lambda: client.embeddings.create(model=name.replace("query", "openwebui"), input=QUESTION),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError, match="this address knows suraq, ") as raised:
            call()
        assert raised.value.code == "model_not_found"


POSTED = ("/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/v1/vector_stores/suraq/search")


@pytest.mark.parametrize("path", POSTED)
def test_a_body_that_is_none_is_told_of_in_the_protocols_own_words(service: httpx.Client, path: str) -> None:
    replies = {
        400: [
            service.post(path, content=content, headers=JSON)
            for content in (b"", b"{", b"[]", b"{}", b"\xff", b'{"input": "\\ud800"}', b"[" * 20_000)
        ],
        405: [service.get(path), service.delete(path)],
        413: [service.post(path, content=b'"' + b"a" * 4_200_000 + b'"', headers=JSON)],
        415: [service.post(path, content=b"{}", headers={"content-type": "text/plain"}), service.post(path)],
    }
    if path.endswith("/search"):
        replies[405].pop(0)  # with GET it is the address of a store with that id
    for status, found in replies.items():
        for reply in found:
            assert reply.status_code == status, reply.text
            assert set(reply.json()) == {"error"}
            assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/models/a/b", "/v1/chat/completions/"])
def test_an_unknown_address_is_told_of_in_the_protocols_own_words(service: httpx.Client, path: str) -> None:
    reply = service.get(path)
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "invalid_request_error")


def test_half_a_character_is_refused_wherever_it_stands(service: httpx.Client) -> None:
    bodies = {
        "/v1/chat/completions": b'{"model": "suraq", "messages": [{"role": "user", "content": [{"text": "\\ud800"}]}]}',
        "/v1/responses": b'{"model": "suraq", "input": "\\udc00"}',
        "/v1/embeddings": b'{"model": "suraq", "input": ["\\ud800"]}',
        "/v1/vector_stores/suraq/search": b'{"query": "\\ud800"}',
    }
    for path, content in bodies.items():
        assert service.post(path, content=content, headers=JSON).status_code == 400


def test_of_many_faults_in_a_body_the_first_few_are_told(service: httpx.Client) -> None:
    messages = [{"role": 1, "content": "a"}] * 3000
    reply = service.post("/v1/chat/completions", json={"model": "suraq", "messages": messages})
    told = reply.json()["error"]["message"]
    assert reply.status_code == 400
    assert told.startswith("messages.0.role: Input should be a valid string (it is 1); messages.1.role: ")
    assert told.endswith("; and 2990 more")
    assert len(told) < 1000
