"""Pages and lists where there are more documents than are shown at once."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import environment, serving

COUNT = 130


def write_many(corpus: Path) -> None:
    corpus.mkdir()
    for number in range(COUNT):
        text = f"Essay {number:03}\n\nThis is number {number}, short.\n"
        (corpus / f"{number:03}.txt").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("many")
    write_many(folder / "corpus")
    with serving(environment(folder, QA_CORPUS_DIR=str(folder / "corpus"))) as client:
        yield client


def page(many: httpx.Client, address: str) -> str:
    reply = many.get(address, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert reply.status_code == 200
    return unescape(reply.text)


def test_the_page_shows_a_few_documents_and_finds_the_others(many: httpx.Client) -> None:
    first = page(many, "/")
    assert ("Essay 005" in first, "Essay 006" in first, f"and {COUNT - 6} more" in first) == (True, False, True)
    found = page(many, "/?find=ESSAY+077")
    assert ('href="/read/077"' in found, "Essay 078" in found, 'value="ESSAY 077"' in found) == (True, False, True)
    assert "No text has such a title." in page(many, "/?find=nothing")
    assert f"and {COUNT - 30} more" in page(many, "/?find=essay")


def test_mcp_lists_the_resources_a_page_at_a_time(many: httpx.Client) -> None:
    def listed(**params: Any) -> dict[str, Any]:
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "resources/list", "params": params}
        body: dict[str, Any] = many.post("/mcp", json=message, headers=headers).json()
        return body

    first = listed()["result"]
    rest = listed(cursor=first["nextCursor"])["result"]
    uris = [one["uri"] for one in (*first["resources"], *rest["resources"])]
    assert (len(first["resources"]), len(set(uris)), rest.get("nextCursor")) == (100, COUNT, None)
    for wrong in ("x", "-1", "٣", "1" * 20):
        assert f"there is no page '{wrong}'" in listed(cursor=wrong)["error"]["message"]


def test_suggestions_and_titles_come_from_a_part_of_them(many: httpx.Client) -> None:
    reply = many.post("/v1/chat/completions", json={"model": "suraq", "messages": [{"role": "user", "content": "hi"}]})
    assert "Essay 000" in reply.json()["choices"][0]["message"]["content"]
    tools = many.post(
        "/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        headers={"Accept": "application/json, text/event-stream"},
    ).json()["result"]["tools"]
    assert f"and {COUNT - 5} more" in tools[0]["description"]
