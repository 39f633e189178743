"""Traces as a collector receives them: a request, what its answer was made of, and no question."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.conftest import environment, eventually, free_port
from tests.services import logged

QUESTION = "When did Kazakhstan join the UN, quokka?"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


# FastAPI itself needs OpenTelemetry's interface; what makes and sends traces is the extra's.
WITHOUT_THE_EXTRA = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")):
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Missing())
"""


class Collector:
    """Takes OTLP over HTTP and keeps it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.address = ""

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    @property
    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        collector.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}


@pytest.mark.parametrize(("workers", "conventions"), [("1", ""), ("2", "http"), ("1", "http/dup")])
def test_a_request_is_a_span_and_its_phases_are_within_it(tmp_path: Path, workers: str, conventions: str) -> None:
    with collecting() as collector:
        otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        env = environment(tmp_path, OTEL_SEMCONV_STABILITY_OPT_IN=conventions, **otel)
        with logged(env, tmp_path, "--workers", workers) as service:
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "one"}
            assert service.client.get("/ask", params={"q": QUESTION}, headers=headers).status_code == 200
            assert service.client.post("/ask", json={"question": QUESTION}).status_code == 200
            assert service.client.get("/documents/quokka?q=quokka").status_code == 404
            generation = service.client.get("/readyz").json()["generation"]
            service.client.get("/metrics")
            eventually(lambda: len(collector.named("GET /documents/{document_id:path}")) == 1)
            eventually(lambda: len(collector.named("POST /ask")) == 1)
            eventually(lambda: len(collector.named("answer")) == 2)
        asked = next(span for span in collector.named("GET /ask") if span.parent_span_id)
        assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, PARENT)
        assert asked.kind == Span.SPAN_KIND_SERVER
        told = attributes(asked)
        assert told["http.route"] == "/ask"
        assert told.get("http.status_code", told.get("http.response.status_code")) == 200
        assert told["suraq.request_id"] == "one"
        parts = [span for span in collector.spans if span.parent_span_id == asked.span_id]
        assert {span.name for span in parts} == {"answer", "encode", "search", "interaction"}
        (answer,) = (attributes(span) for span in parts if span.name == "answer")
        assert answer == {"suraq.generation": generation, "suraq.answerable": True}
        for span in parts:
            assert span.trace_id == asked.trace_id
            assert asked.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
            assert span.end_time_unix_nano <= asked.end_time_unix_nano
            assert abs(span.start_time_unix_nano / 1e9 - time.time()) < 120
        assert {span.name for span in collector.spans} == {
            "GET /ask", "POST /ask", "GET /documents/{document_id:path}", "answer", "encode", "search", "interaction",
        }  # fmt: skip
        assert collector.services == {"suraq"}


def test_no_question_is_in_any_trace(tmp_path: Path) -> None:
    with collecting() as collector:
        env = environment(
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.address,
            OTEL_SEMCONV_STABILITY_OPT_IN="http/dup",
            OTEL_SERVICE_NAME="essays",
        )
        with logged(env, tmp_path) as service:
            service.client.get("/ask", params={"q": QUESTION})
            service.client.get("/ask", params={"q": QUESTION, "top_k": "quokka"})
            service.client.get("/ask", params={"q": QUESTION, "documents": "quokka"})
            service.client.post("/ask", json={"question": QUESTION, "top_k": 7})
            service.client.post("/ask", json={"question": QUESTION, "top_k": 7})
            messages = [{"role": "user", "content": QUESTION}]
            service.client.post("/v1/chat/completions", json={"model": "suraq", "messages": messages})
        # What was not sent yet is sent when the service ends.
        assert len(collector.named("GET /ask")) == 3
        assert len(collector.named("POST /v1/chat/completions")) == 1
        assert len(collector.named("encode")) == 2  # two are refused before, and one answer is still known
        assert collector.services == {"essays"}
        assert not any(b"quokka" in body or b"Kazakhstan" in body for body in collector.bodies)


def test_a_collector_that_is_not_there_costs_nothing_but_a_line(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    env = environment(
        tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="100", QA_LOG_FORMAT="json"
    )
    with logged(env, tmp_path) as service:
        for _ in range(5):
            assert service.client.get("/ask", params={"q": QUESTION}).status_code == 200
        began = time.monotonic()
        service.process.terminate()
        service.process.wait(15)
        assert time.monotonic() - began < 8
        assert all("quokka" not in line for line in service.lines)
        assert service.records


def test_without_the_extra_a_line_says_so_and_the_service_goes_on(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_EXTRA)
    otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "PYTHONPATH": str(tmp_path)}
    with logged(environment(tmp_path, QA_LOG_FORMAT="json", **otel), tmp_path) as service:
        (line,) = (one for one in service.records if one["level"] == "warning")
        assert "OTEL_EXPORTER_OTLP_ENDPOINT is set" in line["message"]
        assert "pip install '.[telemetry]'" in line["message"]
        assert service.client.get("/ask", params={"q": QUESTION}).status_code == 200


def test_another_way_to_send_them_is_refused_in_words(tmp_path: Path) -> None:
    with logged(environment(tmp_path, QA_LOG_FORMAT="json", OTEL_TRACES_EXPORTER="zipkin"), tmp_path) as service:
        (line,) = (one for one in service.records if one["level"] == "warning")
        assert "OTEL_TRACES_EXPORTER is 'zipkin'" in line["message"]
        assert service.client.get("/livez").status_code == 200


@pytest.mark.parametrize("otel", [{}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}])
def test_nothing_is_sent_and_nothing_imported_where_nobody_asks(tmp_path: Path, otel: dict[str, str]) -> None:
    with collecting() as collector:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address} if otel else {}
        with logged(environment(tmp_path, **endpoint, **otel), tmp_path) as service:
            service.client.get("/ask", params={"q": QUESTION})
            mapped = Path(f"/proc/{service.process.pid}/maps").read_text()
            assert "google/_upb" not in mapped  # protobuf's own library, which the exporter brings
        assert collector.bodies == []
