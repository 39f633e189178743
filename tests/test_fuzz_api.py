"""A little of `scripts/fuzz_api` at every run: what the API's description allows and forbids, sent to a real service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.conftest import environment, serving

TOKEN = "a-token-for-tests-only"
EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "corpus").mkdir()
    for name in ("tea", "milk"):
        (folder / "corpus" / f"{name}.md").write_text(f"# {name}\n\nOf {name} much is said.\n", encoding="utf-8")
    with serving(environment(folder, QA_CORPUS_DIR=str(folder / "corpus"), QA_ADMIN_TOKEN=TOKEN)) as client:
        yield client


def test_replies_to_what_the_description_allows_and_forbids_are_those_that_it_knows(admin: httpx.Client) -> None:
    url = str(admin.base_url)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    assert isinstance(schema, OpenApiSchema)
    sent: list[int] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            if mode is schemathesis.GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue  # there is nothing that could be wrong

            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            @hypothesis.settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def send(case: schemathesis.Case[Any]) -> None:
                reply = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
                sent.append(reply.status_code)
                case.validate_response(reply, checks=CHECKS)

            send()
    assert len(sent) > 150
    assert 200 in sent
    assert {400, 404, 422} & set(sent)
    assert admin.get("/readyz").status_code == 200
