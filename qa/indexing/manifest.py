"""The manifest of a generation: what it is, what it was made from, and a checksum for each of its files."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from qa.errors import DamagedGenerationError, MismatchError

FORMAT_VERSION = 6
MANIFEST = "manifest.json"
CHECKSUM = f"{MANIFEST}.sha256"
_REBUILD = "run qa index build --full"
_READERS = 2  # files that are read at once
# To read so much takes a quarter of a second; to read what a million passages take, minutes.
LARGEST_READ = 256 * 1024 * 1024


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ModelIdentity(_Frozen):
    """The encoder that made the vectors."""

    name: str
    source: str
    fingerprint: str
    dimension: int


class SourceEntry(_Frozen):
    """A file of the corpus as it was when the generation was built; the hash of the metadata beside it, and what of its
    metadata was left out.
    """

    id: str
    name: str
    sha256: str
    size: int
    passages: int
    sidecar_sha256: str | None = None
    warnings: tuple[str, ...] = ()


class SkippedEntry(_Frozen):
    """A file of the corpus that is not in the generation, and why."""

    name: str
    reason: str
    sha256: str | None


class FileEntry(_Frozen):
    """A file of the generation."""

    sha256: str
    size: int


class Counts(_Frozen):
    documents: int
    passages: int
    tokens: int


class _Format(_Frozen):
    format: int


class Manifest(_Frozen):
    """What a generation is and what it was made from.

    ``threshold``: the confidence from which on a question counts as answered by this corpus.
    """

    format: int
    generation: str
    built_at: str
    model: ModelIdentity
    metric: str
    normaliser: int
    chunker: int
    threshold: float
    counts: Counts
    sources: tuple[SourceEntry, ...]
    skipped: tuple[SkippedEntry, ...]
    files: dict[str, FileEntry]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    Raises:
        DamagedGenerationError: it is missing or not a manifest.
        MismatchError: it is of another format.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        # The format is read by itself first: the rest of another format may have another shape.
        format_ = _Format.model_validate_json(content).format
        if format_ != FORMAT_VERSION:
            raise MismatchError(
                f"the generation {folder.name} has the format {format_}, "
                f"this version reads {FORMAT_VERSION}; {_REBUILD}"
            )
        manifest = Manifest.model_validate_json(content)
        said = (folder / CHECKSUM).read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise DamagedGenerationError(f"the generation {folder.name} has no readable {MANIFEST}; {_REBUILD}") from error
    except ValidationError as error:
        raise DamagedGenerationError(
            f"the {MANIFEST} of the generation {folder.name} is damaged; {_REBUILD}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if said != found:
        raise DamagedGenerationError(
            f"the {MANIFEST} of the generation {folder.name} has the sha256 {found[:12]}…, not {said[:12]}…; {_REBUILD}"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a generation whose other files are there, with a checksum of each."""
    files = {
        path.relative_to(folder).as_posix(): FileEntry(sha256=file_sha256(path), size=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    content = (manifest.model_copy(update={"files": files}).model_dump_json(indent=1) + "\n").encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / CHECKSUM).write_text(hashlib.sha256(content).hexdigest() + "\n", encoding="ascii")


def check_soon(folder: Path, manifest: Manifest) -> None:
    """Check what takes less than a second: the checksums of files of up to 256 MiB together, of more their sizes.

    Raises:
        DamagedGenerationError: as `check_files`.
    """
    if sum(entry.size for entry in manifest.files.values()) <= LARGEST_READ:
        check_files(folder, manifest)
    else:
        check_sizes(folder, manifest)


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Compare the size of every file; none is read. Raises as `check_files`, but a byte that changed is not found."""
    for name, entry in manifest.files.items():
        _check_size(folder, name, entry)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its checksum.

    Raises:
        DamagedGenerationError: one is missing, cut short or changed; the message names it and both values.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        for _ in pool.map(lambda name: _check_file(folder, name, manifest.files[name]), manifest.files):
            pass


def _check_file(folder: Path, name: str, entry: FileEntry) -> None:
    _check_size(folder, name, entry)
    try:
        found = file_sha256(folder / name)
    except OSError as error:
        raise _lacks(folder, name, error) from error
    if found != entry.sha256:
        raise DamagedGenerationError(
            f"{name} of the generation {folder.name} has the sha256 {found[:12]}…, not {entry.sha256[:12]}…; {_REBUILD}"
        )


def _check_size(folder: Path, name: str, entry: FileEntry) -> None:
    try:
        found = (folder / name).stat().st_size
    except OSError as error:
        raise _lacks(folder, name, error) from error
    if found != entry.size:
        raise DamagedGenerationError(
            f"{name} of the generation {folder.name} has {found} bytes, not {entry.size}; {_REBUILD}"
        )


def _lacks(folder: Path, name: str, error: OSError) -> DamagedGenerationError:
    return DamagedGenerationError(f"the generation {folder.name} lacks {name} ({error.strerror}); {_REBUILD}")


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
