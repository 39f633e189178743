"""Builds the store that hayhooks serves, with PEER_MODEL, PEER_PASSAGES and PEER_INDEX as in tutorial.py."""

import json
import os
from pathlib import Path

from haystack import Document, Pipeline
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

passages = [json.loads(line) for line in Path(os.environ["PEER_PASSAGES"]).read_text(encoding="utf-8").splitlines()]
store = InMemoryDocumentStore()
pipeline = Pipeline()
pipeline.add_component(
    "embedder",
    SentenceTransformersDocumentEmbedder(model=os.environ["PEER_MODEL"], prefix="passage: ", progress_bar=False),
)
pipeline.add_component("writer", DocumentWriter(store))
pipeline.connect("embedder", "writer")
pipeline.run({"embedder": {"documents": [Document(id=one["id"], content=one["text"]) for one in passages]}})
folder = Path(os.environ["PEER_INDEX"])
folder.mkdir(parents=True, exist_ok=True)
store.save_to_disk(str(folder / "store.json"))
