"""Headings of plain text: numbered in any usual way, underlined, in capitals or in Title Case.

A line is read here as a candidate by its form alone; `plaintext` decides in context, since "2. Кіріспе" may as
well be an item of a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.language.cleaning import visible
from qa.reading.outline import Heading

LONGEST_HEADING = 150
_LONGEST_RUN_ON = 100  # a heading with its text right below it, no blank line between
_LONGEST_UNNUMBERED = 100
_LONGEST_WITH_FULL_STOP = 5  # words

_NUMBER = r"\d{1,3}(?:\.\d{1,3})*"
# І and Х are the Cyrillic letters that stand in for Roman numerals on a Kazakh or Russian keyboard.
_ROMAN = r"[IVXLCDMІХ]{1,9}"
_UNIT_RANKS = {
    0: "часть part kısım раздел бөлім section",
    1: "глава chapter bölüm тарау",
    2: "параграф статья article бап madde",
}
_RANK_OF_UNIT = {unit: rank for rank, units in _UNIT_RANKS.items() for unit in units.split()}
_UNIT = "|".join(_RANK_OF_UNIT)
# Without regard to case Python takes the Turkish ı, i, I and İ for one another, as a search should.
_DOTLESS = str.maketrans("ıİ", "ii")
_RANK_OF_FOLDED_UNIT = {unit.translate(_DOTLESS): rank for unit, rank in _RANK_OF_UNIT.items()}
_PARAGRAPH_RANK, _ROMAN_RANK, _DECIMAL_RANK = 2, 3, 4
# Capitals govern what any number does; Title Case stands below every number.
CAPITALS_RANK, TITLE_RANK = -1, 90

_FORMS = (
    (
        "unit",
        re.compile(
            rf"(?P<unit>{_UNIT})\s+№?\s*(?P<number>{_NUMBER}|{_ROMAN})(?P<mark>\s*[.:)—–-]|(?=\s|$))\s*(?P<title>.*)$",
            re.IGNORECASE,
        ),
    ),
    (
        "unit",
        re.compile(
            rf"(?P<number>{_NUMBER}|{_ROMAN})\s*[-–]?\s*(?P<unit>{_UNIT})(?P<mark>\s*[.:—–-]|(?=\s|$))\s*(?P<title>.*)$",
            re.IGNORECASE,
        ),
    ),
    ("paragraph", re.compile(rf"§\s*(?P<number>{_NUMBER})(?P<mark>\.?)\s*(?P<title>.*)$")),
    ("decimal", re.compile(rf"(?P<number>{_NUMBER})(?P<mark>\.?)\s+(?P<title>\S.*)$")),
    ("decimal", re.compile(rf"(?P<number>{_NUMBER})(?P<mark>\.)(?P<title>[^\W\d_].*)$")),
    ("roman", re.compile(rf"(?P<number>{_ROMAN})(?P<mark>\.?)\s+(?P<title>\S.*)$")),
)
_NUMBERED_TITLE = re.compile(
    rf"(?:(?P<number>{_NUMBER}|{_ROMAN})(?:\s*[.):](?!\d)\s*|\s+[—–-]\s+)|(?P<bare>\d{{1,2}}|\d{{1,3}}(?:\.\d{{1,3}})+)\s+(?=[^\Wa-zа-яё]))"
    r"(?P<title>\S.*)$"
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_CYRILLIC_NUMERALS = str.maketrans("ІХ", "IX")
# Well-formed numerals; a single L, C, D or M is rather somebody's initial.
_WELL_FORMED = re.compile(r"(?![LCDM]$)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
# "Almaty, 2020" and "Photo: Reuters" are set as headings are, but head nothing.
_DATELINE = re.compile(r",\s*\d{4}\b|^\w+:\s")
_WORD = re.compile(r"[^\W\d_][\w'’ʼ-]*")
_QUOTE_OR_DASH = tuple("«»\"“”„'—–-…")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that begins as a numbered heading does. ``key`` is its number as integers, outermost first; ``marked``
    says that something stands between number and title; ``plausible`` that the rest may be a title."""

    form: str
    number: str
    key: tuple[int, ...]
    rank: int
    marked: bool
    title: str
    plausible: bool

    def follows(self, other: Candidate) -> bool:
        """Whether this is the next number after ``other`` at the same depth."""
        return self.rank == other.rank and self.form == other.form and self.key == (*other.key[:-1], other.key[-1] + 1)

    def heading(self, shown: str, start: int, end: int) -> Heading:
        return Heading(self.number, self.title or shown, shown, self.rank, start, end)


