"""The Model Context Protocol by its own client: in memory, over HTTP and over standard input and output."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio
import httpx
import mcp_types as types
import pytest
from anyio.to_thread import run_sync
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import Server
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.encoding.encoder import Encoding
from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.indexing.history import History, Past
from qa.reading import read_corpus
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import Calibration
from qa.retrieval.relevance import Scales
from qa.serving.links import Links
from qa.serving.live import Live
from qa.serving.mcp.origins import refusal
from qa.serving.mcp.route import LateStart
from qa.serving.mcp.server import Library, server_of
from qa.serving.mcp.stdio import serving_address
from qa.settings import Settings
from tests.conftest import ROOT, environment, run_qa
from tests.fakes import WordEncoder, word_model

T = TypeVar("T")
Target = str | Server[Any] | StdioServerParameters

UN = "When did Kazakhstan join the UN?"
BRAKES = "Как заменить тормозные колодки?"
HOSTILE = ["../../etc/passwd", "a\0b", "x" * 10_240, "", "' OR 1=1 --", "%2e%2e/%2fetc", "/read/kazakh-diplomacy#s4.1"]


def with_client(target: Target, use: Callable[[Client], Awaitable[T]], mode: str = "auto") -> T:
    async def run() -> T:
        async with Client(target, mode=mode) as client:
            return await use(client)

    return anyio.run(run)


def called(target: Target, tool: str, arguments: dict[str, Any], mode: str = "auto") -> types.CallToolResult:
    return with_client(target, lambda client: client.call_tool(tool, arguments), mode)


def refused(target: Target, use: Callable[[Client], Awaitable[object]]) -> MCPError:
    """The protocol's error in place of a result."""

    async def run(client: Client) -> MCPError:
        # Caught here: the client would leave it wrapped in groups of its tasks.
        with pytest.raises(MCPError) as raised:
            await use(client)
        return raised.value

    return with_client(target, run)


def given(result: types.CallToolResult) -> dict[str, Any]:
    """What a tool gave: the same as structured content and as its one item of text."""
    assert result.is_error is False, result.content
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    assert isinstance(result.structured_content, dict)
    assert json.loads(item.text) == result.structured_content
    return result.structured_content


def fault(result: types.CallToolResult) -> str:
    assert result.is_error is True
    (item,) = result.content
    assert isinstance(item, types.TextContent)
    return item.text


