from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import normalised
from qa.indexing.tokens import PassageTokens, TokenStore


def test_tokens_come_back_to_a_byte_and_the_largest_exactly(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    passages = [
        (normalised(random.normal(size=(count, 16)).astype(np.float32)), np.full((count, 2), count, np.int32))
        for count in (3, 1, 5)
    ]
    passages.append((np.zeros((1, 16), np.float32), np.full((1, 2), -1, np.int32)))
    TokenStore.from_passages([PassageTokens.of(vectors, spans) for vectors, spans in passages]).save(tmp_path)
    store = TokenStore.load(tmp_path)
    assert len(store) == 4
    for position, (vectors, spans) in enumerate(passages):
        stored = store.passage(position)
        found = stored.vectors * stored.scales[:, None]
        step = np.abs(vectors).max(axis=1, keepdims=True) / 127
        assert (np.abs(found - vectors) <= step / 2 + 1e-6).all()
        assert np.abs(found).max() == pytest.approx(np.abs(vectors).max(), rel=1e-5)
        assert stored.spans.tolist() == spans.tolist()
