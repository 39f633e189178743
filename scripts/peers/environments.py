"""An environment for each service, with torch's build as scripts/setup takes it and the versions that a file pins."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from scripts.stressed import ROOT

PINS = Path(__file__).parent
TORCH, SERVE = ROOT / "requirements-torch.lock", ROOT / "requirements-serve.lock"
INSTALL = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
# What serves from the checkout's environment, in the environment that its lock makes: without what prepares and tests.
OWN = [["--no-deps", "--require-hashes", "-r", str(SERVE)], ["--no-deps", str(ROOT)]]


def environment(folder: Path, name: str, steps: list[list[str]]) -> Path:
    """The Python of an environment that pip made in these steps; made only where that is not done already."""
    home, python = folder / name / "environment", folder / name / "environment" / "bin" / "python"
    files = [Path(word) for step in steps for word in step if Path(word).is_file()]
    wanted = hashlib.sha256(b"".join([repr(steps).encode(), *(file.read_bytes() for file in files)])).hexdigest()
    stamp = home / "made-of"
    if not stamp.exists() or stamp.read_text() != wanted:
        sys.stderr.write(f"installing {name} …\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)  # noqa: S603
        for step in steps:
            subprocess.run([python, *INSTALL, *step], check=True)  # noqa: S603
        stamp.write_text(wanted)
    return python


def of_peer(folder: Path, name: str) -> Path:
    # torch comes first, of whatever build the index has: whatever needs it is then content with it, and takes no other.
    return environment(folder, name, [["-r", str(TORCH)], ["-r", str(PINS / f"{name}.txt")]])


def of_suraq(folder: Path) -> Path:
    return environment(folder, "suraq", OWN)


def megabytes(folder: Path) -> float:
    """What the files of a folder hold together, each counted once however often it is linked."""
    files = (one.lstat() for one in folder.rglob("*") if not one.is_dir())
    found = {(one.st_dev, one.st_ino): one.st_size for one in files}
    return sum(found.values()) / 1e6


def versions(python: Path, packages: list[str]) -> dict[str, str]:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    told = subprocess.check_output([python, "-c", code, *packages], text=True)  # noqa: S603
    return dict(zip(packages, told.split(), strict=True))
