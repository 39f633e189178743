"""The vectors of whole passages, in FAISS. The only file that imports it.

A small corpus is searched exactly. In a larger one the vectors are grouped around centres (an inverted file) and kept
in a byte a dimension; of the groups nearest to a question the best are compared once more by the exact vectors, which
stay on the disk. The figures here follow from the measurements in `docs/scaling.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats
from qa.indexing.arrays import LARGEST_COPY
from qa.indexing.rows import Rows

Positions = NDArray[np.int64]

# Up to so many passages the exact search takes a millisecond or two, and loses nothing.
EXACT_UP_TO = 20_000
# Of n passages there are so many times √n groups: the work of finding the nearest and of searching them grows alike.
_GROUPS = 4
_SEARCHED = 128  # groups
_COMPARED = 2  # so many times the passages that are asked for are compared exactly
# k-means: more examples of a group, or more rounds, found no more.
_EXAMPLES, _ROUNDS, _SEED = 64, 10, 1
_BLOCK = 65_536  # vectors that are handled at a time


class DenseIndex:
    """Search by inner product, which for vectors of length one is their cosine. Higher is better.

    ``exact`` gives the vectors at some positions where ``index`` holds them rounded only.
    """

    def __init__(self, index: Any, exact: Callable[[Positions], Floats] | None = None) -> None:
        import faiss

        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise ValueError("the FAISS index was not built for inner products")
        faiss.omp_set_num_threads(1)  # a search here is far shorter than waking other threads
        self._index = index
        self._exact = exact

    @classmethod
    def from_vectors(cls, vectors: Floats, exact_up_to: int | None = None) -> DenseIndex:
        """An index of ``vectors`` (passages, dimension), each of length one; the same vectors give the same index.

        Of at most ``exact_up_to`` it is exact: `EXACT_UP_TO`, unless another number is given.
        """
        import faiss

        # One thread: how sums are shared out among several could change the groups.
        faiss.omp_set_num_threads(1)
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if len(vectors) > (EXACT_UP_TO if exact_up_to is None else exact_up_to):
            return cls(_grouped(len(vectors), vectors.shape[1], vectors.__getitem__), vectors.__getitem__)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        import faiss

        large = path.stat().st_size > LARGEST_COPY
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP if large else 0)
        rounded = isinstance(index, faiss.IndexIVF)
        return cls(index, Rows(cls.vectors_file(path)).take if rounded else None)

    def save(self, path: Path) -> None:
        import faiss

        # faiss's own writing hides some failures of the disk; Python's tells all.
        path.write_bytes(faiss.serialize_index(self._index).data)
        if self._exact is not None:
            with self.vectors_file(path).open("wb") as file:
                shape = {"descr": "<f4", "fortran_order": False, "shape": (len(self), self.dimension)}
                np.lib.format.write_array_header_1_0(file, shape)
                for start in range(0, len(self), _BLOCK):
                    file.write(self._vectors(np.arange(start, min(start + _BLOCK, len(self)))).data)

    @classmethod
    def write(cls, path: Path) -> None:
        """Write the index of the vectors that `vectors_file` holds; they are read a part at a time."""
        import faiss

        rows = Rows(cls.vectors_file(path))
        if rows.shape[0] <= EXACT_UP_TO:
            cls.from_vectors(rows.take(np.arange(rows.shape[0]))).save(path)
            cls.vectors_file(path).unlink()
            return
        faiss.omp_set_num_threads(1)
        path.write_bytes(faiss.serialize_index(_grouped(*rows.shape, rows.take)).data)

    @staticmethod
    def vectors_file(path: Path) -> Path:
        """Where the exact vectors of an index lie that holds them rounded."""
        return path.with_name(f"{path.stem}-vectors.npy")

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def vector(self, position: int) -> Floats:
        """A passage's vector, as it was given."""
        found: Floats = self._vectors(np.array([position]))[0]
        return found

    def cosines(self, vector: Floats, positions: Positions) -> Floats:
        """The cosines of some passages with ``vector``, in the order of ``positions``."""
        rows: Floats = self._vectors(np.ascontiguousarray(positions)) @ vector
        return rows

    def _vectors(self, positions: Positions) -> Floats:
        found: Floats = (self._exact or self._index.reconstruct_batch)(positions)
        return found

    def search(self, vector: Floats, count: int, among: Positions | None = None) -> tuple[Positions, Floats]:
        """The ``count`` nearest passages, best first: their positions and cosines; ``among`` restricts them."""
        count = min(count, len(self) if among is None else len(among))
        if count == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if self._exact is None:
            return self._searched(vector, count, among)
        positions = self._near(vector, count, among)
        cosines = self.cosines(vector, positions)
        best = np.lexsort((positions, -cosines))[:count]
        return positions[best], cosines[best]

    def _near(self, vector: Floats, count: int, among: Positions | None) -> Positions:
        """Passages to compare exactly."""
        index = self._index
        share = 1.0 if among is None else len(among) / len(self)
        if among is not None and share <= index.nprobe / index.nlist:
            return np.sort(among)  # no more than would be compared in any case
        # Among a few, the groups hold fewer each, and more of them are searched.
        groups = min(index.nlist, ceil(index.nprobe / share))
        positions = self._searched(vector, _COMPARED * count, among, groups)[0]
        return np.sort(positions[positions >= 0])

    def _searched(
        self, vector: Floats, count: int, among: Positions | None, groups: int | None = None
    ) -> tuple[Positions, Floats]:
        import faiss

        chosen: dict[str, Any] = {} if among is None else {"sel": faiss.IDSelectorBatch(among)}
        # faiss's SWIG classes take their fields as keywords, which their annotations do not tell.
        parameters: Any = faiss.SearchParameters
        if groups is not None:
            parameters, chosen["nprobe"] = faiss.SearchParametersIVF, groups
        given = parameters(**chosen) if chosen else None
        cosines, positions = self._index.search(vector[None, :], count, params=given)
        return positions[0], cosines[0]


def _grouped(count: int, dimension: int, take: Callable[[Positions], Floats]) -> Any:
    import faiss

    groups = max(1, round(_GROUPS * sqrt(count)))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        groups,
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
        False,  # a vector itself is rounded, not what sets it apart from its group's centre
    )
    index.cp.niter, index.cp.seed = _ROUNDS, _SEED
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _EXAMPLES
    examples = np.linspace(0, count - 1, min(count, _EXAMPLES * groups)).astype(np.int64)
    index.train(take(examples))
    for start in range(0, count, _BLOCK):
        index.add(take(np.arange(start, min(start + _BLOCK, count))))
    index.nprobe = min(_SEARCHED, groups)
    return index