def found(target: Target, query: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = given(called(target, "search", {"query": query}))["results"]
    return results


@pytest.fixture(scope="module")
def address(service: httpx.Client) -> str:
    return f"{str(service.base_url).rstrip('/')}/mcp"


@pytest.fixture(scope="module")
def answerer(corpus: Path, real_model: PreparedModel) -> Answerer:
    return Answerer(build(read_corpus(corpus), real_model).generation, real_model, Calibration.load(real_model.folder))


def in_memory(answerer: Answerer | Callable[[], Answerer], base_url: str = "https://essay.example") -> Server[Any]:
    return server_of(Library(answerer if callable(answerer) else lambda: answerer, lambda _: Links(base_url)))


# Over HTTP, to the running service.


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("query", [UN, "ШЫҰ не үшін құрылған?", "Какие соседи у Казахстана?", BRAKES])
def test_search_gives_the_passages_of_post_ask_in_their_order(
    service: httpx.Client, address: str, query: str, mode: str
) -> None:
    asked = service.post("/ask", json={"question": query}).json()
    results = given(called(address, "search", {"query": query}, mode))["results"]
    assert [result["id"] for result in results] == [passage["id"] for passage in asked["passages"]]
    assert len(results) == 5
    for result, passage in zip(results, asked["passages"], strict=True):
        citation = passage["citation"]
        assert set(result) == {"id", "title", "url", "answerable"}
        label, title = citation["label"], citation["title"]
        assert result["title"] == (label if label == title else f"{label} — {title}")
        assert result["url"] == f"{str(service.base_url).rstrip('/')}{citation['url']}"
        assert result["answerable"] is asked["answerable"]


def test_each_result_tells_whether_the_documents_answer_the_question(address: str) -> None:
    assert [result["answerable"] for result in found(address, UN)] == [True] * 5
    assert [result["answerable"] for result in found(address, BRAKES)] == [False] * 5


def test_the_link_of_every_result_opens_a_page_with_its_anchor(service: httpx.Client, address: str) -> None:
    for query in (UN, "Who wrote the letter?", "How long must green tea steep?"):
        for result in found(address, query):
            page, _, anchor = result["url"].partition("#")
            reply = service.get(page)
            assert reply.status_code == 200
            assert f'id="{unquote(anchor)}"' in reply.text


def test_fetch_gives_the_passage_word_for_word_with_its_section_and_link(service: httpx.Client, address: str) -> None:
    result = found(address, UN)[0]
    fetched = given(called(address, "fetch", {"id": result["id"]}))
    body = service.get(f"/passages/{result['id']}").json()
    about, citation = fetched["metadata"], body["citation"]
    assert {name: fetched[name] for name in ("id", "title", "url")} == {
        name: result[name] for name in ("id", "title", "url")
    }
    assert set(fetched) == {"id", "title", "text", "url", "metadata"}
    assert "1992" in body["text"]
    assert fetched["text"] == f"{body['text']}\n\nSource: {result['title']}\n{result['url']}"
    assert about == {
        "document": "kazakh-diplomacy",
        "label": "§4, БҰҰ-дағы рөлі",
        "section": "4",
        "start": citation["start"],
        "end": citation["end"],
        "generation": service.get("/readyz").json()["generation"],
    }
    whole = service.get("/documents/kazakh-diplomacy/text").text
    assert whole[about["start"] : about["end"]] == fetched["text"][: about["end"] - about["start"]]


def test_fetch_takes_the_id_of_a_document_for_all_of_it(service: httpx.Client, address: str) -> None:
    for listed in service.get("/documents").json()["documents"]:
        fetched = given(called(address, "fetch", {"id": listed["id"]}))
        text = service.get(f"/documents/{listed['id']}/text").text
        assert fetched["text"] == f"{text}\n\nSource: {listed['title']}\n{fetched['url']}"
        assert fetched["url"] == f"{str(service.base_url).rstrip('/')}{listed['url']}"
        assert service.get(fetched["url"]).status_code == 200
        assert fetched["metadata"]["document"] == listed["id"]


@pytest.mark.parametrize("id_", HOSTILE)
def test_fetch_says_of_an_id_that_nothing_has_which_it_is_and_what_to_do(address: str, id_: str) -> None:
    told = fault(called(address, "fetch", {"id": id_}))
    assert told.startswith(f"no passage and no document has the id {repr(id_)[:80]}")
    assert told.endswith("; take one from a result of search")
    assert len(told) < 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "query: Field required"),
        ({"query": ""}, "query: String should have at least 1 character (it is '')"),
        ({"query": " \u200b "}, "query: it has no visible character; write a question (it is ' \\u200b ')"),
        ({"query": "а" * 5000}, "query: String should have at most 1000 characters (it has 5000)"),
        ({"query": 7}, "query: Input should be a valid string (it is 7)"),
    ],
)
def test_search_says_of_a_query_that_it_cannot_take_what_is_wrong(
    address: str, arguments: dict[str, Any], told: str
) -> None:
    assert fault(called(address, "search", arguments)) == told


def test_an_unknown_tool_is_an_error_of_the_protocol_that_names_those_there_are(address: str) -> None:
    error = refused(address, lambda client: client.call_tool("delete", {}))
    assert (error.code, error.message) == (
        types.INVALID_PARAMS,
        "there is no tool 'delete'; there are search and fetch",
    )


def test_the_tools_say_that_they_only_read_and_what_there_is_to_read(service: httpx.Client, address: str) -> None:
    tools = {tool.name: tool for tool in with_client(address, lambda client: client.list_tools()).tools}
    assert set(tools) == {"search", "fetch"}
    assert tools["search"].input_schema["required"] == ["query"]
    assert tools["fetch"].input_schema["required"] == ["id"]
    for tool in tools.values():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.description is not None
        for document in service.get("/documents").json()["documents"]:
            assert document["title"] in tool.description


