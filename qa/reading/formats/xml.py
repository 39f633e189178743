"""XML that somebody else made: no entity is expanded, nothing is fetched, and no tree is deeper than the parser allows.

Elements are known by their local names: the same words stand in other namespaces in files of other versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qa.errors import DocumentError

Element = Any  # lxml.etree._Element, which has no types of its own


def parse_xml(data: bytes, name: str) -> Element:
    """The root of an XML document.

    Raises:
        DocumentError: it is not well-formed, or too deep; ``name`` is the part's.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else "it ends too early"
        raise DocumentError(
            f"the file is damaged: its part {name} is no sound XML ({reason}); save it again"
        ) from error


def local(element: Element) -> str:
    """The name without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element | None, name: str) -> str | None:
    """The value of an attribute by its local name."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None


def child(element: Element | None, *names: str) -> Element | None:
    """What one comes to by the first child of each name."""
    for name in names:
        if element is None:
            return None
        element = next((one for one in element if local(one) == name), None)
    return element


def children(element: Element | None, *names: str) -> Iterator[Element]:
    if element is not None:
        yield from (one for one in element if local(one) in names)


def every(element: Element | None, *names: str) -> Iterator[Element]:
    """All descendants of these names, in the document's order."""
    if element is not None:
        yield from (one for one in element.iter() if one is not element and local(one) in names)


def steps(element: Element) -> Iterator[tuple[bool, Element, Any]]:
    """The elements below one as they open (True) and close, without recursion; the third skips what is below."""
    from lxml import etree

    walk = etree.iterwalk(element, events=("start", "end"))
    for event, one in walk:
        if one is not element:
            yield event == "start", one, walk.skip_subtree
