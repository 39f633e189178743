"""How often and how many at once, with real services, clients and workers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from qa.errors import SettingsError
from qa.rate import Rate
from qa.settings import Settings, cores, load_settings
from tests.conftest import environment, eventually, serving
from tests.openai_clients import QUESTION, asked
from tests.scripted_model import Exchange, scripted_model
from tests.test_service import problem

ASK: dict[str, Any] = {"question": QUESTION, "top_k": 1}
TURNS = max(cores(), 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one index for all services here."""
    return tmp_path_factory.mktemp("limits")


def env_of(folder: Path, **settings: str) -> dict[str, str]:
    return environment(folder, **settings)


def limited(folder: Path, rate: str, **settings: str) -> Any:
    return serving(env_of(folder, QA_RATE_LIMIT=rate, **settings))


KEYS = {"one": "the key of the first", "two": "the key of the second"}
TOKEN = "the token of the owner"


@pytest.fixture(scope="module")
def proxied(folder: Path) -> Iterator[httpx.Client]:
    """A service that everyone may ask five times, behind a proxy on this machine that says who they are."""
    keys = ",".join(KEYS.values())
    with limited(folder, "5/hour", QA_API_KEYS=keys, QA_ADMIN_TOKEN=TOKEN) as client:
        yield client


def admitted(service: httpx.Client, times: int, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return sum(service.get("/documents", headers=sent).status_code != 429 for _ in range(times))


def test_each_key_has_a_rate_of_its_own_whatever_its_address(proxied: httpx.Client) -> None:
    for number, key in enumerate(KEYS.values()):
        assert admitted(proxied, 3, x_api_key=key, x_forwarded_for=f"192.0.2.{number}") == 3
        assert admitted(proxied, 7, authorization=f"Bearer {key}", x_forwarded_for="192.0.2.9") == 2


def test_wrong_keys_are_counted_by_the_address_that_tries_them(proxied: httpx.Client) -> None:
    tried = [admitted(proxied, 1, x_api_key=f"guess {number}", x_forwarded_for="198.51.100.1") for number in range(8)]
    assert tried == [1] * 5 + [0] * 3
    assert admitted(proxied, 1, x_forwarded_for="198.51.100.2") == 1


def test_tokens_that_a_form_sends_are_counted_too(proxied: httpx.Client) -> None:
    me = {"x-forwarded-for": "198.51.100.7"}
    tried = [proxied.post("/index/report", data={"access_token": "a guess"}, headers=me) for _ in range(6)]
    assert [reply.status_code for reply in tried] == [401] * 5 + [429]


def test_what_a_client_says_of_itself_to_the_proxy_does_not_count(proxied: httpx.Client) -> None:
    tried = [admitted(proxied, 1, x_forwarded_for=f"203.0.113.{number}, 198.51.100.3") for number in range(7)]
    assert tried == [1] * 5 + [0] * 2
    forwarded = [
        admitted(proxied, 1, forwarded=f"for=203.0.113.{number}", x_forwarded_for="198.51.100.4") for number in range(7)
    ]
    assert forwarded == [1] * 5 + [0] * 2


def test_all_addresses_of_an_ipv6_network_count_as_one(proxied: httpx.Client) -> None:
    tried = [admitted(proxied, 1, x_forwarded_for=f"2001:db8::{number}") for number in range(7)]
    assert tried == [1] * 5 + [0] * 2
    assert admitted(proxied, 1, x_forwarded_for="2001:db8:0:1::1") == 1


def test_the_administrator_health_and_the_description_are_not_counted(proxied: httpx.Client) -> None:
    assert admitted(proxied, 12, authorization=f"Bearer {TOKEN}") == 12
    for path in ("/livez", "/readyz", "/openapi.json", "/metrics"):
        replies = [proxied.get(path, headers={"x-forwarded-for": "198.51.100.5"}) for _ in range(7)]
        assert 429 not in {reply.status_code for reply in replies}
        assert all("ratelimit" not in reply.headers for reply in replies)


def test_replies_tell_what_is_left_and_a_429_when_to_ask_again(proxied: httpx.Client) -> None:
    replies = [proxied.get("/documents", headers={"x-forwarded-for": "198.51.100.6"}) for _ in range(6)]
    assert [reply.headers["ratelimit"].split(";")[1] for reply in replies] == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0"]
    assert {reply.headers["ratelimit-policy"] for reply in replies} == {'"requests";q=5;w=3600'}
    assert "more than 5 requests in 3600 s" in problem(replies[-1], 429)["detail"]
    assert 600 < int(replies[-1].headers["retry-after"]) <= 720
    assert proxied.head("/documents", headers={"x-forwarded-for": "198.51.100.6"}).status_code == 429


def test_the_description_tells_of_429_where_there_is_a_rate(proxied: httpx.Client, service: httpx.Client) -> None:
    limited, unlimited = (one.get("/openapi.json").json()["paths"] for one in (proxied, service))
    form = limited["/v1/chat/completions"]["post"]["responses"]["429"]["content"]["application/json"]["schema"]
    assert form["$ref"].endswith("/OpenAIError")
    assert "application/problem+json" in limited["/ask"]["post"]["responses"]["429"]["content"]
    assert "429" not in limited["/livez"]["get"]["responses"]
    assert not any("429" in one["responses"] for methods in unlimited.values() for one in methods.values())


def test_a_429_has_the_form_of_each_protocol(proxied: httpx.Client) -> None:
    key, me = KEYS["one"], {"x-api-key": KEYS["one"]}
    admitted(proxied, 5, x_api_key=key)
    client = openai.OpenAI(base_url=f"{proxied.base_url}/v1", api_key=key, max_retries=0)
    with client, pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="suraq", messages=asked())
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    told = {path: proxied.post(path, json={}, headers=me) for path in ("/retrieval", "/chat/ui", "/mcp")}
    assert {reply.status_code for reply in told.values()} == {429}
    assert all(reply.headers["retry-after"] for reply in told.values())
    assert told["/retrieval"].json()["error_code"] == 429
    assert told["/chat/ui"].text.startswith("that is more than")
    assert told["/mcp"].json()["error"]["message"].startswith("that is more than")


