"""What the service writes on stderr: lines that a machine can read where that is set, and no question unless asked."""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from qa.logs import Lines, request_id
from qa.settings import Settings
from tests.conftest import environment, eventually, free_port, run_qa
from tests.services import Service, logged

# Words that stand in no other line.
SECRET = "quokka marsupial"
QUESTION = f"Where does the {SECRET} live?"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
ID = "abc.DEF-1_2"


def ask_everywhere(service: Service) -> None:
    """The question by each way that a question comes in, some of which fail."""
    client = service.client
    messages = [{"role": "user", "content": QUESTION}]
    assert client.get("/ask", params={"q": QUESTION}).status_code == 200
    assert client.get("/ask", params={"q": QUESTION, "top_k": 99}).status_code == 422
    assert client.post("/ask", json={"question": QUESTION}).status_code == 200
    assert client.post("/ask", json={"question": QUESTION, "documents": [SECRET]}).status_code == 404
    assert client.post("/ask", content=json.dumps({"question": QUESTION})).status_code == 415
    assert client.get(f"/documents/{SECRET}").status_code == 404
    assert client.post("/v1/chat/completions", json={"model": "suraq", "messages": messages}).status_code == 200


def test_the_log_is_calm_unless_asked_and_its_lines_have_a_time_and_a_level(tmp_path: Path) -> None:
    with logged(environment(tmp_path), tmp_path) as service:
        ask_everywhere(service)
        last = service.lines[-1]
        assert re.fullmatch(r"Serving 19 passages of 1 documents on http://127\.0\.0\.1:\d+", last)
        (tmp_path / "index" / "CURRENT").unlink()
        eventually(lambda: len(service.lines) > 1 and service.lines[-1] != last)
        assert re.fullmatch(
            rf"{TIME} error   the generation \S+ answers on from memory: .*qa index build", service.lines[-1]
        )


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers that log requests as JSON, and whose language model fails."""
    folder = tmp_path_factory.mktemp("spoken")
    llm = {"QA_LLM_BASE_URL": f"http://127.0.0.1:{free_port()}", "QA_LLM_MODEL": "none"}
    env = environment(folder, QA_LOG_FORMAT="json", QA_LOG_REQUESTS="yes", **llm)
    with logged(env, folder, "--workers", "2") as service:
        eventually(lambda: service.metric("suraq_workers_ready") == 2, 60)
        yield service


def line_of(service: Service, id_: str) -> dict[str, object]:
    """The line of a request, once it is there."""
    eventually(lambda: [one for one in service.records if one.get("request_id") == id_ and one["message"] == "request"])
    (found,) = (one for one in service.records if one.get("request_id") == id_ and one["message"] == "request")
    return found


def test_each_line_is_an_object_and_a_request_is_told_by_its_template(spoken: Service) -> None:
    generation = spoken.client.get("/readyz").json()["generation"]
    spoken.client.get("/documents/none/at/all?token=x", headers={"X-Request-ID": ID})
    found = line_of(spoken, ID)
    assert re.fullmatch(TIME, str(found.pop("time")))
    assert 0 < float(str(found.pop("ms"))) < 30_000
    assert found == {
        "level": "info", "message": "request", "logger": "qa.serving.observation", "method": "GET",
        "route": "/documents/{document_id:path}", "status": 404, "client": "127.0.0.1", "generation": generation,
        "request_id": ID,
    }  # fmt: skip
    assert any(str(record["message"]).startswith("Serving 19 passages") for record in spoken.records)
    assert any(str(record["message"]).startswith("Built ") for record in spoken.records)


@pytest.mark.parametrize("sent", ["a", "x" * 128, ID])
def test_a_sane_request_id_is_taken_over(spoken: Service, sent: str) -> None:
    reply = spoken.client.get("/livez", headers={"X-Request-ID": sent})
    assert reply.headers.get_list("X-Request-ID") == [sent]


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a\tb", "<script>", "ä".encode(), "a;b", "../a"])
def test_any_other_request_id_is_replaced_by_one_of_our_own(spoken: Service, sent: str | bytes) -> None:
    raw = sent if isinstance(sent, bytes) else sent.encode()
    replies = [spoken.client.get("/livez", headers=[(b"x-request-id", raw)]) for _ in range(2)]
    ids = [reply.headers["X-Request-ID"] for reply in replies]
    assert all(re.fullmatch(r"[0-9a-f]{32}", id_) for id_ in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("path", ["/nowhere", "/ask?q=", "/documents/none", "/index/jobs"])
def test_a_problem_holds_the_request_id(spoken: Service, path: str) -> None:
    reply = spoken.client.get(path)
    assert reply.status_code >= 400
    assert reply.json()["request_id"] == reply.headers["X-Request-ID"]
    assert line_of(spoken, reply.headers["X-Request-ID"])["status"] == reply.status_code


def test_a_protocols_own_errors_and_the_streams_bear_the_id_in_the_header(spoken: Service) -> None:
    refused = spoken.client.post("/ask", content=b" " * 100_000, headers={"content-type": "application/json"})
    unknown = spoken.client.get("/v1/models/none")
    assert (refused.status_code, unknown.status_code) == (413, 404)
    assert "request_id" not in unknown.text
    for reply in (refused, unknown):
        assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["X-Request-ID"])
    body = {"model": "suraq", "stream": True, "messages": [{"role": "user", "content": "Hello!"}]}
    with spoken.client.stream("POST", "/v1/chat/completions", json=body) as reply:
        id_ = reply.headers["X-Request-ID"]
        assert len(list(reply.iter_lines())) > 3
    assert line_of(spoken, id_)["route"] == "/v1/chat/completions"


def test_what_is_logged_while_a_request_is_answered_bears_its_id(spoken: Service) -> None:
    asked = {"model": "suraq", "messages": [{"role": "user", "content": "When did Kazakhstan join the UN?"}]}
    reply = spoken.client.post("/v1/chat/completions", json=asked)
    id_ = reply.headers["X-Request-ID"]
    line_of(spoken, id_)
    (failed,) = (one for one in spoken.records if one.get("request_id") == id_ and one["message"] != "request")
    assert failed["level"] == "warning"
    assert "the language model none did not answer" in failed["message"]


def test_no_line_holds_a_question_or_an_address_with_one(spoken: Service) -> None:
    ask_everywhere(spoken)
    last = spoken.client.get("/livez").headers["X-Request-ID"]
    line_of(spoken, last)
    assert not re.search("quokka|marsupial", spoken.log.read_text())


def test_questions_are_logged_where_that_is_set_and_cannot_pass_for_lines(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_LOG_REQUESTS="yes", QA_LOG_QUESTIONS="yes")
    with logged(env, tmp_path) as service:
        asked = f'{QUESTION}\n2026-01-01T00:00:00.000Z error "forged" \x1b[31m\u2028Сұрақ?'
        id_ = service.client.post("/ask", json={"question": asked}).headers["X-Request-ID"]
        eventually(lambda: any(id_ in line for line in service.lines))
        (line,) = (one for one in service.lines if id_ in one)
        assert re.match(
            rf"{TIME} info    request method=POST route=/ask status=200 ms=[\d.]+ client=127\.0\.0\.1 ", line
        )
        assert f"request_id={id_}" in line
        assert "\\n2026-01-01" in line
        assert "\\u001b[31m\\u2028Сұрақ?" in line
        assert not any("forged" in one for one in service.lines if not one.startswith(line[:24]))


def test_the_watcher_and_its_builds_write_objects_too(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "essay.txt").write_text("The river Ili flows into lake Balkhash.\n")
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus), QA_LOG_FORMAT="json")

    def told(text: str) -> list[dict[str, object]]:
        return [record for record in service.records if text in str(record["message"])]

    with logged(env, tmp_path, "--watch") as service:
        assert len(told("Built ")) == 1
        (corpus / "other.txt").write_text("The Syr Darya flows into the Aral sea.\n")
        eventually(lambda: len(told("Built ")) == 2, 60)
        (changed,) = told("the documents have changed")
        assert (changed["logger"], changed["level"]) == ("qa.watching", "info")
        assert [record["level"] for record in told("building: added other.txt")] == ["info"]
        (corpus / "essay.txt").unlink()
        (corpus / "other.txt").unlink()
        eventually(lambda: told("the index was not rebuilt"), 60)
        assert {str(record["level"]) for record in told("the index was not rebuilt")} == {"error"}


def test_the_command_line_writes_objects_for_a_build_and_its_error(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_LOG_FORMAT="json")
    built = run_qa("index", "build", env=env)
    assert [json.loads(line)["message"][:5] for line in built.stderr.splitlines()] == ["Built"]
    failed = run_qa("index", "build", env={**env, "QA_CORPUS_DIR": str(tmp_path / "none")})
    (line,) = failed.stderr.splitlines()
    assert (failed.returncode, json.loads(line)["level"]) == (1, "error")
    assert "does not exist" in json.loads(line)["message"]


def test_the_level_is_the_least_that_is_logged(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_LOG_LEVEL="error", QA_LOG_REQUESTS="yes", QA_LOG_FORMAT="json")
    with logged(env, tmp_path) as service:
        service.client.get("/ask", params={"q": QUESTION})
        assert service.lines == []
        (tmp_path / "index" / "CURRENT").unlink()
        eventually(lambda: service.lines)
        assert {record["level"] for record in service.records} == {"error"}


@pytest.mark.parametrize(
    ("name", "value"), [("QA_LOG_FORMAT", "xml"), ("QA_LOG_LEVEL", "loud"), ("QA_LOG_REQUESTS", "perhaps")]
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = run_qa("serve", env=environment(tmp_path, **{name: value}))
    assert done.returncode == 1
    assert done.stderr.startswith(f"qa: {name} is {value!r}: ")


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("qa.test", logging.ERROR, "file", 1, message, args, None)
    made.__dict__.update(extra)
    return made


def test_what_is_told_stays_on_its_line_whatever_it_holds() -> None:
    text, as_json = Lines(Settings(log_format="text")), Lines(Settings(log_format="json"))
    nasty = "a\nb\rc\x00d\x1be\x7ff\x85g\u2028h\ud800i"
    for lines in (text, as_json):
        line = lines.format(record("%s", nasty, name_=nasty, nothing=None))
        assert len(line.splitlines()) == 1
        assert line.isprintable()
        line.encode()
    assert json.loads(as_json.format(record("%s", nasty)))["message"] == nasty
    assert 'name_="a\\nb' in text.format(record("x", name_=nasty))
    assert "nothing" not in text.format(record("x", nothing=None))
    assert "answer=4.0 list=" in text.format(record("x", answer=4.0, list=[1]))


def test_a_traceback_follows_its_line_or_is_a_field_of_it() -> None:
    try:
        raise ValueError("broken\x1b")
    except ValueError:
        failed = record("failed")
        failed.exc_info = sys.exc_info()
    token = request_id.set("r-1")
    try:
        first, *rest = Lines(Settings(log_format="text")).format(failed).splitlines()
        told = json.loads(Lines(Settings(log_format="json")).format(failed))
    finally:
        request_id.reset(token)
    assert re.fullmatch(rf"{TIME} error   failed request_id=r-1", first)
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ValueError: broken\\u001b"
    assert told["request_id"] == "r-1"
    assert told["exception"].splitlines()[-1] == "ValueError: broken\x1b"


def test_a_dead_workers_and_uvicorns_own_lines_take_the_same_way(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_LOG_FORMAT="json")
    with logged(env, tmp_path) as service:
        with httpx.Client(base_url=service.client.base_url, trust_env=False) as own:
            reply = own.get("/livez")
            assert reply.status_code == 200
        port = service.client.base_url.port or 0

        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 400"
        eventually(lambda: any(one["logger"] == "uvicorn.error" for one in service.records if "logger" in one))
        assert {one["level"] for one in service.records if one.get("logger") == "uvicorn.error"} == {"warning"}
