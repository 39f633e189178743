"""What ``docs/deployment`` promises: the service where nothing may be written, and files that fit the service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from qa.settings import Settings
from tests.conftest import ROOT, environment, eventually, free_port, run_qa

FOLDER = ROOT / "docs" / "deployment"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNIT = (FOLDER / "suraq@.service").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = {one["kind"]: one for one in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8"))}
CONTAINER = MANIFESTS["Deployment"]["spec"]["template"]["spec"]["containers"][0]
TOKEN = "the administrator's own token"
CONVERSATION = {"model": "suraq", "messages": [{"role": "user", "content": "ШЫҰ деген не?"}]}

# In a view of the files of its own: every one is read-only but a small memory disk, no shell is left, and neither is a
# right to change that.
LOCKED_AWAY = """
mount --make-rprivate /
while read -r _ place _; do
  place=$(printf '%b' "$place")
  case $place in /proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$place" || exit 9 ;; esac
done < /proc/self/mounts
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev,noexec tmpfs "$1" || exit 9
shift
for shell in /bin/bash /bin/dash; do [ ! -e $shell ] || mount --bind /dev/null "$(readlink -f $shell)" || exit 9; done
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"
"""


@contextmanager
def _locked_away(tmp_path: Path, env: dict[str, str]) -> Iterator[httpx.Client]:
    port = free_port()
    (tmp_path / "scratch").mkdir()
    own_view = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    service = [sys.executable, "-m", "qa", "serve", "--port", str(port)]
    env = {**env, "TMPDIR": str(tmp_path / "scratch"), "HOME": "/nonexistent"}
    command = [*own_view, "bash", "-c", LOCKED_AWAY, "bash", str(tmp_path / "scratch"), *service]
    with subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

        def ready() -> bool:
            assert process.poll() is None, f"it ended: {process.communicate()[1]}"
            try:
                return client.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        try:
            with client:
                eventually(ready, timeout=120)
                yield client
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_it_serves_where_nothing_but_the_temporary_folder_can_be_written_and_there_is_no_shell(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    shutil.copy(ROOT / "corpus" / "kazakh-diplomacy.txt", tmp_path / "corpus")
    env = environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"), QA_ADMIN_TOKEN=TOKEN)
    env["QA_MODEL_CACHE"] = str(Settings().model_cache.expanduser())
    assert run_qa("index", "build", env=env).returncode == 0
    before = sorted(tmp_path.rglob("*"))
    with _locked_away(tmp_path, env) as client:
        answer = client.post("/ask", json={"question": "When did Kazakhstan join the UN?"}).json()
        assert "1992" in answer["answer"]["text"]
        said = client.post("/v1/chat/completions", json=CONVERSATION)
        assert said.status_code == 200
        admin = {"Authorization": f"Bearer {TOKEN}", "content-type": "text/plain"}
        refused = client.put("/documents/new", content="1. A\n\nThe kettle sings.\n", headers=admin)
        assert refused.status_code >= 500
        assert "Read-only file system" in refused.json()["detail"]
        assert str(tmp_path) not in refused.text
        again = client.post("/ask", json={"question": "When did Kazakhstan join the UN?"}).json()
        assert again["answer"] == answer["answer"]
    assert sorted(path for path in tmp_path.rglob("*") if path.name != "scratch") == before


def test_the_image_runs_as_a_user_without_rights_and_without_a_shell() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    for instruction in re.findall(r"^\s*(?:CMD|ENTRYPOINT|HEALTHCHECK CMD) (.*)$", last, re.MULTILINE):
        assert instruction.startswith("["), instruction
    assert "pip install" not in last
    assert "chown" not in "".join(re.findall(r"^COPY .*(?:/serve|/models) .*$", last, re.MULTILINE))
    assert "--require-hashes" in DOCKERFILE


def test_a_container_has_no_rights_and_a_root_that_cannot_be_written() -> None:
    (service,) = COMPOSE["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp:size=64m,mode=1777,noexec,nosuid,nodev"]  # as in `LOCKED_AWAY`
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    for volume in service["volumes"]:
        source, target = volume.split(":")[:2]
        assert f" {target.removeprefix('/app/')}" in DOCKERFILE
        assert source in COMPOSE["volumes"] or (FOLDER / source).resolve().is_dir()
    assert (FOLDER / service["build"]).resolve() == ROOT


def test_a_pod_has_no_rights_and_a_root_that_cannot_be_written() -> None:
    pod = MANIFESTS["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert [mount["mountPath"] for mount in CONTAINER["volumeMounts"]] == ["/tmp"]
    assert pod["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Mi"}  # as in `LOCKED_AWAY`
    assert MANIFESTS["NetworkPolicy"]["spec"]["egress"] == []


def test_a_new_version_takes_the_place_of_the_old_one_when_it_is_ready() -> None:
    deployment = MANIFESTS["Deployment"]["spec"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    wait = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] > wait + 5 + 5
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["minAvailable"] == deployment["replicas"] - 1
    probes = {name: CONTAINER[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


def test_every_part_of_the_manifests_means_the_same_pods() -> None:
    labels = MANIFESTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert MANIFESTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert MANIFESTS["Service"]["spec"]["selector"] == labels
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert MANIFESTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    (port,) = CONTAINER["ports"]
    assert port == {"name": "http", "containerPort": Settings.model_fields["port"].default}
    assert MANIFESTS["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert MANIFESTS["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]


def test_the_unit_writes_to_its_state_only_and_asks_nobody() -> None:
    settings: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE):
        settings.setdefault(name, []).append(value)
    wanted: dict[str, Any] = {
        "ProtectSystem": ["strict"], "StateDirectory": ["suraq"], "NoNewPrivileges": ["yes"], "PrivateTmp": ["yes"],
        "CapabilityBoundingSet": [""], "IPAddressDeny": ["any"], "MemoryDenyWriteExecute": ["yes"], "User": ["suraq"],
    }  # fmt: skip
    assert {name: settings[name] for name in wanted} == wanted
    assert "ReadWritePaths" not in settings
    for place in re.findall(r"QA_\w+_(?:DIR|CACHE)=(\S+)|QA_MODEL_CACHE=(\S+)", " ".join(settings["Environment"])):
        assert "".join(place).startswith("/var/lib/suraq/")


@pytest.mark.parametrize(
    "file", [*sorted(path.name for path in FOLDER.iterdir()), "../deployment.md", "../../SECURITY.md"]
)
def test_every_setting_that_is_named_is_one(file: str) -> None:
    known = {f"QA_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"QA_[A-Z_]*[A-Z]", (FOLDER / file).read_text(encoding="utf-8")))
    assert named
    assert named <= known
