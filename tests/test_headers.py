"""What every reply says to a browser, and what none of them says of the server."""

from __future__ import annotations

import importlib.metadata
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from qa import __version__
from qa.serving.headers import SecurityHeaders
from tests.conftest import ROOT, environment, eventually, free_port, serving

TOKEN = "a-token-for-tests-only"
JSON = {"content-type": "application/json"}
ADMIN = {"authorization": f"Bearer {TOKEN}"}
BODY = b'{"question": "Why?"}'
# An address of each kind that there is, and of each way to fail.
REQUESTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/", {}, b""),
    ("GET", "/livez", {}, b""),
    ("GET", "/readyz", {}, b""),
    ("GET", "/openapi.json", {}, b""),
    ("GET", "/docs", {}, b""),
    ("GET", "/docs/oauth2-redirect", {}, b""),
    ("GET", "/static-offline-docs/swagger-ui.css", {}, b""),
    ("GET", "/static-offline-docs/nothing.js", {}, b""),
    ("GET", "/static-offline-docs/..%2f..%2fcore.py", {}, b""),
    ("GET", "/assets/x/nothing.js", {}, b""),
    ("GET", "/documents", {}, b""),
    ("GET", "/documents/tea", {}, b""),
    ("GET", "/documents/tea/text", {}, b""),
    ("GET", "/documents/nothing", {}, b""),
    ("GET", "/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd", {}, b""),
    ("GET", "/documents/..%5c..%5csecret/text", {}, b""),
    ("GET", "/documents/%00/passages", {}, b""),
    ("GET", "/documents/" + "x" * 5000, {}, b""),
    ("GET", "/documents/%ed%a0%80", {}, b""),
    ("GET", "/read/tea", {}, b""),
    ("GET", "/read/%2e%2e/%2e%2e/etc/passwd", {}, b""),
    ("GET", "/read/tea/at/nothing", {}, b""),
    ("GET", "/passages/%2e%2e%2fx", {}, b""),
    ("GET", "/index", {}, b""),
    ("GET", "/index/jobs", {}, b""),
    ("GET", "/index/jobs/..%2f..%2fCURRENT", ADMIN, b""),
    ("GET", "/index/jobs/0123456789abcdef/events", ADMIN, b""),
    ("GET", "/index/generations", ADMIN, b""),
    ("POST", "/index/verify", {**ADMIN, **JSON}, b'{"generation": "../../x"}'),
    ("POST", "/index/rollback", {**ADMIN, **JSON}, b'{"generation": "a\\u0000b\\ud800"}'),
    ("POST", "/index/rollback", {**ADMIN, **JSON}, b'{"generation": null}'),
    ("PUT", "/documents/%2e%2e%2fx", {**ADMIN, "content-type": "text/plain"}, b"Text."),
    ("PUT", "/documents/x%00y", {**ADMIN, "content-type": "text/plain"}, b"Text."),
    ("PUT", "/documents/x", {**ADMIN, "content-type": "text/plain"}, b"\xff"),
    ("PUT", "/documents/x", {**ADMIN, "content-type": "image/png"}, b"x"),
    ("PUT", "/documents/x", {"content-type": "text/plain"}, b"x"),
    ("DELETE", "/documents/nothing", ADMIN, b""),
    ("GET", "/ask?q=a", {}, b""),
    ("GET", "/ask?q=%ed%a0%80", {}, b""),
    ("GET", "/ask?q=" + "x" * 1001, {}, b""),
    ("POST", "/ask", JSON, BODY),
    ("HEAD", "/livez", {}, b""),
    ("OPTIONS", "/ask", {}, b""),
    ("PATCH", "/ask", {}, b""),
    ("POST", "/ask", {}, BODY),
    ("POST", "/ask", JSON, b""),
    ("POST", "/ask", JSON, b"["),
    ("POST", "/ask", JSON, b"\xff\xfe"),
    ("POST", "/ask", JSON, b"[" * 60_000),
    ("POST", "/ask", JSON, b'{"a":' * 12_000),
    ("POST", "/ask", JSON, b"9" * 60_000),
    ("POST", "/ask", JSON, b'{"question": "' + b"x" * 60_000 + b'"}'),
    ("POST", "/ask", JSON, b" " * 70_000),
    ("POST", "/ask", JSON, b'{"question": "a\\ud800"}'),
    ("POST", "/ask", JSON, b'{"question": "a", "documents": ["\\ud800", "\\u0000", "../x"]}'),
    ("POST", "/ask", JSON, b'{"question": "\\u202e\\u2066\\u0000"}'),
    ("POST", "/ask", JSON, b'{"question": "a\\u0000b \\u202ec", "top_k": 1}'),
    ("POST", "/ask", JSON, b'{"question": "a", "top_k": 1e400}'),
    ("POST", "/citations/verify", JSON, b'{"document": "\\ud800", "quote": "a"}'),
    ("POST", "/citations/verify", JSON, b'{"document": "tea", "quote": "a\\ud800"}'),
    ("POST", "/retrieval", JSON, b'{"knowledge_id": "\\ud800", "query": "a"}'),
    ("POST", "/retrieval", JSON, b"{"),
    ("POST", "/retrieval", {**JSON, "authorization": "Basic x"}, b"{}"),
    ("POST", "/chat/ui", JSON, b'{"messages": [{"role": "user", "parts": [{"type": "text", "text": "\\ud800"}]}]}'),
    ("POST", "/chat/ui", JSON, b"{}"),
    ("GET", "/v1/models", {}, b""),
    ("GET", "/v1/models/%2e%2e%2fx", {}, b""),
    ("GET", "/v1/vector_stores/nothing", {}, b""),
    ("POST", "/v1/chat/completions", JSON, b'{"model": "\\ud800", "messages": [{"role": "user", "content": "a"}]}'),
    ("POST", "/v1/chat/completions", JSON, b'{"model": "suraq", "messages": [{"role": "user", "content": "\\ud800"}]}'),
    ("POST", "/v1/chat/completions", JSON, b'{"model": "suraq", "messages": ' + b"[" * 100_000),
    ("POST", "/v1/responses", JSON, b'{"model": "suraq", "input": ' + b'[{"content":' * 100_000),
    ("POST", "/v1/embeddings", JSON, b'{"model": "suraq", "input": ["\\ud800"]}'),
    ("POST", "/v1/vector_stores/suraq/search", JSON, b'{"query": "a", "filters": {"type": "eq", "key": "\\ud800"}}'),
    ("POST", "/v1/nothing", JSON, b"{}"),
    ("POST", "/mcp", JSON, b"{}"),
    ("POST", "/mcp", {}, b"{}"),
    ("POST", "/mcp", JSON, b"[" * 100_000),
    ("POST", "/mcp", JSON, b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 3}}'),
    ("POST", "/mcp", JSON, b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}'),
    ("POST", "/mcp", {**JSON, "origin": "https://evil.example"}, b"{}"),
    ("GET", "/mcp", {}, b""),
    ("GET", "/nothing/at/all", {}, b""),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", {}, b""),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """A service with a token, on folders of its own, and the name of the folder that they are in."""
    folder = tmp_path_factory.mktemp("headers")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "tea.md").write_text("# Tea\n\nTea is black.\n", encoding="utf-8")
    env = environment(folder, QA_CORPUS_DIR=str(folder / "corpus"), QA_ADMIN_TOKEN=TOKEN)
    with serving(env) as client:
        yield client, str(folder)


@contextmanager
def logging_to(log: Path, env: dict[str, str]) -> Iterator[httpx.Client]:
    """A service whose output is a file, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "qa", "serve", "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=output) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
    ):
        try:
            eventually(lambda: b"Serving" in log.read_bytes(), timeout=60)
            eventually(lambda: accepts(port), timeout=30)
            eventually(lambda: client.get("/readyz").status_code == 200, timeout=60)
            yield client
        finally:
            process.terminate()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(client: httpx.Client, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    url = client.base_url.copy_with(raw_path=path.encode())
    return client.request(method, url, headers=headers, content=body or None)


@pytest.mark.parametrize(("method", "path", "headers", "body"), REQUESTS, ids=range(len(REQUESTS)))
def test_no_reply_fails_or_tells_of_the_server_and_each_has_the_headers(
    asked: tuple[httpx.Client, str], method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    client, folder = asked
    reply = send(client, method, path, headers, body)
    assert reply.status_code < 500
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-resource-policy"] == (
        "cross-origin" if path.startswith(("/assets/", "/livez")) else "same-origin"
    )
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "html" in reply.headers.get("content-type", "") or policy == "default-src 'none'; frame-ancestors 'none'"
    assert "server" not in reply.headers
    if "static-offline-docs" in path and reply.status_code == 200:
        return  # a library's own file
    told = f"{reply.headers} {reply.text}"
    for secret in (
        folder,
        str(ROOT),
        "site-packages",
        "Traceback",
        "/root",
        "/usr",
        "root:x:",
        TOKEN,
        "pydantic",
    ):
        assert secret not in told, told
    for library in ("fastapi", "starlette", "uvicorn", "mcp", "pydantic", "onnxruntime"):
        assert importlib.metadata.version(library) not in told.replace(__version__, ""), told


def test_an_address_that_a_path_is_made_of_never_leads_out_of_the_files_of_the_docs(
    asked: tuple[httpx.Client, str],
) -> None:
    client, _ = asked
    for path in ("..%2fcore.py", "%2e%2e/core.py", "..%5ccore.py", "%2fetc%2fpasswd", "swagger-ui.css%00.png"):
        reply = send(client, "GET", f"/static-offline-docs/{path}", {}, b"")
        assert reply.status_code in (400, 404), path


def test_the_pages_of_the_docs_run_their_own_scripts_only(asked: tuple[httpx.Client, str]) -> None:
    client, _ = asked
    for path in ("/docs", "/docs/oauth2-redirect"):
        reply = client.get(path)
        script = re.search(r"script-src ([^;]*);", reply.headers["content-security-policy"])
        assert script
        assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/=]{44}')+", script[1])
        assert len(re.findall(r"<script>", reply.text)) == script[1].count("sha256-")


