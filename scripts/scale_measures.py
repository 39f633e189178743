"""Builds and measures an index of one size, in a process of its own: for `scripts/bench_scale`."""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, overload

import numpy as np
from scale_simulation import Simulation, bytes_under, placed
from threadpoolctl import threadpool_limits

from qa.encoding.means import LanguageMeans
from qa.encoding.prepared import MEANS
from qa.indexing.dense import DenseIndex
from qa.indexing.generation import DENSE, DOCUMENTS, LEXICAL, PASSAGES, Generation
from qa.indexing.history import History
from qa.indexing.lexical import LexicalIndex, sequences
from qa.indexing.manifest import Counts, read_manifest, write_manifest
from qa.indexing.postings import Matches
from qa.indexing.tokens import TokenStore
from qa.language.lexicon import Lexicon
from qa.loading import ensure_model
from qa.records import Passage
from qa.retrieval.calibration import Calibration, calibration_questions
from qa.retrieval.question import Question
from qa.retrieval.relevance import Weights
from qa.retrieval.search import Searcher
from qa.retrieval.trace import Trace, traced
from qa.settings import load_settings

# Above this, passages and token vectors of a size are not written: those of the size below stand in for them.
WHOLE_UP_TO = 100_000
MEMORY = 14 * 1024**3  # what a process may allocate
WARM, COMPARED = 20, 40  # questions
FOUND = 10
_RAW = "tokens.raw"
_LEGS = ("dense", "lexical", "tokens")


def limited(memory: int = MEMORY) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    threadpool_limits(1, user_api="blas")


def build(real: Path, folder: Path, size: int, noise: float) -> dict[str, float]:
    """Write an index of ``size`` simulated passages: how long each leg took, in seconds, and what it takes on disk."""
    limited()
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


@dataclass(frozen=True)
class Repeated(Sequence[Passage]):
    """``size`` passages: the first ``period`` of a smaller generation again and again."""

    passages: Sequence[Passage]
    period: int
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, position: int) -> Passage: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Passage]: ...
    def __getitem__(self, position: Any) -> Any:
        return self.passages[position % self.period]


@dataclass(frozen=True)
class RepeatedTokens:
    """The tokens of the first ``period`` passages of a smaller generation again and again."""

    tokens: TokenStore
    period: int
    size: int

    def passage(self, position: int) -> Any:
        return self.tokens.passage(position % self.period)

    def __len__(self) -> int:
        return self.size


class Complete(LexicalIndex):
    """A lexical index that adds up all postings."""

    def matches(self, question: str) -> tuple[Matches, Matches]:
        asked = sequences(question)
        body, headings = (self._fields[name].matches(asked, most=1 << 62) for name in self._FIELDS)
        return body, headings


def loaded(folder: Path, size: int, below: Path | None, real: int) -> Generation:
    """The generation in a folder, of the passages and tokens of another one where it has none of its own."""
    if below is None:
        return Generation.load(folder)
    other = Generation.load(below)
    # What stands in for a passage must come from the same one of the ``real`` passages.
    period = len(other.passages) // real * real
    return replace(
        other,
        manifest=read_manifest(below),
        passages=Repeated(other.passages, period, size),
        tokens=RepeatedTokens(other.tokens, period, size),  # type: ignore[arg-type]
        dense=DenseIndex.load(folder / DENSE),
        lexical=LexicalIndex.load(folder / LEXICAL, size),
    )


def memory() -> dict[str, float]:
    """What this process holds, in MB: all, that which is no mapped file, and of the legs' files what is mapped."""
    found = dict.fromkeys(("RSS MB", "anonymous MB", *(f"{leg} mapped MB" for leg in _LEGS)), 0.0)
    leg = None
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if "-" in name:  # the first line of a mapping: its addresses, and at the end its file
            leg = next((one for one in _LEGS if f"/{one}" in line), None)
        elif name in ("Rss", "Anonymous"):
            size = float(value.split()[0]) / 1024
            found["RSS MB" if name == "Rss" else "anonymous MB"] += size
            if leg is not None and name == "Rss":
                found[f"{leg} mapped MB"] += size
    return found


