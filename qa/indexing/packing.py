"""Writes an index of many passages, with little of it in memory; see `qa.indexing.packed_postings`."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats, Integers
from qa.indexing.packed_postings import LARGEST, TABLED
from qa.indexing.postings import BATCH, K1, TERMS, B, by_term


def pack(folder: Path, texts: Iterable[array[int]], terms: Mapping[str, int]) -> None:
    """Write the index of texts, each the numbers of its terms, which may grow meanwhile; in memory are only 16,384 of
    the texts and a few numbers a term and a text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".blocks-", dir=folder) as work:
        lengths: array[int] = array("i")
        blocks: list[Path] = []
        rest = iter(texts)
        while batch := list(islice(rest, BATCH)):
            block = Path(work) / f"{len(blocks)}.npz"
            np.savez(block, *by_term(batch, len(lengths)))
            blocks.append(block)
            lengths.extend(map(len, batch))
        _Filling(folder, terms, np.array(lengths, np.float32), blocks).write()
    (folder / TERMS).write_text("".join(f"{term}\n" for term in terms), encoding="utf-8")


class _Filling:
    """Makes lists and the table from sorted blocks, by files that are mapped."""

    def __init__(self, folder: Path, terms: Mapping[str, int], lengths: Floats, blocks: Sequence[Path]) -> None:
        self._folder, self._blocks, self._terms = folder, blocks, len(terms)
        long = np.maximum(lengths, 1)  # as in `Postings`
        self._damping = K1 * (1 - B + B * long / long.mean()) if len(long) else long

    def write(self) -> None:
        size = len(self._damping)
        counts = np.zeros(self._terms, np.int64)
        for numbers, _, _ in self._read():
            counts += np.bincount(numbers, minlength=self._terms)
        tabled = np.flatnonzero(counts > size / TABLED)
        rows = np.full(self._terms, -1, np.int32)
        rows[tabled] = np.arange(len(tabled))
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(rows < 0, counts, 0))])
        for name, values in (("counts", counts.astype(np.int32)), ("starts", starts), ("tabled", tabled)):
            np.save(self._folder / f"{name}.npy", values, allow_pickle=False)
        passages, shares = self._mapped("passages", np.int32, starts[-1]), self._mapped("shares", np.uint8, starts[-1])
        table = self._mapped("table", np.uint8, len(tabled), size)
        free = starts[:-1].copy()
        for numbers, own, times in self._read():
            found = np.maximum(np.rint(LARGEST * times / (times + self._damping[own])), 1).astype(np.uint8)
            in_table = rows[numbers] >= 0
            table[rows[numbers[in_table]], own[in_table]] = found[in_table]
            numbers, own, found = numbers[~in_table], own[~in_table], found[~in_table]
            here = np.bincount(numbers, minlength=self._terms)
            places = np.arange(len(numbers)) + np.repeat(free - (np.cumsum(here) - here), here)
            passages[places], shares[places] = own, found
            free += here
        for mapped in (passages, shares, table):
            if isinstance(mapped, np.memmap):
                mapped.flush()

    def _read(self) -> Iterator[tuple[Integers, Integers, NDArray[np.uint16]]]:
        for block in self._blocks:
            with np.load(block, allow_pickle=False) as arrays:
                yield arrays["arr_0"], arrays["arr_1"], arrays["arr_2"]

    def _mapped(self, name: str, kind: Any, *shape: int) -> NDArray[Any]:
        path = self._folder / f"{name}.npy"
        if not all(shape):  # nothing can be mapped
            np.save(path, np.empty(shape, kind), allow_pickle=False)
            return np.empty(shape, kind)
        made: NDArray[Any] = np.lib.format.open_memmap(path, "w+", dtype=kind, shape=tuple(map(int, shape)))
        made[:] = 0
        return made
