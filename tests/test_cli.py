from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from qa.settings import Settings
from tests.conftest import ROOT, environment, run_qa, serving


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    return environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"))


def test_a_build_tells_what_it_did_and_a_second_one_that_nothing_changed(env: dict[str, str], tmp_path: Path) -> None:
    first = run_qa("index", "build", env=env)
    assert first.returncode == 0, first.stderr
    assert "1 documents, 19 passages (19 added, 0 changed, 0 moved, 0 removed, 0 kept; 19 encoded)" in first.stderr
    assert run_qa("index", "build", env=env).stdout == "Nothing changed: the index is up to date.\n"
    essay = tmp_path / "corpus" / "kazakh-diplomacy.txt"
    essay.write_text(essay.read_text(encoding="utf-8").replace("1992 жылы", "1993 жылы"), encoding="utf-8")
    status = run_qa("index", "status", env=env)
    assert "stale       yes: changed kazakh-diplomacy.txt; run qa index build" in status.stdout
    assert "(0 added, 1 changed, 0 moved, 0 removed, 18 kept; 1 encoded)" in run_qa("index", "build", env=env).stderr
    assert json.loads(run_qa("index", "status", "--json", env=env).stdout)["stale"] is False
    full = run_qa("index", "build", "--full", env=env)
    assert "(0 added, 0 changed, 0 moved, 0 removed, 19 kept; 19 encoded)" in full.stderr


def test_ask_prints_the_answer_with_its_citation(env: dict[str, str]) -> None:
    run_qa("index", "build", env=env)
    shown = run_qa("ask", "-k", "2", "When did Kazakhstan join the UN?", env=env)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("«БҰҰ-дағы рөлі: Қазақстан 1992 жылы")
    assert "§4, БҰҰ-дағы рөлі · Қазақ елінің дипломатиялық саясаты" in shown.stdout
    assert shown.stdout.count("kazakh-diplomacy:") == 2
    reply = json.loads(run_qa("ask", "--json", "When did Kazakhstan join the UN?", env=env).stdout)
    assert reply["passages"][0]["citation"]["anchor"] == "s4.1"
    refused = run_qa("ask", "How do I bake sourdough bread?", env=env)
    assert refused.stdout.startswith("The corpus does not answer this. Nearest:")


def test_outline_shows_sections_passages_and_what_was_dropped(env: dict[str, str]) -> None:
    shown = run_qa("outline", env=env).stdout
    assert "4. Қазақстанның халықаралық ұйымдардағы орны  [line 26, #s4]" in shown
    assert "[line 31, #s4.2, item, " in shown
    assert "dropped line 46: comment form: Добавить комментарий" in shown
    assert run_qa("outline", "kazakh-diplomacy", env=env).stdout == shown


def test_models_are_listed(env: dict[str, str]) -> None:
    assert run_qa("model", "list", env=env).stdout.startswith("bundled  onnx  384 dimensions")
    assert "bundled is ready" in run_qa("model", "prepare", env=env).stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (["ask", "a"], {}, "there is no index in"),
        (["index", "status"], {}, "run qa index build"),
        (["outline", "nothing"], {}, "no document of the corpus has the id 'nothing'; there are: kazakh-diplomacy"),
        (["index", "build"], {"QA_CORPUS_DIR": "/nowhere"}, "the corpus folder /nowhere does not exist"),
        (["index", "build"], {"QA_PORT": "x"}, "QA_PORT is 'x'"),
        (
            ["index", "build"],
            {"QA_BASE_URL": "essay.example"},
            "QA_BASE_URL is 'essay.example': it must begin with http",
        ),
        (["model", "prepare"], {"QA_MODEL": "/nowhere/model"}, "the model /nowhere/model cannot be loaded"),
        (["model", "prepare"], {"QA_MODEL_CACHE": "/dev/null/x"}, "the model cache /dev/null/x cannot be written"),
    ],
)
def test_a_domain_error_is_one_line_and_status_1(
    env: dict[str, str], arguments: list[str], settings: dict[str, str], message: str
) -> None:
    done = run_qa(*arguments, env={**env, **settings})
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("qa: ")
    assert message in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["ask"],
        ["ask", ""],
        ["ask", "x" * 1001],
        ["ask", "-k", "0", "a"],
        ["model", "prepare", ""],
        ["serve", "--port", "x"],
    ],
)
def test_a_usage_error_is_status_2(env: dict[str, str], arguments: list[str]) -> None:
    assert run_qa(*arguments, env=env).returncode == 2


def test_serve_refuses_a_damaged_index_with_what_mends_it(env: dict[str, str], tmp_path: Path) -> None:
    run_qa("index", "build", env=env)
    for name in ("passages.jsonl", "dense.faiss", "manifest.json"):
        (damaged,) = (tmp_path / "index" / "generations").glob(f"*/{name}")
        damaged.write_bytes(damaged.read_bytes()[:-5])
        for arguments in (["serve", "--port", "0"], ["index", "build"]):
            done = run_qa(*arguments, env=env)
            assert done.returncode == 1
            assert name in done.stderr.splitlines()[-1]
            assert "qa index build --full" in done.stderr.splitlines()[-1]
    assert run_qa("index", "build", "--full", env=env).returncode == 0


def test_serve_goes_on_with_the_live_index_where_the_corpus_is_gone(env: dict[str, str], tmp_path: Path) -> None:
    gone = run_qa("serve", env={**env, "QA_CORPUS_DIR": str(tmp_path / "nothing")})
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 1)
    assert run_qa("index", "build", env=env).returncode == 0
    with serving({**env, "QA_CORPUS_DIR": str(tmp_path / "nothing")}) as client:
        assert client.post("/ask", json={"question": "ШЫҰ не үшін құрылған?"}).json()["answerable"]
        assert client.get("/index").json()["staleness"]["reasons"] == ["the corpus folder is missing"]


def test_serve_says_at_once_that_its_address_is_taken(env: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_qa("serve", "--port", str(taken.getsockname()[1]), env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("qa: cannot serve on 127.0.0.1")


def test_the_help_of_serve_lists_every_setting_with_its_default(env: dict[str, str]) -> None:
    shown = run_qa("serve", "--help", env=env).stdout
    for name in Settings.model_fields:
        assert f"QA_{name.upper()}=" in shown
    assert "QA_MODEL=bundled " in shown


def test_settings_are_read_from_a_dotenv_file(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("QA_PORT=nonsense\n")
    assert "QA_PORT is 'nonsense'" in run_qa("model", "list", env=env, cwd=tmp_path).stderr
