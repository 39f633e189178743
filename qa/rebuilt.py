"""What a rebuild came to."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Literal

from qa.indexing.difference import Difference
from qa.indexing.manifest import Manifest


@dataclass(frozen=True)
class Rebuilt:
    """``reasons``: what it was made for; ``changes``: what differs from what was live before; ``encoded``: the passages
    that had to be, ``resumed``: those that a build which did not come to its end had encoded; ``fallen``: where it
    answers worse than what is live, a line each.
    """

    status: Literal["published", "unchanged", "held"]
    manifest: Manifest
    reasons: str = ""
    changes: Difference | None = None
    encoded: int = 0
    resumed: int = 0
    seconds: float = 0.0
    fallen: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """All that in a sentence."""
        id_, counts = self.manifest.generation, self.manifest.counts
        if self.status == "unchanged":
            return "Nothing changed: the index is up to date."
        if self.status == "held":
            fallen = "; ".join(self.fallen)
            return f"{id_} is kept aside, since it answers worse than what is live ({fallen}); --force publishes it"
        built = f"Built {id_}: {counts.documents} documents, {counts.passages} passages"
        if self.changes is None:
            return f"{built} (kept aside before, published now)"
        found = self.changes
        changes: dict[str, Sized] = {
            "added": found.added,
            "changed": found.changed,
            "moved": found.moved,
            "removed": found.removed,
        }
        told = ", ".join(f"{len(passages)} {name}" for name, passages in changes.items())
        encoded = f"{self.encoded} encoded" + (f", {self.resumed} were by a build cut short" if self.resumed else "")
        return f"{built} ({told}, {found.kept} kept; {encoded}) in {self.seconds:.1f} s"
