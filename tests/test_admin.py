"""Administration over HTTP, with a real service, real builds and the real model."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from qa.jobs import Job, Jobs, Phase
from qa.reading.folder import LARGEST_FILE
from qa.serving.app import create_app
from qa.settings import Settings
from tests.conftest import ROOT, environment, eventually, run_qa, serving
from tests.test_docs import README
from tests.test_service import problem

TOKEN = "тоқен s3cret of sixteen"
TEXT = {"content-type": "text/plain; charset=utf-8"}
MARKDOWN = {"content-type": "text/markdown"}
ROUTES = [
    ("POST", "/index/rebuild"),
    ("GET", "/index/jobs"),
    ("GET", "/index/jobs/0123456789abcdef"),
    ("GET", "/index/jobs/0123456789abcdef/events"),
    ("GET", "/index/generations"),
    ("POST", "/index/rollback"),
    ("POST", "/index/verify"),
    ("GET", "/index/diff"),
    ("GET", "/index/unanswered"),
    ("DELETE", "/index/unanswered"),
    ("GET", "/index/report"),
    ("PUT", "/documents/tea"),
    ("DELETE", "/documents/tea"),
]


@dataclass
class Admin:
    """A service with a token, the client that sends it, and its folder with ``corpus`` and ``index``."""

    client: httpx.Client
    folder: Path

    def refused(self, reply: httpx.Response, status: int) -> dict[str, Any]:
        """The body of a problem document, which tells nothing of the server's disk."""
        assert str(self.folder) not in reply.text
        return problem(reply, status)

    def finish(self, id_: str) -> dict[str, Any]:
        """The job once it has ended."""
        until = time.monotonic() + 60
        while True:
            job: dict[str, Any] = self.client.get(f"/index/jobs/{id_}").raise_for_status().json()
            if job["finished_at"]:
                return job
            assert time.monotonic() < until, job
            time.sleep(0.1)

    def stop_builds(self) -> None:
        jobs = Jobs(self.folder / "index")
        for id_ in [job.id for job in jobs.all() if job.finished_at is None]:
            until = time.monotonic() + 20
            while (job := jobs.get(id_)).finished_at is None:
                assert time.monotonic() < until, job
                if job.pid:
                    os.kill(job.pid, signal.SIGKILL)
                time.sleep(0.02)

    def on_disk(self, name: str) -> bytes:
        return (self.folder / "corpus" / name).read_bytes()

    def generations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/index/generations").raise_for_status().json()["generations"]
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    folder = tmp_path_factory.mktemp("admin")
    shutil.copytree(ROOT / "tests" / "essays", folder / "corpus")
    env = environment(folder, QA_CORPUS_DIR=str(folder / "corpus"), QA_ADMIN_TOKEN=TOKEN, QA_KEEP_GENERATIONS="20")
    with serving(env) as client:
        client.headers = httpx.Headers({b"Authorization": f"Bearer {TOKEN}".encode()})
        yield Admin(client, folder)


@pytest.fixture
def admin(served: Admin) -> Iterator[Admin]:
    """The service, with the corpus as it was and no build going on."""
    yield served
    served.stop_builds()
    shutil.rmtree(served.folder / "corpus")
    shutil.copytree(ROOT / "tests" / "essays", served.folder / "corpus")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def request(client: httpx.Client, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    content = {"POST": b"{}", "PUT": b"A text."}.get(method)
    kind = TEXT if method == "PUT" else {"content-type": "application/json"}
    return client.request(method, path, content=content, headers={**kind, **headers})


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_set_there_is_no_administration(service: httpx.Client, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}):
        assert "set QA_ADMIN_TOKEN" in problem(request(service, method, path, headers), 403)["detail"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN])
def test_without_the_right_token_nothing_is_done(admin: Admin, method: str, path: str, sent: str) -> None:
    headers: Any = {"Authorization": sent.encode()}
    before = admin.client.get("/index/jobs").json()
    reply = request(admin.client, method, path, headers)
    admin.refused(reply, 401)
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "s3cret" not in reply.text
    assert admin.client.get("/index/jobs").json() == before


def test_every_route_that_asks_for_the_token_is_tested_and_described(admin: Admin) -> None:
    schema = admin.client.get("/openapi.json").json()
    described = {
        (method.upper(), re.sub(r"\{job_id\}", "0123456789abcdef", path).replace("{document_id}", "tea"))
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") == [{"admin": []}]
    }
    assert described == set(ROUTES)
    assert schema["components"]["securitySchemes"]["admin"]["scheme"] == "bearer"


