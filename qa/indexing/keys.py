"""Which record has a key, in twelve bytes a record: sorted hashes, and whose each is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Integers
from qa.indexing.arrays import kept

Hashes = NDArray[np.uint64]


def hashed(*parts: str) -> int:
    """64 bits of a key; the parts may hold anything but a line break."""
    return int.from_bytes(hashlib.blake2b("\n".join(parts).encode(), digest_size=8).digest(), "little")


class Keys:
    """Records by key. Two keys may have the same hash, so whoever finds records compares their keys."""

    def __init__(self, hashes: Hashes, records: Integers) -> None:
        self._hashes, self._records = hashes, records

    @classmethod
    def of(cls, hashes: Iterable[int]) -> Keys:
        """Of records whose keys have these hashes, in the records' order."""
        unsorted = np.fromiter(hashes, np.uint64)
        order = np.argsort(unsorted, kind="stable")
        return cls(unsorted[order], order.astype(np.int32))

    @classmethod
    def load(cls, path: Path) -> Keys:
        """Read what `save` wrote under this path."""
        files = (path.with_name(f"{path.name}-{part}.npy") for part in ("hashes", "records"))
        return cls(*(kept(np.load(file, mmap_mode="r", allow_pickle=False)) for file in files))

    def save(self, path: Path) -> None:
        for part, array in (("hashes", self._hashes), ("records", self._records)):
            np.save(path.with_name(f"{path.name}-{part}.npy"), array, allow_pickle=False)

    def candidates(self, *key: str) -> list[int]:
        """The records that may have a key, as a rule one or none; ascending."""
        return self.with_hash(hashed(*key))

    def with_hash(self, hash_: int) -> list[int]:
        """The records whose keys have a hash; ascending."""
        sought = np.uint64(hash_)
        first, end = np.searchsorted(self._hashes, sought, "left"), np.searchsorted(self._hashes, sought, "right")
        found: list[int] = self._records[first:end].tolist()
        return found

    def __len__(self) -> int:
        return len(self._hashes)
