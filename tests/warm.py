"""Processes forked from one that has loaded what they import: 7 s of a processor less with torch, 2 s without.

The forks run the product's own command, or a script of a test, with an environment of their own. The first start of a
role in a test run is the product's own way, by a new interpreter; what starts it again, and the crews of
`tests/faults`, begin here.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import runpy
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import psycopg_pool

PLAIN = ("argus_cli.commands.worker", "argus_cli.main", "search_service.periodic", "search_service.export.jobs",
         "search_service.label_import.service", "search_service.vectors.filter_memory")
LOADED = {"models": ("search_service.embedding.loaded", "ml_backend.sam3_worker.engine",
                     "ml_backend.sam3_worker.detect_jobs", "ml_backend.engines.transformers_engine", *PLAIN),
          "plain": PLAIN}
WORKER = ("-m", "argus_cli", "worker")
# What each role is forked from: the others load no torch, and must not need it.
KINDS = {"siglip": "models", "sam3": "models", "default": "plain", "export": "plain"}
LARGEST = 200_000  # bytes of one request


class Forked:
    """One forked process, as `subprocess.Popen` would show it."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.pid = int(told.recv(32))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def _status(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            self.returncode = int(self._told.recv(32) or b"-9")  # empty: the process they are forked from has ended
            self._told.close()
        return self.returncode


@functools.cache
def _server(kind: str) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen([sys.executable, "-m", "tests.warm", kind, str(theirs.fileno())],
                               pass_fds=[theirs.fileno()],
                               env=_plain(os.environ) | {"MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"},
                               stdin=subprocess.DEVNULL, start_new_session=True, cwd=Path(__file__).parent.parent)
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)  # called first, and ends it
    return ours


def _plain(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith("ARGUS_")}


def fork(argv: Sequence[str], env: Mapping[str, str], out: int, kind: str = "models") -> Forked:
    """Start `python argv…` in a process that has torch, or `plain`; `out` is its standard output and error."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = json.dumps({"argv": list(argv), "env": dict(env), "cwd": str(Path.cwd())}).encode()
    assert len(request) < LARGEST
    socket.send_fds(_server(kind), [request], [out, theirs.fileno()])
    theirs.close()
    return Forked(ours)


class Ended(NamedTuple):
    """How a script ended, -9 when it was killed, and what it wrote to its standard output and error."""

    status: int
    said: str


def run(script: str, *arguments: object, kind: str = "plain", **env: str) -> Ended:
    """Run a script of a test to its end in such a process, with this environment and `env`."""
    with tempfile.TemporaryDirectory() as folder:
        file, said = Path(folder, "script.py"), Path(folder, "said")
        file.write_text(script)
        with said.open("wb") as out:
            status = fork([str(file), *map(str, arguments)], os.environ | env, out.fileno(), kind).wait(120)
        return Ended(status, said.read_text())


@contextlib.contextmanager
def second_starts_are_forks(supervisors: Any) -> Iterator[None]:
    """Let the stack's supervisor (its module) fork the workers that it starts for the second time and later, and give
    Label Studio the tests' settings."""
    started: set[str] = set()

    def popen(argv: Sequence[str], **options: Any) -> Any:
        role = argv[-1]
        if tuple(argv[1:-1]) == WORKER and role in KINDS:
            if role in started:
                return fork(argv[1:], options["env"], options["stdout"].fileno(), KINDS[role])
            started.add(role)
        if "label_studio.server" in argv:
            return subprocess.Popen(argv, **options | {"env": options["env"] | _pooled()})
        return subprocess.Popen(argv, **options)

    supervisors.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": popen})
    try:
        yield
    finally:
        supervisors.subprocess = subprocess


@functools.cache
def _pooled() -> dict[str, str]:
    """Return what makes Label Studio take `label_studio_settings.pooled`; the package that it lacks for it is ours."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    Path(folder.name, "psycopg_pool").symlink_to(Path(psycopg_pool.__file__).parent)
    return {"DJANGO_SETTINGS_MODULE": "pooled",
            "PYTHONPATH": f"{Path(__file__).parent / 'label_studio_settings'}{os.pathsep}{folder.name}"}


# The process they are forked from ------------------------------------------------------------------------------------


def serve(control: socket.socket) -> list[str]:
    """Fork a process for each request until `control` is closed; in each fork, return the command it has to run."""
    alive: dict[int, tuple[int, socket.socket]] = {}  # by a descriptor that is readable when the process has ended
    while True:
        for ready in select.select([control, *alive], [], [])[0]:
            if ready is not control:
                pid, told = alive.pop(ready)
                os.close(ready)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(BrokenPipeError), told:
                    told.sendall(str(status).encode())
                continue
            request, descriptors, *_ = socket.recv_fds(control, LARGEST, 2)
            if not request:
                sys.exit()
            out, told = descriptors[0], socket.socket(fileno=descriptors[1])
            if (pid := os.fork()) == 0:
                for descriptor, (_, other) in alive.items():
                    os.close(descriptor)
                    other.close()
                control.close()
                return begin(json.loads(request), out, told)
            os.close(out)
            alive[os.pidfd_open(pid)] = pid, told


def begin(request: dict[str, Any], out: int, told: socket.socket) -> list[str]:
    """Make this fork the process that was asked for; say its number when it leads a session of its own."""
    os.setsid()
    os.chdir(request["cwd"])
    for descriptor in (1, 2):
        os.dup2(out, descriptor)
    os.close(out)
    os.environ.clear()
    os.environ.update(request["env"])
    random.seed()
    told.sendall(str(os.getpid()).encode())
    told.close()
    argv: list[str] = request["argv"]
    return argv


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[2]))
    gc.disable()
    for name in LOADED[sys.argv[1]]:
        importlib.import_module(name)
    gc.freeze()  # else a fork's first collection walks, and so copies, all that is loaded: 1.6 s of a processor
    gc.enable()
    argv = serve(control)
    if tuple(argv[:-1]) == WORKER:
        from argus_cli.main import main as argus

        argus(argv[2:], prog_name="argus")
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
