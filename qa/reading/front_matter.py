"""The metadata that a Markdown text may begin with. It is read as data, and nothing is made of it but its title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.language.cleaning import visible

if TYPE_CHECKING:
    from yaml.nodes import Node

# Metadata is short, and YAML is slow to read: what is longer, in characters, is text between two rules.
_LONGEST = 16_384
_TEXT = "tag:yaml.org,2002:str"
_FENCED = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """``title`` is None where there is none, or it is no text."""

    title: str | None

    @classmethod
    def of(cls, text: str) -> FrontMatter | None:
        """What a text begins with, or None: a rule at the top of a text is no front matter.

        No value is constructed, so that neither aliases and merges, which multiply, nor tags and numbers, which may be
        malformed or enormous, are ever followed.
        """
        import yaml

        found = _FENCED.match(text, 0, _LONGEST)
        try:
            root = yaml.compose(found["yaml"], Loader=yaml.SafeLoader) if found else None
        except (yaml.YAMLError, RecursionError, ValueError):
            return None
        if not isinstance(root, yaml.MappingNode):
            return None
        return cls(_title([value for key, value in root.value if key.tag == _TEXT and key.value == "title"]))


def _title(values: list[Node]) -> str | None:
    """Of several the last counts."""
    title = values[-1] if values else None
    return (visible(title.value) or None) if title is not None and title.tag == _TEXT else None
