"""PostgreSQL by TLS, as hosted services offer it: the right certificate is trusted, and every other one is refused.

The PostgreSQL that comes as a wheel is built without TLS, so something in front of it ends it, as such services do.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from argus.db import open_pool
from argus.errors import ArgusError

pytestmark = pytest.mark.integration
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104  # of PostgreSQL's protocol, before anything else is said


@dataclass(frozen=True)
class Hosted:
    """Where the server listens, how many came by TLS, and what its certificate and another one's are in."""

    port: int
    came: list[str]
    certificate: Path
    another: Path


def self_signed(folder: Path, name: str, host: str = "") -> tuple[Path, Path]:
    """Write a certificate for a host, or for 127.0.0.1 and no name; return its file and its key's."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) if host else x509.IPAddress(
            ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256()))
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return files


def serve(client: socket.socket, context: ssl.SSLContext, behind: str, came: list[str]) -> None:
    """Take one connection by TLS and hand it on to the socket `behind`; who wants no TLS is sent away."""
    while (code := struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))[1]) == _GSS_REQUEST:
        client.sendall(b"N")
    if code != _SSL_REQUEST:
        return
    client.sendall(b"S")
    with context.wrap_socket(client, server_side=True) as tls, socket.socket(socket.AF_UNIX) as server:
        came.append(tls.version() or "")
        server.connect(behind)
        hand_on(tls, server)


def hand_on(tls: ssl.SSLSocket, server: socket.socket) -> None:
    """Hand on what comes from either side, until one of them ends."""
    while True:
        ready = [tls] if tls.pending() else select.select([tls, server], [], [])[0]
        for one in ready:
            if not (data := one.recv(65536)):
                return
            (server if one is tls else tls).sendall(data)


@pytest.fixture(scope="module")
def hosted(servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = self_signed(folder, "ours")
    another, _ = self_signed(folder, "another")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    behind, came = f"{servers.settings.run_dir}/.s.PGSQL.5432", list[str]()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                serve(self.request, context, behind, came)
            except (OSError, struct.error):  # the client did not like the certificate, or went away
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Hosted(server.server_address[1], came, certificate, another)
        server.shutdown()


def url(hosted: Hosted, root: object, host: str = "127.0.0.1") -> str:
    return f"postgresql://argus@{host}:{hosted.port}/argus?sslmode=verify-full&sslrootcert={root}"


def test_the_right_certificate_is_trusted(hosted: Hosted) -> None:
    before = len(hosted.came)
    with closing(open_pool(url(hosted, hosted.certificate))) as pool, pool.connection() as connection:
        row = connection.execute("SELECT count(*) AS n FROM schema_version").fetchone()
    assert row and row["n"] > 0
    assert len(hosted.came) > before and set(hosted.came) == {"TLSv1.3"}


def test_system_is_what_this_system_trusts(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is told that it trusts the server's certificate."""
    paths = ssl.get_default_verify_paths()._replace(cafile=str(hosted.certificate))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    with closing(open_pool(url(hosted, "system"))) as pool, pool.connection() as connection:
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}


@pytest.mark.parametrize(("root", "host", "said"), [
    ("another", "127.0.0.1", "certificate verify failed"), ("system", "127.0.0.1", "certificate verify failed"),
    ("certificate", "localhost", "does not match host name"), ("nowhere", "127.0.0.1", "does not exist")])
def test_what_is_wrong_is_said(hosted: Hosted, root: str, host: str, said: str) -> None:
    before = len(hosted.came)
    with pytest.raises(ArgusError, match=said) as error:
        open_pool(url(hosted, getattr(hosted, root, root if root == "system" else "/nowhere/root.crt"), host))
    assert error.value.code == "database_unreachable"
    assert error.value.message.startswith("PostgreSQL does not answer: ")
    assert len(hosted.came) <= before + 1  # it was not tried again without the check
