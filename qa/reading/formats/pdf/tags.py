"""The tags of a page as PDFium tells them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from qa.reading.formats.pdf.sheet import Element

_MOST_ELEMENTS = 100_000  # of a page


def elements_of(page: Any) -> tuple[tuple[Element, ...], dict[int, int]]:
    """The tags of a page, each after the one around it, and the innermost of each marked stretch."""
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return (), {}
    try:
        return _walked(tree)
    finally:
        pdfium.FPDF_StructTree_Close(tree)


def _walked(tree: Any) -> tuple[tuple[Element, ...], dict[int, int]]:
    elements: list[Element] = []
    outer: list[tuple[bool, bool]] = []  # whether what each begins with is an element itself, and what it ends with
    tagged: dict[int, int] = {}
    count = max(0, pdfium.FPDF_StructTree_CountChildren(tree))
    roots = (pdfium.FPDF_StructTree_GetChildAtIndex(tree, place) for place in range(count))
    waiting = [(root, -1) for root in roots if root][::-1]
    while waiting and len(elements) < _MOST_ELEMENTS:
        element, parent = waiting.pop()
        kids: list[tuple[Any, int]] = [
            (
                pdfium.FPDF_StructElement_GetChildAtIndex(element, place),
                pdfium.FPDF_StructElement_GetChildMarkedContentID(element, place),
            )
            for place in range(max(0, pdfium.FPDF_StructElement_CountChildren(element)))
        ]
        here = [bool(kid) or mark >= 0 for kid, mark in kids]
        own = len(elements)
        kind = text_of(partial(pdfium.FPDF_StructElement_GetType, element))
        elements.append(Element(kind, parent, not here or here[0], not here or here[-1]))
        outer.append((bool(kids and kids[0][0]), bool(kids and kids[-1][0])))
        tagged.update((mark, own) for _, mark in kids if mark >= 0)
        waiting.extend((kid, own) for kid, _ in reversed(kids) if kid)
    return _extended(elements, outer), tagged


def _extended(elements: list[Element], outer: list[tuple[bool, bool]]) -> tuple[Element, ...]:
    """The elements, each beginning and ending here only if its first and its last one do."""
    found = list(elements)
    last: dict[int, int] = {}
    for place, element in enumerate(elements):
        last[element.parent] = place
    for place in range(len(found) - 1, -1, -1):
        element, parent = found[place], found[place].parent
        if parent < 0:
            continue
        above = found[parent]
        if place == parent + 1 and outer[parent][0] and not element.begins:
            above = replace(above, begins=False)
        if place == last[parent] and outer[parent][1] and not element.ends:
            above = replace(above, ends=False)
        found[parent] = above
    return tuple(found)


def text_of(ask: Callable[[Any, int], int], encoding: str = "utf-16-le", unit: Any = pdfium.FPDF_WCHAR) -> str:
    buffer = (unit * 256)()
    size = ask(ctypes.cast(buffer, ctypes.c_void_p) if unit is not ctypes.c_char else buffer, ctypes.sizeof(buffer))
    return bytes(buffer)[: min(size, ctypes.sizeof(buffer))].decode(encoding, "replace").rstrip("\0")
