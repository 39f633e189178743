"""A file that is not what its name says, is damaged or made to do harm gets one clear line, and stops nothing else."""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.reading import Source, read_corpus, read_document
from tests.office import WORD, docx, epub, locked, odt, page, paragraph, word, zipped

FORMATS = Path(__file__).parent / "formats"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def file(name: str) -> bytes:
    return (FORMATS / name).read_bytes()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def without(name: str, part: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(file(name))) as whole, zipfile.ZipFile(made, "w") as rest:
        for entry in whole.namelist():
            if entry != part:
                rest.writestr(entry, whole.read(entry))
    return made.getvalue()


def changed(name: str, part: str, data: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(file(name))) as whole:
        return zipped({entry: data if entry == part else whole.read(entry) for entry in whole.namelist()})


def laughs(root: str) -> str:
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    return f'<!DOCTYPE x [<!ENTITY a "haha">{entities}]>{root}'


CASES = {
    "a picture": ("essay.docx", png(), "is a PNG picture, no Word document"),
    "a picture as a book": ("essay.epub", png(), "is a PNG picture, no book"),
    "a picture as a page": ("essay.html", png(), "is a PNG picture, no web page"),
    "a picture as rich text": ("essay.rtf", png(), "is a PNG picture, no Rich Text"),
    "nothing": ("essay.docx", b"", "the file is empty; write something in it"),
    "spaces": ("essay.html", b" \n ", "is an empty web page"),
    "half an archive": ("essay.docx", file("aral-sea.docx")[:6000], "is damaged: its zip archive has no end"),
    "half a rich text": ("essay.rtf", file("aral-sea.rtf")[:30000], "is damaged: it ends too early"),
    "no document": ("essay.docx", without("aral-sea.docx", "word/document.xml"), "has no word/document.xml"),
    "no content": ("essay.odt", without("aral-sea.odt", "content.xml"), "has no content.xml"),
    "no container": ("essay.epub", without("aral-sea.epub", "META-INF/container.xml"), "has no META-INF/container.xml"),
    "half a document": ("essay.docx", changed("aral-sea.docx", "word/document.xml", b"<a><b>"), "no sound XML"),
    "an open document": ("essay.docx", file("aral-sea.odt"), "has no word/document.xml"),
    "a book": ("essay.odt", file("aral-sea.epub"), "of the kind application/epub"),
    "a page": ("essay.docx", file("aral-sea.html"), "is a web page, no Word document .*ending .html"),
    "a Word document": ("essay.html", file("aral-sea.docx"), "is a zip archive"),
    "old Word": ("essay.docx", OLE, "old Office"),
    "a password": ("essay.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "is encrypted; .* remove its password"),
    "a locked archive": ("essay.docx", locked(file("aral-sea.docx")), "is encrypted"),
    "a locked open document": (
        "essay.odt",
        zipped({"META-INF/manifest.xml": "<m><encryption-data/></m>", "content.xml": "scrambled"}),
        "is encrypted",
    ),
    "a locked book": (
        "essay.epub",
        epub({"1.html": page("<p>x</p>")}, extra={
            "META-INF/encryption.xml": '<e><EncryptedData><EncryptionMethod Algorithm="aes256"/></EncryptedData></e>'
        }),
        "locked to its buyer",
    ),
    "a bomb": ("essay.docx", zipped({"word/document.xml": bytes(60 * 1024**2)}), "would unpack to 60 MiB"),
    "many parts": ("essay.docx", zipped({f"{n}.xml": "" for n in range(10_001)}), "has 10001 parts"),
    "laughs": ("essay.docx", zipped({"word/document.xml": laughs(f'<w:d xmlns:w="{WORD}">&j;</w:d>')}), "no sound XML"),
    "an outer file": (
        "essay.docx",
        zipped({"word/document.xml": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
                + word("document", f"<w:body>{paragraph('&f;')}</w:body>").split("?>")[1]}),
        "holds no text",
    ),
    "depth": ("essay.docx", docx("<w:sdt><w:sdtContent>" * 3000), "no sound XML"),
    "depth in a page": ("essay.html", b"<div>" * 100_000 + b"deep", "nested too deep"),
    "depth in rich text": ("essay.rtf", b"{\\rtf1" + b"{" * 100_000, "more than 10000 groups"),
    "no words": ("essay.docx", docx("<w:p/>"), "holds no text; write something in it"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_file_is_said_in_one_line_with_its_name_and_what_to_do(case: str) -> None:
    name, data, said = CASES[case]
    with pytest.raises(DocumentError, match=said) as told:
        read_document(Source("essay", name, data, ""))
    message = str(told.value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    assert len(message) < 300
    assert "; " in message or ", " in message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("essay.docx", docx("<w:sdt><w:sdtContent>" * 100 + paragraph("Deep.") + "</w:sdtContent></w:sdt>" * 100)),
        ("essay.docx", docx("<w:tbl><w:tr><w:tc>" * 70 + paragraph("Deep.") + "</w:tc></w:tr></w:tbl>" * 70)),
        ("essay.docx", docx(f"<w:p>{'<w:smartTag>' * 200}<w:r><w:t>Deep.</w:t></w:r>{'</w:smartTag>' * 200}</w:p>")),
        ("essay.odt", odt("<text:section>" * 40 + "<text:p>Deep.</text:p>" + "</text:section>" * 40)),
        ("essay.html", b"<ul><li>" * 110 + b"Deep."),
        ("essay.html", b"<blockquote>" * 240 + b"Deep."),
        ("essay.html", b"<p>" + b"<b>" * 200 + b"Deep."),
        ("essay.html", b"<table><tr><td>" * 60 + b"Deep."),
        ("essay.rtf", b"{\\rtf1" + b"{" * 5000 + b"Deep." + b"}" * 5001),
    ],
)  # fmt: skip
def test_what_is_nested_as_deep_as_the_parsers_allow_is_read(name: str, data: bytes) -> None:
    assert read_document(Source("essay", name, data, ""))[1][0].plain == "Deep."


def test_a_number_that_is_too_large_takes_neither_time_nor_memory() -> None:
    cell = '<table:table-cell table:number-columns-repeated="99999999"><text:p>A</text:p></table:table-cell>'
    start = time.perf_counter()
    for name, data in (
        ("essay.odt", odt(f"<table:table><table:table-row>{cell}{cell}</table:table-row></table:table>")),
        (
            "essay.html",
            b"<table><tr><td colspan=99999999>A<td rowspan=99999999>B<ol start=99999999><li value=9999>C</table>",
        ),
        ("essay.rtf", b"{\\rtf1\\uc9999999999 A\\u99999999999 B\\bin3 xyz\\ilvl999999\\par}"),
    ):
        document, _ = read_document(Source("essay", name, data, ""))
        assert "A" in document.text
        assert len(document.text) < 5000
    assert time.perf_counter() - start < 2


def test_the_others_are_read(tmp_path: Path) -> None:
    for place, (name, data, _) in enumerate(CASES.values()):
        (tmp_path / f"{place}-{name}").write_bytes(data)
    (tmp_path / "aral-sea.docx").write_bytes(file("aral-sea.docx"))
    reading = read_corpus(tmp_path)
    assert [one.name for one in reading.documents] == ["aral-sea.docx"]
    assert len(reading.skipped) == len(CASES)
    assert all(one.reason.startswith(f"{one.name}: ") for one in reading.skipped)
