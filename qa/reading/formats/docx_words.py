"""The words of a paragraph of a Word document, as they stand once all changes are accepted."""

from __future__ import annotations

from dataclasses import dataclass, field

from qa.reading.formats.docx_styles import Styles, switch
from qa.reading.formats.words import Words
from qa.reading.formats.xml import Element, attribute, child, local, steps

# What was deleted or moved away, properties, instructions of fields, the reading aids over East Asian words.
_NO_TEXT = frozenset(
    {"del", "moveFrom", "pPr", "rPr", "delText", "instrText", "delInstrText", "rt", "sdtPr", "sdtEndPr", "fldData"}
)
_SIGNS = {"tab": " ", "ptab": " ", "cr": "\n", "noBreakHyphen": "-"}
_PRIVATE = range(0xE000, 0xF900)


@dataclass(slots=True)
class Spoken:
    """``notes``: kind and id of each note that is referred to; ``boxes``: the text boxes that are anchored here."""

    words: Words = field(default_factory=Words)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)


def words_of(paragraph: Element, styles: Styles, spoken: Spoken | None = None) -> Spoken:
    """Read a paragraph, after what is already ``spoken``."""
    spoken = spoken or Spoken()
    style = attribute(child(paragraph, "pPr", "pStyle"), "val")
    bold = by_style = styles.bold(style)
    for opens, element, skip in steps(paragraph):
        name = local(element)
        if not opens:
            continue
        if name in _NO_TEXT or _is_alternative(element, name) or _is_placeholder(element, name):
            skip()
        elif name == "r":
            properties = child(element, "rPr")
            bold = _bold(properties, styles, by_style)
            if _hidden(properties, styles):
                skip()
        elif name == "txbxContent":
            spoken.boxes.append(element)
            skip()
        elif name in ("footnoteReference", "endnoteReference"):
            spoken.notes.append((name.removesuffix("Reference"), attribute(element, "id") or ""))
        else:
            spoken.words.add(_text(element, name), bold=bold)
    return spoken


def _text(element: Element, name: str) -> str:
    if name == "t":
        return element.text or ""
    if name == "br":
        return " " if attribute(element, "type") in ("page", "column") else "\n"
    if name == "sym":
        try:
            code = int(attribute(element, "char") or "", 16)
        except ValueError:
            return ""
        return chr(code) if code < 0x110000 and code not in _PRIVATE else ""
    return _SIGNS.get(name, "")


def _bold(properties: Element | None, styles: Styles, by_style: bool) -> bool:
    own = switch(properties, "b")
    if own is not None:
        return own
    style = attribute(child(properties, "rStyle"), "val")
    return by_style or (style is not None and styles.bold(style))


def _hidden(properties: Element | None, styles: Styles) -> bool:
    own = switch(properties, "vanish")
    style = attribute(child(properties, "rStyle"), "val")
    return own if own is not None else style is not None and styles.hidden(style)


def _is_alternative(element: Element, name: str) -> bool:
    """What stands there for programs that do not know the first choice."""
    if name not in ("Choice", "Fallback") or local(element.getparent()) != "AlternateContent":
        return False
    return element.getprevious() is not None


def _is_placeholder(element: Element, name: str) -> bool:
    return name == "sdt" and child(element, "sdtPr", "showingPlcHdr") is not None
