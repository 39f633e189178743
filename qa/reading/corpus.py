"""The corpus folder: which files are documents, and each of them read."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from qa.errors import CorpusError, DocumentError
from qa.language.cleaning import visible
from qa.language.identification import detect_language
from qa.reading.decoding import decode
from qa.reading.lines import Lines
from qa.reading.markdown import parse_markdown
from qa.reading.outline import Outline
from qa.reading.passages import cut_passages
from qa.reading.plaintext import parse_plain_text
from qa.records import Document, Passage

log = logging.getLogger(__name__)

_PARSERS: dict[str, Callable[[str, str], Outline]] = {
    ".txt": parse_plain_text,
    ".text": parse_plain_text,
    ".md": parse_markdown,
    ".markdown": parse_markdown,
}
LARGEST_FILE = 32 * 1024 * 1024
# What `/documents/{id}` has below it: an id of a file in a folder may not end so.
TAKEN_BY_ROUTES = ("/text", "/passages")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the corpus: its bytes, their hash, and its name relative to the folder, with forward slashes."""

    id: str
    name: str
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of the corpus that is no document, and why; with its hash where its content is the reason."""

    name: str
    reason: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a corpus folder holds: documents in the order of their names, their passages, and what was skipped."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    skipped: tuple[Skipped, ...]


# What an earlier reading made of a file, by the file's name and hash.
Known = Mapping[tuple[str, str], tuple[Document, tuple[Passage, ...]]]


def read_corpus(folder: Path, known: Known = MappingProxyType({})) -> Reading:
    """Read every document of a folder that is not ``known``; a file that cannot be read is reported and stops nothing.

    Raises:
        CorpusError: the folder does not exist, or no file in it could be read.
    """
    sources, skipped = list_sources(folder)
    documents: list[Document] = []
    passages: list[Passage] = []
    for source in sources:
        try:
            document, own = known.get((source.name, source.sha256)) or read_document(source)
        except DocumentError as error:
            skipped.append(Skipped(source.name, str(error), source.sha256))
        except Exception as error:  # whatever one file does to a parser, the others are read
            log.exception("reading %s failed", source.name)
            reason = f"{source.name}: reading it failed ({type(error).__name__}); please report it with the file"
            skipped.append(Skipped(source.name, reason, source.sha256))
        else:
            documents.append(document)
            passages.extend(own)
    if not documents:
        reasons = "".join(f"; {file.reason}" for file in skipped)
        raise CorpusError(f"no document in {folder}: put a .txt or .md file there{reasons}")
    return Reading(tuple(documents), tuple(passages), tuple(skipped))


def read_document(source: Source) -> tuple[Document, tuple[Passage, ...]]:
    """Decode a file, recognise its outline and cut its passages.

    Raises:
        DocumentError: the file is no text or holds none; the message names the file.
    """
    decoded = decode(source.data, source.name)
    if not visible(decoded.text):
        raise DocumentError(f"{source.name}: the file is empty; write something in it or remove it")
    outline = _PARSERS[Path(source.name).suffix.lower()](decoded.text, _title_of(source.id))
    lines = Lines(decoded.text)
    passages = cut_passages(source.id, decoded.text, outline, lines)
    if not passages:
        raise DocumentError(
            f"{source.name}: the file holds no text that could be cited; see what was dropped with qa outline"
        )
    document = Document(
        id=source.id,
        name=source.name,
        title=outline.title,
        text=decoded.text,
        language=detect_language(decoded.text),
        encoding=decoded.encoding,
        sha256=source.sha256,
        size=len(source.data),
        sections=tuple(part.section for part in outline.sections),
        dropped=outline.dropped,
    )
    return document, passages


def list_sources(folder: Path) -> tuple[list[Source], list[Skipped]]:
    """The files of a folder that are documents by their names, and the ones passed over with the reason.

    Raises:
        CorpusError: the folder does not exist.
    """
    sources: list[Source] = []
    files, skipped = _files(folder)
    for id_, name, path in files:
        try:
            data = path.read_bytes()
        except OSError as error:
            skipped.append(Skipped(name, f"{name}: cannot be read ({error.strerror}); check its permissions"))
        else:
            sources.append(Source(id_, name, data, hashlib.sha256(data).hexdigest()))
    return sources, skipped


def document_files(folder: Path) -> dict[str, Path]:
    """The file of each document by its id; none is read.

    Raises:
        CorpusError: the folder does not exist.
    """
    return {id_: path for id_, _, path in _files(folder)[0]}


def same_kind(suffix: str, other: str) -> bool:
    """Whether files with these suffixes are read alike."""
    return _PARSERS[suffix.lower()] is _PARSERS[other.lower()]


def source_hashes(folder: Path) -> dict[str, str]:
    """The sha256 of each file that is a document by its name; a file is read again only when it was written to.

    Raises:
        CorpusError: the folder does not exist.
    """
    hashes = {}
    for name, (size, written_ns) in source_stats(folder).items():
        try:
            hashes[name] = _sha256(folder / name, size, written_ns)
        except OSError:
            continue  # gone or closed since it was listed: as good as not there
    return hashes


def source_stats(folder: Path) -> dict[str, tuple[int, int]]:
    """The size and the time of writing (ns) of each file that is a document by its name; none is read.

    Raises:
        CorpusError: the folder does not exist.
    """
    stats = {}
    for _, name, path in _files(folder)[0]:
        try:
            stat = path.stat()
        except OSError:
            continue  # as in `source_hashes`
        stats[name] = stat.st_size, stat.st_mtime_ns
    return stats


def is_hidden(name: str) -> bool:
    """Whether a file or folder, named relative to the corpus, is hidden, in a hidden folder, or an editor's backup."""
    return name.endswith("~") or any(part.startswith((".", "~")) for part in name.split("/"))


