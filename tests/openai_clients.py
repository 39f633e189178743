"""OpenAI's own client on a service, and a server in this process for what no service does by itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import openai
import uvicorn
from fastapi import FastAPI

from qa.retrieval.answerer import Answerer
from qa.serving.app import create_app
from qa.settings import Settings
from tests.conftest import eventually

QUESTION = "When did Kazakhstan join the UN?"
JSON = {"content-type": "application/json"}


def openai_client(address: object) -> openai.OpenAI:
    """A client that asks once only."""
    return openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0)


def asked(content: Any = QUESTION) -> list[Any]:
    return [{"role": "user", "content": content}]


def check_links(service: httpx.Client, text: str, citations: Sequence[Any]) -> None:
    """Each citation points at its marker in the text, and its link opens a page with its anchor and its passage."""
    assert citations
    passages = {
        f"{service.base_url}{one['citation']['url']}": one["text"]
        for document in service.get("/documents").json()["documents"]
        for one in service.get(f"/documents/{document['id']}/passages").json()["passages"]
    }
    for citation in citations:
        marker = text[citation.start_index : citation.end_index]
        assert marker.startswith("[")
        assert marker.endswith(f"]({citation.url})")
        page, anchor = citation.url.split("#")
        reply = httpx.get(page, trust_env=False)
        assert reply.status_code == 200
        assert f'id="{unquote(anchor)}"' in reply.text
        assert passages[citation.url][:40] in unescape(re.sub(r"<[^>]*>", "", reply.text))
        assert citation.title


@contextmanager
def overridden(overrides: dict[Callable[..., Any], Callable[..., Any]]) -> Iterator[tuple[str, uvicorn.Server]]:
    """The address of a real server whose app has some of its dependencies replaced, and the server."""

    def load() -> Answerer:
        raise AssertionError("not called")

    app: FastAPI = create_app(Settings(), load)
    app.dependency_overrides |= overrides
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join()