def test_a_page_keeps_its_own_policy(asked: tuple[httpx.Client, str]) -> None:
    client, _ = asked
    assert "style-src" in client.get("/read/tea").headers["content-security-policy"]


def test_the_methods_of_an_address_are_all_told(asked: tuple[httpx.Client, str]) -> None:
    client, _ = asked
    assert client.patch("/ask").headers["allow"] == "GET, HEAD, POST"
    assert client.patch("/documents/tea").headers["allow"] == "DELETE, GET, HEAD, PUT"
    assert client.get("/mcp").headers["allow"] == "POST"
    assert client.post("/livez").headers["allow"] == "GET, HEAD"


def test_a_refusal_of_mcp_is_a_message_of_its_protocol(asked: tuple[httpx.Client, str]) -> None:
    client, _ = asked
    for headers, body in ((JSON, b"{}"), (JSON, b"["), ({}, b"{}"), (JSON, b"null")):
        reply = client.post("/mcp", headers=headers, content=body)
        assert reply.status_code == 400
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["content-length"] == str(len(reply.content))
        error = reply.json()["error"]
        assert isinstance(error["code"], int)
        assert error["message"]
        assert "\n" not in error["message"]


def test_the_log_holds_no_question(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "tea.md").write_text("# Tea\n\nTea is black.\n", encoding="utf-8")
    written = folder / "log"
    env = environment(folder, QA_CORPUS_DIR=str(folder / "corpus"), QA_ADMIN_TOKEN=TOKEN)
    secret = "Xylophon-Geheimnis"
    with logging_to(written, env) as client:
        client.get("/ask", params={"q": secret})
        client.get("/ask", params={"q": secret * 100})
        client.post("/ask", json={"question": secret, "top_k": 1000})
        client.post("/ask", content=f'{{"question": "{secret}"', headers=JSON)
        client.post("/v1/chat/completions", json={"model": "suraq", "messages": [{"role": "user", "content": secret}]})
        client.post("/chat/ui", json={"messages": [{"role": "user", "parts": [{"type": "text", "text": secret}]}]})
        client.post("/retrieval", json={"knowledge_id": "suraq", "query": secret, "metadata_condition": 3})
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        client.post("/mcp", json={**call, "params": {"name": "search", "arguments": {"query": secret}}})
        client.post("/mcp", json={**call, "params": {"name": "search", "arguments": {"query": secret * 100}}})
        client.post("/mcp", json={**call, "params": secret})
        client.post("/v1/embeddings", json={"model": "suraq", "input": [secret]})
        client.post("/citations/verify", json={"document": "tea", "quote": secret})
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as raw:
            raw.sendall(f"GET /ask?q={secret} HTTP/9\r\n\r\n".encode())
            raw.recv(1000)
    log = written.read_text(encoding="utf-8")
    assert "Serving" in log
    assert secret not in log


def test_a_stream_is_not_held_back_for_its_headers() -> None:
    import anyio
    from starlette.types import Message, Receive, Scope, Send

    sent: list[str] = []

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert sent == ["http.response.start"]
        await send({"type": "http.response.body", "body": b"data", "more_body": True})
        assert sent == ["http.response.start", "http.response.body"]

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send_(message: Message) -> None:
        sent.append(message["type"])

    anyio.run(SecurityHeaders(stream), {"type": "http", "path": "/chat/ui"}, receive, send_)
    assert len(sent) == 2
