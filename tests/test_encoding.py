"""Passages as a build encodes them: side by side, and yet each as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.encoding.encoder import Encoding, normalised
from qa.encoding.prepared import PreparedModel
from qa.indexing.encoded import Encoded, _placed
from qa.indexing.encoding import Task, encode
from qa.loading import load_model
from qa.reading import read_corpus
from qa.records import Passage
from qa.settings import load_settings
from tests.conftest import ROOT
from tests.fakes import WordEncoder, passage, word_model


def in_bytes(encoded: Encoded) -> tuple[bytes, ...]:
    tokens = encoded.tokens
    return tuple(array.tobytes() for array in (encoded.vector, tokens.vectors, tokens.scales, tokens.spans))


def encoded_alone(model: PreparedModel, passage: Passage, language: str | None) -> Encoded:
    (encoding,) = model.encoder.encode_passages([passage.plain])
    return Encoded.of(encoding, passage, model.means, language)


def test_vectors_depend_neither_on_threads_nor_on_what_is_encoded_beside(real_model: PreparedModel) -> None:
    tasks = [Task(passage, "kk") for passage in read_corpus(ROOT / "corpus").passages]
    alone = [in_bytes(encoded_alone(real_model, *task)) for task in tasks]
    for threads, at_once in ((1, 1), (1, 4), (2, 2)):
        model = load_model(load_settings().model_copy(update={"encoder_threads": threads}))
        found = {number: in_bytes(encoded) for number, encoded in encode(model, tasks, at_once)}
        assert [found[number] for number in range(len(tasks))] == alone


def test_a_passages_vector_is_that_of_its_centred_encoding(real_model: PreparedModel) -> None:
    (encoding,) = real_model.encoder.encode_passages(["Алма ағашы көктемде гүлдейді."])
    for language in ("kk", "zz", None):
        means = real_model.means.rows.get(language or "", real_model.means.other)
        centred = normalised(encoding.vector - means[1])
        assert real_model.means.passage_vector(encoding.vector, language).tobytes() == centred.tobytes()


@given(
    places=st.lists(st.integers(-1, 30), min_size=1, max_size=20),
    spans=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 5)), min_size=1, max_size=8),
)
def test_a_tokens_place_runs_from_the_first_to_the_last_character_that_has_one(
    places: list[int], spans: list[tuple[int, int]]
) -> None:
    within = [(min(start, len(places)), min(start + length, len(places))) for start, length in spans]
    expected = []
    for start, end in within:
        found = [place for place in places[start:end] if place >= 0]
        expected.append([found[0], found[-1] + 1] if found else [-1, -1])
    # The last entry of an alignment is the end of the source, and no character's.
    aligned = np.array([*places, 31], np.int32)
    assert _placed(np.array(within, np.int32), aligned).tolist() == expected


class Broken(WordEncoder):
    def encode_passages(self, texts: Sequence[str]) -> list[Encoding]:
        if texts == ["broken"]:
            raise ValueError("a passage that cannot be encoded")
        return super().encode_passages(texts)


def test_a_passage_that_cannot_be_encoded_ends_it_and_the_rest_is_not_waited_for() -> None:
    encoder = Broken()
    model = replace(word_model(), encoder=encoder)
    texts = ["a longer one that comes first", "broken", *("a", "b") * 50]
    tasks = [Task(passage(str(number), "top", text), "en") for number, text in enumerate(texts)]
    found: list[int] = []
    with pytest.raises(ValueError, match="cannot be encoded"):
        found.extend(number for number, _ in encode(model, tasks, 1))
    assert found == [0]
    assert 0 < len(encoder.encoded) < 20


def test_the_longest_come_first_and_whoever_stops_early_leaves_the_rest() -> None:
    model = word_model()
    tasks = [Task(passage(str(number), "top", "a " * number), "en") for number in range(1, 101)]
    passages = encode(model, tasks, 2)
    assert [next(passages)[0] for _ in range(3)] == [99, 98, 97]
    passages.close()  # type: ignore[attr-defined]
    assert isinstance(model.encoder, WordEncoder)
    assert len(model.encoder.encoded) < 20
