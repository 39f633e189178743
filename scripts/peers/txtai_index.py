"""Builds the index that txtai's API serves, with PEER_MODEL, PEER_PASSAGES and PEER_INDEX as in tutorial.py."""

import json
import os
from pathlib import Path

from txtai import Embeddings

passages = [json.loads(line) for line in Path(os.environ["PEER_PASSAGES"]).read_text(encoding="utf-8").splitlines()]
embeddings = Embeddings(
    path=os.environ["PEER_MODEL"], content=True, instructions={"query": "query: ", "data": "passage: "}
)
embeddings.index((passage["id"], passage["text"], None) for passage in passages)
embeddings.save(os.environ["PEER_INDEX"])
