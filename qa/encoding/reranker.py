"""A cross-encoder: it reads a question and a passage together, and so judges better and far slower than vectors do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qa.encoding.encoder import Floats
from qa.encoding.torch import require_torch
from qa.errors import ModelError, first_line

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    """Judges how well passages answer a question."""

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        """One number a passage, (n,); higher is better, on no particular scale."""
        ...


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model

    @classmethod
    def load(cls, model: str, device: str) -> CrossEncoderReranker:
        """Load a hub id or a folder.

        Raises:
            ModelError: it cannot be loaded, or gives more than one score a pair.
        """
        require_torch(model)
        from sentence_transformers import CrossEncoder

        try:
            loaded = CrossEncoder(model, device=device)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"the reranker {model} cannot be loaded ({first_line(error)}); set QA_RERANKER to a folder or, "
                "with a connection to the hub, to the id of a cross-encoder; or leave it empty"
            ) from error
        if loaded.num_labels != 1:
            raise ModelError(
                f"the reranker {model} gives {loaded.num_labels} scores a pair, not one; "
                "set QA_RERANKER to a cross-encoder that was trained for ranking"
            )
        return cls(loaded)

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        pairs = [(question, passage) for passage in passages]
        return np.asarray(self._model.predict(pairs, show_progress_bar=False), dtype=np.float32)
