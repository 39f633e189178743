"""What the service counts: right sums, names that are documented, and no name made of what somebody sent."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from qa.encoding.encoder import Encoding
from qa.indexing.builds import Builds, count_build
from qa.retrieval.trace import Trace, phase, traced
from qa.serving import index_metrics
from tests.conftest import ROOT, environment, eventually, free_port, run_qa
from tests.services import Service, logged, metric, workers
from tests.test_live import Site, client

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| `(suraq_\w+)` \| (\w+) \|([^|]*)\|", OPERATIONS, re.MULTILINE)
QUESTION = "When did Kazakhstan join the UN?"


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that this file alone asks; its language model is a port where nobody listens."""
    folder = tmp_path_factory.mktemp("counted")
    llm = {"QA_LLM_BASE_URL": f"http://127.0.0.1:{free_port()}", "QA_LLM_MODEL": "none"}
    with logged(environment(folder, **llm), folder) as service:
        yield service


def chat(service: Service, *said: str) -> httpx.Response:
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": text} for number, text in enumerate(said)]
    return service.client.post("/v1/chat/completions", json={"model": "suraq", "messages": messages})


def test_every_metric_is_documented_with_its_type_and_labels_and_the_reverse(counted: Service) -> None:
    counted.client.get("/ask", params={"q": QUESTION})
    chat(counted, QUESTION)
    families = list(text_string_to_metric_families(counted.client.get("/metrics").text))
    real = {}
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        real[name] = (family.type, labels)
    assert real == {name: (kind, set(re.findall(r"\w+", labels))) for name, kind, labels in TABLE}
    assert len(real) == len(TABLE) == 19


def names_in(expressions: Sequence[str]) -> set[str]:
    """The metrics that expressions name; a histogram's series by the histogram."""
    found = {name for text in expressions for name in re.findall(r"suraq_\w+", text)}
    histograms = {name for name, kind, _ in TABLE if kind == "histogram"}
    return {
        re.sub(r"_(bucket|sum|count)$", "", name) if name[: name.rfind("_")] in histograms else name for name in found
    }


