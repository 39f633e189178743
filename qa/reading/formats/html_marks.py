"""What the elements of a web page are for: blocks, words, or none of the author's text."""

from __future__ import annotations

import re

from qa.reading.formats.xml import Element, attribute, local

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li", "listing",
     "main", "menu", "nav", "ol", "p", "plaintext", "pre", "search", "section", "summary", "table", "tbody", "td",
     "tfoot", "th", "thead", "tr", "caption", "ul", "xmp", *HEADINGS}
)  # fmt: skip
# Holds nothing that is read as text.
SILENT = frozenset(
    {"script", "style", "head", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "math-annotation",
     "canvas", "audio", "video", "map", "button", "select", "option", "datalist", "textarea", "input", "meter",
     "progress", "del", "rt", "rp", "link", "meta", "title", "annotation", "annotation-xml"}
)  # fmt: skip
_REASONS = {"nav": "navigation", "aside": "aside", "form": "form", "search": "form", "dialog": "dialog"}
_ROLES = {
    "navigation": "navigation",
    "banner": "page header",
    "contentinfo": "page footer",
    "complementary": "aside",
    "search": "form",
    "dialog": "dialog",
    "alert": "dialog",
    "menu": "navigation",
}
# The names that the programs behind most pages give to what readers wrote below an essay.
_COMMENTS = frozenset({"comments", "respond", "comment-respond", "disqus_thread", "comments-area"})
_INVISIBLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_NOTES = re.compile(r"\b(?:footnotes|endnotes|rearnotes|doc-footnotes|doc-endnotes|reflist)\b")
_WITHIN = frozenset({"main", "article", "section", "blockquote", "figure", "td", "li"})


def words_in(element: Element, name: str) -> str:
    """An attribute that lists words, in small letters."""
    return (attribute(element, name) or "").lower()


def reason_to_drop(element: Element, *, book: bool) -> str | None:
    """Why an element is no text of the author's; None: it is. In a ``book`` there is nothing around the text."""
    name = local(element)
    if "hidden" in element.attrib or _INVISIBLE.search(element.get("style") or ""):
        return "hidden"
    if book:
        return "table of contents" if name == "nav" else None
    named = {*words_in(element, "class").split(), words_in(element, "id")}
    if named & _COMMENTS:
        return "comments"
    if name in ("header", "footer") and not any(local(above) in _WITHIN for above in element.iterancestors()):
        heads = name == "header" and any(local(below) == "h1" for below in element.iter())
        return None if heads else f"page {name}"
    return _REASONS.get(name) or _ROLES.get(words_in(element, "role"))


def holds_notes(element: Element) -> bool:
    """Whether an element says of itself that it is made for notes."""
    return any(_NOTES.search(words_in(element, name)) for name in ("class", "role", "type"))


def main_text(body: Element) -> Element:
    """What the page marks as its main text; all of it where it marks none, or several."""
    for names in (("main",), ("article",)):
        found = [one for one in body.iter() if local(one) in names or (words_in(one, "role") in names)]
        among = set(found)
        outermost = [one for one in found if not any(above in among for above in one.iterancestors())]
        if len(outermost) == 1 and "".join(outermost[0].itertext()).strip():
            return outermost[0]
        if found:
            return body
    return body
