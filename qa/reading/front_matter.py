"""The metadata that a text may begin with, between two lines of hyphens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.language.cleaning import visible
from qa.reading.metadata import KNOWN_NAMES
from qa.reading.stated import LONGEST, Stated, stated_in

_FENCED = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What is ``stated``, and where in the text it ends; ``title`` is None where there is none, or it is no text."""

    title: str | None
    stated: Stated
    end: int

    @property
    def is_meant(self) -> bool:
        """Whether it names what metadata has: in a plain text, two rules with "Label: text" between may be text."""
        return any(name.strip().lower() in KNOWN_NAMES for name in self.stated)

    @classmethod
    def of(cls, text: str) -> FrontMatter | None:
        """What a text begins with, or None: a rule at the top of a text is no front matter."""
        found = _FENCED.match(text, 0, LONGEST)  # what is longer is text between two rules
        stated = stated_in(found["yaml"]) if found else None
        if found is None or stated is None:
            return None
        title = stated.get("title")
        return cls((visible(title) or None) if isinstance(title, str) else None, stated, found.end())
