"""Files that are not what they say, or are made to harm who reads them: each gets its line, and the others are served."""

from __future__ import annotations

import errno
import os
import re
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.reading import corpus as reading
from qa.reading import read_corpus
from qa.reading import stream as corpus_stream
from qa.reading.folder import LARGEST_FILE, read_file
from qa.reading.isolation import Converters
from tests.conftest import environment, run_qa, serving
from tests.office import WORD, docx, locked, paragraph, zipped
from tests.pdfs import CATALOGUE, page, pages, pdf, scanned_pdf, stream, text_pdf

FORMATS = Path(__file__).parent / "formats"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)
HTML = b"<!DOCTYPE html><html><body><h1>Coffee</h1><p>Coffee is brown.</p></body></html>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(400)
LAUGHS = '<!DOCTYPE w:document [<!ENTITY a "ha ha ha ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def bomb(mebibytes: int) -> bytes:
    """A Word document of spaces, a thousandth as large as what it unpacks to."""
    made = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(docx(paragraph("Tea.")))) as small,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in small.namelist():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(small.read(name)[:-13])
                if name == "word/document.xml":
                    for _ in range(mebibytes):
                        entry.write(b" " * 1024**2)
    return made.getvalue()


def drawn_again_and_again(depth: int) -> bytes:
    """A PDF that draws a form ten times, which draws another ten times, and so on."""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 400 600] /Resources << %s >>"
    forms = [
        stream(b"/X Do " * 10, entries % (b"/XObject << /X %d 0 R >>" % (7 + number))) for number in range(depth - 1)
    ]
    last = stream(b"BT /F1 12 Tf 50 500 Td (Tea) Tj ET", entries % b"/Font << /F1 5 0 R >>")
    return pdf([CATALOGUE, pages(), *page(b"/X Do", b"/XObject << /X 6 0 R >>"), *forms, last])


def laughing() -> bytes:
    body = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>'
    with zipfile.ZipFile(BytesIO(docx(paragraph("Tea.")))) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(parts | {"word/document.xml": f"{LAUGHS}]>{body}"})


# Each with what its line says, after its name.
HOSTILE = {
    "empty.docx": (b"", "empty"),
    "empty-pdf.pdf": (b"", "empty"),
    "huge.pdf": (b"%PDF-1.7\n" + bytes(LARGEST_FILE), "larger than 32 MiB; split it"),
    "picture-word.docx": (PNG, "PNG picture"),
    "picture.pdf": (PNG, "PNG picture, no PDF"),
    "picture-book.epub": (PNG, "PNG picture"),
    "picture-text.odt": (PNG, "PNG picture"),
    "picture-rich.rtf": (PNG, "PNG picture"),
    "page.docx": (HTML, "web page"),
    "word.pdf": (docx(paragraph("Tea is black.")), "zip archive.* no PDF"),
    "locked-word.docx": (OLE, "encrypted"),
    "locked-zip.docx": (locked(docx(paragraph("Secret."))), "encrypted"),
    "locked.pdf": ((FORMATS / "pdf" / "locked.pdf").read_bytes(), "encrypted; remove its password"),
    "scanned.pdf": (scanned_pdf(), "only pictures; run it through OCR"),
    "cut-word.docx": ((FORMATS / "aral-sea.docx").read_bytes()[:5000], "damaged|cut"),
    "cut.pdf": (b"%PDF-1.7\n1 0 obj <<", "damaged"),
    "bomb.docx": (bomb(300), "unpack"),
    "laughs.docx": (laughing(), "no sound XML"),
    "circle.pdf": (pdf([CATALOGUE, b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>"]), "damaged"),
    "nested.html": (b"<p>" + b"<b><div>" * 200_000 + b"deep", "nested too deep"),
    "nested-groups.rtf": (b"{\\rtf1 " + b"{" * 500_000, "groups within each other"),
    "forms.pdf": (drawn_again_and_again(9), "longer than|more than"),
}  # fmt: skip
# What looks hostile and is but odd, with a sentence of it.
ODD = {
    "looped.pdf": text_pdf("Oolong is half black.").replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev 9"),
    "tea.md": b"# Tea\n\nTea is black or green.\n",
    "book.html": HTML,
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    for name, (data, _) in HOSTILE.items():
        (folder / name).write_bytes(data)
    for name, data in ODD.items():
        (folder / name).write_bytes(data)
    return folder


def test_each_hostile_file_gets_its_line_and_every_other_document_is_served(hostile: Path, tmp_path: Path) -> None:
    env = environment(tmp_path, QA_CORPUS_DIR=str(hostile))
    built = run_qa("index", "build", env=env)
    assert built.returncode == 0, built.stderr
    with serving(env) as client:
        told = {file["name"]: file["reason"] for file in client.get("/index").json()["skipped"]}
        documents = {document["id"] for document in client.get("/documents").json()["documents"]}
        answer = client.get("/ask", params={"q": "What is oolong?"}).json()
    assert documents == {Path(name).stem for name in ODD}
    assert told.keys() == HOSTILE.keys()
    for name, reason in told.items():
        assert reason.startswith(f"{name}: "), reason
        assert "\n" not in reason
        assert len(reason) < 300
        assert re.search(HOSTILE[name][1], reason), reason
    assert answer["passages"][0]["citation"]["document"] == "looped"
    assert answer["passages"][0]["citation"]["page"] == 1


def test_a_reader_that_hangs_crashes_or_overeats_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        corpus_stream,
        "Converters",
        partial(Converters, seconds=3, memory=256 * 1024**2, formats="tests.hostile_formats"),
    )
    for word in ("hang", "crash", "eat", "fail"):
        (tmp_path / f"{word}.html").write_text(f"{word} <p>Never mind.</p>", encoding="utf-8")
    for number in range(4):
        (tmp_path / f"tea-{number}.html").write_text(f"<h1>Tea</h1><p>Tea number {number}.</p>", encoding="utf-8")
    found = read_corpus(tmp_path)
    assert [document.id for document in found.documents] == ["tea-0", "tea-1", "tea-2", "tea-3"]
    assert {file.name: file.reason.removeprefix(f"{file.name}: ").split(";")[0] for file in found.skipped} == {
        "hang.html": "reading it took longer than 3 s",
        "crash.html": "its reader crashed (SIGSEGV)",
        "eat.html": "reading it needs more than 256 MiB of memory",
        "fail.html": "reading it failed (KeyError)",
    }


def test_native_code_that_aborts_for_want_of_memory_is_told_from_a_crash() -> None:
    once_large = bytearray(300 * 1024**2)  # the high-water mark of this process goes over to those it starts
    del once_large
    with (
        Converters(memory=256 * 1024**2, formats="tests.hostile_formats") as converters,
        pytest.raises(DocumentError, match="more than 256 MiB of memory"),
    ):
        converters.convert("html", b"starve", "Tea")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.pdf").write_bytes(text_pdf("Secret."))
    (tmp_path / "tea.pdf").write_bytes(text_pdf("Tea is black."))
    (tmp_path / "closed.pdf").chmod(0)
    if os.geteuid() == 0:  # to whom nothing is closed

        def refusing(path: Path) -> bytes:
            if path.stat().st_mode & 0o444:
                return read_file(path)
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(reading, "read_file", refusing)
    found = read_corpus(tmp_path)
    assert [document.id for document in found.documents] == ["tea"]
    assert [file.reason for file in found.skipped] == [
        "closed.pdf: cannot be read (Permission denied); check its permissions"
    ]
