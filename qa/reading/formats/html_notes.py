"""The notes of web pages and books: a short mark that leads to a text, which leads back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from qa.reading.formats.html_marks import HEADINGS, words_in
from qa.reading.formats.xml import Element, local

_MARK = re.compile(r"[\[(]? ?(?:\d{1,4}|[*†‡§¶]{1,4}|[a-zа-я]|[ivxlc]{1,6}|прим\.? ?\d*) ?[\])]?", re.IGNORECASE)
_REFERENCE = re.compile(r"\b(?:noteref|doc-noteref|footnote-ref|footnote-reference|footnoteref)\b")
_PLACES = ("li", "aside", "dd", "p", "div", "section", "td")
_AROUND = ("li", "aside", "dd", "div")
_LONGEST = 10_000


class Notes:
    """The notes of pages that belong together, each given as where it lies and its root."""

    def __init__(self, pages: Sequence[tuple[str, Element]]) -> None:
        self.text_of: dict[Element, Element] = {}  # what holds a note, by the link that leads to it
        self.texts: set[Element] = set()
        self.back: set[Element] = set()  # the links from a note to its reference
        self._targets = {
            f"{base}#{name}": one
            for base, root in reversed(pages)
            for one in root.iter()
            for name in {one.get("id"), one.get("name") if local(one) == "a" else None}
            if name
        }
        for base, root in pages:
            for link in root.iter("{*}a"):
                self._add(base, link)

    def _add(self, base: str, link: Element) -> None:
        declared = any(_REFERENCE.search(words_in(link, name)) for name in ("type", "role", "class"))
        mark = " ".join("".join(link.itertext()).split())
        target = self._target(base, link)
        if target is None or len(mark) > 20 or not (_MARK.fullmatch(mark) or declared):
            return
        text = _text_around(target)
        if text is None or any(above in self.texts or above is text for above in link.iterancestors()):
            return
        back = [one for one in text.iter("{*}a") if self._leads_to(one, link)]
        if not (back or declared) or len("".join(text.itertext())) > _LONGEST:
            return
        self.text_of[link] = text
        self.texts.add(text)
        self.back.update(back)

    def _target(self, base: str, link: Element) -> Element | None:
        file, hash_, name = (link.get("href") or "").partition("#")
        where = normpath(join(dirname(base), unquote(file))) if file else base
        return self._targets.get(f"{where}#{unquote(name)}") if hash_ and name else None

    def _leads_to(self, back: Element, link: Element) -> bool:
        """Whether a link leads to another one, or to what is right around it."""
        name = unquote((back.get("href") or "").rpartition("#")[2])
        near = [link, *link][:4]
        for above in link.iterancestors():
            near.append(above)
            if len(near) > 7 or local(above) in _PLACES:
                break
        return bool(name) and any(name in (one.get("id"), one.get("name")) for one in near)


def _text_around(target: Element) -> Element | None:
    """The block that a link to somewhere in it leads to."""
    found = (
        target
        if local(target) in _PLACES
        else next((above for above in target.iterancestors() if local(above) in _PLACES), None)
    )
    if found is None or any(local(one) in HEADINGS for one in found.iter()):
        return None
    around = found.getparent()
    named = around is not None and (around.get("id") or "note" in words_in(around, "class"))
    if named and local(found) == "p" and local(around) in _AROUND and around[0] is found:
        return around
    return found
