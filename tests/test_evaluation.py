from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from qa.evaluation import Case, EvaluationError, Gold, evaluate, falls, read_cases, roc_area
from qa.records import Answer, Hit
from tests.conftest import ROOT, environment, run_qa
from tests.fakes import read

SET = ROOT / "tests" / "questions.jsonl"
_, PASSAGES = read((ROOT / "tests" / "essays" / "tea.md").read_bytes(), "tea.md")


def answer(order: list[int], confidence: float) -> Answer:
    hits = tuple(Hit(PASSAGES[place], None, 1 / (1 + rank), ()) for rank, place in enumerate(order))  # type: ignore[arg-type]
    return Answer("", "", None, confidence > 0.5, confidence, None, hits)


def case(id_: str, *gold: Gold, near: bool = False) -> Case:
    return Case(id=id_, lang="ru", kind="fact", question=id_, gold=list(gold), near=near)


def text_of(place: int) -> Gold:
    return Gold(section=" > ".join(PASSAGES[place].path[1:2]) or None, contains=PASSAGES[place].text)


def test_figures_can_be_computed_by_hand() -> None:
    replies = {
        "a": answer([1, 2, 3], 0.9),
        "b": answer([2, 1, 3], 0.6),
        "c": answer([3, 2, 1], 0.2),
        "d": answer([1], 0.7),
    }
    cases = [case("a", text_of(1)), case("b", text_of(1)), case("c", Gold(section="no", contains="no")), case("d")]
    report = evaluate(cases, lambda question, depth: replies[question], "set", "model")
    assert report.total["hit@1"] == pytest.approx(1 / 3, abs=1e-4)
    assert report.total["hit@3"] == pytest.approx(2 / 3, abs=1e-4)
    assert report.total["mrr@10"] == pytest.approx(0.5)
    assert report.total["ndcg@10"] == pytest.approx((1 + 1 / math.log2(3)) / 3, abs=1e-4)
    assert report.total["auroc"] == pytest.approx(1 / 3, abs=1e-4)
    assert report.total["answered"] == pytest.approx(2 / 3, abs=1e-4)
    assert report.total["refused"] == 0
    assert report.groups["lang ru"]["n"] == 3


def test_a_document_as_gold_counts_documents() -> None:
    other = replace(PASSAGES[0], document="other", id="x")
    hits = [Hit(passage, None, 1.0, ()) for passage in (other, replace(other, id="y"), PASSAGES[0])]  # type: ignore[arg-type]
    reply = Answer("", "", None, True, 0.9, None, tuple(hits))
    report = evaluate([case("a", Gold(document="tea"))], lambda question, depth: reply, "set", "model")
    assert report.outcomes[0].rank == 2
    assert report.total["ndcg@10"] == pytest.approx(1 / math.log2(3), abs=1e-4)


def test_roc_area_counts_ties_half() -> None:
    assert roc_area([0.9, 0.5], [0.5, 0.1]) == pytest.approx(7 / 8)
    assert roc_area([], [0.1]) is None


def test_the_gate_tells_a_fall_from_noise() -> None:
    cases = [case(str(number), text_of(1)) for number in range(40)]
    good = evaluate(cases, lambda question, depth: answer([1, 2], 0.9), "set", "model")
    worse = evaluate(
        cases, lambda question, depth: answer([1, 2] if int(question) > 9 else [2, 1], 0.9), "set", "model"
    )
    noise = evaluate(cases, lambda question, depth: answer([1, 2] if int(question) else [2, 1], 0.9), "set", "model")
    assert falls(good, good) == []
    assert falls(good, noise) == []
    assert falls(worse, good) == []
    assert falls(good, worse)[0].startswith("hit@1 fell by 0.250: 0, 1, 2")
    with pytest.raises(EvaluationError, match="no question in common"):
        falls(good, evaluate([case("z", text_of(1))], lambda question, depth: answer([1], 0.9), "set", "model"))


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "holds no question"), ("{", "line 1"), ('{"id": "a"}', "line 1: lang"), (None, "cannot be read")],
)
def test_a_set_that_cannot_be_used_says_where(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "set.jsonl").write_text(content)
    with pytest.raises(EvaluationError, match=message):
        read_cases(tmp_path / "set.jsonl")


def test_the_command_reports_and_gates(tmp_path: Path, corpus: Path) -> None:
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus))
    run_qa("index", "build", env=env)
    shown = run_qa("eval", str(SET), env=env)
    assert shown.returncode == 0, shown.stderr
    assert "hit@1" in shown.stdout
    report = json.loads(run_qa("eval", str(SET), "--json", env=env).stdout)
    assert report["total"]["hit@3"] >= 0.8
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert run_qa("eval", str(SET), "--gate", str(tmp_path / "report.json"), env=env).returncode == 0
    assert run_qa("eval", "/nowhere.jsonl", env=env).returncode == 1
