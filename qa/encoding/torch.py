"""sentence-transformers: how a model is loaded and described, and how it runs with QA_ENCODER_ENGINE=torch."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from qa.encoding.devices import require_torch_device
from qa.encoding.encoder import Floats, Forward, Prompts, padded
from qa.errors import ModelError, first_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

DEFAULT_MAX_TOKENS = 512


def require_torch(model: str) -> None:
    """To prepare a model torch is needed; to serve one it is not.

    Raises:
        ModelError: torch or sentence-transformers is not installed.
    """
    if find_spec("torch") is None or find_spec("sentence_transformers") is None:
        raise ModelError(
            f"the model {model} is not prepared, and torch and sentence-transformers, which prepare it, are missing; "
            "install suraq[prepare], or copy a model cache prepared elsewhere and set QA_MODEL_CACHE"
        )


def load_sentence_transformer(model: str, device: str, revision: str | None = None) -> SentenceTransformer:
    """Load a hub id, at a ``revision`` (a commit, which names its files by their hashes) or the newest, or a folder.

    Raises:
        ModelError: it cannot be loaded; the message says what was tried and what to do.
    """
    require_torch(model)
    require_torch_device(device)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # Eager attention is what the exporter can trace and the fusion recognises.
        loaded = SentenceTransformer(
            model,
            device=device,
            revision=revision,
            model_kwargs={"attn_implementation": "eager"},
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"the model {model} cannot be loaded ({first_line(error)}); "
            "name a folder or, with a connection to the hub, an id of sentence-transformers"
        ) from error
    return loaded.eval()


def torch_forward(model: SentenceTransformer) -> Forward:
    """The model's own modules; on a graphics card with numbers of 16 bits."""
    import torch

    if model.device.type == "cuda":
        model = model.half()
    padding = getattr(getattr(model, "tokenizer", None), "pad_token_id", None) or 0

    def forward(batch: list[list[int]]) -> list[tuple[Floats, Floats]]:
        ids, mask = (torch.from_numpy(array).to(model.device) for array in padded(batch, padding))
        with torch.inference_mode():
            features = model({"input_ids": ids, "attention_mask": mask})
        vectors = torch.nn.functional.normalize(features["sentence_embedding"].float(), dim=-1).cpu().numpy()
        tokens = features["token_embeddings"].float().cpu().numpy()
        return [(own[: len(text)], vector) for own, vector, text in zip(tokens, vectors, batch, strict=True)]

    return forward


def prompts_of(model: SentenceTransformer, name: str) -> Prompts:
    """The model's own prompts; for models that are known to need some and do not say so, those of `prompts.toml`."""
    own = dict(model.prompts or {})
    passage = own.get("passage") or own.get("document") or ""
    if own.get("query") or passage:
        return Prompts(own.get("query") or "", passage)
    known = tomllib.loads((files("qa.encoding") / "prompts.toml").read_text(encoding="utf-8"))["prompts"]
    for entry in known:
        if any(part in name.lower() for part in entry["models"]):
            return Prompts(entry["question"], entry["passage"])
    return Prompts()


def max_tokens_of(model: SentenceTransformer) -> int:
    length = model.max_seq_length
    return int(length) if length else DEFAULT_MAX_TOKENS


def tokenizer_of(model: SentenceTransformer) -> Tokenizer:
    """The model's tokenizer, as the tokenizers library has it.

    Raises:
        ModelError: the model has no fast tokenizer.
    """
    backend: Tokenizer | None = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError("the model has no tokenizer.json (a fast tokenizer); choose a model that has one")
    return backend
