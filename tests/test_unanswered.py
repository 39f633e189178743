"""Questions that found no answer are kept where the owner wants it, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from qa.records import Answer
from qa.serving.journal import Journal
from qa.serving.unanswered import KEPT, InFile, InMemory
from tests.conftest import ROOT, environment, eventually, run_qa, serving
from tests.openai_clients import openai_client
from tests.test_admin import TOKEN
from tests.test_service import problem

NONSENSE = "How do I replace the brake pads of a car?"
ANSWERED = "Какая чашка не имеет ручки?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of services over one index."""
    env = environment(
        tmp_path_factory.mktemp("unanswered"), QA_CORPUS_DIR=str(ROOT / "tests" / "essays"), QA_ADMIN_TOKEN=TOKEN
    )
    assert run_qa("index", "build", env=env).returncode == 0
    return env


@contextmanager
def asked(env: dict[str, str], *arguments: str, **settings: str) -> Iterator[httpx.Client]:
    with serving({**env, **settings}, *arguments) as client:
        client.headers = httpx.Headers({b"Authorization": f"Bearer {TOKEN}".encode()})
        yield client


@pytest.fixture(scope="module")
def in_memory(built: dict[str, str]) -> Iterator[httpx.Client]:
    with asked(built, QA_UNANSWERED="memory") as client:
        yield client


def ask(client: httpx.Client, question: str) -> None:
    assert client.post("/ask", json={"question": question}).raise_for_status().json()["question"] == question


def kept(client: httpx.Client) -> dict[str, Any]:
    reply: dict[str, Any] = client.get("/index/unanswered").raise_for_status().json()
    return reply


def questions(client: httpx.Client) -> list[str]:
    return [one["question"] for one in kept(client)["questions"]]


def by_ask(client: httpx.Client, question: str) -> None:
    client.get("/ask", params={"q": question}).raise_for_status()


def by_chat(client: httpx.Client, question: str) -> None:
    messages: Any = [
        {"role": "user", "content": "Рахмет!"},
        {"role": "assistant", "content": "Оқасы жоқ."},
        {"role": "user", "content": question},
    ]
    openai_client(client.base_url).chat.completions.create(model="suraq", messages=messages)


def by_responses(client: httpx.Client, question: str) -> None:
    openai_client(client.base_url).responses.create(model="suraq", input=question)


def by_vector_store(client: httpx.Client, question: str) -> None:
    openai_client(client.base_url).vector_stores.search("suraq", query=question)


def by_dify(client: httpx.Client, question: str) -> None:
    client.post("/retrieval", json={"knowledge_id": "suraq", "query": question}).raise_for_status()


