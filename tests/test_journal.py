"""What a build noted down before it was killed: the next one goes on from there, and comes to the same."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.means import background_sentences
from qa.encoding.prepared import PreparedModel
from qa.indexing.builder import build
from qa.indexing.encoded import Encoded
from qa.indexing.generation import Generation
from qa.indexing.journal import FILE, Journal, Origin, content_key
from qa.indexing.store import IndexStore
from qa.indexing.tokens import PassageTokens, TokenStore
from qa.reading import read_corpus
from tests.conftest import ROOT, environment, eventually, run_qa
from tests.fakes import DIMENSION, WordEncoder, word_model
from tests.test_rebuilding import mounted

ORIGIN = Origin(model="words", dimension=DIMENSION)
KEYS = [content_key((f"text {number}", None)) for number in range(5)]


def encoded(number: int) -> Encoded:
    random = np.random.default_rng(number)
    spans = random.integers(-1, 9, (number + 1, 2)).astype(np.int32)
    tokens = PassageTokens.of(random.normal(size=(number + 1, DIMENSION)).astype(np.float32), spans)
    return Encoded(random.normal(size=DIMENSION).astype(np.float32), tokens)


def noted(folder: Path, origin: Origin = ORIGIN) -> list[int]:
    """Which of the keys a journal that is opened now has; what it has for them is checked."""
    journal = Journal(folder, origin)
    found = [number for number, key in enumerate(KEYS) if key in journal]
    for number in found:
        assert_same(journal[KEYS[number]], encoded(number))
    assert len(journal) == len(found)
    journal.close()
    return found


def assert_same(one: Encoded, other: Encoded) -> None:
    for mine, its in zip((one.vector, *arrays(one.tokens)), (other.vector, *arrays(other.tokens)), strict=True):
        assert (mine.dtype, mine.shape, mine.tobytes()) == (its.dtype, its.shape, its.tobytes())


def arrays(tokens: PassageTokens) -> tuple[np.ndarray, ...]:
    return tokens.vectors, tokens.scales, tokens.spans


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index folder whose journal has all keys but the last, and was left without being closed in time."""
    journal = Journal(tmp_path, ORIGIN)
    for number in range(4):
        assert journal.add(KEYS[number], encoded(number))
        assert_same(journal[KEYS[number]], encoded(number))
    journal.close()
    return tmp_path


def test_what_was_noted_down_is_there_bit_for_bit_and_more_can_be_added(folder: Path) -> None:
    assert noted(folder) == [0, 1, 2, 3]
    journal = Journal(folder, ORIGIN)
    before = journal[KEYS[0]]
    assert journal.add(KEYS[4], encoded(4))
    assert_same(journal[KEYS[4]], encoded(4))
    assert journal.remove()
    assert_same(before, encoded(0))
    assert not (folder / FILE).exists()
    assert not journal.remove()


def test_a_record_that_was_cut_short_anywhere_is_dropped_and_its_place_written_anew(folder: Path) -> None:
    whole = (folder / FILE).read_bytes()
    journal = Journal(folder, ORIGIN)
    assert journal.add(KEYS[4], encoded(4))
    journal.close()
    longer = (folder / FILE).read_bytes()
    for end in range(len(whole), len(longer)):
        (folder / FILE).write_bytes(longer[:end])
        assert noted(folder) == [0, 1, 2, 3]
    journal = Journal(folder, ORIGIN)
    assert journal.add(KEYS[4], encoded(4))
    journal.close()
    assert (folder / FILE).read_bytes() == longer


def test_from_a_damaged_record_on_nothing_is_believed(folder: Path) -> None:
    whole = (folder / FILE).read_bytes()
    begin = whole.index(b"\n") + 1
    places = [begin, *(found.start() for found in re.finditer(re.escape(whole[begin : begin + 4]), whole))][1:]
    assert len(places) == 4
    for number, start in enumerate(places):
        for offset in (0, 5, 20, 100, 290):
            damaged = bytearray(whole)
            damaged[start + offset] ^= 0x10
            (folder / FILE).write_bytes(damaged)
            assert noted(folder) == list(range(number))


