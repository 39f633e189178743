"""The HTTP interface, over a real server on loopback with the real model."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from tests.conftest import LOOPBACK_ONLY, ROOT, environment, serving

QUESTIONS = {
    "kk": "Қазақстан БҰҰ-ға қашан мүше болды?",
    "ru": "Когда Казахстан вступил в ООН?",
    "en": "When did Kazakhstan join the UN?",
    "tr": "Kazakistan BM'ye ne zaman üye oldu?",
    "zh": "哈萨克斯坦什么时候加入联合国？",
    "de": "Wann trat Kasachstan den Vereinten Nationen bei?",
    "ar": "متى انضمت كازاخستان إلى الأمم المتحدة؟",
}


def ask(service: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    reply = service.post("/ask", json={"question": question, **more})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def check_citations(service: httpx.Client, body: dict[str, Any]) -> None:
    """Every passage stands verbatim where its citation says, and its link opens a page with its anchor."""
    for passage in body["passages"]:
        citation = passage["citation"]
        text = service.get(f"/documents/{citation['document']}/text").text
        assert text[citation["start"] : citation["end"]] == passage["text"]
        assert 0 <= passage["score"] <= 1
        for highlight in passage["highlights"]:
            assert 0 <= highlight["start"] < highlight["end"] <= len(passage["text"])
        page, anchor = citation["url"].split("#")
        assert f'id="{unquote(anchor)}"' in service.get(page).text
        assert unquote(anchor) == citation["anchor"]
    if body["answer"]:
        answer, citation = body["answer"], body["passages"][body["answer"]["passage"]]["citation"]
        text = service.get(f"/documents/{citation['document']}/text").text
        assert text[answer["start"] : answer["end"]] == answer["text"]
        assert citation["start"] <= answer["start"] < answer["end"] <= citation["end"]


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_question_in_each_language_finds_the_passage_that_answers(service: httpx.Client, language: str) -> None:
    body = ask(service, QUESTIONS[language])
    first = body["passages"][0]
    assert "1992" in first["text"]
    assert body["language"] == language
    assert (first["citation"]["section"], first["citation"]["item"]) == ("4", "БҰҰ-дағы рөлі")
    assert body["answerable"] is True
    assert body["answer"]["passage"] == 0
    check_citations(service, body)


def test_the_answering_sentence_is_found_in_most_languages(service: httpx.Client) -> None:
    right = ["1992" in ask(service, question)["answer"]["text"] for question in QUESTIONS.values()]
    assert sum(right) >= len(right) - 2


def test_the_reply_has_the_shape_of_the_contract(service: httpx.Client) -> None:
    body = ask(service, "ШЫҰ  не үшін құрылған?", top_k=2)
    assert list(body) == [
        "question", "interpreted_as", "language", "answerable", "confidence", "answer", "passages", "index", "took_ms",
    ]  # fmt: skip
    assert (body["question"], body["interpreted_as"]) == ("ШЫҰ  не үшін құрылған?", "ШЫҰ не үшін құрылған?")
    assert len(body["passages"]) == 2
    citation = body["passages"][0]["citation"]
    assert set(citation) == {
        "document", "title", "section", "heading", "item", "path", "label", "start", "end", "line_start", "line_end",
        "source_sha256", "anchor", "page", "page_end", "url", "author", "date", "source_url",
    }  # fmt: skip
    assert citation["path"] == [
        "Қазақ елінің дипломатиялық саясаты",
        "4. Қазақстанның халықаралық ұйымдардағы орны",
        "Шанхай ынтымақтастық ұйымы (ШЫҰ)",
    ]
    assert citation["label"] == "§4, Шанхай ынтымақтастық ұйымы (ШЫҰ)"
    assert citation["url"] == "/read/kazakh-diplomacy#s4.2"
    assert set(body["index"]) == {"generation", "built_at", "model"}
    scores = [passage["score"] for passage in body["passages"]]
    assert scores == sorted(scores, reverse=True)


def test_what_the_corpus_does_not_answer_is_said_with_the_nearest_passages(service: httpx.Client) -> None:
    body = ask(service, "How do I reset my email password?")
    assert body["answerable"] is False
    assert body["answer"] is None
    assert len(body["passages"]) == 5
    check_citations(service, body)


def test_get_gives_what_post_gives(service: httpx.Client) -> None:
    posted = ask(service, QUESTIONS["en"], top_k=3)
    got = service.get("/ask", params={"q": QUESTIONS["en"], "top_k": 3}).json()
    for body in (posted, got):
        body.pop("took_ms")
    assert got == posted


def test_documents_restrict_the_search(service: httpx.Client) -> None:
    body = ask(service, QUESTIONS["en"], documents=["tea"], top_k=50)
    assert {passage["citation"]["document"] for passage in body["passages"]} == {"tea"}
    check_citations(service, body)
    assert len(ask(service, QUESTIONS["en"], documents=[], top_k=50)["passages"]) > len(body["passages"])
    got = service.get("/ask", params={"q": "чай", "documents": ["tea", "letter"], "top_k": 50}).json()
    assert {passage["citation"]["document"] for passage in got["passages"]} == {"tea", "letter"}


def test_every_reply_tells_the_generation(service: httpx.Client) -> None:
    generation = service.get("/index").json()["generation"]
    for path in ("/ask?q=a", "/documents", "/livez", "/nowhere", "/read/tea"):
        assert service.get(path).headers["X-Index-Generation"] == generation


def test_documents_and_their_parts(service: httpx.Client) -> None:
    documents = {one["id"]: one for one in service.get("/documents").json()["documents"]}
    assert set(documents) == {"kazakh-diplomacy", "tea", "letter"}
    assert documents["kazakh-diplomacy"]["language"] == "kk"
    assert documents["kazakh-diplomacy"]["sections"] == 7
    outline = service.get("/documents/kazakh-diplomacy").json()
    assert [section["number"] for section in outline["outline"]] == ["1", "2", "3", "4", "5", "6", "7"]
    assert [part["reason"] for part in outline["dropped"]] == ["comment form", "comment form"]
    passages = service.get("/documents/kazakh-diplomacy/passages").json()["passages"]
    assert len(passages) == 19
    assert [one for section in outline["outline"] for one in section["passages"]] == [one["id"] for one in passages]
    text = service.get("/documents/kazakh-diplomacy/text")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == (ROOT / "corpus" / "kazakh-diplomacy.txt").read_text(encoding="utf-8")


def test_the_index_tells_what_is_live(service: httpx.Client) -> None:
    body = service.get("/index").json()
    assert body["stale"] is False
    assert body["counts"]["documents"] == 3
    assert body["model"]["name"] == "bundled"
    assert {source["name"] for source in body["sources"]} == {"kazakh-diplomacy.txt", "letter.txt", "tea.md"}


def test_health_and_documentation(service: httpx.Client) -> None:
    assert service.get("/livez").json()["status"] == "alive"
    assert service.get("/readyz").json()["status"] == "ready"
    page = service.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://fastapi", ""), "the page loads something from elsewhere"
    schema = service.get("/openapi.json").json()
    paths = schema["paths"]
    assert "application/problem+json" in paths["/ask"]["post"]["responses"]["422"]["content"]
    assert "Problem" in schema["components"]["schemas"]
    assert {"/ask", "/documents", "/index", "/livez", "/readyz"} <= set(paths)


def test_the_reading_page_escapes_and_marks(service: httpx.Client) -> None:
    page = service.get("/read/tea")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.search(r"<h1[^>]*>Чай в степи</h1>", page.text)
    assert 'id="s-посуда.1"' in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text), "its policy allows no script within the page"


def test_what_is_cited_can_be_fetched_and_verified(service: httpx.Client) -> None:
    (hit,) = ask(service, QUESTIONS["kk"], top_k=1)["passages"]
    citation = hit["citation"]
    fetched = service.get(f"/passages/{hit['id']}").json()
    assert fetched == {key: hit[key] for key in fetched}
    cited = {"document": citation["document"], "start": citation["start"], "source_sha256": citation["source_sha256"]}
    found = service.post("/citations/verify", json={**cited, "quote": hit["text"]}).json()
    assert (found["status"], found["citation"], found["source_changed"]) == ("verbatim", citation, False)
    altered = hit["text"].replace("1992", "1993", 1)
    found = service.post("/citations/verify", json={**cited, "quote": altered}).json()
    assert (found["status"], found["text"]) == ("changed", hit["text"])
    assert found["differences"] == [{"quoted": "1993", "now": "1992"}]
    place = service.get(f"/read/tea/at/{hit['id']}")
    assert (place.status_code, place.headers["location"]) == (308, citation["url"])


def problem(reply: httpx.Response, status: int) -> dict[str, Any]:
    """The body of a problem document, checked for what all of them have."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    assert body["status"] == status
    assert "Traceback" not in reply.text
    assert str(ROOT) not in reply.text
    return body


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "content",
    [b"{", b"not json", b"", b"\xff\xfe", b'{"question": ' + b"[" * 20000, b'{"question": 1' + b"0" * 5000 + b"}"],
)
def test_a_malformed_body_is_a_400(service: httpx.Client, content: bytes) -> None:
    reply = service.post("/ask", content=content, headers=JSON)
    problem(reply, 400)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": " \u200b\n"}, "question"),
        ({"question": "а" * 1001}, "question"),
        ({"question": None}, "question"),
        ({"question": 7}, "question"),
        ({"question": ["a"]}, "question"),
        ({"question": "a", "top_k": 0}, "top_k"),
        ({"question": "a", "top_k": 51}, "top_k"),
        ({"question": "a", "top_k": -1}, "top_k"),
        ({"question": "a", "top_k": "5"}, "top_k"),
        ({"question": "a", "top_k": 2.5}, "top_k"),
        ({"question": "a", "top_k": True}, "top_k"),
        ({"question": "a", "documents": "tea"}, "documents"),
        ({"question": "a", "documents": [1]}, "documents.0"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_field_out_of_range_is_a_422_that_names_it(service: httpx.Client, body: object, field: str) -> None:
    found = problem(service.post("/ask", json=body), 422)
    assert found["detail"].startswith(f"{field}: ")
    assert found["errors"][0]["field"] == field


def test_the_value_that_was_wrong_is_told(service: httpx.Client) -> None:
    assert "(it is 51)" in problem(service.post("/ask", json={"question": "a", "top_k": 51}), 422)["detail"]


def test_a_lone_surrogate_is_a_422(service: httpx.Client) -> None:
    problem(service.post("/ask", content=b'{"question": "\\ud800"}', headers=JSON), 422)


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%20", "?q=a&top_k=0", "?q=a&top_k=x", "?question=a", "?q=" + "a" * 1001]
)
def test_bad_addresses_are_422(service: httpx.Client, query: str) -> None:
    problem(service.get(f"/ask{query}"), 422)


