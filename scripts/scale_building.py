"""An index of simulated passages, and what it takes to build it: for `scripts/bench_scale`."""

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scale_simulation import PER_DOCUMENT, Simulation, bytes_under, placed

from qa.indexing.dense import DenseIndex
from qa.indexing.generation import ABBREVIATIONS, DENSE, HISTORY, LEXICAL, WORDS, Generation
from qa.indexing.history import History
from qa.indexing.lexical import LexicalIndex
from qa.indexing.manifest import Counts, write_manifest
from qa.indexing.on_disk import DOCUMENTS, PASSAGES
from qa.indexing.places import CorpusWriter
from qa.indexing.reduced_tokens import FILE, REDUCED_FROM, ReducedTokensWriter, packed, reduced
from qa.indexing.tokens import TokenStore, TokensWriter
from qa.language.lexicon import Lexicon
from qa.records import Document, Passage

# Above this, token vectors of a size are not written: those of the size below stand in for them.
WHOLE_UP_TO = 100_000


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

    texts = (simulation.text(position) for position in range(size))
    origins = [" ".join(passage.path) for passage in simulation.real.passages]
    headings = (origins[position % len(origins)] for position in range(size))
    timed("lexical", lambda: LexicalIndex.write(folder / LEXICAL, size, texts, headings))
    simulation.write_vectors(DenseIndex.vectors_file(folder / DENSE), size)
    timed("dense", lambda: DenseIndex.write(folder / DENSE))
    found["build peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tokens = timed("save", lambda: _write_corpus(simulation, folder, size))
    Lexicon.of_texts(simulation.text(position) for position in range(min(size, WHOLE_UP_TO))).save(folder / WORDS)
    simulation.real.abbreviations.save(folder / ABBREVIATIONS)
    History.empty().save(folder / HISTORY)
    counts = Counts(documents=-(-size // PER_DOCUMENT), passages=size, tokens=tokens)
    write_manifest(folder, simulation.real.manifest.model_copy(update={"counts": counts, "sources": (), "skipped": ()}))
    for name, files in (
        ("dense", [folder / DENSE, DenseIndex.vectors_file(folder / DENSE)]),
        ("lexical", [folder / LEXICAL]),
        ("tokens", [folder / name for name in (*TokenStore.files(), FILE)]),
        ("texts", [folder / DOCUMENTS, folder / PASSAGES]),
    ):
        found[f"{name} MB"] = sum(bytes_under(file) for file in files if file.exists()) / 1e6
    return found


def _write_corpus(simulation: Simulation, folder: Path, size: int) -> int:
    """Write passages, documents and tokens: the number of tokens. Above `WHOLE_UP_TO` passages say again what the first
    ones do, under other ids, and have no tokens.
    """
    writer = CorpusWriter(folder)
    tokens: TokensWriter | ReducedTokensWriter | None = None
    if size <= WHOLE_UP_TO:
        dimension = simulation.real.manifest.model.dimension
        tokens = ReducedTokensWriter(folder) if size >= REDUCED_FROM else TokensWriter(folder, dimension)
    written: list[tuple[list[Passage], Document]] = []
    for start in range(0, size, PER_DOCUMENT):
        count = min(PER_DOCUMENT, size - start)
        if start < WHOLE_UP_TO:
            made = [simulation.passage(position) for position in range(start, start + count)]
            own = list(placed(passage for passage, _ in made))
            (document,) = simulation.documents(own).values()
            for _, one in made if tokens else ():
                tokens.add(packed(reduced(one)) if isinstance(tokens, ReducedTokensWriter) else one)
            if size > WHOLE_UP_TO:
                written.append((own, document))
        else:
            own, document = written[start // PER_DOCUMENT % len(written)]
            id_ = f"simulated-{start // PER_DOCUMENT}"
            document = replace(document, id=id_, name=f"{id_}.txt")
            own = [replace(one, id=f"{start + n:020x}", document=id_) for n, one in enumerate(own[:count])]
        writer.add(document, own)
    writer.close()
    if tokens is None:
        return 0
    tokens.close()
    return tokens.tokens
