"""``/v1/models``: what the service is called on the routes of OpenAI's API."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from qa.retrieval.answerer import Answerer
from qa.serving.chat.speaking import MODEL, OPEN_WEBUI_MODEL, ProtocolError
from qa.serving.parts import AnswererPart

router = APIRouter(prefix="/v1", tags=["chat"])

InputType = Literal["query", "passage"]
_CHAT_MODELS = (MODEL, OPEN_WEBUI_MODEL)
# What each reads a text as; the first one as the request says.
_EMBEDDING_MODELS: dict[str, InputType | None] = {MODEL: None, "suraq-query": "query", "suraq-passage": "passage"}
_MODELS = tuple(dict.fromkeys([*_CHAT_MODELS, *_EMBEDDING_MODELS]))


@router.get("/models")
def models(answerer: AnswererPart) -> dict[str, object]:
    """The names to chat with, ``suraq-openwebui`` in Open WebUI, and those to ask for embeddings of one kind."""
    return {"object": "list", "data": [_model(name, answerer) for name in _MODELS]}


@router.get("/models/{model}")
def model(model: str, answerer: AnswererPart) -> dict[str, object]:
    """One of them."""
    _check(model, _MODELS, "there is no model")
    return _model(model, answerer)


def check_model_name(model: str) -> None:
    """Refuse a name that is none to chat with."""
    _check(model, _CHAT_MODELS, "embeddings only come from" if model in _EMBEDDING_MODELS else "there is no model")


def input_type_of(model: str) -> InputType | None:
    """What a model for embeddings reads texts as, if it always does; refuses a name that is none of these."""
    _check(model, tuple(_EMBEDDING_MODELS), "only chats come from" if model in _CHAT_MODELS else "there is no model")
    return _EMBEDDING_MODELS[model]


def _check(model: str, known: Collection[str], refusal: str) -> None:
    if model not in known:
        raise ProtocolError(404, f"{refusal} {model[:80]!r}; this address knows {', '.join(known)}", "model_not_found")


def _model(name: str, answerer: Answerer) -> dict[str, object]:
    return {"id": name, "object": "model", "created": created_at(answerer), "owned_by": "suraq"}


def created_at(answerer: Answerer) -> int:
    """When the index that answers was built, in seconds."""
    return int(datetime.fromisoformat(answerer.generation.manifest.built_at).timestamp())