def measured(folder: Path, size: int, below: Path | None, work: Path) -> dict[str, float]:
    """Memory, times in milliseconds, and how much of what exact search finds is found."""
    limited()
    model = ensure_model(load_settings())
    means, scales = LanguageMeans.load(model / MEANS), Calibration.load(model).scales
    asked = calibration_questions(work)
    found = {f"before: {name}": value for name, value in memory().items()}
    started = time.perf_counter()
    generation = loaded(folder, size, below, read_manifest(work / "real").counts.passages)
    found["load s"] = time.perf_counter() - started
    found |= {f"loaded: {name}": value for name, value in memory().items()}
    searcher = Searcher(generation, means, Weights.shipped(), scales)
    for question in asked[:WARM]:
        searcher.search(question, FOUND)
    found |= _times(searcher, asked)
    found |= {f"asked: {name}": value for name, value in memory().items()}
    return found | _recall(searcher, asked)


def _times(searcher: Searcher, asked: Sequence[Question]) -> dict[str, float]:
    trace, wall, own = Trace(), [], []
    with traced(trace):
        for question in asked:
            started, used = time.perf_counter(), time.thread_time()
            searcher.search(question, FOUND)
            own.append((time.thread_time() - used) * 1000)
            wall.append((time.perf_counter() - started) * 1000)
    found = {"p50": median(wall), "p99": float(np.quantile(wall, 0.99))}
    found |= {"CPU p50": median(own), "CPU p99": float(np.quantile(own, 0.99))}
    for name in ("search", "interaction"):
        found[f"{name} p50"] = 1000 * median(phase.seconds for phase in trace.phases if phase.name == name)
    return found


def _recall(searcher: Searcher, asked: Sequence[Question]) -> dict[str, float]:
    """Recall of each leg and of the final ten, against exact legs, and against those with many more candidates."""
    generation = searcher.generation
    flat = DenseIndex.from_vectors(np.concatenate(list(_vectors(generation.dense))), exact_up_to=len(generation.dense))
    exact = replace(searcher, generation=replace(generation, dense=flat, lexical=_complete(generation.lexical)))
    candidates = searcher.candidates
    many = replace(exact, candidates=min(len(generation.passages), 20 * candidates))
    dense = [_share(generation.dense.search(one.vector, FOUND)[0], flat.search(one.vector, FOUND)[0]) for one in asked]
    words = [
        _share(
            generation.lexical.matches(one.text)[0].most(candidates),
            exact.generation.lexical.matches(one.text)[0].most(candidates),
        )
        for one in asked[: 5 * COMPARED]
    ]
    some = asked[:: max(1, len(asked) // COMPARED)][:COMPARED]
    final, same, wide = ([_positions(one, question) for question in some] for one in (searcher, exact, many))
    return {
        "dense recall@10": float(np.mean(dense)),
        f"lexical recall@{candidates}": float(np.mean(words)),
        "final recall@10, exact legs": float(np.mean([*map(_share, final, same)])),
        "final recall@10, more candidates": float(np.mean([*map(_share, final, wide)])),
        "first the same": float(np.mean([ours[0] == theirs[0] for ours, theirs in zip(final, same, strict=True)])),
    }


def _complete(index: LexicalIndex) -> LexicalIndex:
    return Complete(lambda: index._fields)


def _vectors(dense: DenseIndex) -> Iterator[np.ndarray]:
    ends = [*range(0, len(dense), 65_536), len(dense)]
    for start, end in pairwise(ends):
        yield dense._vectors(np.arange(start, end))


def _positions(searcher: Searcher, question: Question) -> list[int]:
    return [one.position for one in searcher.search(question, FOUND)]


def _share(found: Sequence[int], sought: Sequence[int]) -> float:
    return len({*map(int, found)} & {*map(int, sought)}) / max(1, len(sought))
