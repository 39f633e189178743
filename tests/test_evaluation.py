from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qa.evaluation.figures import coverage, coverage_curve, reliability, roc_area
from qa.evaluation.gate import falls
from qa.evaluation.outcomes import evaluate
from qa.evaluation.questions import Case, EvaluationError, Gold, read_cases
from qa.evaluation.report import Report, read_report
from qa.evaluation.uncertainty import bootstrap, wilson
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


def report_of(cases: Sequence[Case], ask: Callable[[str, int], Answer]) -> Report:
    return Report.of(evaluate(cases, ask), questions="set", model="model", generation="g", threshold=0.5)


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
    report = report_of(cases, lambda question, depth: replies[question])
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
    report = report_of([case("a", Gold(document="tea"))], lambda question, depth: reply)
    assert report.outcomes[0].rank == 2
    assert report.total["ndcg@10"] == pytest.approx(1 / math.log2(3), abs=1e-4)


def test_roc_area_counts_ties_half() -> None:
    assert roc_area([0.9, 0.5], [0.5, 0.1]) == pytest.approx(7 / 8)


def test_a_figure_that_no_question_bears_on_is_left_out() -> None:
    report = report_of([case("a", text_of(1))], lambda question, depth: answer([1], 0.9))
    assert report.total.keys().isdisjoint({"auroc", "auroc_near", "auroc_off", "coverage@5%", "refused"})
    assert report.total["hit@1"] == 1


def test_the_coverage_curve_passes_through_the_coverage() -> None:
    positives, negatives = [0.9, 0.8, 0.4, 0.2], [0.5, 0.3, 0.1, 0.1]
    assert coverage_curve(positives, negatives) == [
        (0, 0), (0, 0.25), (0, 0.5), (0.25, 0.5), (0.25, 0.75), (0.5, 0.75), (0.5, 1), (1, 1),
    ]  # fmt: skip
    assert coverage(positives, negatives) == 0.5
    assert coverage(positives, negatives, 0.25) == 0.75


def test_reliability_bins_have_equal_counts_and_take_what_is_unanswerable_for_wrong() -> None:
    asked = [case(str(number), *([text_of(1)] if number >= 10 else [])) for number in range(20)]
    outcomes = evaluate(asked, lambda question, depth: answer([1], int(question) / 20))
    low, high = reliability(outcomes)
    assert (low.right, low.count, low.confidence) == pytest.approx((0, 10, 0.225))
    assert (high.right, high.count, high.confidence) == pytest.approx((10, 10, 0.725))
    assert [one.count for one in reliability(outcomes[:3])] == [3]


def test_intervals_are_those_of_the_literature() -> None:
    # Newcombe (1998), table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson(20, 20)[1] == 1
    interval = bootstrap(lambda sample: float(sum(sample)) / len(sample), [0.0, 1.0] * 50)
    assert interval == pytest.approx((0.4, 0.6), abs=0.02)
    assert bootstrap(sum, [1.0] * 9) is None


def test_the_gate_tells_a_fall_from_noise() -> None:
    cases = [case(str(number), text_of(1)) for number in range(40)]
    good = report_of(cases, lambda question, depth: answer([1, 2], 0.9))
    worse = report_of(cases, lambda question, depth: answer([1, 2] if int(question) > 9 else [2, 1], 0.9))
    noise = report_of(cases, lambda question, depth: answer([1, 2] if int(question) else [2, 1], 0.9))
    assert falls(good.outcomes, good.outcomes) == []
    assert falls(good.outcomes, noise.outcomes) == []
    assert falls(worse.outcomes, good.outcomes) == []
    assert falls(good.outcomes, worse.outcomes)[0].startswith("hit@1 fell by 0.250: 0, 1, 2")
    with pytest.raises(EvaluationError, match="no question in common"):
        falls(good.outcomes, report_of([case("z", text_of(1))], lambda question, depth: answer([1], 0.9)).outcomes)


def test_the_gate_counts_answers_to_what_has_none() -> None:
    cases = [case("there", text_of(1)), *(case(f"none {number}") for number in range(20))]
    refusing = report_of(cases, lambda question, depth: answer([1], 0.9 if question == "there" else 0.1))
    answering = report_of(cases, lambda question, depth: answer([1], 0.9))
    assert falls(refusing.outcomes, answering.outcomes)[0].startswith("refused fell by 1.000: none 0")
    assert falls(answering.outcomes, refusing.outcomes) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "holds no question"), ("{", "line 1"), ('{"id": "a"}', "line 1: lang"), (None, "cannot be read")],
)
def test_a_set_that_cannot_be_used_says_where(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "set.jsonl").write_text(content)
    with pytest.raises(EvaluationError, match=message):
        read_cases(tmp_path / "set.jsonl")


@pytest.mark.parametrize("content", ["[]", '{"questions": "set"}', "", "\xff"])
def test_a_saved_report_that_is_none_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content, encoding="latin-1")
    with pytest.raises(EvaluationError, match=r"report\.json (is not one that this version saved|cannot be read)"):
        read_report(tmp_path / "report.json")


def test_the_command_reports_and_gates(tmp_path: Path, corpus: Path) -> None:
    env = environment(tmp_path, QA_CORPUS_DIR=str(corpus))
    run_qa("index", "build", env=env)
    shown = run_qa("eval", str(SET), env=env)
    assert shown.returncode == 0, shown.stderr
    assert "hit@1" in shown.stdout
    page = tmp_path / "report.html"
    report = json.loads(run_qa("eval", str(SET), "--json", "--report", str(page), env=env).stdout)
    assert report["total"]["hit@3"] >= 0.8
    assert f"{report['total']['hit@3']:.2f}" in page.read_text(encoding="utf-8")
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert run_qa("eval", str(SET), "--gate", str(tmp_path / "report.json"), env=env).returncode == 0
    assert run_qa("eval", "/nowhere.jsonl", env=env).returncode == 1
