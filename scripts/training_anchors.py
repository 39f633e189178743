"""Sentences whose vectors are to stay where they are: those of `qa.encoding.background`, in 32 languages.

What is trained on has half as many languages. Without these the others drift: see docs/encoder.md.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from qa.encoding.means import background_sentences
from scripts.training_model import PASSAGE, QUESTION, Trained

_LONGEST = 128  # tokens
_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Anchors:
    """Sentences with their prompts, and their pooled vectors without the adapter: (sentences, dimension)."""

    texts: tuple[tuple[str, str], ...]
    vectors: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, trained: Trained) -> Anchors:
        texts = tuple(
            (prompt, text) for own in background_sentences().values() for text in own for prompt in (QUESTION, PASSAGE)
        )
        with trained.network.disable_adapter():
            found = [_encoded(trained, texts[start : start + _TOGETHER]) for start in range(0, len(texts), _TOGETHER)]
        return cls(texts, torch.cat(found))

    def drift(self, trained: Trained, count: int, chance: random.Random) -> Tensor:
        """The mean, over some of them, of one less the cosine of a sentence's vector with what it was."""
        places = chance.sample(range(len(self.texts)), count)
        now = _encoded(trained, [self.texts[place] for place in places])
        return 1 - functional.cosine_similarity(now, self.vectors[places]).mean()


def _encoded(trained: Trained, texts: Sequence[tuple[str, str]]) -> Tensor:
    return trained.encode([prompt + text for prompt, text in texts], "", _LONGEST).pooled