def test_every_document_is_a_resource_with_its_text(service: httpx.Client, address: str) -> None:
    async def read_all(client: Client) -> dict[str, tuple[types.Resource, str]]:
        listed = (await client.list_resources()).resources
        read = {}
        for resource in listed:
            (contents,) = (await client.read_resource(resource.uri)).contents
            assert isinstance(contents, types.TextResourceContents)
            assert contents.mime_type == resource.mime_type
            read[resource.uri] = resource, contents.text
        return read

    resources = with_client(address, read_all)
    documents = service.get("/documents").json()["documents"]
    assert list(resources) == [f"suraq://documents/{document['id']}" for document in documents]
    for document in documents:
        resource, text = resources[f"suraq://documents/{document['id']}"]
        assert (resource.name, resource.title) == (document["name"], document["title"])
        assert resource.mime_type == ("text/markdown" if document["name"].endswith(".md") else "text/plain")
        assert text == service.get(f"/documents/{document['id']}/text").text


@pytest.mark.parametrize(
    "uri",
    ["suraq://documents/nope", "suraq://documents/", "suraq://documents/..%2f..%2fetc%2fpasswd", "file:///etc/passwd"],
)
def test_a_resource_that_is_not_there_is_an_error_that_names_it(address: str, uri: str) -> None:
    error = refused(address, lambda client: client.read_resource(uri))
    assert (error.code, error.message) == (
        types.INVALID_PARAMS,
        f"there is no resource {uri!r}; resources/list tells which there are",
    )


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
TAKES = {"accept": "application/json, text/event-stream"}


def test_a_page_of_another_origin_is_refused_and_a_program_is_not(service: httpx.Client) -> None:
    refused = service.post("/mcp", json=PING, headers={**TAKES, "origin": "http://evil.example"})
    assert refused.status_code == 403
    assert "'http://evil.example'" in refused.json()["error"]["message"]
    for sent in ({}, {"origin": "http://localhost:6274"}, {"host": "essay.example"}):
        reply = service.post("/mcp", json=PING, headers={**TAKES, **sent})
        assert (reply.status_code, reply.json()["result"]) == (200, {})


def test_there_is_no_stream_to_get_and_no_session_to_delete(service: httpx.Client) -> None:
    for method in ("GET", "DELETE", "HEAD"):
        reply = service.request(method, "/mcp", headers={"accept": "text/event-stream"})
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


def test_what_is_no_message_is_refused_in_the_protocols_own_form(service: httpx.Client) -> None:
    for body in ("{bad", "", "[]", "[" * 100_000, '{"jsonrpc": "2.0", "id": 1, "method": "\\ud800"}'):
        reply = service.post("/mcp", content=body, headers={**TAKES, "content-type": "application/json"})
        assert reply.status_code == 400
        assert reply.json()["error"]["code"] in (types.PARSE_ERROR, types.INVALID_PARAMS)
    large = service.post(
        "/mcp", content=b" " * (4 * 1024**2 + 1), headers={**TAKES, "content-type": "application/json"}
    )
    assert large.status_code == 413


def test_the_reply_bears_the_generation_that_the_tool_read(service: httpx.Client) -> None:
    call = {"name": "fetch", "arguments": {"id": "kazakh-diplomacy"}}
    reply = service.post("/mcp", json={**PING, "method": "tools/call", "params": call}, headers=TAKES)
    generation = reply.json()["result"]["structuredContent"]["metadata"]["generation"]
    assert reply.headers["X-Index-Generation"] == generation == service.get("/readyz").json()["generation"]


# Which pages and names.


