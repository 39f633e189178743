"""How a corpus folder, or the model, has moved on from what a generation was built from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qa.encoding.prepared import Card
from qa.errors import CorpusError
from qa.indexing.manifest import Manifest
from qa.language import NORMALISER_VERSION
from qa.reading import CHUNKER_VERSION, fingerprint, source_hashes


@dataclass(frozen=True, slots=True)
class Staleness:
    """How a corpus folder differs from what was built: names of files, and other reasons to build again."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.reasons)

    def __str__(self) -> str:
        named = {"added": self.added, "changed": self.changed, "removed": self.removed}
        parts = [f"{word} {', '.join(names)}" for word, names in named.items() if names]
        return "; ".join([*parts, *self.reasons])


def staleness(manifest: Manifest, corpus: Path, card: Card | None) -> Staleness:
    """Compare a generation with the corpus as it is now and, where given, with the encoder that would serve it."""
    try:
        found = source_hashes(corpus)
    except CorpusError:
        return Staleness(reasons=("the corpus folder is missing",))
    built = {entry.name: fingerprint(entry.sha256, entry.sidecar_sha256) for entry in manifest.sources}
    passed_over = {entry.name for entry in manifest.skipped if found.get(entry.name) == entry.sha256}
    return Staleness(
        added=tuple(sorted(found.keys() - built.keys() - passed_over)),
        changed=tuple(sorted(name for name in found.keys() & built.keys() if found[name] != built[name])),
        removed=tuple(sorted(built.keys() - found.keys())),
        reasons=tuple(_other_reasons(manifest, card)),
    )


def _other_reasons(manifest: Manifest, card: Card | None) -> list[str]:
    compared: list[tuple[str, int | str, int | str]] = [
        ("chunker version", manifest.chunker, CHUNKER_VERSION),
        ("normaliser version", manifest.normaliser, NORMALISER_VERSION),
    ]
    if card is not None:
        compared.append(("model", manifest.model.fingerprint, card.fingerprint))
    return [f"built with {what} {then}, now {now}" for what, then, now in compared if then != now]
