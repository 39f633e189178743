"""A quotation with its source, as it is pasted elsewhere: plain, in Markdown, for BibTeX."""

from __future__ import annotations

import re
from typing import NamedTuple

from qa.conversation.markdown import link, quotation
from qa.records import Citation

_NO_KEY = re.compile(r"[^A-Za-z0-9]+")
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}%&#_$"},
}


class CitationForms(NamedTuple):
    plain: str
    markdown: str
    bibtex: str

    @classmethod
    def of(cls, quote: str, citation: Citation, address: str) -> CitationForms:
        """``address`` is where the quotation stands, absolute and percent-encoded."""
        source = citation.title if citation.label == citation.title else f"{citation.title}, {citation.label}"
        return cls(
            plain=f"«{' '.join(quote.split())}» — {source}. {address}",
            markdown=f"{quotation(quote)}\n>\n> — {link(source, address)}",
            bibtex=_bibtex(quote, citation, address),
        )


def _bibtex(quote: str, citation: Citation, address: str) -> str:
    fields = {
        "title": _tex(citation.title),
        "note": _tex(f"{citation.label}: «{' '.join(quote.split())}»"),
        "howpublished": rf"\url{{{address}}}",
        # Which text was quoted: the address shows the one of the day.
        "version": f"sha256:{citation.source_sha256[:16]}",
    }
    listed = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    # A key of other letters is refused by BibTeX itself.
    key = _NO_KEY.sub("-", f"{citation.document} {citation.anchor}").strip("-")
    return f"@misc{{{key},\n{listed}}}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in text)
