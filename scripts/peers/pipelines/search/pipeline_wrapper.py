"""The pipeline that hayhooks serves at POST /search/run, with PEER_MODEL and PEER_INDEX as in tutorial.py."""

import os
from pathlib import Path

from hayhooks import BasePipelineWrapper
from haystack import Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        store = InMemoryDocumentStore.load_from_disk(str(Path(os.environ["PEER_INDEX"]) / "store.json"))
        self.pipeline = Pipeline()
        self.pipeline.add_component(
            "embedder",
            SentenceTransformersTextEmbedder(model=os.environ["PEER_MODEL"], prefix="query: ", progress_bar=False),
        )
        self.pipeline.add_component("retriever", InMemoryEmbeddingRetriever(store))
        self.pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def run_api(self, question: str, top_k: int = 5) -> list[dict[str, object]]:
        found = self.pipeline.run({"embedder": {"text": question}, "retriever": {"top_k": top_k}})
        documents = found["retriever"]["documents"]
        return [{"id": one.id, "text": one.content, "score": one.score} for one in documents]