def roman_value(numeral: str) -> int | None:
    """The value of a Roman numeral, None for what is none; a smaller sign before a larger one is subtracted."""
    signs = numeral.upper().translate(_CYRILLIC_NUMERALS)
    if not _WELL_FORMED.fullmatch(signs):
        return None
    values = [_ROMAN_VALUES[sign] for sign in signs]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))


def candidate(line: str) -> Candidate | None:
    """Read a line as a numbered heading, by its form alone."""
    shown = visible(line)
    if len(shown) > LONGEST_HEADING:
        return None
    for form, expression in _FORMS:
        found = expression.match(shown)
        read = _candidate(form, found) if found else None
        if read is not None:
            return read
    return None


def number_of_title(shown: str) -> tuple[str, str] | None:
    """Number and title of a line that is known to be a heading, as in Markdown, or None where it has no number."""
    found = _NUMBERED_TITLE.match(shown)
    number = (found["number"] or found["bare"]) if found else None
    if found and number and (number[0].isdigit() or roman_value(number) is not None):
        return number, found["title"].strip()
    unit = candidate(shown)
    return (unit.number, unit.title) if unit is not None and unit.form in ("unit", "paragraph") else None


def _candidate(form: str, found: re.Match[str]) -> Candidate | None:
    number, title, marked = found["number"], found["title"].strip(), bool(found["mark"].strip())
    plausible = _title_like(title)
    digits = number[0].isdigit()
    value = None if digits else roman_value(number)
    if not digits and value is None:
        return None
    key = tuple(int(part) for part in number.split(".")) if value is None else (value,)
    if form == "unit":
        return Candidate(
            form,
            number,
            key,
            _RANK_OF_FOLDED_UNIT[found["unit"].translate(_DOTLESS).lower()],
            marked or not title,
            title,
            plausible,
        )
    if form == "paragraph":
        return Candidate(form, number, key, _PARAGRAPH_RANK, True, title, plausible)
    rank = _DECIMAL_RANK + len(key) if digits else _ROMAN_RANK
    return Candidate(form, number, key, rank, marked or len(key) > 1, title, plausible)


def _title_like(title: str) -> bool:
    """A title begins with no small letter and does not end as a sentence or a list item does, unless it is short."""
    if not title:
        return True
    if title[-1] == "." and (len(title.split()) > _LONGEST_WITH_FULL_STOP or ". " in title):
        return False
    return not title[0].islower() and any(character.isalnum() for character in title) and title[-1] not in ";,"


def run_on(found: Candidate) -> bool:
    """Whether the candidate is short and marked enough to head text that follows without a blank line."""
    return found.marked and len(found.title) <= _LONGEST_RUN_ON and not found.title.endswith((":", ".", "!"))


def unnumbered_rank(line: str) -> int | None:
    """The rank of a line in capitals or in Title Case, or None where it is neither."""
    shown = visible(line)
    words = _WORD.findall(shown)
    if not words or len(shown) > _LONGEST_UNNUMBERED or shown[-1] in ".;:,!…" or shown.startswith(_QUOTE_OR_DASH):
        return None
    if _DATELINE.search(shown):
        return None
    letters = [letter for letter in shown if letter.lower() != letter.upper()]
    if len(letters) >= 2 and all(letter.isupper() for letter in letters):
        return CAPITALS_RANK
    # Short words (and, of, мен, үшін, и, ve) are written small in Title Case.
    titled = words[0][0].isupper() and all(word[0].isupper() or len(word) <= 4 for word in words[1:])
    return TITLE_RANK if titled else None
