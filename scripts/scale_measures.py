"""What an index holds in memory, how long a search takes and what it misses: for `scripts/bench_scale`."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from scale_stand_ins import loaded

from qa.encoding.means import LanguageMeans
from qa.encoding.prepared import MEANS
from qa.indexing.dense import DenseIndex
from qa.indexing.lexical import LexicalIndex, Matching, sequences
from qa.indexing.manifest import read_manifest
from qa.loading import ensure_model
from qa.retrieval.calibration import Calibration, calibration_questions
from qa.retrieval.question import Question
from qa.retrieval.relevance import Weights
from qa.retrieval.search import Searcher
from qa.retrieval.trace import Trace, traced
from qa.settings import load_settings

WARM, COMPARED = 20, 40  # questions
FOUND = 10
_LEGS = ("dense", "lexical", "tokens")


class Complete(LexicalIndex):
    """A lexical index that adds up all postings."""

    def matches(self, question: str) -> tuple[Matching, Matching]:
        asked = sequences(question)
        body, headings = (self._fields[name].matches(asked, most=1 << 62) for name in self._FIELDS)
        return body, headings


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


def measured(folder: Path, below: Path | None, work: Path) -> dict[str, float]:
    """Memory, times in milliseconds, and how much of what exact search finds is found."""
    model = ensure_model(load_settings())
    means, scales = LanguageMeans.load(model / MEANS), Calibration.load(model).scales
    asked = calibration_questions(work)
    found = {f"before: {name}": value for name, value in memory().items()}
    started = time.perf_counter()
    generation = loaded(folder, below, read_manifest(work / "real").counts.passages)
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
    own = replace(generation, dense=flat, lexical=_complete(generation.lexical))
    exact = replace(searcher, generation=own, compared=len(generation.passages))
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
