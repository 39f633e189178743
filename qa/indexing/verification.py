"""Whether a generation on disk is what it says: its files, its counts, its passages, and that it finds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qa.errors import DamagedGenerationError
from qa.indexing.generation import Generation
from qa.indexing.manifest import check_files, read_manifest

# So many passages, spread evenly, are searched for by their own vectors.
_SAMPLE = 50


def verified(folder: Path) -> Generation:
    """Load a generation and check all that can be checked without encoding anything.

    Raises:
        DamagedGenerationError, MismatchError: something does not hold; the message says what.
    """
    check_files(folder, read_manifest(folder))
    generation = Generation.load(folder, checked=True)
    check(generation)
    return generation


def check(generation: Generation, looked_up: int | None = None) -> None:
    """Compare a generation with its manifest, its passages with the documents, and search for some by their vectors.
    Of ``looked_up`` passages, spread evenly, or of all, the id is looked up too.

    Raises:
        DamagedGenerationError: something does not hold; the message says what.
    """
    _check_counts(generation)
    _check_passages(generation, 1 if looked_up is None else max(1, len(generation.passages) // looked_up))
    _check_search(generation)


def _check_counts(generation: Generation) -> None:
    counts, passages = generation.manifest.counts, len(generation.passages)
    for what, said, found in (
        ("documents", counts.documents, len(generation.documents)),
        ("passages", counts.passages, passages),
        ("vectors", passages, len(generation.dense)),
        ("passages with tokens", passages, len(generation.tokens)),
        ("tokens", counts.tokens, generation.tokens.tokens),
    ):
        if said != found:
            raise _damaged(generation, f"it has {found} {what}, not {said}")


def _check_passages(generation: Generation, step: int) -> None:
    """Each must be the text of its document at its place, and known by its id."""
    seen = 0
    for document in generation.documents.values():
        positions = generation.passages.of(document.id)
        for position, passage in zip(positions.tolist(), generation.passages.several(positions), strict=True):
            if (passage.document, document.text[passage.start : passage.end]) != (document.id, passage.text):
                raise _damaged(generation, f"the passage {passage.id} is not the text of {document.id} at its place")
            if position % step == 0 and generation.passages.find(passage.id) != position:
                raise _damaged(generation, f"the passage {passage.id} is not found by its id")
        seen += len(positions)
    if seen != len(generation.passages):
        raise _damaged(generation, f"{len(generation.passages) - seen} passages are of no document")


def _check_search(generation: Generation) -> None:
    """Each passage of a sample must come first for its own vector, or as high as what does."""
    for position in np.linspace(0, len(generation.passages) - 1, min(_SAMPLE, len(generation.passages)), dtype=int):
        vector = generation.dense.vector(int(position))
        own = float(vector @ vector)
        best = float(generation.dense.search(vector, 1)[1][0])
        if not np.isclose(own, best, atol=1e-4):
            raise _damaged(
                generation, f"a search for the passage {generation.passages[position].id} finds another one first"
            )


def _damaged(generation: Generation, problem: str) -> DamagedGenerationError:
    return DamagedGenerationError(f"the generation {generation.id} is damaged: {problem}; run qa index build --full")
