"""``/v1/models``: what the service is called on the routes of OpenAI's API."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from qa.retrieval.answerer import Answerer
from qa.serving.chat.speaking import MODEL, OPEN_WEBUI_MODEL, ProtocolError
from qa.serving.parts import AnswererPart

router = APIRouter(prefix="/v1", tags=["chat"])
_MODELS = (MODEL, OPEN_WEBUI_MODEL)


@router.get("/models")
def models(answerer: AnswererPart) -> dict[str, object]:
    """The names to chat with; ``suraq-openwebui`` is for Open WebUI."""
    return {"object": "list", "data": [_model(name, answerer) for name in _MODELS]}


@router.get("/models/{model}")
def model(model: str, answerer: AnswererPart) -> dict[str, object]:
    """One of them."""
    check_model_name(model)
    return _model(model, answerer)


def check_model_name(model: str) -> None:
    """Refuse a name that is none of ours."""
    if model not in _MODELS:
        raise ProtocolError(
            404, f"there is no model {model[:80]!r}; there are {' and '.join(_MODELS)}", "model_not_found"
        )


def _model(name: str, answerer: Answerer) -> dict[str, object]:
    return {"id": name, "object": "model", "created": created_at(answerer), "owned_by": "suraq"}


def created_at(answerer: Answerer) -> int:
    """When the index that answers was built, in seconds."""
    return int(datetime.fromisoformat(answerer.generation.manifest.built_at).timestamp())
