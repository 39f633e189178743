"""The vectors of whole passages, in FAISS. The only file that imports it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats

Positions = NDArray[np.int64]


class DenseIndex:
    """Exact search by inner product, which for vectors of length one is their cosine. Higher is better."""

    def __init__(self, index: Any) -> None:
        import faiss

        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise ValueError("the FAISS index was not built for inner products")
        faiss.omp_set_num_threads(1)  # a search here is far shorter than waking other threads
        self._index = index

    @classmethod
    def from_vectors(cls, vectors: Floats) -> DenseIndex:
        """An index of ``vectors`` (passages, dimension), each of length one."""
        import faiss

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        import faiss

        return cls(faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        import faiss

        # faiss's own writing hides some failures of the disk; Python's tells all.
        path.write_bytes(faiss.serialize_index(self._index).tobytes())

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def vector(self, position: int) -> Floats:
        """A passage's vector, as it was given."""
        found: Floats = self._index.reconstruct(position)
        return found

    def cosines(self, vector: Floats, positions: Positions) -> Floats:
        """The cosines of some passages with ``vector``, in the order of ``positions``."""
        rows: Floats = self._index.reconstruct_batch(np.ascontiguousarray(positions)) @ vector
        return rows

    def search(self, vector: Floats, count: int, among: Positions | None = None) -> tuple[Positions, Floats]:
        """The ``count`` nearest passages, best first: their positions and cosines; ``among`` restricts them."""
        import faiss

        total = len(self) if among is None else len(among)
        count = min(count, total)
        if count == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        # faiss's SWIG class takes its fields as keywords, which its annotations do not tell.
        parameters: Any = faiss.SearchParameters
        selected = None if among is None else parameters(sel=faiss.IDSelectorBatch(among))
        cosines, positions = self._index.search(vector[None, :], count, params=selected)
        return positions[0], cosines[0]
