"""The corpus folder: which files are documents, and how one is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qa.errors import DocumentError
from qa.language.cleaning import visible
from qa.language.identification import detect_language
from qa.reading.composition import Composed
from qa.reading.decoding import decode
from qa.reading.folder import LARGEST_FILE, TOO_LARGE, Skipped, files_of, read_file
from qa.reading.front_matter import FrontMatter
from qa.reading.isolation import Converting
from qa.reading.isolation import converters as shared
from qa.reading.kinds import Kind, kind_of
from qa.reading.lines import Lines
from qa.reading.markdown import parse_markdown
from qa.reading.metadata import Said, metadata_of
from qa.reading.outline import Outline
from qa.reading.passages import cut_passages
from qa.reading.plaintext import parse_plain_text
from qa.reading.sidecar import SUFFIX, sidecar_of, stated_beside
from qa.reading.stated import Stated
from qa.records import Document, Passage

_PARSERS: dict[str, Callable[[str, str], Outline]] = {
    "plain": parse_plain_text,
    "markdown": parse_markdown,
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the corpus: its bytes, their hash, and its name relative to the folder, with forward slashes; and the
    bytes of the file of metadata beside it, if there is one.
    """

    id: str
    name: str
    data: bytes
    sha256: str
    sidecar: bytes | None = None

    @property
    def sidecar_sha256(self) -> str | None:
        return None if self.sidecar is None else hashlib.sha256(self.sidecar).hexdigest()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.sha256, self.sidecar_sha256)


# A document and its passages.
Read = tuple[Document, tuple[Passage, ...]]


def read_document(source: Source, converters: Converting | None = None) -> Read:
    """Decode or convert a file, recognise its outline and cut its passages. ``converters`` is what converts it.

    Raises:
        DocumentError: the file is not what its name says or holds no text; the message names the file.
    """
    kind = kind_of(source.name)
    assert kind is not None  # others are no sources
    composed, encoding = _decoded(source, kind) if kind.text else (_converted(source, kind, converters), kind.name)
    # What programs declare is the language of their own settings, more often than that of the text.
    said = _said(source, {name: one for name, one in composed.declared.items() if kind.text or name != "language"})
    lines = Lines(composed.text)
    passages = cut_passages(source.id, composed.text, composed.outline, lines)
    if not passages:
        raise DocumentError(
            f"{source.name}: the file holds no text that could be cited; see what was dropped with qa outline"
        )
    document = Document(
        id=source.id,
        name=source.name,
        title=composed.outline.title,
        text=composed.text,
        language=said.metadata.language or detect_language(composed.text),
        encoding=encoding,
        sha256=source.sha256,
        size=len(source.data),
        sections=tuple(part.section for part in composed.outline.sections),
        dropped=composed.outline.dropped,
        pages=composed.pages,
        metadata=said.metadata,
        sidecar_sha256=source.sidecar_sha256,
        warnings=said.warnings,
    )
    return document, passages


def _decoded(source: Source, kind: Kind) -> tuple[Composed, str]:
    """A file that is text, and its encoding."""
    decoded = decode(source.data, source.name)
    if not visible(decoded.text):
        raise _empty(source)
    parse = _PARSERS[kind.name]
    front = FrontMatter.of(decoded.text)
    stated = front.stated if front and (parse is parse_markdown or front.is_meant) else {}
    outline = parse(decoded.text, _said(source, stated).title or _title_of(source.id))
    return Composed(decoded.text, outline, declared=stated), decoded.encoding


def _converted(source: Source, kind: Kind, converters: Converting | None) -> Composed:
    """A file that text is made of."""
    if not source.data:
        raise _empty(source)
    try:
        composed = (converters or shared()).convert(
            kind.name, source.data, _said(source, {}).title or _title_of(source.id)
        )
    except DocumentError as error:
        raise DocumentError(f"{source.name}: {error}") from error
    if not visible(composed.text):
        raise DocumentError(f"{source.name}: the file holds no text; write something in it or remove it")
    return composed


def _empty(source: Source) -> DocumentError:
    return DocumentError(f"{source.name}: the file is empty; write something in it or remove it")


def _said(source: Source, stated: Stated) -> Said:
    """What a document states itself and, which counts for more, the file of metadata beside it."""
    if source.sidecar is None:
        return metadata_of(stated)
    try:
        return metadata_of({**stated, **stated_beside(source.sidecar)})
    except ValueError as error:
        said = metadata_of(stated)
        return said._replace(warnings=(f"{source.name}{SUFFIX}: {error}; it is left out", *said.warnings))


def fingerprint(sha256: str, sidecar_sha256: str | None) -> str:
    """What changes with a document's file and with the file of metadata beside it: a hash in hexadecimal digits."""
    return hashlib.sha256(f"{sha256} {sidecar_sha256}".encode()).hexdigest() if sidecar_sha256 else sha256


def sources_of(files: Sequence[tuple[str, str, Path]], skipped: list[Skipped]) -> Iterator[Source]:
    """The files that are documents by their names, one after the other; what is passed over comes to ``skipped``."""
    for id_, name, path in files:
        try:
            data = read_file(path)
        except OSError as error:
            skipped.append(Skipped(name, f"{name}: cannot be read ({error.strerror}); check its permissions"))
            continue
        if len(data) > LARGEST_FILE:
            skipped.append(Skipped(name, f"{name}: {TOO_LARGE}"))
        else:
            yield Source(id_, name, data, hashlib.sha256(data).hexdigest(), _sidecar(path))


def _sidecar(path: Path) -> bytes | None:
    beside = sidecar_of(path)
    try:
        return read_file(beside) if beside else None
    except OSError:
        return None


def document_files(folder: Path) -> dict[str, Path]:
    """The file of each document by its id; none is read.

    Raises:
        CorpusError: the folder does not exist.
    """
    return {id_: path for id_, _, path in files_of(folder)[0]}


def same_kind(suffix: str, other: str) -> bool:
    """Whether files with these suffixes are read alike."""
    return kind_of(f"a{suffix}") == kind_of(f"a{other}")


def source_hashes(folder: Path) -> dict[str, str]:
    """The `fingerprint` of each file that is a document by its name; a file is read again only when it was written to.

    Raises:
        CorpusError: the folder does not exist.
    """
    stats = source_stats(folder)
    hashes = {}
    for name, (size, written_ns) in stats.items():
        if name.endswith(SUFFIX):
            continue
        beside = stats.get(f"{name}{SUFFIX}")
        try:
            own = _sha256(folder / name, size, written_ns)
            hashes[name] = fingerprint(own, _sha256(folder / f"{name}{SUFFIX}", *beside) if beside else None)
        except OSError:
            continue  # gone or closed since it was listed: as good as not there
    return hashes


def source_stats(folder: Path) -> dict[str, tuple[int, int]]:
    """The size and the time of writing (ns) of each file that is a document by its name, and of each file of metadata
    beside one; none is read.

    Raises:
        CorpusError: the folder does not exist.
    """
    stats = {}
    for _, name, path in files_of(folder)[0]:
        beside = sidecar_of(path)
        for file, called in ((path, name), (beside, f"{name}{SUFFIX}")):
            try:
                stat = file.stat() if file else None
            except OSError:
                continue  # as in `source_hashes`
            if stat:
                stats[called] = stat.st_size, stat.st_mtime_ns
    return stats


@lru_cache(maxsize=500_000)
def _sha256(path: Path, _size: int, _written_ns: int) -> str:
    return hashlib.sha256(read_file(path)).hexdigest()


def _title_of(id_: str) -> str:
    """A title for a document that names none: the last part of its id, hyphens as spaces."""
    words = id_.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] or id_
