"""The supervisor: starts children in order, notices every death, and leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from argus import private_files
from argus.errors import CATALOGUE, ArgusError, as_argus_error
from argus_cli.stack import guard
from argus_cli.stack.child import Child, how_it_ended, last_words, tail
from argus_cli.stack.service import Progress, Service

POLL = 0.05  # seconds between two looks at a starting or stopping child
WATCH = 0.3  # seconds between two looks at running children
NEWS = 10.0  # seconds between two lines about a slow start
QUICK_DEATH = 30.0  # a process that lived shorter than this is started again after a longer pause
MAX_QUICK_DEATHS = 5  # in a row; then one that never came up is given up, and the pause grows no more
HOPELESS = CATALOGUE["model_broken"].exit_code  # a model that cannot be loaded: another try ends the same way
LARGEST_LOG = 20 * 2**20


class Supervisor:
    """Owns the child processes of one stack. Use from one thread; deaths are noticed by a thread of its own.

    Args:
        log_dir: folder of the children's logs, one file a service.
        progress: gets one line for each event worth a person's attention.
        keep_open: a file descriptor the guard holds as well (the stack's lock), so that it is released only when
            nothing of this stack runs any more.
    """

    def __init__(self, log_dir: Path, progress: Progress, keep_open: int | None = None) -> None:
        self.log_dir, self.progress = log_dir, progress
        self.failure: ArgusError | None = None
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._ended = threading.Event()
        private_files.make_folder(log_dir)
        self._guard = subprocess.Popen(
            [sys.executable, "-S", "-E", guard.__file__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, pass_fds=() if keep_open is None else (keep_open,))
        threading.Thread(target=self._watch, name="argus-stack", daemon=True).start()

    # Starting ---------------------------------------------------------------------------------------------------

    def start(self, service: Service) -> None:
        """Start `service` and wait until it is ready.

        Raises:
            ArgusError: `conflict` when it runs already, `child_died` when it ended or something else did meanwhile,
                `timeout` when it did not become ready. Whatever was started keeps running: the caller stops it.
        """
        self.check()
        if self.alive().get(service.name):
            raise ArgusError("conflict", f"{service.title} is already running.")
        began = time.monotonic()
        service.prepare(self.progress)
        child = self._spawn(service)
        self._await_ready(child)
        service.finish(self.progress)
        child.ready = True
        self.progress(f"{service.title}: ready after {time.monotonic() - began:.1f} s")

    def _spawn(self, service: Service, quick_deaths: int = 0) -> Child:
        command = service.command()
        log = self.log_dir / f"{service.name}.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        account = command.account
        with self._lock, private_files.open_file(log, "ab") as out:
            try:
                process = subprocess.Popen(
                    [str(part) for part in command.argv], env=dict(command.env), cwd=command.cwd,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                    user=account.uid if account else None, group=account.gid if account else None,
                    extra_groups=[] if account else None)
            except OSError as error:
                raise ArgusError("child_died", f"{service.title} cannot be started: {error}") from error
            self._tell(f"watch {process.pid} {int(service.stop_signal)}")
            child = Child(service, process, log, out.tell(), quick_deaths=quick_deaths)
            self._children[service.name] = child
        return child

    def _await_ready(self, child: Child) -> None:
        service = child.service
        deadline, news = child.started + service.ready_seconds, child.started + NEWS
        while not service.is_ready():
            self.check()
            if not child.alive():
                raise self._died(child)
            now = time.monotonic()
            if now > deadline:
                raise ArgusError("timeout", f"{service.title} was not ready after {service.ready_seconds:.0f} s.",
                                 f"Its log: {child.log}\n{tail(child.output())}")
            if now > news:
                news += NEWS
                state = service.state(child.output())
                self.progress(f"{service.title}: starting, {now - child.started:.0f} s{', ' if state else ''}{state}")
            time.sleep(POLL)
        if not child.alive():
            raise self._died(child)

    # Stopping ---------------------------------------------------------------------------------------------------

    def stop(self, name: str, hard: bool = False) -> None:
        """End one service and all its descendants on purpose; nothing reacts to it. Unknown or ended: nothing.

        Args:
            name: the service.
            hard: SIGKILL at once, as a power cut would.
        """
        with self._lock:
            child = self._children.get(name)
            if child is None:
                return
            child.stopping = True
            child.restart_at = None
        self._end(child, hard)
        with self._lock:
            if self._children.get(name) is child:
                del self._children[name]

    def _end(self, child: Child, hard: bool) -> None:
        pid, service = child.process.pid, child.service
        members = guard.family({pid})
        if not hard and child.alive():
            self._ask(child)
            asked = child.asked or 0.0
            _wait(lambda: not child.alive(), asked + service.stop_seconds - time.monotonic())
        members |= guard.family(members)
        guard.send(members, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        child.process.wait()
        _wait(lambda: not members & set(guard.process_table()), 2)
        self._tell(f"forget {pid}")

    def _ask(self, child: Child) -> None:
        """Send the orderly signal, once: a second one makes some programs drop what they are finishing."""
        if child.asked is None:
            child.asked = time.monotonic()
            guard.send({child.process.pid}, child.service.stop_signal)

    def kill(self, name: str) -> None:
        """Crash one service: SIGKILL to it and its descendants. The supervisor reacts as to any death."""
        with self._lock:
            child = self._children[name]
            guard.send(guard.family({child.process.pid}), signal.SIGKILL)
        child.process.wait()

    def stop_all(self) -> None:
        """End every child, the last started first, and then the guard. May be called twice."""
        with self._lock:
            names = list(self._children)
            for child in self._children.values():
                child.stopping = True
                if not child.service.needed and child.alive():
                    self._ask(child)  # workers finish their jobs side by side
        for name in reversed(names):
            self.stop(name)
        self._ended.set()

    def close(self) -> None:
        """Stop everything and end the guard; the supervisor cannot be used afterwards."""
        self.stop_all()
        if self._guard.stdin and not self._guard.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()

    # Watching ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise the failure that brought the stack down, if one did."""
        if self.failure:
            raise self.failure

    def wait(self) -> None:
        """Block until a death brought everything down (raises it) or `stop_all` was called."""
        # Not `Event.wait`: the exception of a signal handler inside it can leave the event's lock broken.
        while not self._ended.is_set():
            time.sleep(0.2)
        self.check()

    def alive(self) -> dict[str, bool]:
        """Return each service that was started and not stopped, and whether its process runs now."""
        with self._lock:
            return {name: child.alive() for name, child in self._children.items()}

    def pid(self, name: str) -> int:
        """Return the process id of a service that was started."""
        return self._children[name].process.pid

    def _watch(self) -> None:
        while not self._ended.wait(WATCH):
            with self._lock:
                children = [child for child in self._children.values() if child.ready and not child.stopping]
            try:
                for child in children:
                    self._restart_if_dead(child)
            except Exception as error:  # whatever it is, nothing may stay half alive
                self.failure = as_argus_error(error)
                self.progress(f"{self.failure.message} Stopping everything.")
                self.stop_all()

    def _restart_if_dead(self, child: Child) -> None:
        if child.alive() or child.stopping:
            return
        if not child.service.restarts:
            raise self._died(child)
        now = time.monotonic()
        if child.restart_at is None:
            self._schedule_restart(child, now)
        elif now >= child.restart_at:
            with self._lock:
                if not child.stopping:
                    self._spawn(child.service, child.quick_deaths).ready = True

    def _schedule_restart(self, child: Child, now: float) -> None:
        """Plan the restart of a dead process: after 1, 2, 4, 8, 16 s, until it died too often without ever coming up.

        A worker that comes up and dies at its work is always started again: an image that kills it is given up after a
        few tries, and takes nothing else down.
        """
        child.quick_deaths = child.quick_deaths + 1 if now - child.started < QUICK_DEATH else 1
        if child.process.returncode == HOPELESS:
            raise self._died(child)
        if child.quick_deaths >= MAX_QUICK_DEATHS and not child.service.came_up(child.output()):
            raise self._died(child, f" {child.quick_deaths} times in a row")
        pause = 2.0 ** (min(child.quick_deaths, MAX_QUICK_DEATHS) - 1)
        child.restart_at = now + pause
        self._bury(child)
        self.progress(f"{child.service.title} {how_it_ended(child.process.returncode)}; starting it again in "
                      f"{pause:.0f} s. Its log: {child.log}")

    def _bury(self, child: Child) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)  # what it left in its process group
        self._tell(f"forget {child.process.pid}")

    def _died(self, child: Child, often: str = "") -> ArgusError:
        self._bury(child)
        output = child.output()
        reason, hint = last_words(output)
        said = f"{child.service.title} {how_it_ended(child.process.returncode)}{often}"
        end = "" if reason else f"\n{tail(output)}".rstrip()
        return ArgusError("child_died", f"{said}: {reason}" if reason else f"{said}.",
                          f"{hint} Its log: {child.log}{end}".lstrip(),
                          service=child.service.name, exit_status=child.process.returncode)

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            assert self._guard.stdin
            self._guard.stdin.write(f"{line}\n".encode())
            self._guard.stdin.flush()


def _wait(condition: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    assert callable(condition)
    while not condition() and time.monotonic() < deadline:
        time.sleep(POLL)
