from __future__ import annotations

import pytest

from qa.errors import DocumentError
from qa.reading.decoding import decode

KAZAKH = "Қазақстан — тәуелсіз мемлекет. Ол 1991 жылы егемендігін жариялады, өз жолын таңдады.\n"
RUSSIAN = (
    "Казахстан объявил о своей независимости в декабре 1991 года. С тех пор страна ведёт многовекторную "
    "внешнюю политику, развивает отношения с соседями и участвует в работе международных организаций.\n"
)


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "utf-32-le"),
    ],
)
def test_unicode_encodings_with_their_marks(encoding: str, mark: bytes, name: str) -> None:
    decoded = decode(mark + KAZAKH.encode(encoding), "a.txt")
    assert (decoded.text, decoded.encoding) == (KAZAKH, name)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "utf-16-le"])
def test_encodings_without_a_mark_are_told_by_their_bytes(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding), "a.txt").text == RUSSIAN


def test_kazakh_letters_in_windows_1251s_kazakh_sister() -> None:
    decoded = decode((KAZAKH * 3).encode("kz1048"), "a.txt")
    assert (decoded.text, decoded.encoding) == (KAZAKH * 3, "kz1048")


def test_line_ends_soft_hyphens_and_decomposed_letters_stay_as_they_are() -> None:
    text = "Бір\r\nекі\u00adүш\u00a0төрт и\u0306\r\n"
    assert decode(text.encode(), "a.txt").text == text


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", b"\xff\xfe\x00\xd8\x41\x00", bytes(range(256)) * 4]
)
def test_what_is_no_text_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"picture\.txt.*UTF-8"):
        decode(data, "picture.txt")
