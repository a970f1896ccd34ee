"""The embedded stack as one context manager."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from argus import home as argus_home
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack import ports, swap
from argus_cli.stack.apps import Web, Worker
from argus_cli.stack.label_studio import LabelStudio
from argus_cli.stack.postgres import Postgres
from argus_cli.stack.processes import Supervisor
from argus_cli.stack.service import Progress, Service
from argus_cli.stack.valkey import Valkey

SERVERS = ("postgres", "valkey", "label-studio")
APPS = ("ml-backend", "search-service", "siglip-worker", "sam3-worker", "worker", "export-worker")
SERVICES = SERVERS + APPS  # in the order they start; the reverse is the order they stop
MAX_LOG_LINES = 50


class Stack:
    """Servers and processes of Argus as children of this process. Leaving the `with` block ends every one.

    Args:
        settings: which home, ports, account and models. `database_url` or `redis_url` set: that server is not started.
        services: names out of `SERVICES`; what is missing can be started later by `start`. None: all.
        progress: gets one line an event.
        embedded_label_studio: false: `settings.label_studio_url` names a Label Studio that somebody else runs.
        durable: false for tests: PostgreSQL without fsync.

    Attributes:
        settings: the same settings with `home` absolute and the embedded servers' URLs filled in.
        env: the environment for processes that use this stack, all `ARGUS_*` variables included.
    """

    def __init__(self, settings: Settings, services: Collection[str] | None = None, *,
                 progress: Progress = lambda line: None, embedded_label_studio: bool = True,
                 durable: bool = True) -> None:
        self.settings = resolve(settings, embedded_label_studio)
        self.progress, self.durable = progress, durable
        self.env = environment(self.settings)
        self.services = self._select(settings, services, embedded_label_studio)
        self._supervisor: Supervisor | None = None
        self._cleanup = contextlib.ExitStack()
        self._reported = False

    @staticmethod
    def _select(settings: Settings, services: Collection[str] | None, embedded_label_studio: bool) -> tuple[str, ...]:
        if unknown := set(services or ()) - set(SERVICES):
            raise ArgusError("bad_request", f"The stack has no {', '.join(sorted(unknown))}.",
                             f"It has {', '.join(SERVICES)}.")
        external = {"postgres": bool(settings.database_url), "valkey": bool(settings.redis_url),
                    "label-studio": not embedded_label_studio}
        wanted = SERVICES if services is None else services
        return tuple(name for name in SERVICES if name in wanted and not external.get(name))

    # The whole stack --------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start everything asked for, in order.

        Raises:
            ArgusError: `port_in_use`, `missing_package`, `conflict` (another stack lives in this home), `child_died`,
                `timeout`. Nothing is left running.
        """
        try:
            makers = [self._make(name) for name in self.services]  # a missing wheel shows before anything starts
            ports.check(self._ports(self.services), self.settings.host)
            lock = self._lock_home()
            swap.finish(self.settings.home)  # a restore that was cut off
            self._cleanup.enter_context(_stop_signals())
            self._supervisor = Supervisor(self.settings.home / "logs", self.progress, keep_open=lock)
            self._cleanup.callback(self._supervisor.close)
            for service in makers:
                self._supervisor.start(service)
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stop everything; a death that nobody has been told of yet is raised here."""
        self._cleanup.close()
        if kind is None and not self._reported and self._supervisor and self._supervisor.failure:
            raise self._supervisor.failure

    def wait(self) -> None:
        """Block until Ctrl-C, SIGTERM, or a death that a restart does not help against.

        Raises:
            ArgusError: `child_died`; everything has been stopped by then.
            KeyboardInterrupt: Ctrl-C or SIGTERM; everything still runs, leaving the `with` block stops it.
        """
        try:
            self._running.wait()
        except ArgusError:
            self._reported = True
            raise

    # One service ------------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start one more service and wait until it is ready.

        Raises:
            ArgusError: as for the whole stack.
        """
        if name not in SERVICES:
            raise ArgusError("bad_request", f"The stack has no {name}.", f"It has {', '.join(SERVICES)}.")
        if not self._running.alive().get(name):
            ports.check(self._ports([name]), self.settings.host)
        self._running.start(self._make(name))

    def stop(self, name: str, hard: bool = False) -> None:
        """End one service on purpose, with all its descendants; `hard` by SIGKILL. Nothing reacts to it."""
        self._running.stop(name, hard)

    def kill(self, name: str) -> None:
        """Crash one service by SIGKILL: it is started again; PostgreSQL or Valkey takes the stack down."""
        self._running.kill(name)

    def alive(self) -> dict[str, bool]:
        """Return each service that was started and not stopped, and whether its process runs now."""
        return self._running.alive()

    def pid(self, name: str) -> int:
        """Return the process id of a running service."""
        return self._running.pid(name)

    def log_tail(self, name: str, lines: int = MAX_LOG_LINES) -> str:
        """Return the last lines of a service's log; empty when it has none."""
        log = self.settings.home / "logs" / f"{name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    # Parts ------------------------------------------------------------------------------------------------------

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("The stack is used inside its `with` block.")
        return self._supervisor

    def _make(self, name: str) -> Service:
        settings, env = self.settings, self.env
        makers: dict[str, Callable[[], Service]] = {
            "postgres": lambda: Postgres(settings, self.durable),
            "valkey": lambda: Valkey(settings),
            "label-studio": lambda: LabelStudio(settings),
            "ml-backend": lambda: Web(name, "ML backend", ["-m", "ml_backend"], env,
                                      local_url(settings, settings.ml_backend_port)),
            "search-service": lambda: Web(name, "Search service", ["-m", "search_service"], env,
                                          local_url(settings, settings.search_service_port)),
            "siglip-worker": lambda: Worker(name, "SigLIP worker", ["-m", "argus_cli", "worker", "siglip"], env),
            "sam3-worker": lambda: Worker(name, "SAM 3 worker", ["-m", "argus_cli", "worker", "sam3"], env),
            "worker": lambda: Worker(name, "Worker", ["-m", "argus_cli", "worker", "default"], env),
            "export-worker": lambda: Worker(name, "Export worker", ["-m", "argus_cli", "worker", "export"], env),
        }
        return makers[name]()

    def _ports(self, services: Collection[str]) -> dict[str, tuple[int, str]]:
        settings = self.settings
        wanted = {
            "label-studio": ("Label Studio", settings.label_studio_port, "ARGUS_LABEL_STUDIO_PORT"),
            "ml-backend": ("the ML backend", settings.ml_backend_port, "ARGUS_ML_BACKEND_PORT"),
            "search-service": ("the search service", settings.search_service_port, "ARGUS_SEARCH_SERVICE_PORT"),
        }
        return {owner: (port, setting) for name, (owner, port, setting) in wanted.items() if name in services}

    def _lock_home(self) -> int:
        """Take the home for this stack; the lock lives as long as any process of it."""
        home = self.settings.home
        argus_home.make_home(home)
        lock = os.open(home / "stack.lock", os.O_RDWR | os.O_CREAT, 0o644)
        self._cleanup.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 100).decode(errors="replace").strip() or "another process"
            raise ArgusError("conflict", f"Another stack ({owner}) is running in {home}.",
                             "Stop it first, or set ARGUS_HOME to another folder.") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()}\n".encode())
        return lock