def test_the_help_does_not_print_the_token() -> None:
    shown = run_qa("serve", "--help", env={**os.environ, "QA_ADMIN_TOKEN": TOKEN}).stdout
    assert "QA_ADMIN_TOKEN=" in shown
    assert "s3cret" not in shown


def events(client: httpx.Client, id_: str) -> list[tuple[str, dict[str, Any]]]:
    """All events of a job, until the stream ends by itself."""
    with client.stream("GET", f"/index/jobs/{id_}/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-accel-buffering"] == "no"
        blocks = "".join(reply.iter_text()).split("\n\n")
    pairs = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks if "data: " in block]
    return [(pair["event"], json.loads(pair["data"])) for pair in pairs]


def test_a_rebuild_is_followed_to_its_end_and_a_second_finds_nothing_changed(admin: Admin) -> None:
    (admin.folder / "corpus" / "new.txt").write_text("Жаңа құжат туралы мәтін.\n", encoding="utf-8")
    before = admin.generations()
    reply = admin.client.post("/index/rebuild")
    assert reply.status_code == 202, reply.text
    id_ = reply.json()["job"]
    assert reply.headers["location"] == f"/index/jobs/{id_}"
    told = events(admin.client, id_)
    assert [name for name, _ in told] == ["progress"] * (len(told) - 1) + ["done"]
    phases = list(dict.fromkeys(job["phase"] for _, job in told))
    assert phases[-1] == "published"
    assert len(phases) > 1
    assert phases == [phase for phase in get_args(Phase) if phase in phases]  # each in its turn
    last = told[-1][1]
    assert last == admin.client.get(f"/index/jobs/{id_}").json() == admin.client.get("/index/jobs").json()["jobs"][0]
    newest = admin.generations()[0]
    assert (newest["generation"], newest["live"], newest["held"]) == (last["generation"], True, None)
    assert newest["counts"]["documents"] == 3
    assert newest["model"] == "bundled"
    assert newest["size_bytes"] > 1000
    assert [one["generation"] for one in admin.generations()[1:]] == [one["generation"] for one in before]

    again = admin.client.post("/index/rebuild", json={"force": False}).json()["job"]
    assert again != id_
    assert admin.finish(again)["phase"] == "unchanged"
    assert [name for name, _ in events(admin.client, again)] == ["done"]


def test_where_no_report_is_set_that_is_said(admin: Admin) -> None:
    assert "set QA_REPORT" in admin.refused(admin.client.get("/index/report"), 404)["detail"]


def test_a_failed_rebuild_tells_why_but_not_where(admin: Admin) -> None:
    (admin.folder / "corpus").rename(admin.folder / "away")
    try:
        job = admin.finish(admin.client.post("/index/rebuild").json()["job"])
    finally:
        (admin.folder / "away").rename(admin.folder / "corpus")
    assert job["phase"] == "failed"
    assert "the corpus folder QA_CORPUS_DIR does not exist" in job["detail"]
    assert events(admin.client, job["id"]) == [("done", job)]


def test_a_build_that_is_killed_reads_as_failed(admin: Admin) -> None:
    id_ = admin.client.post("/index/rebuild").json()["job"]
    jobs = Jobs(admin.folder / "index")
    until = time.monotonic() + 20
    while not (pid := jobs.get(id_).pid):
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    job = admin.finish(id_)
    assert (job["phase"], job["detail"]) == ("failed", "the build was interrupted")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"force": "yes"}', b'{"force": 1}'])
def test_a_rebuild_with_a_bad_body_is_refused(admin: Admin, body: bytes) -> None:
    reply = admin.client.post("/index/rebuild", content=body, headers={"content-type": "application/json"})
    admin.refused(reply, 400 if body == b"{" else 422)
    admin.refused(admin.client.post("/index/rebuild", content=b"x", headers=TEXT), 415)


@pytest.mark.parametrize("id_", ["0" * 16, "x", "..%2f..%2fCURRENT", "%00", "0" * 17])
def test_an_unknown_job_is_a_404(admin: Admin, id_: str) -> None:
    admin.refused(admin.client.get(f"/index/jobs/{id_}"), 404)
    admin.refused(admin.client.get(f"/index/jobs/{id_}/events"), 404)


def test_a_client_that_goes_away_leaves_the_service_as_it_was(admin: Admin) -> None:
    id_ = admin.client.post("/index/rebuild").json()["job"]
    for _ in range(3):
        with admin.client.stream("GET", f"/index/jobs/{id_}/events") as reply:
            assert next(reply.iter_text()).startswith("event: ")
    assert admin.client.get("/livez").status_code == 200


