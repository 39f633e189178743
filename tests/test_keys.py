"""Who may ask: keys and the administrator's token, with real services and the protocols' own clients."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from mcp import Client, MCPError
from pydantic import SecretStr

from qa.api_keys import ApiKeys
from qa.errors import SettingsError
from qa.exposure import check_exposure
from qa.settings import Settings
from tests.conftest import ROOT, environment, run_qa, serving
from tests.openai_clients import JSON, QUESTION, asked
from tests.test_mcp import with_client
from tests.test_service import problem

KEY, HASHED, TOKEN = "the first key: сөз", "another key given hashed", "the administrator's token"
DIGEST = hashlib.sha256(HASHED.encode()).hexdigest()
ASK: dict[str, Any] = {"question": QUESTION, "top_k": 1}
OPEN = ["/livez", "/readyz", "/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css", "/admin", "/widget.js"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keyed(folder: Path) -> Iterator[httpx.Client]:
    """A service that asks for a key, of two workers, and a client that sends none."""
    keys = f"{KEY}, sha256:{DIGEST}"
    env = environment(folder, QA_API_KEYS=keys, QA_ADMIN_TOKEN=TOKEN, QA_CORPUS_DIR=str(ROOT / "tests" / "essays"))
    with serving(env, "--workers", "2") as client:
        yield client


def bearer(key: str) -> Any:
    return {b"Authorization": f"Bearer {key}".encode()}


def requests(service: httpx.Client) -> list[tuple[str, str]]:
    """Every method and address that the service describes."""
    paths = service.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), re.sub(r"\{[^}]*\}", "tea", path))
        for path, methods in paths.items()
        for method in methods
        if path not in OPEN
    ]


@pytest.mark.parametrize(
    "headers",
    [
        bearer(KEY),
        bearer(HASHED),
        bearer(TOKEN),
        {b"authorization": f"bEARER  {KEY}".encode()},
        {b"X-API-Key": KEY.encode()},
        {b"X-API-Key": HASHED.encode(), b"Authorization": b"Basic dXNlcjpwYXNz"},
    ],
)
def test_each_key_and_the_administrators_token_lets_ask_by_either_header(keyed: httpx.Client, headers: Any) -> None:
    for _ in range(4):  # both workers
        assert keyed.post("/ask", json=ASK, headers=headers).json()["question"] == QUESTION


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"Authorization": KEY.encode()},
        {b"Authorization": b"Basic " + KEY.encode()},
        {b"Authorization": b"Bearer"},
        {b"X-API-Key": b""},
    ],
)
def test_without_a_key_nothing_is_answered_and_the_reply_says_how_one_is_sent(
    keyed: httpx.Client, headers: Any
) -> None:
    reply = keyed.post("/ask", json=ASK, headers=headers)
    assert problem(reply, 401)["detail"] == (
        "this needs a key: send the header Authorization: Bearer, a space and a key, or the header X-API-Key"
    )
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "wrong", ["wrong", KEY[:-1], f"{KEY}x", DIGEST, f"sha256:{DIGEST}", f"{KEY},{HASHED}", "\xff" * 40]
)
def test_a_wrong_key_is_told_from_none_and_not_repeated(keyed: httpx.Client, wrong: str) -> None:
    for headers in (bearer(wrong), {b"X-API-Key": wrong.encode()}):
        reply = keyed.post("/ask", json=ASK, headers=headers)
        assert "none of this service's" in problem(reply, 401)["detail"]
        assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert wrong not in reply.text


def test_every_route_but_health_and_the_description_needs_a_key(keyed: httpx.Client) -> None:
    found = requests(keyed)
    assert {("POST", "/ask"), ("GET", "/v1/models"), ("POST", "/mcp"), ("GET", "/read/tea")} <= set(found)
    for method, path in found:
        reply = keyed.request(method, path, headers=JSON, content=b"{}")
        assert reply.status_code == (403 if path == "/retrieval" else 401), (method, path)
    for path in ("/", "/metrics", "/nothing", "/ask/", "/documents"):
        assert keyed.get(path).status_code == 401, path
    for path in OPEN:
        assert keyed.get(path).status_code == 200, path


@pytest.mark.parametrize(
    "path", ["//ask", "/livez/../documents", "/assets/../documents", "/assets/..%2fdocuments", "/LIVEZ", "/livez/",
             "/docs/../documents", "/%2e%2e/documents", "/static-offline-docs/../documents"],
)  # fmt: skip
def test_no_way_of_writing_an_address_leads_past_the_key(keyed: httpx.Client, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", keyed.base_url.port or 0, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    assert reply.status in (401, 404)
    assert b"source_sha256" not in reply.read()
    connection.close()


def test_head_and_options_need_a_key_like_any_other(keyed: httpx.Client) -> None:
    head = keyed.head("/documents")
    assert (head.status_code, head.content, head.headers["www-authenticate"]) == (401, b"", "Bearer")
    assert keyed.head("/documents", headers=bearer(KEY)).status_code == 200
    assert keyed.options("/documents").status_code == 401


def test_a_browser_is_told_in_a_line_that_the_page_is_not_for_everyone(keyed: httpx.Client) -> None:
    for path in ("/", "/read/tea"):
        reply = keyed.get(path, headers={"accept": "text/html,application/xhtml+xml"})
        assert (reply.status_code, reply.headers["content-type"]) == (401, "text/plain; charset=utf-8")
        assert reply.text.startswith("This service answers programs that hold a key")


def test_openais_client_raises_its_own_error_and_asks_with_a_key(keyed: httpx.Client) -> None:
    def client(key: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{keyed.base_url}/v1", api_key=key, max_retries=0)

    with client("wrong") as wrong, pytest.raises(openai.AuthenticationError) as caught:
        wrong.chat.completions.create(model="suraq", messages=asked())
    assert caught.value.code == "invalid_api_key"
    with client(HASHED) as right:
        assert right.chat.completions.create(model="suraq", messages=asked()).choices[0].message.content


def test_dify_is_told_by_its_own_codes(keyed: httpx.Client) -> None:
    def retrieval(headers: Any) -> httpx.Response:
        return keyed.post("/retrieval", json={"knowledge_id": "suraq", "query": QUESTION}, headers=headers)

    for headers, code in (({}, 1001), ({b"Authorization": KEY.encode()}, 1001), (bearer("wrong"), 1002)):
        reply = retrieval(headers)
        assert (reply.status_code, reply.json()["error_code"]) == (403, code)
    assert retrieval(bearer(KEY)).json()["records"]


def test_an_mcp_client_raises_what_the_reply_says(keyed: httpx.Client) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    reply = keyed.post("/mcp", json=message, headers={"accept": "application/json, text/event-stream"})
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert reply.json()["error"]["message"].startswith("this needs a key")

    async def tools(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    error = pytest.RaisesExc(MCPError, match="^this needs a key")
    with pytest.RaisesGroup(error, flatten_subgroups=True):  # the client's tasks wrap it
        with_client(f"{keyed.base_url}/mcp", tools)


def test_the_ai_sdk_gets_plain_text(keyed: httpx.Client) -> None:
    reply = keyed.post("/chat/ui", json={"messages": []})
    assert (reply.status_code, reply.headers["content-type"]) == (401, "text/plain; charset=utf-8")


def test_a_key_lets_nobody_administer_and_the_token_does(keyed: httpx.Client) -> None:
    reply = keyed.get("/index/jobs", headers=bearer(KEY))
    assert "QA_ADMIN_TOKEN" in problem(reply, 401)["detail"]
    assert keyed.get("/index/jobs", headers=bearer(TOKEN)).json() == {"jobs": []}


def test_the_description_tells_which_routes_ask_for_a_key(keyed: httpx.Client) -> None:
    schema = keyed.get("/openapi.json").json()
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert schema["paths"]["/ask"]["post"]["security"] == [{"key": []}]
    assert schema["paths"]["/index/jobs"]["get"]["security"] == [{"admin": []}]
    assert "security" not in schema["paths"]["/livez"]["get"]


def test_without_keys_the_description_asks_for_none(service: httpx.Client) -> None:
    schema = service.get("/openapi.json").json()
    assert list(schema["components"]["securitySchemes"]) == ["admin"]


def test_keys_are_kept_as_digests_and_read_back_from_them() -> None:
    keys = ApiKeys.parse(f" {KEY} ,, sha256:{DIGEST.upper()},{HASHED}")
    assert keys.digests == (hashlib.sha256(KEY.encode()).digest(), bytes.fromhex(DIGEST))
    assert keys.hashed() == f"sha256:{keys.digests[0].hex()},sha256:{DIGEST}"
    assert ApiKeys.parse(keys.hashed()) == keys
    assert keys.find(KEY.encode()) == keys.digests[0]
    assert keys.find(HASHED.encode()) == keys.digests[1]
    assert keys.find(keys.digests[0]) is None
    assert repr(keys) == "ApiKeys()"
    assert not ApiKeys.parse(" ")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("QA_API_KEYS", "long enough for a key,s3cret", "key 2 has 6 characters and needs at least 16"),
        ("QA_API_KEYS", f"sha256:{DIGEST}0", "key 1 begins with sha256:, which 64 hexadecimal digits must follow"),
        ("QA_API_KEYS", " , ", "commas and no key"),
        ("QA_ADMIN_TOKEN", "s3cret-15-chars", "it has 15 characters and needs at least 16"),
    ],
)
def test_a_secret_that_is_too_short_is_refused_and_not_shown(tmp_path: Path, name: str, value: str, said: str) -> None:
    done = run_qa("serve", env=environment(tmp_path, **{name: value}))
    assert done.returncode == 1
    assert done.stderr.startswith(f"qa: {name} is not usable: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "s3cret" not in done.stderr
    assert DIGEST not in done.stderr


def test_a_token_of_sixteen_characters_is_long_enough() -> None:
    assert Settings(admin_token=SecretStr("0123456789abcdef")).admin_token.get_secret_value()


def exposed(host: str, **more: Any) -> Settings:
    return Settings(host=host, admin_token=SecretStr(TOKEN), **more)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "no-such-host.invalid"])
def test_administration_where_others_reach_it_must_be_meant(host: str) -> None:
    with pytest.raises(SettingsError, match=f"QA_HOST={host}.*QA_API_KEYS.*QA_PUBLIC_ADMIN=yes"):
        check_exposure(exposed(host))
    check_exposure(exposed(host, public_admin=True))
    check_exposure(exposed(host, api_keys=KEY))
    check_exposure(Settings(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_administration_on_this_machine_alone_is_taken(host: str) -> None:
    check_exposure(exposed(host))


def test_a_key_that_is_the_administrators_token_is_refused() -> None:
    with pytest.raises(SettingsError, match="QA_API_KEYS holds the value of QA_ADMIN_TOKEN"):
        check_exposure(exposed("127.0.0.1", api_keys=f"{KEY},{TOKEN}"))


def test_the_command_refuses_it_before_anything_is_built(tmp_path: Path) -> None:
    done = run_qa("serve", "--host", "0.0.0.0", env=environment(tmp_path, QA_ADMIN_TOKEN=TOKEN))
    assert done.returncode == 1
    assert done.stderr.startswith("qa: QA_ADMIN_TOKEN is set and others can reach QA_HOST=0.0.0.0")
    assert not (tmp_path / "index").exists()
    assert TOKEN not in done.stderr
