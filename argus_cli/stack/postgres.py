"""PostgreSQL 18 with pgvector from a wheel, on a unix socket only.

The wheel's programs are used, its Python manager is not: that one leaks servers when a client is killed, and as root
it opens every parent folder of the data to all users.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from argus import home
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack.binaries import postgres_bin
from argus_cli.stack.service import Command, Progress, Service

SUPERUSER = "postgres"
# The C.UTF-8 that PostgreSQL itself brings: case rules of every language, the same on every machine.
INITDB = ["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
          "--builtin-locale=C.UTF-8", "--no-instructions"]
TUNING = {"shared_buffers": "256MB", "maintenance_work_mem": "512MB", "max_wal_size": "2GB", "max_connections": "200",
          "jit": "off", "random_page_cost": "1.1"}
# Not `synchronous_commit`: a server that is killed would forget what it had confirmed half a second before.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Service):
    """The embedded PostgreSQL.

    Trust authentication is safe here because nothing listens on TCP and only the server's own account (and root) can
    enter the socket's folder.

    Args:
        settings: `home` and `run_dir` say where.
        durable: false for tests: no fsync, data survive a crash of the server but not of the machine.
    """

    name, title = "postgres", "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown: SIGTERM would wait for clients to leave
    stop_seconds = 30.0
    ready_seconds = 300.0  # crash recovery of a large database

    def __init__(self, settings: Settings, durable: bool = True) -> None:
        self.data = home.postgres_dir(settings.home)
        self.home, self.run_dir = settings.home, settings.run_dir
        self.account = home.plain_account()
        self.bin = postgres_bin(self.account)
        self.options = TUNING if durable else TUNING | NOT_DURABLE
        self.durable = durable

    def prepare(self, progress: Progress) -> None:
        """Make the socket folder, and the data folder when there is none."""
        home.own_socket_dir(self.home)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        progress(f"PostgreSQL: making the database in {self.data}")
        self.data.mkdir(parents=True, exist_ok=True)
        if self.account:
            os.chown(self.data, self.account.uid, self.account.gid)
        self.data.chmod(0o700)
        self._initdb()

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != "18":
            raise ArgusError("conflict", f"The data in {self.data} were written by PostgreSQL {found}, this one is 18.",
                             "Move them with pg_dump, or set ARGUS_HOME to another folder.")

    def _initdb(self) -> None:
        command = [str(self.bin / "initdb"), "-D", str(self.data), *INITDB] + ([] if self.durable else ["--no-sync"])
        account = self.account
        try:
            done = subprocess.run(command, check=False, cwd="/", env=_environment(), capture_output=True, text=True,
                                  user=account.uid if account else None, group=account.gid if account else None,
                                  extra_groups=[] if account else None)
        except OSError as error:
            hint = ("PostgreSQL refuses to run as root, and this machine does not let root become another user: run "
                    "as a plain user, or set ARGUS_DATABASE_URL." if account else "")
            raise ArgusError("child_died", f"PostgreSQL's initdb cannot be started: {error}", hint) from error
        if done.returncode:
            raise ArgusError("child_died", f"PostgreSQL's initdb failed: {(done.stderr or done.stdout).strip()}",
                             f"Is there room on the disk of {self.data}?")

    def command(self) -> Command:
        options = self.options | {"listen_addresses": "", "unix_socket_directories": str(self.run_dir),
                                  "unix_socket_permissions": "0700"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Command([str(self.bin / "postgres"), "-D", str(self.data), *settings], _environment(), self.account,
                       Path("/"))

    def is_ready(self) -> bool:
        try:
            connect(self.run_dir).close()
        except psycopg.OperationalError:
            return False
        return True

    def finish(self, progress: Progress) -> None:
        """Make the databases of Argus (with pgvector) and Label Studio, each with an owner of the same name."""
        with connect(self.run_dir, "template1") as template:
            template.execute("CREATE EXTENSION IF NOT EXISTS vector")
        with connect(self.run_dir) as server:
            ensure_database(server, "argus", "template1")
            ensure_database(server, "labelstudio", "template0")


def connect(run_dir: Path, database: str = "postgres") -> psycopg.Connection:
    """Connect to the embedded server as its superuser; autocommit."""
    return psycopg.connect(host=str(run_dir), user=SUPERUSER, dbname=database, connect_timeout=5, autocommit=True)


def ensure_database(server: psycopg.Connection, name: str, template: str) -> None:
    """Make role `name`, which may make databases (tests do), and its database, unless they exist."""
    if not server.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(name)))
    if not server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
        server.execute(sql.SQL("CREATE DATABASE {0} OWNER {0} TEMPLATE {1}").format(
            sql.Identifier(name), sql.Identifier(template)))


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