@pytest.mark.parametrize(
    ("base_url", "headers", "status"),
    [
        ("", {"host": "essay.example"}, None),
        ("", {"host": "127.0.0.1:8000"}, None),
        ("", {"host": "localhost:8000", "origin": "http://localhost:6274"}, None),
        ("", {"host": "[::1]:8000", "origin": "http://[::1]:8000"}, None),
        ("", {"host": "127.0.0.1:8000", "origin": "https://127.0.0.1"}, None),
        ("", {"host": "127.0.0.1:8000", "origin": "http://evil.example"}, 403),
        # The page's own name leads here: its origin is this service's, to the letter.
        ("", {"host": "evil.example:8000", "origin": "http://evil.example:8000"}, 403),
        ("", {"host": "localhost:8000", "origin": "null"}, 403),
        ("", {"host": "localhost:8000", "origin": ""}, 403),
        ("", {"host": "localhost:8000", "origin": "http://localhost.evil.example"}, 403),
        ("", {"host": "localhost:8000", "origin": "http://127.0.0.1.evil.example"}, 403),
        ("", {"host": "localhost:8000", "origin": "http://[::1"}, 403),
        ("", {"host": "localhost:8000", "origin": "file://localhost"}, 403),
        ("", {"host": "localhost:8000", "origin": "http://192.168.1.7:8000"}, 403),
        ("https://essay.example", {"host": "essay.example"}, None),
        ("https://essay.example", {"host": "Essay.Example:443", "origin": "https://essay.example"}, None),
        ("https://essay.example/at/it", {"host": "essay.example", "origin": "https://essay.example"}, None),
        ("https://essay.example", {"host": "127.0.0.1:8000", "origin": "https://essay.example"}, None),
        ("https://essay.example", {"host": "localhost:8000", "origin": "http://localhost:8000"}, None),
        ("https://essay.example", {"host": "10.0.0.7:8000"}, None),
        # As the containers of one network call each other, and a proxy that does not hand on the name.
        ("https://essay.example", {"host": "suraq:8000"}, None),
        ("https://essay.example", {"host": "evil.example"}, 421),
        ("https://essay.example", {"host": "essay.example.evil.example"}, 421),
        ("https://essay.example", {"host": "essay.example", "origin": "http://essay.example"}, 403),
        ("https://essay.example", {"host": "essay.example", "origin": "https://essay.example:8443"}, 403),
        ("https://essay.example", {"host": "essay.example", "origin": "https://evil.example"}, 403),
    ],
)
def test_only_pages_and_names_of_the_service_and_of_this_machine_may_call(
    base_url: str, headers: dict[str, str], status: int | None
) -> None:
    refused = refusal(Headers(headers), Settings(base_url=base_url))
    assert (refused and refused.status) == status
    if refused is not None:
        assert repr(headers["origin"] if status == 403 else headers["host"].lower()) in refused.detail
        assert "QA_BASE_URL" in refused.detail


# In memory.


def test_links_begin_with_the_base_url_that_is_set(answerer: Answerer) -> None:
    server = in_memory(answerer, "https://essay.example/at")
    result = found(server, UN)[0]
    assert result["url"] == "https://essay.example/at/read/kazakh-diplomacy#s4.1"
    assert given(called(server, "fetch", {"id": result["id"]}))["url"] == result["url"]


def test_a_former_id_gives_what_the_passage_became_and_a_gone_one_says_so(answerer: Answerer) -> None:
    generation = answerer.generation
    now = generation.passages_of("tea")[0]
    past = (Past("tea", "s9", "former", now.id, "g0"), Past("tea", "s8", "lost", None, "g0"))
    server = in_memory(replace(answerer, generation=replace(generation, history=History(past))))
    fetched = given(called(server, "fetch", {"id": "former"}))
    assert fetched["id"] == now.id
    assert fetched["text"].startswith(now.text)
    assert fault(called(server, "fetch", {"id": "lost"})) == (
        "the passage 'lost' is gone and nothing took its place; search again"
    )


def test_a_passage_that_needs_words_from_elsewhere_comes_with_them_after_it(answerer: Answerer) -> None:
    rows = [passage for passage in answerer.generation.passages if passage.kind == "row"]
    assert rows
    for row in rows:
        text = given(called(in_memory(answerer), "fetch", {"id": row.id}))["text"]
        assert text.startswith(f"{row.text}\n\nContext: {row.context}\n\nSource: ")


