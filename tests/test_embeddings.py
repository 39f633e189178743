"""OpenAI's embeddings, with OpenAI's own client and LangChain's."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from langchain_openai import OpenAIEmbeddings
from numpy.testing import assert_allclose
from pydantic import SecretStr

from qa.encoding.encoder import Encoding
from qa.encoding.prepared import PreparedModel
from qa.serving.parts import answerer_of
from tests.conftest import eventually
from tests.openai_clients import QUESTION, openai_client, overridden

PASSAGE = "Қазақстан 1992 жылы Біріккен Ұлттар Ұйымына мүше болды."


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> Iterator[openai.OpenAI]:
    with openai_client(service.base_url) as made:
        yield made


def vectors(client: openai.OpenAI, texts: Any, **more: Any) -> list[list[float]]:
    reply = client.embeddings.create(**{"model": "suraq", "input": texts, **more})
    assert [one.index for one in reply.data] == list(range(len(reply.data)))
    return [one.embedding for one in reply.data]


def test_vectors_are_the_encoders_own(client: openai.OpenAI, real_model: PreparedModel) -> None:
    texts = [PASSAGE, QUESTION, " ", "\x00", "🙂"]
    found = vectors(client, texts)
    own = [encoding.vector for encoding in real_model.encoder.encode_passages(texts)]
    assert_allclose(found, own, atol=1e-4)
    assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_query_is_read_as_a_question(client: openai.OpenAI, real_model: PreparedModel) -> None:
    (own,) = real_model.encoder.encode_questions([QUESTION])
    by_model = vectors(client, QUESTION, model="suraq-query")
    by_field = vectors(client, QUESTION, extra_body={"input_type": "query"})
    assert by_model == by_field
    assert_allclose(by_model[0], own.vector, atol=1e-4)
    as_passage = vectors(client, QUESTION, model="suraq-passage")
    assert as_passage == vectors(client, QUESTION) != by_model


def test_a_questions_vector_is_nearest_to_the_passage_that_answers(client: openai.OpenAI) -> None:
    passages = [PASSAGE, "Шай — дастарқанның сәні.", "Қазақстан мен Қытай сауданы дамытып келеді."]
    cosines = np.array(vectors(client, passages)) @ np.array(vectors(client, QUESTION, model="suraq-query")[0])
    assert np.argmax(cosines) == 0


def test_both_formats_give_the_same_vectors(service: httpx.Client, client: openai.OpenAI) -> None:
    body = {"model": "suraq", "input": [PASSAGE]}
    as_text = service.post("/v1/embeddings", json={**body, "encoding_format": "base64"}).json()["data"][0]["embedding"]
    as_numbers = service.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
    assert np.frombuffer(base64.b64decode(as_text), "<f4").tolist() == as_numbers
    assert vectors(client, PASSAGE) == vectors(client, PASSAGE, encoding_format="float") == [as_numbers]


def test_usage_counts_the_models_own_tokens(client: openai.OpenAI, real_model: PreparedModel) -> None:
    usage = client.embeddings.create(model="suraq", input=[PASSAGE, "шай"]).usage
    own = real_model.encoder.encode_passages([PASSAGE, "шай"])
    assert usage.prompt_tokens == usage.total_tokens == sum(len(encoding.spans) for encoding in own)


def test_the_models_own_dimension_may_be_asked_for(client: openai.OpenAI, real_model: PreparedModel) -> None:
    dimension = real_model.encoder.dimension
    assert vectors(client, "шай", dimensions=dimension) == vectors(client, "шай")
    with pytest.raises(openai.BadRequestError, match=f"the vectors have {dimension}") as raised:
        vectors(client, "шай", dimensions=256)
    assert raised.value.param == "dimensions"


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"input": [[1, 2], [3]]}, "input", "send the texts themselves"),
        ({"input": [1, 2]}, "input", "send the texts themselves"),
        ({"input": {"text": "a"}}, "input", "a text or a list of texts"),
        ({"input": None}, "input", "a text or a list of texts"),
        ({"input": []}, "input", "at least 1 item"),
        ({"input": ""}, "input.0", "at least 1 character"),
        ({"input": ["a", ""]}, "input.1", "at least 1 character"),
        ({"input": ["a", "б" * 8193]}, "input.1", "at most 8192 characters"),
        ({"input": ["a"] * 2049}, "input", "at most 2048 items"),
        ({"input": ["a" * 8000] * 126}, "input", "1008000 characters together"),
        ({"input": "a", "input_type": "document"}, "input_type", "'query' or 'passage'"),
        ({"input": "a", "model": "suraq-query", "input_type": "passage"}, "input_type", "suraq-query is for query"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format", "'float' or 'base64'"),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(
    client: openai.OpenAI, body: dict[str, Any], param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/embeddings", body={"model": "suraq", **body}, cast_to=object)
    assert said in raised.value.message
    assert (raised.value.type, raised.value.param) == ("invalid_request_error", param)


def test_langchain_embeds_with_texts(service: httpx.Client, client: openai.OpenAI) -> None:
    langchain = OpenAIEmbeddings(
        model="suraq-query",
        base_url=f"{service.base_url}/v1",
        api_key=SecretStr("any"),
        check_embedding_ctx_length=False,
    )
    assert langchain.embed_query(QUESTION) == vectors(client, QUESTION, model="suraq-query")[0]
    assert langchain.embed_documents([PASSAGE, "шай"]) == vectors(client, [PASSAGE, "шай"], model="suraq-query")


class Slow:
    """An encoder that takes its time, once it is let go."""

    dimension = 2

    def __init__(self) -> None:
        self.started, self.let_go, self.read = threading.Event(), threading.Event(), 0

    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        self.started.set()
        assert self.let_go.wait(10)
        threading.Event().wait(0.005)
        self.read += len(texts)
        return [Encoding(np.array([1, 0], np.float32), np.zeros((1, 2), np.float32), np.zeros((1, 2), np.int32))]


def test_others_are_answered_meanwhile_and_a_client_that_leaves_leaves_nothing_running() -> None:
    encoder = Slow()
    answerer = SimpleNamespace(model=SimpleNamespace(encoder=encoder))
    with overridden({answerer_of: lambda: answerer}) as (address, server):
        body = json.dumps({"model": "suraq", "input": ["a"] * 2000}).encode()
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as leaver:
            head = f"POST /v1/embeddings HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            leaver.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert encoder.started.wait(10)
            assert httpx.get(f"{address}/livez", trust_env=False).status_code == 200
            assert server.server_state.tasks
        encoder.let_go.set()
        eventually(lambda: not server.server_state.tasks)
    assert 0 < encoder.read < 1000
