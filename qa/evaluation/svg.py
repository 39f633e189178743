"""Figures of matplotlib as SVG elements of a page, which gives them its colours and its font."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# matplotlib knows no CSS variables: each stands in the SVG as a colour of its own until the SVG is finished.
_VARIABLES = ("ink", "muted", "line", "first", "third", "wrong", "near", "off")
INK, MUTED, LINE, FIRST, THIRD, WRONG, NEAR, OFF = (f"#00000{place}" for place in range(1, 9))
WIDTH = 5.3  # inches, of 72 units of the SVG each: narrow, so that the text can still be read on a phone
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.color": INK,
    "font.size": 11,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "grid.color": LINE,
    "legend.frameon": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "ytick.left": False,
}


def drawn(name: str, title: str, draw: Callable[[], Figure | None]) -> str | None:
    """What ``draw`` draws, if anything, as an ``<svg>`` whose ids begin with ``name``; the same each time."""
    written = io.StringIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # The page's fonts show the letters, not matplotlib's.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        figure = draw()
        if figure is None:
            return None
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=nothing, transparent=True)
    return _element(written.getvalue(), name, title)


def _element(file: str, name: str, title: str) -> str:
    box = re.search(r'viewBox="[\d. ]+"', file)
    assert box is not None
    drawing = file[file.index("<g ") : file.rindex("</svg>")]
    tags = re.sub(r"<[^>]+>", lambda tag: _tag(tag[0], name), drawing)
    head = f'<svg {box[0]} role="img" aria-labelledby="{name}-title"><title id="{name}-title">{escape(title)}</title>'
    return f"{head}\n{tags}</svg>"


def _tag(tag: str, name: str) -> str:
    tag = re.sub(r'(\bid="|\bhref="#|url\(#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    return re.sub(
        r"\b(fill|stroke): #00000(\d)", lambda match: f"{match[1]}: var(--{_VARIABLES[int(match[2]) - 1]})", tag
    )
