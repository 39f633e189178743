"""A LlamaIndex retriever over ``POST /ask``: each node is a passage, its metadata the exact citation.

Against a service on this machine, or the one that ``SURAQ_URL`` names:

    pip install llama-index-core httpx
    python llamaindex_retriever.py "When did Kazakhstan join the UN?"
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any
from urllib.parse import urljoin

import httpx
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

# Of the metadata a language model is shown these, so that it can cite.
SHOWN = {"label", "title", "url"}


class SuraqRetriever(BaseRetriever):
    """The passages nearest to a question, best first.

    The metadata hold the citation's fields (``section``, ``heading``, ``label``, …) with the full link as ``url``, and
    of the whole answer ``answerable`` and ``confidence``; ``start_char_idx`` and ``end_char_idx`` are the
    passage's place in the text of ``GET /documents/{document_id}/text``.
    """

    def __init__(self, base_url: str = "http://127.0.0.1:8000", top_k: int = 5) -> None:
        super().__init__()
        self._base_url, self._top_k = base_url, top_k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Raises RuntimeError, with what the service says, if it refuses the question."""
        body = {"question": query_bundle.query_str, "top_k": self._top_k}
        reply = httpx.post(f"{self._base_url}/ask", json=body, timeout=30)
        if reply.is_error:
            raise RuntimeError(f"{self._base_url}/ask answered {reply.status_code}: {reply.text}")
        answer = reply.json()
        known = {"answerable": answer["answerable"], "confidence": answer["confidence"]}
        return [self._node(passage, known) for passage in answer["passages"]]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        # The base class would block the event loop.
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _node(self, passage: dict[str, Any], known: dict[str, Any]) -> NodeWithScore:
        citation = passage["citation"]
        # The links are relative to the service unless it has QA_BASE_URL.
        url = urljoin(f"{self._base_url}/", citation["url"].lstrip("/"))
        metadata = {**citation, "url": url, **known}
        node = TextNode(
            id_=passage["id"],
            text=passage["text"],
            metadata=metadata,
            start_char_idx=citation["start"],
            end_char_idx=citation["end"],
            excluded_llm_metadata_keys=[key for key in metadata if key not in SHOWN],
        )
        return NodeWithScore(node=node, score=passage["score"])


def main() -> None:
    retriever = SuraqRetriever(os.environ.get("SURAQ_URL", "http://127.0.0.1:8000"))
    for hit in retriever.retrieve(sys.argv[1]):
        print(f"{hit.score:.2f}  {hit.metadata['label']}  {hit.metadata['url']}")
        print(f"      {hit.text}")


if __name__ == "__main__":
    main()
