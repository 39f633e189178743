"""``docs/deployment/nginx.conf`` in front of a real service: what a client sees through it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.conftest import ROOT, environment, eventually, free_port, serving
from tests.front import NAME, Front, nginx_before
from tests.scripted_model import PATIENCE_S, Exchange, ScriptedModel, scripted_model

TOKEN = "the administrator's own token"
QUESTION = "When did Kazakhstan join the UN?"


class Deployed(NamedTuple):
    front: Front
    service: httpx.Client
    model: ScriptedModel


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "corpus").mkdir()
    essay = ROOT / "corpus" / "kazakh-diplomacy.txt"
    (folder / "corpus" / essay.name).write_bytes(essay.read_bytes())
    with scripted_model() as model:
        env = environment(
            folder,
            QA_CORPUS_DIR=str(folder / "corpus"),
            QA_ADMIN_TOKEN=TOKEN,
            QA_BASE_URL=f"https://{NAME}",
            QA_LLM_BASE_URL=model.url,
            QA_LLM_MODEL="scribe",
        )
        with serving(env) as service, nginx_before(folder, [service.base_url.port or 0]) as front:
            yield Deployed(front, service, model)


@pytest.fixture
def client(deployed: Deployed) -> Iterator[httpx.Client]:
    with deployed.front.client() as client:
        yield client


def test_a_question_is_answered_over_http_2_and_tls(deployed: Deployed) -> None:
    asked = json.dumps({"question": QUESTION, "top_k": 1})
    told = ("--write-out", "\n%{http_version} %{ssl_verify_result} %{http_code}")
    sent = ("--http2", "--header", "content-type: application/json", "--data", asked)
    body, how = deployed.front.curl(*told, *sent, deployed.front.address("/ask")).stdout.rsplit("\n", 1)
    assert how == "2 0 200"
    assert "1992" in json.loads(body)["answer"]["text"]


def _greeted(front: Front, newest: ssl.TLSVersion) -> str | None:
    """The version that is agreed on with a client that knows none newer."""
    client = ssl.create_default_context(cafile=str(front.certificate))
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python too thinks little of the old ones
        client.maximum_version = newest
    with (
        socket.create_connection(("127.0.0.1", front.port)) as connection,
        client.wrap_socket(connection, server_hostname=NAME) as greeted,
    ):
        return greeted.version()


def test_tls_before_1_2_is_refused(deployed: Deployed) -> None:
    assert _greeted(deployed.front, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert _greeted(deployed.front, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises(ssl.SSLError):
        _greeted(deployed.front, ssl.TLSVersion.TLSv1_1)


def test_plain_http_is_sent_to_https_and_another_name_is_not_answered(deployed: Deployed) -> None:
    plain = f"http://127.0.0.1:{deployed.front.plain_port}/read/x?a=b"
    reply = httpx.get(plain, headers={"Host": NAME}, trust_env=False)
    assert (reply.status_code, reply.headers["location"]) == (301, f"https://{NAME}/read/x?a=b")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(plain, headers={"Host": "other.example"}, trust_env=False)


def test_a_stream_arrives_piece_by_piece(deployed: Deployed, client: httpx.Client) -> None:
    first_was_read = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.say("In 1992, it ", "says. ")
        # Not a word more is written before the reader has the first.
        if first_was_read.wait(PATIENCE_S):
            exchange.say("That is all.")
            exchange.end()

    deployed.model.will(script)
    conversation = {"model": "suraq", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    text, lines = "", []
    with client.stream("POST", "/v1/chat/completions", json=conversation) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in filter(None, reply.iter_lines()):
            lines.append(line)
            if line.startswith("data: {"):
                text += json.loads(line.removeprefix("data: "))["choices"][0]["delta"].get("content") or ""
            if "In 1992, it" in text:
                first_was_read.set()
    assert "In 1992, it says. That is all." in text
    assert lines[-1] == "data: [DONE]"


def test_a_document_is_uploaded_and_its_build_followed(client: httpx.Client) -> None:
    text = "# Tea\n\n" + "\n\n".join(f"The kettle of house {n} sings before dawn." for n in range(3)) + "\n"
    text += "\n<!--" + "x" * 2_000_000 + "-->\n"
    admin = {"Authorization": f"Bearer {TOKEN}"}
    sent = client.put("/documents/tea", content=text, headers={**admin, "content-type": "text/markdown"})
    assert sent.status_code == 201, sent.text
    with client.stream("GET", f"/index/jobs/{sent.json()['job']}/events", headers=admin, timeout=120) as events:
        last = [line for line in events.iter_lines() if line.startswith("data:")][-1]
    assert json.loads(last.removeprefix("data:"))["phase"] == "published"


@pytest.mark.parametrize(
    ("method", "path", "size", "by"),
    [
        ("POST", "/ask", 100_000, "the body has more than 65536 bytes; send a shorter one"),
        ("POST", "/ask", 1_000_000, "the body is too large; send a shorter one"),
        ("PUT", "/documents/tea", 34 * 1024 * 1024, "the body is too large; send a shorter one"),
    ],
)
def test_a_body_that_is_too_large_is_refused_as_a_problem(
    client: httpx.Client, method: str, path: str, size: int, by: str
) -> None:
    reply = client.request(method, path, content=b"x" * size)
    assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")
    assert reply.json()["detail"] == by


def test_what_is_for_those_who_run_it_is_not_passed_on(client: httpx.Client) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path).status_code == 404
    assert client.get("/").headers["strict-transport-security"] == "max-age=31536000"


def test_no_question_is_in_the_log(deployed: Deployed, client: httpx.Client) -> None:
    client.get("/ask", params={"q": "a secret question"})
    log = deployed.front.folder / "suraq.log"
    eventually(lambda: '"GET /ask" 200' in log.read_text(encoding="utf-8"))  # it is written after the reply
    assert "secret" not in "".join(file.read_text(encoding="utf-8") for file in deployed.front.folder.glob("*.log"))


def _one_request_to(listener: socket.socket, seen: list[str]) -> None:
    connection, _ = listener.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        seen.append(head.decode())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_an_address_that_a_client_claims_is_not_believed_and_websockets_are_not_opened(tmp_path: Path) -> None:
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_one_request_to, args=(listener, seen), daemon=True)
        thread.start()
        claims = {"X-Forwarded-For": "203.0.113.9", "Upgrade": "websocket", "Connection": "Upgrade"}
        with nginx_before(tmp_path, [listener.getsockname()[1]]) as front, front.client() as client:
            assert client.get("/documents", headers=claims).status_code == 200
        thread.join(PATIENCE_S)
    lines = seen[0].lower().split("\r\n")
    assert [line for line in lines if line.startswith("x-forwarded")] == [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: https",
    ]
    assert f"host: {NAME}" in lines
    assert not any(line.startswith("connection: upgrade") for line in lines)


def test_too_many_requests_are_told_to_wait_and_an_absent_service_is_told_of(tmp_path: Path) -> None:
    nobody = free_port()
    with nginx_before(tmp_path, [nobody], rate="20r/s") as front, front.client() as client:
        replies = [client.get("/documents") for _ in range(120)]
    statuses = [reply.status_code for reply in replies]
    assert statuses[:20] == [503] * 20
    assert 429 in statuses
    for reply in replies:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["retry-after"] == "1"
        assert reply.json()["status"] == reply.status_code
