"""``/v1/embeddings``: the encoder's own vectors, for whoever keeps an index of their own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, Field, field_validator

from qa.encoding.encoder import Encoder, Encoding, Floats
from qa.retrieval.trace import phase
from qa.serving.chat.models import InputType, input_type_of
from qa.serving.parts import AnswererPart, require_json

router = APIRouter(prefix="/v1", tags=["embeddings"])

# As many texts as OpenAI takes; all together, two cores read so many characters in about a minute.
MOST_TEXTS, LONGEST_TEXT, MOST_CHARACTERS = 2048, 8192, 1_000_000

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


def _texts(value: object) -> object:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError("send a text or a list of texts")
    if any(isinstance(one, int | list) for one in value):
        raise ValueError(
            "token ids are those of another model; send the texts themselves "
            "(LangChain's OpenAIEmbeddings does with check_embedding_ctx_length=False)"
        )
    return value


class EmbeddingRequest(BaseModel):
    """``input_type`` tells questions from what is to be found, which the encoder reads differently."""

    model: str
    input: Annotated[list[Text], BeforeValidator(_texts), Field(min_length=1, max_length=MOST_TEXTS)]
    input_type: InputType | None = None
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: int | None = None

    @field_validator("input")
    @classmethod
    def _not_too_much(cls, value: list[str]) -> list[str]:
        characters = sum(map(len, value))
        if characters > MOST_CHARACTERS:
            raise ValueError(
                f"the texts have {characters} characters together, and at most {MOST_CHARACTERS} are read at once; "
                "send them in several requests"
            )
        return value


@router.post("/embeddings", dependencies=[Depends(require_json)])
async def embeddings(body: EmbeddingRequest, request: Request, answerer: AnswererPart) -> dict[str, Any]:
    """Vectors of length one, in the order of the texts: up to 2,048 of up to 8,192 characters each, a million together.

    A vector may be compared by its cosine with others of the same model; ``suraq-query`` and ``suraq-passage`` stand
    for an ``input_type``, for clients that cannot send one.
    """
    input_type = _input_type(body)
    encoder = answerer.model.encoder
    if body.dimensions not in (None, encoder.dimension):
        raise _refusal("dimensions", body.dimensions, f"the vectors have {encoder.dimension}; leave it out")
    read = await _read(encoder, input_type, body.input, request)
    tokens = sum(one.tokens for one in read)
    as_text = body.encoding_format == "base64"
    return {
        "object": "list",
        "model": body.model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _as_sent(one.vector, as_text)}
            for index, one in enumerate(read)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _input_type(body: EmbeddingRequest) -> InputType:
    of_model = input_type_of(body.model)
    if of_model and body.input_type not in (None, of_model):
        raise _refusal("input_type", body.input_type, f"the model {body.model} is for {of_model}; leave it out")
    return of_model or body.input_type or "passage"


def _refusal(field: str, value: object, message: str) -> RequestValidationError:
    """Of a value that only what answers can judge."""
    return RequestValidationError([{"type": "value_error", "loc": ("body", field), "msg": message, "input": value}])


class _Read(NamedTuple):
    """What is kept of an encoding: its token vectors would be a thousand times as large."""

    vector: Floats
    tokens: int


async def _read(encoder: Encoder, input_type: InputType, texts: Sequence[str], request: Request) -> list[_Read]:
    """One text after the other, so that questions are answered in between, and no longer than somebody waits."""
    encode = encoder.encode_questions if input_type == "query" else encoder.encode_passages
    read: list[_Read] = []
    for text in texts:
        if await request.is_disconnected():
            break
        encoding = await run_sync(_encoded, encode, text)
        read.append(_Read(encoding.vector, len(encoding.spans)))
    return read


def _encoded(encode: Callable[[Sequence[str]], list[Encoding]], text: str) -> Encoding:
    with phase("encode"):
        (encoding,) = encode([text])
    return encoding


def _as_sent(vector: Floats, as_text: bool) -> list[float] | str:
    if as_text:
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    numbers: list[float] = vector.tolist()
    return numbers
