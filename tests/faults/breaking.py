"""Ways to break a running stack. Each is a context: broken inside or at its beginning, put right at its end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import requests

from argus import queue_names
from argus.db import connect
from argus.jobs import queues
from argus_cli.stack import Stack
from argus_cli.stack.apps import Web, Worker
from argus_cli.stack.ports import free_port
from argus_cli.stack.processes import Supervisor
from argus_cli.stack.stack import APPS
from tests.faults.load import quietly
from tests.waiting import wait_for

Break = Callable[[Stack, Path], AbstractContextManager[None]]
FAULTY = Path(__file__).parent / "faulty_worker.py"
WORKERS = {"siglip": "siglip-worker", "sam3": "sam3-worker", "default": "worker", "export": "export-worker"}


@contextmanager
def nothing(stack: Stack, folder: Path) -> Iterator[None]:
    """For comparison."""
    yield


def killed(*names: str) -> Break:
    """SIGKILL. The stack starts its own processes again; a server is started by us, as a container engine would."""
    @contextmanager
    def broken(stack: Stack, folder: Path) -> Iterator[None]:
        for name in names:
            if name in APPS:
                stack.kill(name)
            else:
                stack.stop(name, hard=True)
                stack.start(name)
        yield
    return broken


def away(name: str, seconds: float, hard: bool = False) -> Break:
    """Stopped, and started again after a while."""
    @contextmanager
    def broken(stack: Stack, folder: Path) -> Iterator[None]:
        stack.stop(name, hard=hard)
        time.sleep(seconds)
        stack.start(name)
        yield
    return broken


@contextmanager
def queue_forgets(stack: Stack, folder: Path) -> Iterator[None]:
    """Valkey is killed and comes back empty: every job and every registered worker is lost."""
    stack.stop("valkey", hard=True)
    for file in (stack.settings.home / "valkey").rglob("*"):
        if file.is_file():
            file.unlink()
    stack.start("valkey")
    yield


@contextmanager
def disk_full(stack: Stack, folder: Path) -> Iterator[None]:
    """The image cache lies on a file system that holds a few pictures.

    That takes root and the right to mount. Without it a stand-in: a file where the folder would be, so that nothing can
    be written at all.
    """
    cache = stack.settings.home / "images"
    cache.mkdir(exist_ok=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(cache)], capture_output=True)
    if mount.returncode == 0:
        try:
            yield
            names = [path.name for path in cache.glob("??/*")]
            assert names and all(len(name) == 64 for name in names)  # whole pictures only, nothing half written
        finally:
            subprocess.run(["umount", "--lazy", str(cache)], check=True)
        return
    aside = cache.rename(cache.with_name("images-aside"))
    cache.write_text("a stand-in for a full disk")
    try:
        yield
    finally:
        cache.unlink()
        aside.rename(cache)


@contextmanager
def replaced(stack: Stack, folder: Path, roles: Sequence[str], fault: str = "", **env: str) -> Iterator[list[str]]:
    """Other workers instead of the stack's, under a supervisor of the same kind; yields the lines that it says."""
    for role in roles:
        stack.stop(WORKERS[role])
    lines: list[str] = []
    supervisor = Supervisor(folder, lines.append)
    try:
        for role in roles:
            argv = [str(FAULTY), role, fault, str(folder)] if fault else ["-m", "argus_cli", "worker", role]
            supervisor.start(Worker(WORKERS[role], WORKERS[role], argv, stack.env | env))
        yield lines
        supervisor.check()
    finally:
        supervisor.close()
        for role in roles:
            stack.start(WORKERS[role])


@contextmanager
def clock_of_workers_ahead(stack: Stack, folder: Path) -> Iterator[None]:
    """The workers' clock is an hour ahead of the servers': their Python says so, in place of the machine's clock."""
    with replaced(stack, folder, ("siglip", "sam3", "default"), "clock ahead"):
        yield


@contextmanager
def clock_of_servers_put_back(stack: Stack, folder: Path) -> Iterator[None]:
    """Every time that PostgreSQL and Label Studio noted so far lies a day ahead, as after a clock that was wrong.

    A stand-in: the stored times are moved, not the clocks.
    """
    day = timedelta(days=1)
    with connect() as connection:
        for table, column in (("project", "reconciled_at"), ("project", "cursor_at"), ("prediction", "claimed_at"),
                              ("run", "served_at"), ("run", "started_at"), ("task", "seen_at")):
            connection.execute(f"UPDATE {table} SET {column} = {column} + %s".encode(), (day,))
        for table in ("task", "run_task"):
            connection.execute(f"UPDATE {table} SET error = error || jsonb_build_object('at', now() + %s) "
                               "WHERE error ? 'at'".encode(), (day,))
    yield


@contextmanager
def two_deploys(stack: Stack, folder: Path) -> Iterator[None]:
    """A new version's processes start while the old ones work; the old ones end, and the new ones do the rest."""
    supervisor = Supervisor(folder, lambda line: None)
    port = free_port()
    env = stack.env | {"ARGUS_SEARCH_SERVICE_PORT": str(port)}
    try:
        for role, name in WORKERS.items():
            supervisor.start(Worker(name, name, ["-m", "argus_cli", "worker", role], env))
        supervisor.start(Web("search-service", "search service", ["-m", "search_service"], env,
                             f"http://127.0.0.1:{port}"))
        wait_for(quietly(lambda: all(queues.workers_of(role[0]) >= 2 for role in queue_names.ROLES.values())), 120, 1)
        for name in WORKERS.values():
            stack.stop(name)
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).ok
        yield
    finally:
        for name in WORKERS.values():
            if not stack.alive().get(name):
                stack.start(name)
        supervisor.close()