@pytest.mark.parametrize(
    "other",
    [
        {"model": "another"},
        {"dimension": DIMENSION * 2},
        {"normaliser": 0},
        {"format": 0},
        {"version": 0},
        {"newest": "20260101T000000000000-aaaaaaaa"},  # a build has ended since
        {"full": True},  # everything is to be encoded
    ],
)
def test_a_journal_that_belongs_to_something_else_is_replaced(folder: Path, other: dict[str, object]) -> None:
    assert noted(folder, ORIGIN.model_copy(update=other)) == []
    assert len((folder / FILE).read_bytes().splitlines()) == 1


def test_what_a_full_build_left_is_of_use_to_every_other(tmp_path: Path) -> None:
    full = ORIGIN.model_copy(update={"full": True})
    for origin in (full, ORIGIN):
        journal = Journal(tmp_path, full)
        journal.add(KEYS[0], encoded(0))
        journal.close()
        assert noted(tmp_path, origin) == [0]


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"\xff" * 5000, b"null"])
def test_a_file_that_is_no_journal_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert noted(tmp_path) == []
    journal = Journal(tmp_path, ORIGIN)
    assert journal.add(KEYS[0], encoded(0))
    journal.close()
    assert noted(tmp_path) == [0]


def test_a_first_line_that_was_cut_short_before_its_end_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(ORIGIN.model_dump_json().encode())
    journal = Journal(tmp_path, ORIGIN)
    assert journal.add(KEYS[0], encoded(0))
    journal.close()
    assert noted(tmp_path) == [0]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    text = "".join(f"Alpha {'beta ' * number}gamma {number}.\n\n" for number in range(9))
    (tmp_path / "corpus" / "essay.txt").write_text(text)
    return tmp_path / "corpus"


def encoder_of(model: PreparedModel) -> WordEncoder:
    assert isinstance(model.encoder, WordEncoder)
    return model.encoder


def test_a_build_encodes_only_what_the_journal_lacks_and_the_longest_first(corpus: Path, tmp_path: Path) -> None:
    reading, model = read_corpus(corpus), word_model()
    journal = Journal(tmp_path, ORIGIN)
    steps: list[tuple[int, int]] = []

    def note(_phase: str, done: int, total: int, share: float | None = None, /) -> None:
        assert share is not None
        assert 0 <= share <= 1
        steps.append((done, total))

    def note_until_the_fifth(phase: str, done: int, total: int, share: float | None = None, /) -> None:
        note(phase, done, total, share)
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(reading, model, progress=note_until_the_fifth, journal=journal)
    first = encoder_of(model).encoded
    assert [len(text) for text in first] == sorted(map(len, first), reverse=True)
    assert steps == [(number, 9) for number in range(6)]
    journal.close()

    again = Journal(tmp_path, ORIGIN)
    assert len(again) == 5
    steps.clear()
    encoder_of(model).encoded = []
    resumed = build(reading, model, progress=note, journal=again)
    assert (resumed.encoded, resumed.resumed) == (4, 5)
    assert steps == [(number, 9) for number in range(5, 10)]
    assert sorted(encoder_of(model).encoded) == sorted(
        passage.plain for passage in reading.passages if passage.plain not in first[:5]
    )
    assert vectors(resumed.generation) == vectors(build(reading, model).generation)
    other = build(read_corpus(corpus), replace(model), resumed.generation, journal=again)
    assert (other.encoded, other.resumed) == (0, 0)


def vectors(generation: Generation) -> list[bytes]:
    dense, tokens = generation.dense, generation.tokens
    assert isinstance(tokens, TokenStore)
    return [
        *(dense.vector(number).tobytes() for number in range(len(dense))),
        *(array.tobytes() for array in (tokens.vectors, tokens.scales, tokens.spans, tokens.bounds)),
    ]


