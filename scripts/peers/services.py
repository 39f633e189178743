"""The services that are compared: how each builds its index, is started and is asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scripts.peers import environments

HERE = Path(__file__).parent
TOP_K = 5


@dataclass(frozen=True)
class Material:
    """What all are given: a corpus, its passages as JSON lines, a model, and a folder for their indexes."""

    corpus: Path
    passages: Path
    model: Path
    indexes: Path


@dataclass(frozen=True)
class Peer:
    """A service. ``build`` and ``serve`` are commands, the second without its port; ``found`` reads a reply's ids."""

    name: str
    title: str
    python: Path
    packages: list[str]
    build: list[str]
    serve: list[str]
    request: Callable[[str, int], tuple[str, bytes]]
    found: Callable[[Any], list[str]]
    settings: dict[str, str] = field(default_factory=dict)

    def index(self, given: Material) -> Path:
        return given.indexes / self.name

    def env(self, given: Material) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_") or "CACHE" in name}
        own = {
            "PEER_MODEL": str(given.model),
            "PEER_PASSAGES": str(given.passages),
            "PEER_INDEX": str(self.index(given)),
        }
        # Without the adapter all have the same weights.
        suraq = {
            "QA_MODEL": "bundled-plain", "QA_CORPUS_DIR": str(given.corpus), "QA_INDEX_DIR": str(self.index(given)),
        }  # fmt: skip
        config = {"CONFIG": str(given.indexes / "txtai.yml")}
        return {**kept, **own, **suraq, **config, **self.settings, "HF_HUB_OFFLINE": "1"}


def as_body(path: str) -> Callable[[str, int], tuple[str, bytes]]:
    return lambda question, top_k: (f"POST {path}", json.dumps({"question": question, "top_k": top_k}).encode())


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["id"]) for row in rows]


def suraq() -> Peer:
    """With its defaults, from the environment that runs this."""
    return Peer(
        "suraq", "Suraq", Path(sys.executable), ["onnxruntime", "faiss-cpu", "fastapi", "uvicorn"],
        ["-m", "qa", "index", "build", "--full"], ["-m", "qa", "serve", "--port"],
        as_body("/ask"), lambda reply: ids(reply["passages"]),
    )  # fmt: skip


def txtai(folder: Path) -> Peer:
    return Peer(
        "txtai", "txtai API", environments.of_peer(folder, "txtai"),
        ["txtai", "torch", "transformers", "faiss-cpu", "fastapi", "uvicorn"],
        [str(HERE / "txtai_index.py")], ["-m", "uvicorn", "txtai.api:app", "--log-level", "warning", "--port"],
        lambda question, top_k: (f"GET /search?query={quote(question)}&limit={top_k}", b""), ids,
    )  # fmt: skip


def haystack(folder: Path) -> Peer:
    python = environments.of_peer(folder, "haystack")
    return Peer(
        "haystack", "Haystack, hayhooks", python,
        ["haystack-ai", "hayhooks", "sentence-transformers-haystack", "sentence-transformers", "torch", "transformers"],
        [str(HERE / "haystack_index.py")],
        [str(python.with_name("hayhooks")), "run", "--pipelines-dir", str(HERE / "pipelines"), "--port"],
        as_body("/search/run"), lambda reply: ids(reply["result"]),
        {"HAYSTACK_TELEMETRY_ENABLED": "false", "HAYHOOKS_LOG_LEVEL": "WARNING"},
    )  # fmt: skip


def tutorial(folder: Path) -> Peer:
    return Peer(
        "tutorial", "FastAPI, sentence-transformers, faiss", environments.of_peer(folder, "tutorial"),
        ["fastapi", "uvicorn", "sentence-transformers", "torch", "transformers", "faiss-cpu"],
        [str(HERE / "tutorial.py")],
        ["-m", "uvicorn", "tutorial:app", "--app-dir", str(HERE), "--log-level", "warning", "--port"],
        as_body("/search"), ids,
    )  # fmt: skip


def all_services(folder: Path) -> list[Peer]:
    return [suraq(), txtai(folder), haystack(folder), tutorial(folder)]