def test_the_dashboard_shows_every_metric_and_only_such_as_exist() -> None:
    board = json.loads((ROOT / "docs/operations/grafana.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert names_in(expressions) == {name for name, _, _ in TABLE}
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(set(places)) == len(board["panels"])


def test_the_alerts_name_only_metrics_and_labels_that_exist() -> None:
    (group,) = yaml.safe_load((ROOT / "docs/operations/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    rules = group["rules"]
    labels_of = {name: set(re.findall(r"\w+", labels)) for name, _, labels in TABLE}
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"].endswith(".")
        assert names_in([rule["expr"]]) <= set(labels_of), rule["alert"]
        assert names_in([rule["expr"]]), rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
        for name, inside in re.findall(r"(suraq_\w+)\{([^}]*)\}", rule["expr"]):
            (known,) = names_in([name])
            assert set(re.findall(r"(\w+)=", inside)) <= labels_of[known], rule["alert"]


def test_requests_are_counted_by_template_method_and_status_and_never_by_path(counted: Service) -> None:
    def count(**labels: str) -> float:
        return counted.metric("suraq_http_requests_total", **labels)

    before = {"GET": count(route="/ask", method="GET"), "HEAD": count(route="/ask", method="HEAD")}
    counted.client.get("/ask", params={"q": "quokka"})
    counted.client.head("/ask", params={"q": "quokka"})
    assert counted.client.get("/ask", params={"q": ""}).status_code == 422
    assert counted.client.get("/documents/quokka/in/folders").status_code == 404
    assert counted.client.get("/quokka").status_code == 404
    assert counted.client.post("/ask", content=b"x" * 100_000).status_code == 413
    assert counted.client.delete("/ask").status_code == 405
    assert counted.client.request("PROPFIND", "/ask").status_code in (400, 405)
    assert count(route="/ask", method="GET") == before["GET"] + 2
    assert count(route="/ask", method="HEAD", status="200") == before["HEAD"] + 1
    assert count(route="/ask", status="422") == 1
    assert count(route="/documents/{document_id:path}", status="404") == 1
    assert count(route="unmatched", status="404", method="GET") == 1
    assert count(route="unmatched", status="413", method="POST") == 1
    assert count(status="405", method="DELETE") == 1
    text = counted.client.get("/metrics").text
    assert "quokka" not in text
    assert "PROPFIND" not in text
    asked = metric(text, "suraq_http_requests_total", route="/ask")
    assert metric(text, "suraq_http_request_duration_seconds_count", route="/ask") == asked
    assert metric(text, "suraq_http_request_duration_seconds_bucket", route="/ask", le="+Inf") == asked


def test_who_leaves_before_the_reply_is_counted_as_such(counted: Service) -> None:
    with socket.create_connection(("127.0.0.1", counted.client.base_url.port or 0)) as connection:
        connection.sendall(b"POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    eventually(lambda: counted.metric("suraq_http_requests_total", status="499") == 1)
    assert counted.metric("suraq_http_requests_in_flight") == 1  # the scrape itself


def test_phases_and_answers_are_counted_once_a_question(counted: Service) -> None:
    def seen() -> dict[str, float]:
        text = counted.client.get("/metrics").text
        names = ("answer", "encode", "search", "interaction")
        phases = {name: metric(text, "suraq_phase_duration_seconds_count", phase=name) for name in names}
        times = {f"{name} s": metric(text, "suraq_phase_duration_seconds_sum", phase=name) for name in names}
        answers = {word: metric(text, "suraq_answers_total", answerable=word) for word in ("true", "false")}
        return {**phases, **times, **answers}

    before = seen()
    known = counted.metric("suraq_answers_from_cache_total")
    assert counted.client.get("/ask", params={"q": QUESTION, "top_k": 7}).json()["answerable"]
    assert not counted.client.get("/ask", params={"q": "How do I bake bread, and why?"}).json()["answerable"]
    assert counted.metric("suraq_answers_from_cache_total") == known
    grown = {name: value - before[name] for name, value in seen().items()}
    assert [grown[name] for name in ("answer", "encode", "search", "interaction")] == [2, 2, 2, 2]
    assert (grown["true"], grown["false"]) == (1, 1)
    assert 0 < grown["encode s"] + grown["search s"] + grown["interaction s"] <= grown["answer s"]
    assert counted.client.get("/ask", params={"q": QUESTION, "top_k": 7}).json()["answerable"]
    assert counted.metric("suraq_answers_from_cache_total") == known + 1
    assert seen()["encode"] == before["encode"] + 2
    assert seen()["true"] == before["true"] + 2


def test_follow_ups_and_the_language_models_failures_are_counted(counted: Service) -> None:
    before = counted.metric("suraq_language_model_replies_total", written="false")
    assert chat(counted, QUESTION, "In 1992.", "What is its role there?").status_code == 200
    assert counted.metric("suraq_follow_ups_total") == 1
    assert counted.metric("suraq_language_model_replies_total", written="false") == before + 1
    assert counted.metric("suraq_language_model_replies_total", written="true") == 0
    answers = counted.metric("suraq_answers_total")
    assert chat(counted, "Hello!").status_code == 200
    assert counted.metric("suraq_answers_total") == answers  # what a greeting suggests nobody asked


def test_a_question_by_mcp_and_one_over_an_embedding_are_timed_too(counted: Service) -> None:
    before = counted.metric("suraq_answers_total")
    call = {"name": "search", "arguments": {"query": QUESTION}}
    accept = {"Accept": "application/json, text/event-stream"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    assert counted.client.post("/mcp", json=message, headers=accept).status_code == 200
    assert counted.metric("suraq_answers_total") == before + 1
    encoded = counted.metric("suraq_phase_duration_seconds_count", phase="encode")
    body = {"model": "suraq", "input": ["a", "b"]}
    body["model"] = counted.client.get("/v1/models").json()["data"][-1]["id"]
    reply = counted.client.post("/v1/embeddings", json=body)
    assert reply.status_code == 200, reply.text
    assert counted.metric("suraq_phase_duration_seconds_count", phase="encode") == encoded + 2


def test_the_generation_is_told_with_its_age_and_builds_by_anyone_are_counted(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "essay.txt").write_text("The river Ili flows into lake Balkhash.\n")
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus))
    with logged(env, tmp_path) as service:
        (corpus / "essay.txt").write_text("The river Ili flows into the lake Balkhash.\n")
        text = service.client.get("/metrics").text
        assert metric(text, "suraq_index_stale") == 1
        assert metric(text, "suraq_builds_total") == metric(text, "suraq_builds_total", outcome="published") == 1
        assert run_qa("index", "build", env=env).returncode == 0
        live = (tmp_path / "index" / "CURRENT").read_text().strip()
        eventually(lambda: service.metric("suraq_generation_info", generation=live) == 1)
        text = service.client.get("/metrics").text
        assert metric(text, "suraq_index_stale") == 0
        assert 0 < metric(text, "suraq_generation_age_seconds") < 60
        assert run_qa("index", "build", env=env).stdout.startswith("Nothing changed")
        corpus.rename(tmp_path / "elsewhere")
        assert run_qa("index", "build", env=env).returncode == 1
        text = service.client.get("/metrics").text
        assert metric(text, "suraq_builds_total", outcome="published") == 2
        assert metric(text, "suraq_builds_total", outcome="failed") == 1
        assert metric(text, "suraq_build_seconds_total", outcome="published") > 0
        last = {
            outcome: metric(text, "suraq_last_build_timestamp_seconds", outcome=outcome)
            for outcome in ("published", "failed")
        }
        assert 0 < last["published"] < last["failed"]


def test_the_corpus_is_looked_through_at_most_every_ten_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    first = site.publish("zero")

    def stale() -> float:
        return metric(site.app.state.metrics.text().decode(), "suraq_index_stale")

    with site.served():
        site.eventually_live(first)
        assert index_metrics._LOOK_EVERY_S == 10
        monkeypatch.setattr(index_metrics, "_LOOK_EVERY_S", 3600.0)
        assert stale() == 0
        (tmp_path / "corpus" / "essay.txt").write_text("Another essay altogether.\n")
        assert stale() == 0
        monkeypatch.setattr(index_metrics, "_LOOK_EVERY_S", 0.0)
        assert stale() == 1
        shutil.rmtree(tmp_path / "corpus")
        assert stale() == 1


def test_an_encoder_that_fails_is_counted(tmp_path: Path) -> None:
    site = Site(tmp_path)
    first = site.publish("zero")

    def fail(texts: Sequence[str]) -> list[Encoding]:
        raise RuntimeError("no")

    with site.served() as address, client(address) as own:
        site.eventually_live(first)
        site.encoder.encode_questions = fail  # type: ignore[method-assign]
        assert own.get("/ask?q=alpha").status_code == 500
        text = own.get("/metrics").text
        assert metric(text, "suraq_encoder_errors_total") == 1
        assert metric(text, "suraq_http_requests_total", route="/ask", status="500") == 1
        assert own.get("/ask?q=alpha&documents=none").status_code == 404
        assert metric(own.get("/metrics").text, "suraq_encoder_errors_total") == 1
        assert own.get("/metrics").text.count('suraq_answers_total{answerable="true"} 0.0') == 1


def test_requests_that_wait_for_a_thread_are_the_queue_and_metrics_do_not_wait(tmp_path: Path) -> None:
    site = Site(tmp_path)
    first = site.publish("zero")
    with site.served() as address:
        site.eventually_live(first)
        threads = site.settings.at_once()
        with client(address) as own:
            held = [socket.create_connection(("127.0.0.1", own.base_url.port or 0)) for _ in range(threads + 3)]
            for connection in held:
                connection.sendall(b"GET /ask?q=wait+alpha HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: metric(own.get("/metrics").text, "suraq_queue_length") == 3)
            assert metric(own.get("/metrics").text, "suraq_http_requests_in_flight") == threads + 4
            site.encoder.gate.set()
            for connection in held:
                assert connection.recv(15) == b"HTTP/1.1 200 OK"
                connection.close()
            eventually(lambda: metric(own.get("/metrics").text, "suraq_http_requests_in_flight") == 1)
            assert metric(own.get("/metrics").text, "suraq_queue_length") == 0


def test_two_workers_tell_their_sums_and_keep_them_when_one_is_killed(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = environment(tmp_path, TMPDIR=str(temporary))
    with logged(env, tmp_path, "--workers", "2") as service:
        eventually(lambda: service.metric("suraq_workers_ready") == 2, 60)
        for _ in range(20):
            assert service.ask_anew(QUESTION).status_code == 200
        (folder,) = temporary.glob("suraq-metrics-*")

        def told() -> tuple[float, float, float]:
            text = httpx.get(f"{service.client.base_url}/metrics", trust_env=False).text
            return (
                metric(text, "suraq_http_requests_total", route="/ask", status="200"),
                metric(text, "suraq_phase_duration_seconds_bucket", phase="answer", le="+Inf"),
                metric(text, "suraq_answers_total", answerable="true"),
            )

        def anyone() -> set[tuple[float, float, float]]:
            return {told() for _ in range(8)}

        eventually(lambda: anyone() == {(20, 20, 20)})
        counted_by = {path.name for path in folder.glob("counter_*.db")}
        killed = next(pid for pid in workers(service) if f"counter_{pid}.db" in counted_by)
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: not list(folder.glob(f"*_{killed}.db")), 60)
        eventually(lambda: service.metric("suraq_workers_ready") == 2, 60)
        assert (folder / "counter_ended.db").exists()
        assert anyone() == {(20, 20, 20)}
        assert httpx.get(f"{service.client.base_url}/metrics", trust_env=False).status_code == 200
        assert service.metric("suraq_http_requests_in_flight") == 1
    assert not list(temporary.glob("suraq-metrics-*"))


def test_several_workers_without_a_temporary_folder_are_refused_and_told_why(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_PORT=str(free_port()))
    script = (
        "import tempfile, sys; from pathlib import Path; import qa.cli\n"
        "def mkdtemp(*_, **__): raise FileNotFoundError(2, 'No usable temporary directory found')\n"
        "tempfile.mkdtemp = mkdtemp\n"
        "sys.argv = ['qa', 'serve', '--workers', '2']; qa.cli.main()"
    )
    done = run_python(script, env)
    assert done[0] == 1
    assert "TMPDIR" in done[1].splitlines()[-1]
    assert "QA_WORKERS" in done[1].splitlines()[-1]


def run_python(script: str, env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stderr


def test_nothing_is_noted_where_nobody_traces() -> None:
    trace = Trace()
    with phase("encode"):
        pass
    with traced(trace):
        with traced(None), phase("encode"):
            pass
        with pytest.raises(ValueError, match="no"), phase("search"):
            raise ValueError("no")
        with pytest.raises(ValueError, match="no"), phase("encode"):
            raise ValueError("no")
    assert [one.name for one in trace.phases] == ["search", "encode"]
    assert trace.events == ["encoder error"]
    assert all(one.seconds >= 0 for one in trace.phases)


def test_builds_that_end_at_once_are_all_counted_and_a_missing_folder_stays_missing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(count_build, tmp_path, outcome, 0.5) for outcome in ("published", "failed") * 20]:
            one.result()
    ended = Builds.read(tmp_path).ended
    assert {outcome: (one.count, one.seconds) for outcome, one in ended.items()} == {
        "published": (20, 10.0),
        "failed": (20, 10.0),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["builds.json"]
    count_build(tmp_path / "none", "failed", 1.0)
    assert not (tmp_path / "none").exists()
    (tmp_path / "builds.json").write_text("not JSON")
    assert Builds.read(tmp_path).ended == {}