def test_a_journal_that_has_nothing_of_a_corpus_begins_anew(corpus: Path, folder: Path) -> None:
    journal = Journal(folder, ORIGIN)
    assert build(read_corpus(corpus), word_model(), journal=journal).resumed == 0
    assert len(journal) == 9
    journal.close()
    assert noted_numbers(folder) == 9


def noted_numbers(folder: Path) -> int:
    journal = Journal(folder, ORIGIN)
    journal.close()
    return len(journal)


def test_a_disk_that_is_full_ends_the_journal_and_not_the_build(corpus: Path, tmp_path: Path) -> None:
    reading = read_corpus(corpus)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = Journal(tmp_path, ORIGIN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, limits[1]))
    try:
        built = build(reading, word_model(), journal=journal)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert 0 < len(journal) < 9
    assert built.encoded == 9
    assert vectors(built.generation) == vectors(build(reading, word_model()).generation)
    journal.close()
    assert 0 < noted_numbers(tmp_path) < 9


def test_a_folder_without_room_for_a_journal_is_built_without_one(corpus: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere", ORIGIN)
    assert not journal.add(KEYS[0], encoded(0))
    assert build(read_corpus(corpus), word_model(), journal=journal).encoded == 9
    assert not journal.remove()


def has_grown(path: Path, beyond: int) -> bool:
    return path.exists() and path.stat().st_size > beyond


def test_a_build_that_was_killed_is_gone_on_with_and_comes_to_the_same_bytes(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for language, sentences in background_sentences().items():
        paragraphs = [" ".join(sentences[start : start + 5]) for start in range(0, 25, 5)]
        (corpus / f"{language}.txt").write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    env = environment(tmp_path / "killed", QA_CORPUS_DIR=str(corpus))
    index = Path(env["QA_INDEX_DIR"])
    journal = index / FILE
    command = [sys.executable, "-m", "qa", "index", "build"]
    whole = run_qa(*command[3:], env=environment(tmp_path / "whole", QA_CORPUS_DIR=str(corpus)))
    assert whole.returncode == 0, whole.stderr

    for least in (100_000, 600_000):  # the second build is killed too, once it has gone on
        with subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            eventually(partial(has_grown, journal, least), 60)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert IndexStore(index).ids() == []
    with journal.open("ab") as file:
        file.write(b"enc\x01 half a record")
    done = run_qa(*command[3:], env=env)
    assert done.returncode == 0, done.stderr
    told = re.search(r"\((\d+) added, .* 0 kept; (\d+) encoded, (\d+) were by a build cut short\)", done.stderr)
    assert told, done.stderr
    added, by_this, by_those = map(int, told.groups())
    assert by_this + by_those == added
    assert by_those >= 5
    assert by_this >= 5
    assert not journal.exists()
    mine, undisturbed = IndexStore(index).live_manifest(), IndexStore(tmp_path / "whole" / "index").live_manifest()
    assert mine.files == undisturbed.files
    assert mine.threshold == undisturbed.threshold


def test_where_there_is_room_for_the_index_alone_the_journal_makes_way(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert run_qa("index", "build", env=env).returncode == 0
    index = Path(env["QA_INDEX_DIR"])
    pages = sum(1 + path.stat().st_size // 4096 for path in index.rglob("*"))
    # Where nothing can be mounted, there is room for both.
    with mounted(tmp_path / "small", f"size={4 * pages + 200}k"):
        done = run_qa("index", "build", env={**env, "QA_INDEX_DIR": str(tmp_path / "small")})
        assert done.returncode == 0, done.stderr
        small = IndexStore(tmp_path / "small")
        assert small.live_manifest().files == IndexStore(index).live_manifest().files
        assert not (small.folder / FILE).exists()