def by_mcp(client: httpx.Client, question: str) -> None:
    call = {"name": "search", "arguments": {"query": question}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    accept = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    reply = client.post("/mcp", json=body, headers=accept).raise_for_status().json()
    assert not reply["result"]["isError"], reply


@pytest.mark.parametrize("by", [by_ask, by_chat, by_responses, by_vector_store, by_dify, by_mcp])
def test_each_interface_has_what_it_could_not_answer_kept_once(
    in_memory: httpx.Client, by: Callable[[httpx.Client, str], None]
) -> None:
    in_memory.delete("/index/unanswered").raise_for_status()
    by(in_memory, NONSENSE)
    by(in_memory, ANSWERED)
    assert questions(in_memory) == [NONSENSE]


def test_what_is_kept_tells_when_what_and_what_came_nearest_the_newest_first(in_memory: httpx.Client) -> None:
    in_memory.delete("/index/unanswered").raise_for_status()
    ask(in_memory, NONSENSE)
    ask(in_memory, "Сколько стоит билет на Луну?")
    reply = kept(in_memory)
    assert (reply["place"], reply["of_this_worker"]) == ("memory", False)
    newest, oldest = reply["questions"]
    assert (newest["language"], oldest["language"], oldest["question"]) == ("ru", "en", NONSENSE)
    assert newest["time"] >= oldest["time"]
    assert newest["time"].endswith("+00:00")
    asked = in_memory.post("/ask", json={"question": NONSENSE}).json()
    nearest = asked["passages"][0]
    assert oldest["confidence"] == asked["confidence"] <= nearest["score"]
    assert oldest["nearest"] == {name: nearest["citation"][name] for name in ("document", "label", "anchor")}


def test_greetings_and_what_the_service_asks_itself_are_no_questions(in_memory: httpx.Client) -> None:
    in_memory.delete("/index/unanswered").raise_for_status()
    by_chat(in_memory, "Сәлем!")
    task = {"role": "user", "content": '### Task:\nReply as {"follow_ups": []}\n<chat_history>\nUSER: Сәлем!\n'}
    in_memory.post("/v1/chat/completions", json={"model": "suraq", "messages": [task]}).raise_for_status()
    assert questions(in_memory) == []


def test_emptied_it_is_empty(in_memory: httpx.Client) -> None:
    ask(in_memory, NONSENSE)
    assert in_memory.delete("/index/unanswered").status_code == 204
    assert questions(in_memory) == []


def test_nothing_is_kept_unless_it_is_set(built: dict[str, str]) -> None:
    index = Path(built["QA_INDEX_DIR"])
    before = set(index.rglob("*"))
    with asked(built) as client:
        ask(client, NONSENSE)
        assert kept(client) == {"place": "nowhere", "of_this_worker": False, "questions": []}
        assert client.delete("/index/unanswered").status_code == 204
    assert set(index.rglob("*")) == before


def test_two_workers_write_one_file_that_its_owner_alone_may_read(built: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "kept" / "questions.jsonl"
    file.parent.mkdir()
    with asked(built, "--workers", "2", QA_UNANSWERED=str(file)) as client:
        wanted = [f"{NONSENSE} {number}" for number in range(12)]
        # A connection is of one worker, so each question comes by one of its own.
        for question in wanted:
            httpx.post(f"{client.base_url}/ask", json={"question": question}, trust_env=False).raise_for_status()
        eventually(lambda: len(questions(client)) == 12)
        assert sorted(questions(client)) == sorted(wanted)
        assert kept(client)["place"] == "file"
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert sorted(one["question"] for one in lines) == sorted(wanted)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert client.delete("/index/unanswered").status_code == 204
        assert questions(client) == []
        ask(client, NONSENSE)
        eventually(lambda: questions(client) == [NONSENSE])
    with asked(built, QA_UNANSWERED=str(file)) as client:  # the file outlives the service
        assert questions(client) == [NONSENSE]


def test_where_the_file_cannot_be_written_answers_go_on(built: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.mkdir()
    with asked(built, QA_UNANSWERED=str(file)) as client:
        ask(client, NONSENSE)
        for method in ("GET", "DELETE"):
            told = problem(client.request(method, "/index/unanswered"), 507)["detail"]
            assert "QA_UNANSWERED" in told
            assert str(tmp_path) not in told
        file.rmdir()
        ask(client, NONSENSE)
        eventually(lambda: questions(client)[:1] == [NONSENSE])


def unanswered(question: str) -> Answer:
    return Answer(question, question, "en", False, 0.1, None, ())


def test_that_the_file_cannot_be_written_is_logged_once_and_without_the_questions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = InFile(Journal(tmp_path / "away" / "questions.jsonl"))
    for number in range(3):
        kept.note(unanswered(f"{NONSENSE} {number}"))
    kept.close()
    assert len(caplog.messages) == 1
    assert "cannot be written (No such file or directory)" in caplog.text
    assert NONSENSE not in caplog.text


def test_of_many_the_last_two_hundred_are_shown(tmp_path: Path) -> None:
    for kept in (InMemory(), InFile(Journal(tmp_path / "questions.jsonl"))):
        for number in range(KEPT + 10):
            kept.note(unanswered(str(number)))
        kept.note(Answer("answered", "answered", "en", True, 0.9, None, ()))
        kept.close()
        assert [one.question for one in kept.newest()] == [str(number) for number in range(KEPT + 9, 9, -1)]


def test_a_line_that_somebody_spoilt_is_passed_over(tmp_path: Path) -> None:
    kept = InFile(Journal(tmp_path / "questions.jsonl"))
    kept.note(unanswered("before"))
    kept.close()
    with (tmp_path / "questions.jsonl").open("a") as file:
        file.write("what is this?\n")
    kept.note(unanswered("after"))
    kept.close()
    assert [one.question for one in kept.newest()] == ["after", "before"]


def test_a_file_that_grows_is_renamed_over_the_one_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "lines", largest=100)
    for number in range(40):
        journal.append(f"line number {number}".encode())
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) <= 2
    assert max(sizes) <= 120
    newest = journal.newest(3)
    assert newest == [b"line number 39", b"line number 38", b"line number 37"]
    assert stat.S_IMODE(journal.former.stat().st_mode) == 0o600
    journal.clear()
    assert list(tmp_path.iterdir()) == []
    assert journal.newest(3) == []


def test_many_who_write_at_once_lose_no_line_and_mix_none(tmp_path: Path) -> None:
    path = tmp_path / "lines"

    def write(name: str) -> None:
        journal = Journal(path, largest=20_000)
        for number in range(100):
            journal.append(f"{name} {number} {'x' * 60}".encode())

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    lines = Journal(path).newest(1000)
    assert len(lines) == 300
    assert {line.split()[0] + line.split()[1] for line in lines} == {
        b"%c%d" % (name, number) for name in b"abc" for number in range(100)
    }


def test_half_a_line_of_a_writer_that_was_killed_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'whole\n{"ti')
    Journal(path).append(b"next")
    assert Journal(path).newest(5) == [b"next", b'{"ti', b"whole"]


def test_a_pipe_of_that_name_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        Journal(tmp_path / "pipe").append(b"x")
    with pytest.raises(OSError, match="no regular file"):
        Journal(tmp_path / "pipe").newest(1)
