"""A real nginx on loopback with ``docs/deployment/nginx.conf``, a certificate made for it, and no other change."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import ROOT, free_port

CONFIGURATION = ROOT / "docs" / "deployment" / "nginx.conf"
NAME = "essay.example"
_AROUND = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/main.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/suraq.conf;
}}
"""


class _Named(httpx.HTTPTransport):
    """Asks the address for the certificate of ``essay.example``."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        return super().handle_request(request)


class Front(NamedTuple):
    folder: Path
    port: int
    plain_port: int

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def client(self) -> httpx.Client:
        """Asks as a browser would that was told where ``essay.example`` is."""
        transport = _Named(verify=ssl.create_default_context(cafile=str(self.certificate)), trust_env=False)
        base = f"https://127.0.0.1:{self.port}"
        return httpx.Client(base_url=base, headers={"Host": NAME}, transport=transport, timeout=30)

    def curl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        there = ("--resolve", f"{NAME}:{self.port}:127.0.0.1", "--cacert", str(self.certificate))
        command = ["curl", "--silent", "--show-error", *there, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    def address(self, path: str) -> str:
        return f"https://{NAME}:{self.port}{path}"


def nginx_program() -> str:
    """The installed nginx, which is where only root's path leads."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    assert program, "nginx is missing; scripts/programs installs it as root (on Debian: apt install nginx)"
    return program


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "certificate.key").write_bytes(key.private_bytes(*pem))


def _adapted(front: Front, instances: Sequence[int], rate: str) -> str:
    """The configuration with this machine's ports and files; each of them has to be there to be put elsewhere."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    places = {
        "listen 80": f"listen 127.0.0.1:{front.plain_port}",
        "listen 443": f"listen 127.0.0.1:{front.port}",
        "/etc/ssl/certs/essay.example.pem": str(front.certificate),
        "/etc/ssl/private/essay.example.key": str(front.folder / "certificate.key"),
        "/var/log/nginx/": f"{front.folder}/",
        "127.0.0.1:8001": f"127.0.0.1:{instances[0]}",
        "127.0.0.1:8002": f"127.0.0.1:{instances[-1]}",
        "rate=20r/s": f"rate={rate}",
    }
    for shown, used in places.items():
        assert shown in text, f"nginx.conf lacks {shown}"
        text = text.replace(shown, used)
    return text


@contextmanager
def nginx_before(folder: Path, instances: Sequence[int], rate: str = "1000r/s") -> Iterator[Front]:
    """nginx in front of the instances at these ports, from when it answers until the block ends."""
    front = Front(folder, free_port(), free_port())
    _certificate(folder)
    (folder / "suraq.conf").write_text(_adapted(front, instances, rate), encoding="utf-8")
    # As root it would take another user, who may not enter the folder.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "main.conf").write_text(_AROUND.format(folder=folder, user=user), encoding="utf-8")
    command = [nginx_program(), "-p", str(folder), "-c", str(folder / "main.conf"), "-e", str(folder / "main.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "warn" not in tried.stderr, tried.stderr
    with subprocess.Popen(command) as process:
        try:
            _wait_until_it_answers(front, process)
            yield front
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_it_answers(front: Front, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    with front.client() as client:
        while True:
            assert process.poll() is None, (front.folder / "main.log").read_text(encoding="utf-8")
            assert time.monotonic() < until, "nginx did not answer in 20 seconds"
            try:
                assert client.get("/livez").status_code == 404
                return
            except httpx.TransportError:
                time.sleep(0.05)
