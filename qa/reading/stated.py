"""What YAML states about a document, as plain values; it is read as data, and nothing in it is followed.

No value is constructed by the YAML library, so that neither aliases and merges, which multiply, nor tags and numbers,
which may be malformed or enormous, ever cost anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

Scalar = str | int | float | bool
# A list of scalars is a tuple; what is nested, or empty, is None.
Stated = Mapping[str, Scalar | tuple[Scalar, ...] | None]

# Metadata is short, and YAML is slow to read: in characters.
LONGEST = 16_384
_TAG = "tag:yaml.org,2002:"
_TEXT = f"{_TAG}str"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}")
# As YAML 1.2 has it: to YAML 1.1 the language code "no" was false.
_TRUTH = {"true": True, "false": False}


def stated_in(yaml_text: str) -> Stated | None:
    """The values of a YAML mapping by their names, of two with one name the last; None where it is no mapping."""
    import yaml

    try:
        root = yaml.compose(yaml_text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if not isinstance(root, yaml.MappingNode):
        return None
    return {key.value: _value(node) for key, node in root.value if key.tag == _TEXT}


def _value(node: Node) -> Scalar | tuple[Scalar, ...] | None:
    from yaml.nodes import ScalarNode, SequenceNode

    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode) and all(isinstance(one, ScalarNode) for one in node.value):
        return tuple(value for one in node.value if (value := _scalar(one)) is not None)
    return None


def _scalar(node: ScalarNode) -> Scalar | None:
    text: str = node.value
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return _TRUTH.get(text.lower(), text)
        case "int" if _INTEGER.fullmatch(text):
            return int(text)
        case "float" if _NUMBER.fullmatch(text):
            return float(text)
        case "str" | "timestamp" | "int" | "float":
            return text
    return None
