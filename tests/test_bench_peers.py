"""How scripts/bench_peers compares services: percentiles, ratios, and passages that are found by their ids."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from qa.evaluation.figures import figures
from qa.evaluation.questions import Case, Gold
from qa.reading import read_corpus
from scripts.peers.environments import PINS, megabytes
from scripts.peers.rounds import outcome
from scripts.peers.services import as_body
from scripts.peers.table import Row, ahead, median_and_range, table
from scripts.stressed import Connection, descendants, percentile
from tests.conftest import ROOT

LESS, MORE = Row("ms", "p50, ms", 1), Row("rate", "a second", 0, more_is_better=True)
SHARE = Row("hit", "hit@1", 3, more_is_better=True, is_share=True)


def test_a_percentile_is_a_value_that_was_measured_in_milliseconds() -> None:
    seconds = [number / 1000 for number in range(200, 0, -1)]
    assert percentile(seconds, 50) == pytest.approx(101)
    assert percentile(seconds, 99) == pytest.approx(199)
    assert percentile([0.5], 99) == 500


@pytest.mark.parametrize(
    ("row", "own", "others", "shown"),
    [
        (LESS, 4.0, [26.0, 30.0], "6.5 ×"),
        (LESS, 40.0, [26.0, 30.0], "0.65 ×"),
        (MORE, 300.0, [33.0, 40.0], "7.5 ×"),
        (MORE, 20.0, [33.0, 40.0], "0.50 ×"),
        (SHARE, 0.8, [0.75, 0.7], "+0.050"),
        (SHARE, 0.7, [0.75, 0.7], "-0.050"),
    ],
)
def test_the_ratio_is_to_the_best_of_the_peers_and_over_one_where_we_are_ahead(
    row: Row, own: float, others: list[float], shown: str
) -> None:
    assert ahead(row, own, others) == shown


def test_a_cell_has_the_median_and_the_range_where_rounds_differ() -> None:
    assert median_and_range([3.0, 1.0, 2.2], 1) == "2.2 (1.0–3.0)"
    assert median_and_range([1.01, 1.02, 1.04], 1) == "1.0"


def test_the_table_has_a_line_for_each_figure_and_a_column_for_each_service() -> None:
    columns = {"Suraq": {"ms": [4.0], "rate": [300.0]}, "other": {"ms": [26.0], "rate": [30.0]}}
    assert table([LESS, MORE], columns).splitlines() == [
        "| | Suraq | other | ahead of the best peer |",
        "|---|---:|---:|---:|",
        "| p50, ms | 4.0 | 26.0 | 6.5 × |",
        "| a second | 300 | 30 | 10.0 × |",
    ]


def test_ids_that_a_service_found_are_judged_as_the_passages_they_stand_for() -> None:
    passages = read_corpus(ROOT / "tests" / "essays").passages
    known = {passage.id: passage for passage in passages}
    (wanted,) = (passage for passage in passages if "в котором кипятят воду" in passage.text)
    gold = Gold(section="Посуда", contains="в котором кипятят воду")
    case = Case(id="q", lang="en", kind="fact", question="How is water boiled?", gold=[gold])
    others = [passage.id for passage in passages if passage is not wanted]
    second = outcome(case, [others[0], wanted.id, *others[1:]], known)
    assert second.rank == 2
    assert figures([second])["ndcg@10"] == pytest.approx(0.6309)
    assert outcome(case, others, known).rank is None
    assert outcome(case, [], known).ndcg10 == 0


def test_a_file_that_is_linked_twice_weighs_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"0" * 1_500_000)
    (tmp_path / "linked").hardlink_to(tmp_path / "folder" / "file")
    assert megabytes(tmp_path) == 1.5


def test_a_process_is_of_its_own_family() -> None:
    assert descendants(os.getpid())[0] == os.getpid()


def test_a_request_arrives_as_it_was_meant() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[16:]) for line in head.split("\r\n") if line.startswith("Content-Length: "))
        body = await reader.readexactly(length)
        found = head.partition(" HTTP")[0].encode() + b"\n" + body
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(found)}\r\n\r\n".encode() + found)
        await writer.drain()
        writer.close()

    async def ask() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            connection = Connection(server.sockets[0].getsockname()[1])
            reply = await connection.send(*as_body("/search")("Неге?", 3))
            connection.close()
            return reply.body

    line, _, body = asyncio.run(ask()).partition(b"\n")
    assert line == b"POST /search"
    assert json.loads(body) == {"question": "Неге?", "top_k": 3}


def test_the_peers_are_pinned_to_one_version_of_each_package_and_no_cuda_package_comes() -> None:
    files = sorted(PINS.glob("*.txt"))
    assert [file.stem for file in files] == ["haystack", "tutorial", "txtai"]
    for file in files:
        lines = [line.partition(" ;")[0] for line in file.read_text(encoding="utf-8").splitlines()[1:]]
        assert len(lines) > 40
        assert all(line.count("==") == 1 for line in lines)
        assert not [line for line in lines if line.startswith(("nvidia", "torch==", "triton"))]
