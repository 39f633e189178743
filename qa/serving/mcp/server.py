"""The server of the Model Context Protocol, and how it is reached. The only file that imports ``mcp``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

import mcp_types as types
from anyio.to_thread import run_sync
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.requests import Request
from starlette.types import ASGIApp

from qa import __version__
from qa.indexing.documents import Documents
from qa.records import Document
from qa.retrieval.answerer import Answerer
from qa.serving.links import Links
from qa.serving.mcp.tools import TOOLS, Tool, contents
from qa.serving.problems import NotReadyError, message_of

Context = ServerRequestContext[Any, Request]

_INSTRUCTIONS = (
    "Suraq finds what a collection of essays says, in passages word for word with their sections. It writes no answer "
    "of its own. Search with the user's question in any language, fetch what you quote, and cite the url of each "
    "passage that you use. Where the results say that the question is not answerable, tell the user that the essays "
    "do not answer it. Each essay is a resource too."
)
_DOCUMENTS = "suraq://documents/"
_PAGE = 100  # resources


@dataclass(frozen=True, slots=True)
class Library:
    """What is searched and read. ``links`` tells where links lead; its argument is None where no HTTP is."""

    answerer: Callable[[], Answerer]
    links: Callable[[Request | None], Links]


def server_of(library: Library) -> Server[Any]:
    """The protocol's server, over any transport."""
    shelf = _Shelf(library)
    return Server(
        "suraq",
        version=__version__,
        title="Suraq",
        instructions=_INSTRUCTIONS,
        on_list_tools=shelf.list_tools,
        on_call_tool=shelf.call_tool,
        on_list_resources=shelf.list_resources,
        on_read_resource=shelf.read_resource,
    )


@asynccontextmanager
async def over_http(library: Library) -> AsyncIterator[ASGIApp]:
    """The server as an ASGI app: each request by itself, each reply one JSON text. One task enters and leaves it."""
    manager = StreamableHTTPSessionManager(server_of(library), json_response=True, stateless=True)
    async with manager.run():
        yield manager.handle_request


async def over_stdio(library: Library) -> None:
    """Serve whoever is at the other end of standard input and output, until the input ends."""
    server = server_of(library)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


class _Shelf:
    """Answers the protocol's requests from a `Library`, each from what is live when it comes."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def list_tools(self, context: Context, _: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        try:
            about = f" {contents(self._answerer(context).generation)}"
        except NotReadyError:
            about = ""  # what the tools are can be told all the same
        return types.ListToolsResult(tools=[_described(tool, about) for tool in TOOLS.values()])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(
                types.INVALID_PARAMS, f"there is no tool {params.name[:80]!r}; there are {' and '.join(TOOLS)}"
            )
        try:
            answerer = self._answerer(context)
            links = self._library.links(context.request)
            result = await run_sync(partial(tool.call, answerer, params.arguments or {}, links))
        except Exception as error:
            # A model may mend what it asked for where it is told as the tool's result, not as a fault of the protocol.
            return types.CallToolResult(content=[_text(message_of(error))], is_error=True)
        return types.CallToolResult(content=[_text(result.model_dump_json())], structured_content=result.model_dump())

    async def list_resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        documents = self._documents(context)
        start = _start((params and params.cursor) or "0")
        shown = [_resource(one.about) for one in islice(documents.summaries(start), _PAGE)]
        more = str(start + _PAGE) if start + _PAGE < len(documents) else None
        return types.ListResourcesResult(resources=shown, next_cursor=more)

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        id_ = unquote(params.uri.removeprefix(_DOCUMENTS)) if params.uri.startswith(_DOCUMENTS) else ""
        document = self._documents(context).get(id_)
        if document is None:
            raise MCPError(
                types.INVALID_PARAMS, f"there is no resource {params.uri[:120]!r}; resources/list tells which there are"
            )
        text = types.TextResourceContents(uri=params.uri, mime_type=_media_type(document), text=document.text)
        return types.ReadResourceResult(contents=[text])

    def _answerer(self, context: Context) -> Answerer:
        """What answers now, noted as `answerer_of` does. Raises as `Live.answerer`."""
        answerer = self._library.answerer()
        if context.request is not None:
            context.request.state.generation = answerer.generation.id
        return answerer

    def _documents(self, context: Context) -> Documents:
        try:
            return self._answerer(context).generation.documents
        except NotReadyError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error


def _start(cursor: str) -> int:
    """Where a page begins; a cursor is the number of resources before it."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise MCPError(
            types.INVALID_PARAMS, f"there is no page {cursor[:80]!r}; send the nextCursor of the page before"
        )
    return int(cursor)


def _described(tool: Tool, about: str) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description + about,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(),
        annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _resource(document: Document) -> types.Resource:
    return types.Resource(
        uri=_DOCUMENTS + quote(document.id),
        name=document.name,
        title=document.title,
        mime_type=_media_type(document),
    )


def _media_type(document: Document) -> str:
    return "text/markdown" if document.name.lower().endswith(".md") else "text/plain"
