"""Semantic search as tutorials write it: a FastAPI app over sentence-transformers and a flat FAISS index.

`python tutorial.py` builds the index; `uvicorn tutorial:app` serves it. PEER_MODEL is a sentence-transformers folder,
PEER_PASSAGES a file of JSON lines with ``id`` and ``text``, PEER_INDEX a folder for the index.
"""

import json
import os
from pathlib import Path

import faiss
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

INDEX = Path(os.environ["PEER_INDEX"]) / "passages.faiss"

passages = [json.loads(line) for line in Path(os.environ["PEER_PASSAGES"]).read_text(encoding="utf-8").splitlines()]
model = SentenceTransformer(os.environ["PEER_MODEL"], device="cpu")
app = FastAPI()


class Question(BaseModel):
    question: str
    top_k: int = 5


@app.post("/search")
def search(asked: Question) -> list[dict[str, object]]:
    vector = model.encode_query([asked.question], normalize_embeddings=True)
    scores, places = index.search(vector, min(asked.top_k, len(passages)))
    return [{**passages[place], "score": float(score)} for score, place in zip(scores[0], places[0], strict=True)]


if __name__ == "__main__":
    vectors = model.encode_document([passage["text"] for passage in passages], normalize_embeddings=True)
    built = faiss.IndexFlatIP(vectors.shape[1])
    built.add(vectors)
    INDEX.parent.mkdir(parents=True, exist_ok=True)
    faiss.write_index(built, str(INDEX))
else:
    index = faiss.read_index(str(INDEX))
