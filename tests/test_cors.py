"""What pages of other sites may ask, by QA_CORS_ORIGINS, as a browser reads it from the headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers

from qa.serving.mcp.origins import refusal
from qa.settings import Settings
from tests.conftest import environment, run_qa, serving

SITE, OTHER = "https://site.example", "https://other.example"
ALLOWED, PRIVATE = "Access-Control-Allow-Origin", "Access-Control-Allow-Private-Network"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
TAKES = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cors")


@pytest.fixture(scope="module")
def named(folder: Path) -> Iterator[httpx.Client]:
    """A service that two sites may call."""
    with serving(environment(folder, QA_CORS_ORIGINS=f"{SITE}, http://127.0.0.1:8099")) as client:
        yield client


@pytest.fixture(scope="module")
def open_to_all(folder: Path, named: httpx.Client) -> Iterator[httpx.Client]:
    """A service that every site may call, with administration; it serves the index that `named` built."""
    with serving(environment(folder, QA_CORS_ORIGINS="*", QA_ADMIN_TOKEN="0123456789abcdefghij")) as client:
        yield client


def preflight(
    service: httpx.Client, path: str, method: str = "POST", headers: str = "content-type", **more: str
) -> httpx.Response:
    """What a browser asks before a request that is not a plain form's."""
    asked = {
        "Origin": SITE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return service.options(path, headers=asked)


def test_a_page_of_a_site_that_is_named_may_read_the_answer_and_what_it_needs_of_the_headers(
    named: httpx.Client,
) -> None:
    reply = named.post("/ask", json={"question": "When did Kazakhstan join the UN?"}, headers={"Origin": SITE})
    assert reply.json()["answerable"] is True
    assert reply.headers[ALLOWED] == SITE
    readable = {name.strip() for name in reply.headers["Access-Control-Expose-Headers"].split(",")}
    own = {"ETag", "Location", "Mcp-Session-Id", "X-Index-Generation", "X-Request-ID"}
    assert readable == own | {"RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"}
    # Else a cache would give one site's reply to another.
    assert "Origin" in reply.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("origin", [OTHER, "http://site.example", f"{SITE}:8443", "https://www.site.example", "null"])
def test_a_page_of_any_other_site_may_not(named: httpx.Client, origin: str) -> None:
    reply = named.get("/ask", params={"q": "When?"}, headers={"Origin": origin})
    assert reply.status_code == 200
    assert ALLOWED not in reply.headers
    asked = preflight(named, "/ask", Origin=origin)
    assert asked.status_code == 400
    assert ALLOWED not in asked.headers


@pytest.mark.parametrize("path", ["/ask", "/v1/chat/completions", "/chat/ui", "/mcp", "/retrieval"])
def test_a_browser_that_asks_beforehand_may_send_what_chat_clients_send(named: httpx.Client, path: str) -> None:
    sent = "authorization,content-type,if-match,last-event-id,mcp-protocol-version,mcp-session-id,x-stainless-lang"
    reply = preflight(named, path, headers=sent)
    assert (reply.status_code, reply.headers[ALLOWED]) == (200, SITE)
    assert set(re.split(", ?", reply.headers["Access-Control-Allow-Headers"].lower())) >= set(sent.split(","))
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert "X-Index-Generation" in reply.headers


def test_documents_may_be_edited_from_another_site_with_the_token_and_no_other_method_is_allowed(
    named: httpx.Client,
) -> None:
    for method in ("PUT", "DELETE"):
        assert preflight(named, "/documents/x", method, "authorization,if-match").status_code == 200
    assert preflight(named, "/ask", "PATCH").status_code == 400


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"method": "POST", "url": "/ask", "content": "{", "headers": {"content-type": "application/json"}}),
        (403, {"method": "POST", "url": "/index/rebuild"}),
        (404, {"method": "GET", "url": "/nowhere"}),
        (405, {"method": "GET", "url": "/mcp"}),
        (413, {"method": "POST", "url": "/ask", "content": " " * 65537}),
        (415, {"method": "POST", "url": "/ask", "content": "{}"}),
        (422, {"method": "POST", "url": "/ask", "json": {"question": ""}}),
    ],
)
def test_a_page_may_read_why_it_was_refused(named: httpx.Client, status: int, request_: dict[str, Any]) -> None:
    headers = {**request_.pop("headers", {}), "Origin": SITE}
    reply = named.request(**request_, headers=headers)
    assert reply.status_code == status
    assert reply.headers[ALLOWED] == SITE
    assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]


def test_a_page_may_read_a_stream_too(named: httpx.Client) -> None:
    body = {"model": "suraq", "stream": True, "messages": [{"role": "user", "content": "When?"}]}
    with named.stream("POST", "/v1/chat/completions", json=body, headers={"Origin": SITE}) as reply:
        assert (reply.status_code, reply.headers[ALLOWED]) == (200, SITE)
        assert list(reply.iter_lines())[-2:] == ["data: [DONE]", ""]


