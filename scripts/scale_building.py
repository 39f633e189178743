"""An index of simulated passages, and what it takes to build it: for `scripts/bench_scale`."""

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scale_simulation import Simulation, bytes_under, placed

from qa.indexing.dense import DenseIndex
from qa.indexing.generation import DENSE, DOCUMENTS, LEXICAL, PASSAGES, Generation
from qa.indexing.history import History
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Counts, write_manifest
from qa.indexing.tokens import TokenStore
from qa.language.lexicon import Lexicon
from qa.records import Passage

# Above this, passages and token vectors of a size are not written: those of the size below stand in for them.
WHOLE_UP_TO = 100_000
_RAW = "tokens.raw"


def build(real: Path, folder: Path, size: int, noise: float) -> dict[str, float]:
    """Write an index of ``size`` simulated passages: how long each leg took, in seconds, and what it takes on disk."""
    simulation = Simulation(Generation.load(real), noise)
    folder.mkdir(parents=True)
    found: dict[str, float] = {}

    def timed(name: str, make: Callable[[], Any]) -> Any:
        started, used = time.perf_counter(), time.process_time()
        made = make()
        found[f"{name} s"] = time.perf_counter() - started
        found[f"{name} CPU s"] = time.process_time() - used
        return made

    texts = [simulation.text(position) for position in range(size)]
    origins = [" ".join(passage.path) for passage in simulation.real.passages]
    headings = [origins[position % len(origins)] for position in range(size)]
    lexical = timed("lexical", lambda: LexicalIndex.from_texts(texts, headings))
    vectors = simulation.vectors(size)
    dense = timed("dense", lambda: DenseIndex.from_vectors(vectors))
    found["build peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if size <= WHOLE_UP_TO:
        whole = replace(_whole(simulation, folder, size), dense=dense, lexical=lexical, words=Lexicon.of_texts(texts))
        timed("save", lambda: whole.save(folder))
        (folder / _RAW).unlink()
        write_manifest(folder, whole.manifest)
    else:
        dense.save(folder / DENSE)
        lexical.save(folder / LEXICAL)
    for name, files in (
        ("dense", [folder / DENSE, DenseIndex.vectors_file(folder / DENSE)]),
        ("lexical", [folder / LEXICAL]),
        ("tokens", [folder / name for name in TokenStore.files()]),
        ("texts", [folder / DOCUMENTS, folder / PASSAGES]),
    ):
        found[f"{name} MB"] = sum(bytes_under(file) for file in files if file.exists()) / 1e6
    return found


def _whole(simulation: Simulation, folder: Path, size: int) -> Generation:
    """A generation of simulated passages and tokens; the other legs are still those of the real one."""
    passages: list[Passage] = []
    scales, spans, ends = [], [], [0]
    with (folder / _RAW).open("wb") as raw:  # they would not fit into memory
        for position in range(size):
            passage, tokens = simulation.passage(position)
            passages.append(passage)
            raw.write(tokens.vectors.data)
            scales.append(tokens.scales)
            spans.append(tokens.spans)
            ends.append(ends[-1] + len(tokens.scales))
    real = simulation.real
    vectors = np.memmap(folder / _RAW, np.int8, "r", shape=(ends[-1], real.tokens.vectors.shape[1]))
    passages = list(placed(passages))
    documents = simulation.documents(passages)
    counts = Counts(documents=len(documents), passages=size, tokens=ends[-1])
    return replace(
        real,
        manifest=real.manifest.model_copy(update={"counts": counts, "sources": (), "skipped": ()}),
        documents=documents,
        passages=passages,
        tokens=TokenStore(vectors, np.concatenate(scales), np.array(ends, np.int64), np.concatenate(spans)),
        history=History.empty(),
    )