def test_a_stream_that_nobody_follows_is_looked_at_no_more_and_keeps_no_service_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "2026-01-01T00:00:00.000+00:00"
    job = Job(id="a" * 16, phase="encoding", started_at=at, updated_at=at)
    looks = []

    def look(*_: object) -> Job:
        looks.append(time.monotonic())
        return job.model_copy(update={"done": len(looks)})

    monkeypatch.setattr("qa.serving.rebuilding._look", look)
    monkeypatch.setattr(Jobs, "get", lambda *_: job)
    app = create_app(Settings(index_dir=tmp_path, admin_token=SecretStr("t" * 16)), lambda: pytest.fail("not asked"))
    monkeypatch.setattr(app.state.live, "start", lambda: None)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    url, headers = f"http://127.0.0.1:{port}/index/jobs/{job.id}/events", {"Authorization": f"Bearer {'t' * 16}"}
    with httpx.stream("GET", url, headers=headers, trust_env=False) as reply:
        lines = reply.iter_lines()
        while '"done":2' not in next(lines):
            pass
    time.sleep(0.5)
    seen = len(looks)
    time.sleep(0.7)
    assert len(looks) == seen
    with httpx.stream("GET", url, headers=headers, trust_env=False) as reply:
        next(reply.iter_lines())
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def put(admin: Admin, id_: str, content: Any, **headers: str) -> httpx.Response:
    return admin.client.put(f"/documents/{id_}", content=content, headers={**TEXT, **headers})


def built(admin: Admin, job: str) -> dict[str, Any]:
    """The generation that a job published."""
    ended = admin.finish(job)
    assert ended["phase"] == "published", ended
    return next(one for one in admin.generations() if one["generation"] == ended["generation"])


def test_a_document_is_created_edited_and_removed(admin: Admin) -> None:
    first, second = "Өзен туралы эссе.\n".encode(), "Өзен мен көл туралы эссе.\n".encode()
    made = put(admin, "essays/%D3%A9zen", first, **{"If-None-Match": "*"})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/documents/essays/%D3%A9zen"
    assert made.headers["etag"] == f'"{sha256(first)}"'
    assert made.json()["document"] == "essays/өzen"
    assert made.json()["source_sha256"] == sha256(first)
    assert admin.on_disk("essays/өzen.txt") == first
    assert built(admin, made.json()["job"])["counts"]["documents"] == 3

    edited = put(admin, "essays/%D3%A9zen", second, **{"If-Match": made.headers["etag"]})
    assert edited.status_code == 200, edited.text
    stale = admin.refused(put(admin, "essays/%D3%A9zen", b"Stale.", **{"If-Match": made.headers["etag"]}), 412)
    assert sha256(first) in stale["detail"]
    assert sha256(second) in stale["detail"]
    admin.refused(put(admin, "essays/%D3%A9zen", b"There is one.", **{"If-None-Match": "*"}), 412)
    assert admin.on_disk("essays/өzen.txt") == second

    path = "/documents/essays/%D3%A9zen"
    admin.refused(admin.client.delete(path, headers={"If-Match": made.headers["etag"]}), 412)
    removed = admin.client.delete(path, headers={"If-Match": edited.headers["etag"]})
    assert removed.status_code == 200, removed.text
    admin.refused(admin.client.delete(path), 404)
    assert built(admin, removed.json()["job"])["counts"]["documents"] == 2


def test_of_two_edits_to_the_same_file_one_wins(admin: Admin) -> None:
    tag = f'"{sha256(admin.on_disk("letter.txt"))}"'
    texts = [b"The first letter.\n", b"The second letter.\n"]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda text: put(admin, "letter", text, **{"If-Match": tag}), texts))
    assert sorted(reply.status_code for reply in replies) == [200, 412]
    assert admin.on_disk("letter.txt") == next(text for text, r in zip(texts, replies, strict=True) if r.is_success)


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("value", ["", "abc", '"abc', '"a" "b"', '"*"', "*, *"])
def test_a_condition_that_cannot_be_read_is_not_passed_over(admin: Admin, name: str, value: str) -> None:
    before = admin.on_disk("letter.txt")
    admin.refused(put(admin, "letter", b"Unconditional?", **{name: value}), 400)
    assert admin.on_disk("letter.txt") == before


