"""What bytes are that are not what their name says."""

from __future__ import annotations

from qa.errors import DocumentError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SIGNS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a Rich Text file"),
    (b"PK\x03\x04", "a zip archive, as .docx, .odt and .epub are"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_HTML = (b"<!doctype html", b"<html")


def refuse(data: bytes, wanted: str) -> DocumentError:
    """The error for bytes that are no file of the ``wanted`` kind, which says what they look like."""
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            return DocumentError("the file is encrypted; open it, remove its password and save it again")
        return DocumentError(f"the file is one of an old Office (.doc), no {wanted}; open it and save it anew")
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML):
        return DocumentError(f"the file is a web page, no {wanted}; give it the ending .html")
    for sign, name in _SIGNS:
        if data.startswith(sign):
            return DocumentError(f"the file is {name}, no {wanted}; give it its own ending or save it anew")
    return DocumentError(f"the file is damaged or no {wanted}; open it where it was made and save it again")