@pytest.mark.parametrize(
    "question",
    [
        "?",
        "🙂",
        "а" * 1000,
        "\x00x\x00",
        "'; DROP TABLE passages; --",
        "\u202eabc",
        "%s%n{0}",
        "</s> [MASK]",
        "a\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
def test_odd_questions_are_answered(service: httpx.Client, question: str) -> None:
    body = ask(service, question)
    assert body["question"] == question
    check_citations(service, body)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/foo+json", ""]
)
def test_another_media_type_is_a_415(service: httpx.Client, media_type: str) -> None:
    reply = service.post("/ask", content=b'{"question": "a"}', headers={"content-type": media_type})
    assert "application/json" in problem(reply, 415)["detail"]


def test_json_with_a_charset_is_json(service: httpx.Client) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    assert service.post("/ask", content=b'{"question": "a"}', headers=headers).status_code == 200


def test_a_body_that_is_too_large_is_a_413(service: httpx.Client) -> None:
    large = json.dumps({"question": "a" * 70_000}).encode()
    problem(service.post("/ask", content=large, headers=JSON), 413)
    problem(service.post("/ask", content=iter([large[:40_000], large[40_000:]]), headers=JSON), 413)


@pytest.mark.parametrize(
    "path",
    [
        "/documents/nothing",
        "/documents/nothing/text",
        "/documents/nothing/passages",
        "/read/nothing",
        "/documents/..%2f..%2fetc%2fpasswd/text",
        "/documents/%00",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_a_404(service: httpx.Client, path: str) -> None:
    problem(service.get(path), 404)


def test_an_unknown_document_in_a_question_is_a_404(service: httpx.Client) -> None:
    assert "'nothing'" in problem(service.post("/ask", json={"question": "a", "documents": ["nothing"]}), 404)["detail"]


def test_another_method_is_a_405(service: httpx.Client) -> None:
    reply = service.delete("/ask")
    problem(reply, 405)
    assert "allow" in reply.headers


def test_a_connection_is_kept_for_longer_than_clients_and_proxies_keep_it(service: httpx.Client) -> None:
    with socket.create_connection((service.base_url.host, service.base_url.port or 80), timeout=6) as connection:
        connection.sendall(b"HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        # Many let go of a connection that is idle for five seconds, and may be sending on it at that moment.
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_head_is_get_without_a_body(service: httpx.Client) -> None:
    for path in ("/livez", "/read/tea", "/documents/tea/text"):
        head, get = service.head(path), service.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]


def test_no_redirect_goes_to_where_the_client_says(service: httpx.Client) -> None:
    problem(service.get("/ask/?q=x", headers={"host": "evil.example"}), 404)


def test_the_base_url_stands_before_the_links(tmp_path: Path) -> None:
    with serving(environment(tmp_path, QA_BASE_URL="https://essay.example/", QA_CORPUS_DIR="corpus")) as client:
        assert ask(client, "ШЫҰ")["passages"][0]["citation"]["url"].startswith("https://essay.example/read/kazakh-")


def test_several_workers_answer(tmp_path: Path) -> None:
    with serving(environment(tmp_path, QA_CORPUS_DIR="corpus"), "--workers", "2") as client:
        for _ in range(10):
            client.get("/livez").raise_for_status()
        assert "1992" in ask(client, QUESTIONS["en"])["passages"][0]["text"]


FAILS = """
import threading, time, urllib.request, urllib.error
import uvicorn
from qa.serving.app import create_app
from qa.settings import load_settings
class Broken:
    class generation: id = "g1"
    def answer(self, *rest):
        raise ValueError("a secret at /secret/place")
app = create_app(load_settings(), lambda: None)
app.state.live._answerer = Broken()
app.state.live.start = lambda: None
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started: time.sleep(0.01)
try:
    urllib.request.urlopen("http://127.0.0.1:%d/ask?q=a" % server.servers[0].sockets[0].getsockname()[1])
except urllib.error.HTTPError as error:
    print(error.code, error.headers["content-type"], error.headers["x-index-generation"], error.read().decode())
"""


def test_a_failure_is_a_500_that_tells_nothing_and_logs_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILS], env=environment(tmp_path), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("500 application/problem+json g1 {")
    assert "secret" not in done.stdout
    assert done.stderr.count("Traceback") == 1


NOT_READY = """
import threading, time, urllib.request, urllib.error, json, sys
import uvicorn
from qa.serving.app import create_app
from qa.settings import load_settings
from qa.errors import ModelError
gate = threading.Event()
def load():
    gate.wait()
    raise ModelError("the model in /secret/place is damaged")
server = uvicorn.Server(uvicorn.Config(create_app(load_settings(), load), port=0, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started: time.sleep(0.01)
base = "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1]
def get(path):
    try:
        with urllib.request.urlopen(base + path) as reply: return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error: return error.code, error.read().decode()
print(json.dumps([get("/livez"), get("/readyz"), get("/ask?q=a")]))
gate.set(); time.sleep(0.5)
print(json.dumps([get("/livez"), get("/readyz")]))
"""


def test_before_it_is_ready_and_when_it_cannot_be_the_service_says_503(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOT_READY],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    early, late = (json.loads(line) for line in done.stdout.splitlines())
    assert [status for status, _ in early] == [200, 503, 503]
    assert "being loaded" in early[1][1]
    assert [status for status, _ in late] == [200, 503]
    assert "/secret/place" not in late[1][1]
    assert "/secret/place" in done.stderr


SERVES_WITHOUT_TORCH = (
    LOOPBACK_ONLY
    + """
import threading, time, urllib.request
import uvicorn
from qa.serving.app import create_app_from_environment
server = uvicorn.Server(uvicorn.Config(create_app_from_environment, factory=True, port=0, log_level="error"))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started: time.sleep(0.01)
base = "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1]
try:
    for _ in range(300):
        try:
            urllib.request.urlopen(base + "/readyz"); break
        except urllib.error.HTTPError: time.sleep(0.1)
    assert b"1992" in urllib.request.urlopen(base + "/ask?q=UN").read()
finally:
    server.should_exit = True
    thread.join()
print([name for name in ("torch", "sentence_transformers", "transformers", "sklearn", "onnx") if name in sys.modules])
"""
)


def test_serving_imports_no_torch_and_reaches_no_network(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_CORPUS_DIR="corpus")
    with serving(env):
        pass  # which leaves an index behind
    done = subprocess.run(
        [sys.executable, "-c", SERVES_WITHOUT_TORCH], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