@pytest.mark.parametrize(
    "id_",
    [
        "%2e%2e/secret",
        "a/%2e%2e/b",
        "..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        ".hidden",
        "~tea",
        "a%5cb",
        "a%00b",
        "%ff",
        "a%2f%2fb",
        "a/text",
        "a/passages",
        "x" * 201,
        "",
    ],
)
def test_what_cannot_be_an_id_is_a_422(admin: Admin, id_: str) -> None:
    before = sorted(path for path in admin.folder.rglob("*") if "jobs" not in path.parts)
    admin.refused(put(admin, id_, b"A text."), 422)
    admin.refused(admin.client.delete(f"/documents/{id_}"), 422)
    assert sorted(path for path in admin.folder.rglob("*") if "jobs" not in path.parts) == before


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00", "Хат".encode("cp1251"), b"a\x00b"])
def test_what_is_no_text_to_cite_is_a_422(admin: Admin, content: bytes) -> None:
    before = admin.on_disk("letter.txt")
    admin.refused(put(admin, "letter", content), 422)
    assert admin.on_disk("letter.txt") == before


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "application/octet-stream", "image/png", "text/plain; charset=windows-1251", "text"],
)
def test_another_kind_of_body_is_a_415(admin: Admin, kind: str) -> None:
    admin.refused(put(admin, "letter", b"A text.", **{"content-type": kind}), 415)