def test_a_section_without_a_number_has_none_in_the_metadata(answerer: Answerer) -> None:
    passage = answerer.generation.passages_of("letter")[0]
    assert passage.section is None
    metadata = given(called(in_memory(answerer), "fetch", {"id": passage.id}))["metadata"]
    assert set(metadata) == {"document", "label", "start", "end", "generation"}


def test_a_service_that_is_not_ready_says_so_and_tells_its_tools_all_the_same() -> None:
    def load() -> Answerer:
        raise AssertionError("not called")

    async def use(client: Client) -> tuple[list[str], types.CallToolResult]:
        with pytest.raises(MCPError, match="being loaded; ask again in a moment"):
            await client.list_resources()
        tools = (await client.list_tools()).tools
        return [tool.name for tool in tools], await client.call_tool("search", {"query": UN})

    live = Live(load, lambda _: load(), Path("nowhere"))
    names, result = with_client(in_memory(live.answerer), use)
    assert names == ["search", "fetch"]
    assert fault(result) == "the index and the encoder are being loaded; ask again in a moment"


def test_of_a_fault_of_the_service_only_the_log_tells_more(
    answerer: Answerer, caplog: pytest.LogCaptureFixture
) -> None:
    server = in_memory(replace(answerer, calibration=None))  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        told = fault(called(server, "search", {"query": UN}))
    assert told == "the service failed on this request; its log says why"
    assert "AttributeError" in caplog.text


class GatedEncoder(WordEncoder):
    """Holds each question until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.held = threading.Event(), threading.Event()

    def encode_questions(self, texts: Sequence[str]) -> list[Encoding]:
        self.held.set()
        assert self.gate.wait(30)
        return super().encode_questions(texts)


def test_a_search_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_text("Alpha beta.\n\nGamma delta.\n")
    encoder = GatedEncoder()
    model = replace(word_model(), encoder=encoder)
    even = Calibration(Scales(1.0, 1.0, 1.0), slope=2.0, intercept=-5.0)
    server = in_memory(Answerer(build(read_corpus(tmp_path), model).generation, model, even))
    results: list[types.CallToolResult] = []

    async def use(client: Client) -> list[types.Resource]:
        async def search() -> None:
            results.append(await client.call_tool("search", {"query": "alpha"}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(search)
            try:
                assert await run_sync(encoder.held.wait, 30)
                listed = await client.list_resources()
                assert not results
            finally:
                encoder.gate.set()
        return listed.resources

    assert [resource.uri for resource in with_client(server, use)] == ["suraq://documents/essay"]
    assert len(given(results[0])["results"]) == 2


# The start.

STARTING = """
import asyncio, sys, httpx
from tests.fakes import word_model
from qa.serving.app import create_app
from qa.settings import Settings
import qa.cli

def load():
    raise RuntimeError("nothing to load")

def imported():
    return [name for name in ("mcp", "mcp_types", "openai") if name in sys.modules]

async def ping(client, number):
    message = {"jsonrpc": "2.0", "id": number, "method": "ping"}
    return await client.post("/mcp", json=message, headers={"accept": "application/json"})

async def main():
    app = create_app(Settings(), load)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            assert (await client.get("/livez")).status_code == 200
            assert (await client.post("/mcp", headers={"origin": "http://evil.example"})).status_code == 403
            assert imported() == [], imported()
            replies = await asyncio.gather(*(ping(client, number) for number in range(4)))
            assert [reply.json()["id"] for reply in replies] == [0, 1, 2, 3], [reply.text for reply in replies]
            assert "mcp" in imported()
    assert asyncio.all_tasks() == {asyncio.current_task()}