def test_with_a_star_every_page_may_ask_and_administration_still_wants_its_token(open_to_all: httpx.Client) -> None:
    for origin in (SITE, OTHER, "null"):
        reply = open_to_all.get("/ask", params={"q": "When?"}, headers={"Origin": origin})
        assert (reply.status_code, reply.headers[ALLOWED]) == (200, "*")
        assert "Access-Control-Allow-Credentials" not in reply.headers
        refused = open_to_all.post("/index/rebuild", headers={"Origin": origin})
        assert (refused.status_code, refused.headers[ALLOWED]) == (401, "*")
    assert preflight(open_to_all, "/ask").headers[ALLOWED] == "*"


def test_a_site_that_is_named_may_call_into_a_private_network_and_every_site_may_not(
    named: httpx.Client, open_to_all: httpx.Client
) -> None:
    asked = {"Access_Control_Request_Private_Network": "true"}
    assert preflight(named, "/ask", **asked).headers[PRIVATE] == "true"
    refused = preflight(open_to_all, "/ask", **asked)
    assert refused.status_code == 400
    assert PRIVATE not in refused.headers


def test_without_the_setting_other_sites_may_load_the_widget_and_read_nothing(service: httpx.Client) -> None:
    for path in ("/livez", "/documents", "/documents/kazakh-diplomacy/text"):
        assert ALLOWED not in service.get(path, headers={"Origin": SITE}).headers
    assert preflight(service, "/ask").status_code == 405
    for path in ("/widget.js", "/assets/0/base.css"):
        reply = service.get(path, headers={"Origin": SITE})
        assert (reply.status_code, reply.headers[ALLOWED]) == (200, "*")
        assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_widget_is_for_sites_too_that_may_not_ask(named: httpx.Client) -> None:
    assert named.get("/widget.js", headers={"Origin": OTHER}).headers[ALLOWED] == "*"
    assert named.get("/widget.js", headers={"Origin": SITE}).headers[ALLOWED] == SITE


def test_a_site_that_is_named_may_call_mcp(named: httpx.Client) -> None:
    reply = named.post("/mcp", json=PING, headers={**TAKES, "Origin": SITE})
    assert (reply.status_code, reply.json()["result"], reply.headers[ALLOWED]) == (200, {}, SITE)
    refused = named.post("/mcp", json=PING, headers={**TAKES, "Origin": OTHER})
    assert refused.status_code == 403
    assert "add it to QA_CORS_ORIGINS" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        (SITE, SITE, None),
        (SITE, "https://site.example:443", None),
        (SITE, OTHER, 403),
        (SITE, "http://site.example", 403),
        (SITE, "null", 403),
        ("*", OTHER, None),
        ("*", "null", None),
        ("", SITE, 403),
    ],
)
def test_mcp_answers_the_pages_that_the_setting_names(origins: str, origin: str, status: int | None) -> None:
    settings = Settings.model_validate({"cors_origins": origins})
    refused = refusal(Headers({"host": "127.0.0.1:8000", "origin": origin}), settings)
    assert (refused and refused.status) == status


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("*", ("*",)),
        ("https://site.example", ("https://site.example",)),
        ("HTTPS://Site.Example/", ("https://site.example",)),
        ("https://site.example:443,http://site.example:80", ("https://site.example", "http://site.example")),
        ("http://localhost:3000, http://127.0.0.1:3000", ("http://localhost:3000", "http://127.0.0.1:3000")),
        ("http://[::1]:8080", ("http://[::1]:8080",)),
        ("https://a.example,https://a.example/", ("https://a.example",)),
        # As a browser sends a name that is not in ASCII.
        ("https://мысал.қаз", ("https://xn--80awbu3c.xn--80ao21a",)),
    ],
)
def test_an_origin_is_understood_as_browsers_send_it(written: str, origins: tuple[str, ...]) -> None:
    assert Settings.model_validate({"cors_origins": written}).cors_origins == origins


@pytest.mark.parametrize(
    "wrong",
    [
        "site.example",
        "https://site.example/blog",
        "https://site.example?x",
        "https://user:word@site.example",
        "https://*.site.example",
        "https://",
        "https://site.example:port",
        "https://site.example:99999",
        "https://site example",
        "https://site..example",
        "ftp://site.example",
        "file:///srv/page.html",
        "null",
        "http://[::1",
    ],
)
def test_what_is_no_origin_is_refused_by_its_value(wrong: str) -> None:
    with pytest.raises(ValidationError, match=r"is no origin; write scheme, host and") as caught:
        Settings.model_validate({"cors_origins": f"{SITE},{wrong}"})
    assert repr(wrong) in str(caught.value)


def test_a_star_stands_alone() -> None:
    with pytest.raises(ValidationError, match="leave out the others"):
        Settings.model_validate({"cors_origins": f"*,{SITE}"})


def test_the_command_names_the_setting_that_is_wrong(tmp_path: Path) -> None:
    done = run_qa("index", "status", env=environment(tmp_path, QA_CORS_ORIGINS="site.example"))
    assert done.returncode == 1
    assert "QA_CORS_ORIGINS is 'site.example': 'site.example' is no origin" in done.stderr
    assert done.stderr.count("\n") == 1
