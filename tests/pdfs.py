"""PDFs written by hand, object by object, as no program would."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(objects: Sequence[bytes], trailer: bytes = b"", *, xref_at: int | None = None) -> bytes:
    """A PDF of objects numbered from 1, of which the first is the catalogue; ``xref_at`` is where it says that its
    table is."""
    data = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(data)
    entries = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, entries)
    data += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return data + b"startxref\n%d\n%%%%EOF\n" % (table if xref_at is None else xref_at)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"


def pages(count: int = 1) -> bytes:
    return b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b" ".join(b"3 0 R" for _ in range(count)))


def page(content: bytes, resources: bytes = b"") -> list[bytes]:
    """A page whose objects have the numbers 3 to 5: itself, what is drawn, and Helvetica as F1."""
    return [
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 600] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> %s >> >>" % resources,
        stream(content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]


def text_pdf(*lines: str, size: int = 12) -> bytes:
    """One page with lines in Latin letters."""
    shown = "".join(f"BT /F1 {size} Tf 50 {560 - 16 * place} Td ({line}) Tj ET\n" for place, line in enumerate(lines))
    return pdf([CATALOGUE, pages(), *page(shown.encode("latin-1"))])


def scanned_pdf() -> bytes:
    """One page with a picture and no letter."""
    picture = stream(
        b"\x80" * 64, b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    )
    objects = page(b"q 300 0 0 400 50 100 cm /I1 Do Q", b"/XObject << /I1 6 0 R >>")
    return pdf([CATALOGUE, pages(), *objects, picture])
