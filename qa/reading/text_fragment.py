"""A passage's place on its author's own page, as a text fragment: the browser scrolls to the words and marks them.

Text Fragments of the W3C's Web Incubator Community Group, https://wicg.github.io/scroll-to-text-fragment/: a range is
named by its first and last words, each of them whole; what stands before and after tells two equal ranges apart.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from qa.language.cleaning import visible
from qa.records import Document, Passage

# A passage of more characters is named by its beginning and end, first of so many words; a page may differ in between.
_LONGEST_EXACT = 120
_FIRST, _AROUND = 4, 3
# In a text of more characters it is not looked how often words occur: the end of the range must do.
_LONGEST_SEARCHED = 1_000_000
_BESIDE = 400
_CELLS = re.compile(r"(?<!\\)\|")
_MARKER = re.compile(r"\s*(?:[#>*+•–—-]+|\|?[-:| ]+\||\w{1,3}[.)])?\s*")
_MARKUP = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)|[*_`~]+")
_WORD = re.compile(r"\w+")


def source_url(document: Document, passage: Passage) -> str | None:
    """The address of a passage on the page that the document's metadata names; None where they name none."""
    url = document.metadata.url
    if url is None:
        return None
    return f"{url}{'' if '#' in url else '#'}:~:text={_fragment(document, passage)}"


def _fragment(document: Document, passage: Passage) -> str:
    """``[prefix-,]start[,end][,-suffix]``"""
    if passage.kind == "row":
        return _row(passage.text.splitlines()[-1])
    words = _words(passage)
    shown = " ".join(words)
    if len(shown) > _LONGEST_EXACT:
        for count in (_FIRST, 2 * _FIRST, 4 * _FIRST):
            first = words[:count]
            if 2 * count > len(words):
                break
            if _occurs_once(document, first):
                return _joined([" ".join(first), " ".join(words[-_FIRST:])])
    if _occurs_once(document, words):
        return _exact(shown, words)
    before, after = _before(document, passage), _after(document, passage)
    prefix = f"{_encoded(before)}-," if before else ""
    suffix = f",-{_encoded(after)}" if after else ""
    return f"{prefix}{_exact(shown, words)}{suffix}"


def _row(line: str) -> str:
    """Each cell is a block by itself, which a text cannot cross: the first one is what stands before the second."""
    cells = [cell for one in _CELLS.split(line) if (cell := _plain(one))]
    if len(cells) < 3:
        return _joined(cells)
    return f"{_encoded(cells[0])}-,{_joined(cells[1:])}"


def _exact(shown: str, words: list[str]) -> str:
    """All of a short text; of a longer one both its ends."""
    if len(shown) <= _LONGEST_EXACT or len(words) < 2 * _FIRST:
        return _encoded(shown)
    half = min(len(words) // 2, 4 * _FIRST)
    return _joined([" ".join(words[:half]), " ".join(words[-half:])])


def _joined(parts: list[str]) -> str:
    """A range from the first of some texts to the last."""
    return ",".join(_encoded(part) for part in dict.fromkeys((parts[0], parts[-1]) if parts else ("",)))


def _encoded(text: str) -> str:
    # `quote` leaves the hyphen, which the syntax takes for the mark of a prefix.
    return quote(text, safe="").replace("-", "%2D")


def _words(passage: Passage) -> list[str]:
    """The words as a page shows them: without markup, and without what the encoder reads besides."""
    plain = passage.plain
    if passage.context and passage.kind == "item":
        plain = plain.removeprefix(f"{passage.context} ")
    return plain.split() if passage.kind != "code" else passage.text.split()


def _occurs_once(document: Document, words: list[str]) -> bool:
    """Whether words follow each other in one place of the document only, whatever signs and spaces lie between."""
    if len(document.text) > _LONGEST_SEARCHED:
        return True
    parts = [re.escape(part) for part in _WORD.findall(" ".join(words))]
    if not parts:
        return False
    together = r"[\W_]+".join(parts)
    found = re.finditer(rf"(?<!\w){together}(?!\w)", document.text)
    return next(found, None) is None or next(found, None) is None


def _before(document: Document, passage: Passage) -> str:
    """The last words of what stands above a passage, or before it in its own paragraph."""
    lines = document.text[max(0, passage.start - _BESIDE) : passage.start].splitlines()
    return " ".join(_nearest(lines[::-1])[-_AROUND:])


def _after(document: Document, passage: Passage) -> str:
    """The first words of what follows a passage."""
    return " ".join(_nearest(document.text[passage.end : passage.end + _BESIDE].splitlines())[:_AROUND])


def _nearest(lines: list[str]) -> list[str]:
    """The words of the first line that has any besides its list marker, as a page shows them."""
    return next((words for line in lines if (words := _plain(_unmarked(line)).split())), [])


def _unmarked(line: str) -> str:
    marker = _MARKER.match(line)
    return line[marker.end() :] if marker else line


def _plain(markup: str) -> str:
    return visible(_MARKUP.sub(r"\1", markup))
