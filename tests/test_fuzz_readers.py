"""What was once found by fuzzing, and a little more of it at every run; `scripts/fuzz_readers` goes on for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.targets import TARGETS

FOUND = Path(__file__).parent / "fuzzing" / "found"
SIGNS = [
    line[1:-1].encode().decode("unicode_escape").encode("latin-1").decode()
    for line in (FOUND.parent / "signs.dict").read_text(encoding="utf-8").splitlines()
    if line.startswith('"')
]
# What readers look for, between any words and characters.
TEXTS = st.lists(st.sampled_from(SIGNS) | st.sampled_from(["word ", "Сөз ", "\n", "\n\n"]) | st.text(max_size=5)).map(
    "".join
)
# What protocols send, with anything in any place.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9) | st.sampled_from(SIGNS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "model", "messages", "role", "content", "parts", "type", "text", "input", "query", "id", "conditions", "name",
            "comparison_operator", "value", "filters", "key", "logical_operator", "knowledge_id", "metadata_condition",
        ]),
        inner
        | st.sampled_from(["user", "suraq", "text", "section", "start", "is", "in", "≥", "before", "and", "eq", "gt"]),
        max_size=4,
    ),
)  # fmt: skip


@pytest.mark.parametrize("found", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_is_found_no_more(found: Path) -> None:
    TARGETS[found.parent.name](found.read_bytes())


@pytest.mark.parametrize("name", ["plain_text", "markdown", "front_matter", "question", "quotations", "ids", "replies"])
def test_any_text_keeps_what_must_always_hold(name: str) -> None:
    @given(TEXTS)
    @settings(max_examples=60, derandomize=True, database=None)
    def holds(text: str) -> None:
        TARGETS[name](text.encode("utf-8", "replace"))

    holds()


@pytest.mark.parametrize("name", ["messages", "conditions"])
def test_any_json_keeps_what_must_always_hold(name: str) -> None:
    import json

    @given(JSON)
    @settings(max_examples=200, derandomize=True, database=None)
    def holds(body: object) -> None:
        TARGETS[name](json.dumps(body).encode())

    holds()


@given(
    st.binary(max_size=200)
    | TEXTS.flatmap(
        lambda text: st.sampled_from(["utf-16", "cp1251", "koi8-r", "utf-8-sig"]).map(
            lambda encoding: text.encode(encoding, "replace")
        )
    )
)
@settings(max_examples=100, derandomize=True, database=None)
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    TARGETS["decoding"](data)