asyncio.run(main())
print("ended")
"""


def test_mcp_is_imported_by_the_first_requests_to_it_and_its_task_ends_with_the_service() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STARTING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


def test_concurrent_first_requests_start_the_app_once_and_a_failure_is_tried_again() -> None:
    entered: list[str] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("not called")

    @asynccontextmanager
    async def running() -> AsyncIterator[ASGIApp]:
        entered.append("in")
        try:
            yield app
        finally:
            entered.append("out")

    def load() -> AbstractAsyncContextManager[ASGIApp]:
        entered.append("load")
        if entered == ["load"]:
            raise ImportError("not installed")
        return running()

    async def run() -> list[ASGIApp]:
        apps: list[ASGIApp] = []
        async with anyio.create_task_group() as tasks:
            late = LateStart(load, tasks)

            async def ask() -> None:
                apps.append(await late.app())

            with pytest.raises(ImportError, match="not installed"):
                await late.app()
            async with anyio.create_task_group() as asking:
                for _ in range(5):
                    asking.start_soon(ask)
            tasks.cancel_scope.cancel()
        return apps

    assert anyio.run(run) == [app] * 5
    assert entered == ["load", "load", "in", "out"]


# Over standard input and output.


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> dict[str, str]:
    """An environment with an index of a corpus that may be written to."""
    folder = tmp_path_factory.mktemp("stdio")
    (folder / "corpus").mkdir()
    for file in corpus.iterdir():
        (folder / "corpus" / file.name).write_bytes(file.read_bytes())
    made = environment(folder, QA_CORPUS_DIR=str(folder / "corpus"), QA_PORT="8123")
    assert run_qa("index", "build", env=made).returncode == 0
    return made


def started(env: dict[str, str]) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=["-m", "qa", "mcp"], env=env, cwd=ROOT)


def test_over_stdio_search_and_fetch_give_the_same_with_links_to_where_qa_serve_would_be(
    env: dict[str, str], service: httpx.Client
) -> None:
    async def use(client: Client) -> tuple[types.CallToolResult, types.CallToolResult]:
        search = await client.call_tool("search", {"query": UN})
        return search, await client.call_tool("fetch", {"id": given(search)["results"][0]["id"]})

    search, fetch = with_client(started(env), use)
    asked = service.post("/ask", json={"question": UN}).json()["passages"]
    assert [(result["id"], result["url"]) for result in given(search)["results"]] == [
        (passage["id"], f"http://127.0.0.1:8123{passage['citation']['url']}") for passage in asked
    ]
    assert given(fetch)["text"].startswith(asked[0]["text"])


def test_over_stdio_a_document_that_is_added_becomes_a_resource_without_a_new_start(env: dict[str, str]) -> None:
    async def use(client: Client) -> list[str]:
        before = [resource.uri for resource in (await client.list_resources()).resources]
        assert "suraq://documents/ai/d%20%D0%B5" not in before
        added = Path(env["QA_CORPUS_DIR"]) / "ai" / "d е.txt"
        added.parent.mkdir()
        added.write_text("Quinces ripen in October.\n")
        built = await run_sync(lambda: run_qa("index", "build", env=env))
        assert built.returncode == 0, built.stderr
        with anyio.fail_after(30):
            after = before
            while after == before:
                after = [resource.uri for resource in (await client.list_resources()).resources]
        (contents,) = (await client.read_resource("suraq://documents/ai/d%20%D0%B5")).contents
        assert isinstance(contents, types.TextResourceContents)
        assert contents.text == "Quinces ripen in October.\n"
        return sorted(set(after) - set(before))

    assert with_client(started(env), use) == ["suraq://documents/ai/d%20%D0%B5"]


@pytest.fixture
def running(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A ``qa mcp`` that has answered once."""
    command = [sys.executable, "-m", "qa", "mcp"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("no message\n" + json.dumps(PING) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"jsonrpc": "2.0", "id": 1, "result": {}}
        yield process
        process.kill()


def test_over_stdio_it_ends_with_its_input_and_has_written_nothing_but_messages(
    running: subprocess.Popen[str],
) -> None:
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (0, "", "")


def test_over_stdio_it_can_be_interrupted_while_it_waits_for_input(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == -signal.SIGINT


def test_over_stdio_a_missing_index_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    done = run_qa("mcp", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"qa: there is no index in {tmp_path / 'index'}; run qa index build\n"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("fd00::7", "http://[fd00::7]:9000"),
        ("essay.example", "http://essay.example:9000"),
    ],
)
def test_where_qa_serve_would_be_is_an_address_that_can_be_opened(host: str, address: str) -> None:
    assert serving_address(Settings(host=host, port=9000)) == address
