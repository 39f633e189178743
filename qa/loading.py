"""Puts the finished parts together from the settings: a prepared model, a live index, an answerer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from qa.encoding.prepared import CARD, Card, PreparedModel, prepared_folder
from qa.encoding.reranker import CrossEncoderReranker
from qa.errors import MismatchError, ModelError
from qa.indexing.manifest import Manifest
from qa.indexing.staleness import Staleness, staleness
from qa.indexing.store import IndexStore
from qa.indexing.stores import Store
from qa.retrieval.answerer import Answerer
from qa.retrieval.calibration import FILE as CALIBRATION
from qa.retrieval.calibration import Calibration
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.indexing.milvus.store import MilvusStore


def store_of(settings: Settings) -> Store:
    """Where generations are kept: in the index folder, or in Milvus."""
    if settings.store == "faiss":
        return IndexStore(settings.index_dir)
    return milvus_store(settings, settings.milvus_uri, settings.index_dir)


def milvus_store(settings: Settings, uri: str, folder: Path) -> MilvusStore:
    """Generations in the Milvus at an address, with the token and the names that are set."""
    # Who does not use it does not wait for it.
    from qa.indexing.milvus.connection import connection
    from qa.indexing.milvus.store import MilvusStore

    token = settings.milvus_token.get_secret_value()
    return MilvusStore(connection(uri, token), settings.milvus_collection, folder)


def model_folder(settings: Settings) -> Path | None:
    """Where the model that is set lies prepared, or None where it does not."""
    folder = prepared_folder(settings, settings.model)
    return folder if (folder / CARD).is_file() and (folder / CALIBRATION).is_file() else None


def ensure_model(settings: Settings) -> Path:
    """The folder of the prepared model; where there is none it is prepared first, with lines on stderr.

    That is done in another process: this one goes on to serve, and torch would stay in its memory.

    Raises:
        ModelError: the model cannot be prepared; the lines on stderr say why.
    """
    folder = model_folder(settings)
    if folder is None:
        done = subprocess.run([sys.executable, "-m", "qa", "model", "prepare", settings.model], check=False)
        folder = model_folder(settings)
        if done.returncode or folder is None:
            raise ModelError(f"the model {settings.model} could not be prepared; see the line above")
    return folder


def load_model(settings: Settings) -> PreparedModel:
    """Load the model that is set, preparing it where needed. Raises as `ensure_model` and `PreparedModel.load` do."""
    # The threads of numpy's matrix products would wait actively for work on the cores that the encoder computes on,
    # which doubled the time of both.
    threadpool_limits(1, user_api="blas")
    return PreparedModel.load(ensure_model(settings), settings)


def load_answerer(settings: Settings) -> Answerer:
    """The live index and the encoder that was set, ready to answer.

    Raises:
        QAError: there is no model or no index, one is damaged, or they do not belong together.
    """
    model = load_model(settings)
    reranker = CrossEncoderReranker.load(settings.reranker, settings.device) if settings.reranker else None
    return Answerer(store_of(settings).live(), model, Calibration.load(model.folder), reranker)


def reload_answerer(settings: Settings, answerer: Answerer) -> Answerer:
    """The index that is live now; all else stays as in ``answerer`` if the same model made this index too.

    Raises:
        QAError: there is no index, it is damaged, or it does not belong to the model that is set.
    """
    store = store_of(settings)
    if store.live_manifest().model.fingerprint != answerer.model.card.fingerprint:
        return load_answerer(settings)
    return replace(answerer, generation=store.live())


def index_staleness(settings: Settings) -> Staleness:
    """How the live index differs from the corpus and the model that are set.

    Raises:
        NoGenerationError, DamagedGenerationError, MismatchError: there is no live index to compare.
    """
    folder = model_folder(settings)
    manifest = store_of(settings).live_manifest()
    return staleness(manifest, settings.corpus_dir, Card.read(folder) if folder else None)


def check_model(settings: Settings, manifest: Manifest) -> None:
    """Refuse a generation that the model that is set could not answer from.

    Raises:
        MismatchError: it was made by another one, and the message names both, or the one that is set is not prepared.
    """
    folder = model_folder(settings)
    if folder is None:
        raise MismatchError(f"the model {settings.model} is not prepared; run qa model prepare")
    made, served = manifest.model, Card.read(folder)
    if made.fingerprint != served.fingerprint:
        raise MismatchError(
            f"the generation {manifest.generation} was built with the model {made.name} ({made.fingerprint}), "
            f"but {served.model} ({served.fingerprint}) is set; set QA_MODEL to the one it was built with"
        )