def test_nobody_but_a_trusted_proxy_says_who_asks_and_each_worker_counts(folder: Path) -> None:
    with limited(folder, "5/hour", QA_TRUSTED_PROXIES="192.0.2.0/24", QA_WORKERS="2") as client:
        tried = []
        for number in range(40):  # each by a connection of its own, so that both workers are asked
            with httpx.Client(base_url=client.base_url, trust_env=False) as own:
                tried.append(admitted(own, 1, x_forwarded_for=f"198.51.100.{number}"))
        assert 5 <= sum(tried) <= 10
        assert client.get("/readyz").status_code == 200


def test_who_waits_as_long_as_a_429_says_is_answered(folder: Path) -> None:
    with limited(folder, "2/second") as client:
        eventually(lambda: admitted(client, 1) == 0)
        refused = client.get("/documents")
        eventually(lambda: admitted(client, 1) == 1, timeout=5)
        assert refused.headers["retry-after"] == "1"


def test_beyond_the_queue_the_answer_is_503_at_once_and_what_was_accepted_is_answered(folder: Path) -> None:
    long = {"model": "suraq", "input": ["A long text on ferries, herring and the market of Sund. " * 40] * 8}
    with serving(env_of(folder, QA_QUEUE="0")) as client, ThreadPoolExecutor(TURNS) as pool:

        def admitted_at_last() -> httpx.Response:
            while (reply := client.post("/v1/embeddings", json=long, timeout=120)).status_code == 503:
                pass  # one of the looks below had a turn
            return reply

        accepted = [pool.submit(admitted_at_last) for _ in range(TURNS)]
        eventually(lambda: client.get("/documents").status_code == 503)
        refused = client.post("/ask", json=ASK)
        of_openai = client.get("/v1/models")
        healthy = [client.get(path).status_code for path in ("/livez", "/readyz", "/docs")]
        assert not any(reply.done() for reply in accepted)
        assert "as many requests wait" in problem(refused, 503)["detail"]
        assert refused.headers["retry-after"] == of_openai.headers["retry-after"] == "1"
        assert of_openai.json()["error"]["type"] == "server_error"
        assert healthy == [200, 200, 200]
        assert [len(reply.result().json()["data"]) for reply in accepted] == [8] * TURNS
        assert client.post("/ask", json=ASK).status_code == 200


def test_a_reply_that_a_language_model_writes_holds_no_turn_meanwhile(folder: Path) -> None:
    go_on = threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.begin()
        go_on.wait(60)
        exchange.say("Done [1].")
        exchange.end()

    chats = TURNS + 2
    with scripted_model() as model, ThreadPoolExecutor(chats) as pool:
        model.will(slow)
        env = env_of(folder, QA_QUEUE="0", QA_LLM_BASE_URL=model.url, QA_LLM_MODEL="m", QA_LLM_TIMEOUT="60")
        with serving(env) as client:
            replies = []
            for number in range(chats):
                body = {"model": "suraq", "messages": asked(), "stream": bool(number % 2)}
                replies.append(pool.submit(client.post, "/v1/chat/completions", json=body, timeout=60))
                assert model.asked.get(timeout=30)
            assert client.post("/ask", json=ASK).status_code == 200
            go_on.set()
            assert all("Done" in reply.result().text for reply in replies)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60/minute", (60, 60)),
        (" 1 / second ", (1, 1)),
        ("1000/hour", (1000, 3600)),
        ("5/day", (5, 86_400)),
        ("", None),
    ],
)
def test_a_rate_is_read(text: str, rate: Any) -> None:
    assert Rate.parse(text) == rate
    assert Settings(rate_limit=text).rate_limit == rate  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rate_limit", "60", "as in 60/minute"),
        ("rate_limit", "0/minute", "as in 60/minute"),
        ("rate_limit", "60/minutes", "as in 60/minute"),
        ("trusted_proxies", "10.0.0.7, *", "'*' is no address and no network"),
        ("trusted_proxies", "10.0.0.7/24", "'10.0.0.7/24' is no address and no network"),
        ("queue", "-1", "greater than or equal to 0"),
        ("request_timeout", "0", "greater than 0"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"QA_{name.upper()}", value)
    with pytest.raises(SettingsError, match=re.escape(f"QA_{name.upper()} is {value!r}: ")) as caught:
        load_settings.__wrapped__()
    assert said in str(caught.value)
