"""The bytes of a web page become a tree of its elements."""

from __future__ import annotations

import codecs
import re
from html.entities import html5

from qa.errors import DocumentError
from qa.reading.decoding import decode
from qa.reading.formats.disguise import refuse
from qa.reading.formats.xml import Element, parse_xml

_WANTED = "web page (.html)"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE
)
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_SEARCHED = 4096  # bytes; a browser looks at 1024
# As browsers take it: whoever writes these means those.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8"}


def parse_html(data: bytes) -> Element:
    """The root of a web page.

    Raises:
        DocumentError: the bytes are no text, or no page.
    """
    from lxml import etree

    if b"\0" in data[:2048] and not data.startswith(tuple(mark for mark, _ in _MARKS)):
        raise refuse(data, _WANTED)
    # The parser would stop at a null character, and heed another declaration.
    text = decode_page(data).replace("\0", "\ufffd").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"the file is no {_WANTED} that can be read ({str(error)[:80]}); save it anew") from error
    if any("depth" in entry.message for entry in parser.error_log):
        raise DocumentError("its elements are nested too deep to be read; save the page anew")
    if root is None:
        raise DocumentError(f"the file is an empty {_WANTED}; write something in it or remove it")
    return root


def parse_xhtml(data: bytes, path: str) -> Element:
    """The root of a page in XHTML, read as HTML where it is not well-formed. Raises as `parse_html` does."""
    try:
        return parse_xml(_ENTITY.sub(_resolved, data), path)
    except DocumentError:
        return parse_html(data)


def _resolved(found: re.Match[bytes]) -> bytes:
    if found[1] in _OF_XML:
        return found[0]
    character = html5.get(f"{found[1].decode('ascii')};")
    return found[0] if character is None else "".join(f"&#{ord(one)};" for one in character).encode("ascii")


def decode_page(data: bytes) -> str:
    """The text of a page by its byte order mark, else as it declares itself, else by what it looks like.

    Raises:
        DocumentError: it is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    found = _DECLARED.search(data, 0, _SEARCHED)
    if found:
        try:
            name = codecs.lookup((found[1] or found[2]).decode("ascii")).name
            return data.decode(_MEANT.get(name, name))
        except (LookupError, UnicodeDecodeError):
            pass  # it is in another one than it says
    try:
        return decode(data, "").text
    except DocumentError:
        raise refuse(data, _WANTED) from None