def owner(home: Path) -> int | None:
    """Return the process id of the stack that runs in `home`, None when none does."""
    try:
        with (home / "stack.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read().split()[-1])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return None


def local_url(settings: Settings, port: int) -> str:
    """Return how this machine reaches a web process of the stack."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def resolve(settings: Settings, embedded_label_studio: bool = True) -> Settings:
    """Return `settings` as the stack's own processes need them: `home` absolute, URLs of what it starts filled in."""
    settings = settings.model_copy(update={"home": settings.home.resolve()})
    # A Label Studio elsewhere calls us by the names that the URLs had: `argus connect` told it those.
    given = (urlsplit(url).netloc for url in (settings.ml_backend_url, settings.search_service_url))
    urls = {"own_hosts": ",".join(name for name in (settings.own_hosts, *given) if name),
            "database_url": settings.resolved_database_url, "redis_url": settings.resolved_redis_url,
            "ml_backend_url": local_url(settings, settings.ml_backend_port),
            "search_service_url": local_url(settings, settings.search_service_port)}
    if embedded_label_studio:
        urls["label_studio_url"] = f"http://127.0.0.1:{settings.label_studio_port}"
    return settings.model_copy(update=urls)


def environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with every setting spelled out, so that a child cannot see others."""
    env = {name: value for name, value in os.environ.items() if not name.upper().startswith("ARGUS_")}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        text = json.dumps(value) if isinstance(value, bool | list | dict) else "" if value is None else str(value)
        env[f"ARGUS_{name.upper()}"] = text
    # Settings that are not in the model (the browser's path, say) are passed on as they are.
    ours = {f"ARGUS_{name.upper()}" for name in type(settings).model_fields}
    return env | {name: value for name, value in os.environ.items()
                  if name.startswith("ARGUS_") and name not in ours}


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the stack the way Ctrl-C does, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
