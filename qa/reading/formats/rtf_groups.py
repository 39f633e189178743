"""The groups of Rich Text: what becomes of the text of each, and what holds until it ends."""

from __future__ import annotations

from dataclasses import dataclass

# Groups by the control word that they begin with, and what becomes of their text.
TARGETS = {
    "fonttbl": "fonts", "stylesheet": "styles", "listtext": "marker", "pntext": "marker", "footnote": "note",
    "shptxt": "box", "shpinst": "shape", "header": "page header", "headerl": "page header", "headerr": "page header",
    "headerf": "page header", "footer": "page footer", "footerl": "page footer", "footerr": "page footer",
    "footerf": "page footer", "annotation": "comment", "info": "info",
} | dict.fromkeys(
    ("colortbl", "listtable", "listoverridetable", "pict", "nonshppict", "objdata", "fldinst", "xe", "tc", "txe",
     "revtbl", "rsidtbl", "generator", "atnid", "atnauthor", "bkmkstart", "bkmkend", "nonesttables", "filetbl", "sp",
     "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "ftncn", "aftncn", "themedata", "colorschememapping", "datastore",
     "pgdsctbl", "private", "keywords", "comment", "operator", "company", "doccomm", "subject", "category"),
    "nothing",
)  # fmt: skip
DECLARED = {"title": "title", "author": "author"}
DROPPED = ("page header", "page footer", "comment")
KEEPS_NOTHING = frozenset({"text", "nothing", "fonts", "info", "shape", "styles"})


@dataclass(slots=True)
class State:
    """What holds until the group ends. ``target``: what becomes of its text."""

    target: str = "text"
    bold: bool = False
    hidden: bool = False
    font: int = -1
    fallback: int = 1  # characters after one in Unicode, for programs that know none
    style: int = 0
    level: int | None = None
    depth: int = 0
    in_list: bool = False
    in_table: bool = False
    starred: bool = False
    begins: bool = True  # nothing has come yet