def is_of_a_kind_read(name: str) -> bool:
    """Whether files so named are read."""
    return Path(name).suffix.lower() in _PARSERS


@lru_cache(maxsize=100_000)
def _sha256(path: Path, _size: int, _written_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> tuple[list[tuple[str, str, Path]], list[Skipped]]:
    """Id, name and path of each document; hidden files and editors' backups are passed over in silence."""
    if not folder.is_dir():
        raise CorpusError(
            f"the corpus folder {folder} does not exist; make it and put a .txt or .md file there, or set QA_CORPUS_DIR"
        )
    files: list[tuple[str, str, Path]] = []
    skipped: list[Skipped] = []
    taken: dict[str, str] = {}
    root = folder.resolve()
    inside = cache(lambda place: place.resolve().is_relative_to(root))
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if is_hidden(name) or path.is_dir():
            continue
        shown = name.encode("utf-8", "backslashreplace").decode()
        id_ = name[: -len(path.suffix)] if path.suffix else name
        reason = _unusable(path, inside(path if path.is_symlink() else path.parent), id_, taken.get(id_))
        if shown != name or not name.isprintable():
            reason = "its name is not UTF-8 or holds control characters; rename it"
        if reason:
            skipped.append(Skipped(shown, f"{shown}: {reason}"))
        else:
            taken[id_] = name
            files.append((id_, name, path))
    return files, skipped


def _unusable(path: Path, inside: bool, id_: str, twin: str | None) -> str | None:
    if not is_of_a_kind_read(path.name):
        return f"files of kind {path.suffix or 'without suffix'} are not read; save it as .txt or .md"
    if not inside or not path.is_file():
        return "not a file of the corpus folder; copy the file there instead of linking to it"
    if path.lstat().st_size > LARGEST_FILE:
        return f"larger than {LARGEST_FILE // 1024**2} MiB; split it"
    if id_.endswith(TAKEN_BY_ROUTES):
        return "its address would be that of another document's part; rename it"
    if twin is not None:
        return f"its id is already that of {twin}; rename one of the two"
    return None


def _title_of(id_: str) -> str:
    """A title for a document that names none: the last part of its id, hyphens as spaces."""
    words = id_.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] or id_
