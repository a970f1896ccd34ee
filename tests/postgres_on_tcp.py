"""A PostgreSQL of a test's own on loopback TCP, with the arguments and the access rules that it is given."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from argus import home as argus_home
from argus.settings import Settings
from argus_cli.stack.ports import free_port
from argus_cli.stack.postgres import NOT_DURABLE, Postgres
from argus_cli.stack.template import temporary_home
from tests.waiting import wait_for


@dataclass(frozen=True)
class Server:
    """`programs` is the folder of `psql` and the others; the superuser comes in by the socket in `run_dir`."""

    port: int
    run_dir: Path
    programs: Path
    process: subprocess.Popen[bytes]

    def superuser(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.run_dir), port=self.port, user="postgres", autocommit=True)


@contextmanager
def postgres_on_tcp(arguments: Sequence[str], rules: str) -> Iterator[Server]:
    """Start one on 127.0.0.1 and yield it once it answers; it is stopped and forgotten at the end.

    Args:
        arguments: of the program, as a container's command has them.
        rules: the whole of `pg_hba.conf`; the superuser must be able to come in by the socket.
    """
    home = temporary_home()
    service = Postgres(Settings(_env_file=None, home=home), durable=False)
    service.prepare(lambda _: None)
    (service.data / "pg_hba.conf").write_text(rules)  # in place of the one that is there, and of the same owner
    plain, port = service.command(), free_port()
    here = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(service.run_dir),
            **NOT_DURABLE}
    argv = [str(service.bin / "postgres"), "-D", str(service.data), *arguments,
            *(part for name, value in here.items() for part in ("-c", f"{name}={value}"))]
    account = plain.account
    process = subprocess.Popen(argv, env=dict(plain.env), cwd=plain.cwd, stderr=subprocess.DEVNULL,
                               user=account.uid if account else None, group=account.gid if account else None,
                               extra_groups=[] if account else None)
    server = Server(port, service.run_dir, service.bin, process)
    try:
        wait_for(lambda: _answers(server), 60)
        yield server
    finally:
        process.send_signal(service.stop_signal)
        process.wait(60)
        argus_home.forget(home)


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "PostgreSQL ended by itself"
    try:
        server.superuser().close()
    except psycopg.OperationalError:
        return False
    return True
