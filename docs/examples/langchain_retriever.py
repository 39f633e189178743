"""A LangChain retriever over ``POST /ask``: each document is a passage, its metadata the exact citation.

Against a service on this machine, or the one that ``SURAQ_URL`` names:

    pip install langchain-core httpx
    python langchain_retriever.py "When did Kazakhstan join the UN?"
"""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import urljoin

import httpx
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class SuraqRetriever(BaseRetriever):
    """The passages nearest to a question, best first.

    The metadata hold the citation's fields (``section``, ``heading``, ``label``, ``start``, …), its full link as
    ``url`` and as ``source``, the passage's ``score``, and of the whole answer ``answerable`` and ``confidence``.
    """

    base_url: str = "http://127.0.0.1:8000"
    top_k: int = 5
    documents: tuple[str, ...] = ()  # ids to search in; none: all

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        """Raises RuntimeError, with what the service says, if it refuses the question."""
        body = {"question": query, "top_k": self.top_k, "documents": self.documents}
        reply = httpx.post(f"{self.base_url}/ask", json=body, timeout=30)
        if reply.is_error:
            raise RuntimeError(f"{self.base_url}/ask answered {reply.status_code}: {reply.text}")
        answer = reply.json()
        known = {"answerable": answer["answerable"], "confidence": answer["confidence"]}
        return [self._document(passage, known) for passage in answer["passages"]]

    def _document(self, passage: dict[str, Any], known: dict[str, Any]) -> Document:
        citation = passage["citation"]
        # The links are relative to the service unless it has QA_BASE_URL.
        url = urljoin(f"{self.base_url}/", citation["url"].lstrip("/"))
        metadata = {**citation, "url": url, "source": url, "score": passage["score"], **known}
        return Document(id=passage["id"], page_content=passage["text"], metadata=metadata)


def main() -> None:
    retriever = SuraqRetriever(base_url=os.environ.get("SURAQ_URL", "http://127.0.0.1:8000"))
    for document in retriever.invoke(sys.argv[1]):
        print(f"{document.metadata['score']:.2f}  {document.metadata['label']}  {document.metadata['url']}")
        print(f"      {document.page_content}")


if __name__ == "__main__":
    main()
