"""One question, every interface: the same passages in the same order, each with a link that opens its place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.openai_clients import openai_client

QUESTIONS = {
    "kk": "Қазақстан БҰҰ-ға қашан мүше болды?",
    "kk in Latin letters": "Qazaqstan BUU-ga qashan mushe boldy?",
    "ru": "Почему Казахстан отказался от ядерного оружия?",
    "en": "When did Kazakhstan join the UN?",
    "tr": "Kazakistan BM'ye ne zaman üye oldu?",
    "zh": "哈萨克斯坦什么时候加入联合国？",
    "not answered": "How do I bake bread?",
}
Urls = list[str]


def by_ask(service: httpx.Client, question: str) -> Urls:
    body = service.post("/ask", json={"question": question}).json()
    return [f"{service.base_url}{one['citation']['url']}" for one in body["passages"]]


def by_chat(service: httpx.Client, question: str) -> Urls:
    messages: Any = [{"role": "user", "content": question}]
    reply = openai_client(service.base_url).chat.completions.create(model="suraq", messages=messages)
    return [one.url_citation.url for one in reply.choices[0].message.annotations or ()]


def by_streamed_chat(service: httpx.Client, question: str) -> Urls:
    messages: Any = [{"role": "user", "content": question}]
    stream = openai_client(service.base_url).chat.completions.create(model="suraq", messages=messages, stream=True)
    deltas = [chunk.choices[0].delta for chunk in stream if chunk.choices]
    annotations = [one for delta in deltas for one in getattr(delta, "annotations", None) or ()]
    return [one["url_citation"]["url"] for one in annotations]


def by_open_webui(service: httpx.Client, question: str) -> Urls:
    body = {"model": "suraq-openwebui", "stream": True, "messages": [{"role": "user", "content": question}]}
    events = _events(service, "/v1/chat/completions", body)
    return [one["event"]["data"]["source"]["url"] for one in events if "event" in one]


def by_responses(service: httpx.Client, question: str) -> Urls:
    reply = openai_client(service.base_url).responses.create(model="suraq", input=question)
    message: Any = reply.output[0]
    return [one.url for one in message.content[0].annotations]


def by_vector_store(service: httpx.Client, question: str) -> Urls:
    store = openai_client(service.base_url).vector_stores
    page = store.search("suraq", query=question, max_num_results=5)
    return [str((one.attributes or {})["url"]) for one in page.data]


def by_ui_stream(service: httpx.Client, question: str) -> Urls:
    body = {"id": "1", "messages": [{"id": "2", "role": "user", "parts": [{"type": "text", "text": question}]}]}
    return [one["url"] for one in _events(service, "/chat/ui", body) if one["type"] == "source-url"]


def by_dify(service: httpx.Client, question: str) -> Urls:
    body = {"knowledge_id": "suraq", "query": question, "retrieval_setting": {"top_k": 5, "score_threshold": 0.0}}
    reply = service.post("/retrieval", json=body, headers={"Authorization": "Bearer any"}).json()
    return [one["metadata"]["url"] for one in reply["records"]]


def by_mcp(service: httpx.Client, question: str) -> Urls:
    from mcp import Client

    async def search() -> Any:
        async with Client(f"{service.base_url}/mcp") as client:
            return await client.call_tool("search", {"query": question})

    return [one["url"] for one in asyncio.run(search()).structured_content["results"]]


def _events(service: httpx.Client, route: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    reply = service.post(route, json=body)
    assert reply.status_code == 200, reply.text
    data = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    return [json.loads(one) for one in data]


INTERFACES: list[Callable[[httpx.Client, str], Urls]] = [
    by_chat,
    by_streamed_chat,
    by_open_webui,
    by_responses,
    by_vector_store,
    by_ui_stream,
    by_dify,
    by_mcp,
]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("interface", INTERFACES, ids=lambda interface: interface.__name__)
def test_the_same_question_gives_the_same_citations_everywhere(
    service: httpx.Client, interface: Callable[[httpx.Client, str], Urls], question: str
) -> None:
    asked = by_ask(service, question)
    assert len(asked) == 5
    assert interface(service, question) == asked


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_each_of_these_links_opens_a_page_with_its_place(service: httpx.Client, question: str) -> None:
    for url in by_chat(service, question):
        page, anchor = url.split("#")
        reply = httpx.get(page, trust_env=False)
        assert reply.status_code == 200
        assert f'id="{unquote(anchor)}"' in reply.text