def test_a_word_document_is_written_and_what_only_claims_to_be_one_is_not(admin: Admin) -> None:
    kind = {"content-type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
    data = (Path(__file__).parent / "formats" / "aral-sea.docx").read_bytes()
    assert "no Word document" in admin.refused(put(admin, "aral", b"\x89PNG\r\n", **kind), 422)["detail"]
    reply = put(admin, "aral", data, **kind)
    assert reply.status_code == 201, reply.text
    assert admin.on_disk("aral.docx") == data
    built(admin, reply.json()["job"])
    eventually(lambda: admin.client.get("/documents/aral").is_success)
    found = admin.client.get("/documents/aral").json()
    assert (found["encoding"], found["title"]) == ("docx", "Аральское море: вода, соль и надежда")
    assert admin.client.delete("/documents/aral").status_code == 200


def test_text_of_another_kind_than_the_file_is_a_409(admin: Admin) -> None:
    assert "tea.md" in admin.refused(put(admin, "tea", b"A text."), 409)["detail"]
    reply = put(admin, "tea", b"# Tea\n\nIt is green.\n", **MARKDOWN)
    assert reply.status_code == 200, reply.text


def test_the_last_document_stays(admin: Admin) -> None:
    assert admin.client.delete("/documents/tea").status_code == 200
    admin.refused(admin.client.delete("/documents/letter"), 409)
    assert admin.on_disk("letter.txt")


def test_a_document_that_is_too_large_is_a_413(admin: Admin) -> None:
    part = b"a" * 2**20
    admin.refused(put(admin, "large", iter([part] * (LARGEST_FILE // 2**20) + [b"a"])), 413)
    admin.refused(put(admin, "large", b"a" * (LARGEST_FILE + 1)), 413)
    assert not (admin.folder / "corpus" / "large.txt").exists()
    admin.refused(admin.client.post("/index/rollback", content=part, headers={"content-type": "application/json"}), 413)


@pytest.mark.parametrize(("token", "status"), [(b"wrong", b"401"), (TOKEN.encode(), b"413")])
def test_who_may_not_write_is_told_before_the_body_is_sent(admin: Admin, token: bytes, status: bytes) -> None:
    head = b"PUT /documents/a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nAuthorization: Bearer %b\r\n" % token
    with socket.create_connection(("127.0.0.1", admin.client.base_url.port or 0), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % (LARGEST_FILE + 1))
        assert connection.recv(4096).startswith(b"HTTP/1.1 " + status)


def test_a_body_that_breaks_off_changes_nothing(admin: Admin) -> None:
    before = admin.on_disk("letter.txt")
    head = b"PUT /documents/letter HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nAuthorization: Bearer %b\r\n"
    with socket.create_connection(("127.0.0.1", admin.client.base_url.port or 0), timeout=10) as connection:
        connection.sendall(head % TOKEN.encode() + b"Content-Length: 100\r\n\r\nHalf a letter")
    time.sleep(0.3)
    assert admin.on_disk("letter.txt") == before
    assert admin.client.get("/livez").status_code == 200


def test_a_document_bears_its_hash_as_etag(service: httpx.Client) -> None:
    tag = f'"{sha256((ROOT / "tests" / "essays" / "tea.md").read_bytes())}"'
    assert service.get("/documents/tea").headers["etag"] == tag
    assert service.get("/documents/tea/text").headers["etag"] == tag
    for known in (tag, f"W/{tag}", "*", f'"other", {tag}'):
        reply = service.get("/documents/tea/text", headers={"If-None-Match": known})
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag)
    assert service.get("/documents/tea/text", headers={"If-None-Match": '"other"'}).status_code == 200


def rollback(admin: Admin, generation: str | None) -> httpx.Response:
    return admin.client.post("/index/rollback", json={"generation": generation})


def rewrite(folder: Path, **changes: object) -> None:
    """Change a generation's manifest, and its checksum with it."""
    content = json.dumps({**json.loads((folder / "manifest.json").read_bytes()), **changes}).encode()
    (folder / "manifest.json").write_bytes(content)
    (folder / "manifest.json.sha256").write_text(sha256(content), encoding="ascii")


@pytest.fixture
def older(admin: Admin) -> Iterator[list[Path]]:
    """Two generations older than any other."""
    folder = admin.folder / "index" / "generations"
    live = (admin.folder / "index" / "CURRENT").read_text(encoding="utf-8").strip()
    paths = [folder / f"00000000T000000000000-0000000{number}" for number in (1, 2)]
    for path in paths:
        shutil.copytree(folder / live, path)
        rewrite(path, generation=path.name)
    yield paths
    rollback(admin, live).raise_for_status()
    for path in paths:
        shutil.rmtree(path)


def test_an_older_generation_is_made_live(admin: Admin, older: list[Path]) -> None:
    oldest, middle = (path.name for path in older)
    (newest,) = (one["generation"] for one in admin.generations() if one["live"])
    assert rollback(admin, middle).json() == {"generation": middle, "previous": newest}
    assert rollback(admin, None).json() == {"generation": oldest, "previous": middle}
    assert [one["generation"] for one in admin.generations() if one["live"]] == [oldest]
    assert "older" in admin.refused(rollback(admin, None), 409)["detail"]
    for unknown in ("nothing", "../..", "", "."):
        admin.refused(rollback(admin, unknown), 404)
    assert [one["live"] for one in admin.generations()][-2:] == [False, True]


def test_a_generation_that_cannot_be_used_is_not_made_live(admin: Admin, older: list[Path]) -> None:
    first, second = older
    with (first / "passages.jsonl").open("r+b") as file:
        file.write(b"#")
    assert "sha256" in admin.refused(rollback(admin, first.name), 409)["detail"]
    (first / "passages.jsonl").unlink()
    admin.refused(rollback(admin, first.name), 409)
    assert "passages.jsonl is missing" in admin.generations()[-1]["damaged"]
    model = json.loads((second / "manifest.json").read_bytes())["model"]
    rewrite(second, model={**model, "name": "another", "fingerprint": "f00d"})
    assert "another (f00d)" in admin.refused(rollback(admin, second.name), 409)["detail"]
    rewrite(second, format=0)
    assert "format 0" in admin.refused(rollback(admin, second.name), 409)["detail"]
    assert "format 0" in admin.generations()[-2]["damaged"]


def test_a_generation_is_verified(admin: Admin, older: list[Path]) -> None:
    def verified(generation: str | None) -> dict[str, object]:
        reply: dict[str, object] = admin.client.post("/index/verify", json={"generation": generation}).json()
        return reply

    live = verified(None)
    assert (live["whole"], live["problem"]) == (True, None)
    (older[0] / "words.txt").write_text("damaged")
    damaged = verified(older[0].name)
    assert damaged["whole"] is False
    assert "words.txt" in str(damaged["problem"])
    admin.refused(admin.client.post("/index/verify", json={"generation": "nothing"}), 404)


def test_the_place_of_a_folder_in_a_jobs_error_is_not_told(admin: Admin) -> None:
    at = "2026-01-01T00:00:00.000+00:00"
    detail = f"the index folder {admin.folder / 'index'} cannot be written"
    job = Job(id="f" * 16, phase="failed", detail=detail, started_at=at, updated_at=at, finished_at=at)
    Jobs(admin.folder / "index").write(job)
    for path in (f"/index/jobs/{job.id}", "/index/jobs", f"/index/jobs/{job.id}/events"):
        shown = admin.client.get(path).text
        assert "the index folder QA_INDEX_DIR cannot be written" in shown
        assert str(admin.folder) not in shown


def test_the_command_in_the_readme_gives_the_reply_that_is_shown(admin: Admin) -> None:
    command, shown = re.findall(r"```sh\n(curl [^`]*QA_ADMIN_TOKEN.*)\n```\n\n```json\n(.*?)```", README, re.DOTALL)[0]
    done = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", f"127.0.0.1:{admin.client.base_url.port}")],
        env={**os.environ, "QA_ADMIN_TOKEN": TOKEN},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {**json.loads(done.stdout), "job": ""} == {**json.loads(shown), "job": ""}
    assert admin.on_disk("kazakh-diplomacy.txt") == (ROOT / "corpus" / "kazakh-diplomacy.txt").read_bytes()
