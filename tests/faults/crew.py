"""Workers of a test's own, and what is counted when they are done."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from argus.answers.runs import Run
from argus.db import connect
from argus.labelstudio import LabelStudio
from ml_backend.runs import runs
from tests import warm
from tests.waiting import wait_for

Process = subprocess.Popen[bytes] | warm.Forked
WORKER = Path(__file__).parent / "dying_worker.py"


class Crew:
    """Worker processes that are started again when they die, as a supervisor does.

    Args:
        folder: for their log, and for notes of their deaths.
        where: makes the command that runs a command in the right place.
        env: their environment; None for this process's own.
    """

    def __init__(self, folder: Path, where: Callable[[Sequence[str]], list[str]] = list,
                 env: Mapping[str, str] | None = None) -> None:
        self.folder, self._where, self._env = folder, where, env
        self._at_home = where is list and env is None
        self._ended = threading.Event()
        self._members: list[tuple[list[str], Process]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def add(self, role: str, point: str = "none", times: int = 0) -> None:
        """Start a worker of `role` that dies at `point` as often as `times` says."""
        deaths = self.folder / role
        deaths.mkdir(exist_ok=True)
        argv = [sys.executable, str(WORKER), role, point, str(times), str(deaths)]
        with self._lock:
            self._members.append((argv, self._spawn(argv)))

    def _spawn(self, argv: list[str]) -> Process:
        with (self.folder / "workers.log").open("ab") as log:
            if self._at_home:
                return warm.fork(argv[1:], os.environ, log.fileno(), warm.KINDS[argv[2]])
            return subprocess.Popen(self._where(argv), stdout=log, stderr=log, start_new_session=True, env=self._env)

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            with self._lock:
                for index, (argv, process) in enumerate(self._members):
                    if process.poll() is not None:
                        bury(process)
                        self._members[index] = (argv, self._spawn(argv))

    def kill_one(self, choice: random.Random) -> None:
        with self._lock:
            bury(choice.choice(self._members)[1])

    def pids(self) -> list[int]:
        """Return the processes of now, in the order in which they were added."""
        with self._lock:
            return [process.pid for _, process in self._members]

    def deaths(self, role: str) -> Counter[str]:
        """How many died by themselves at which point."""
        return Counter(path.name.rsplit(", ", 1)[0] for path in (self.folder / role).iterdir())

    def computed(self) -> int:
        """How many images the model was given, each time anew."""
        return sum(int(path.name.rsplit("-", 1)[1]) for path in (self.folder / "computed").iterdir())

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        for _, process in self._members:
            bury(process)


def bury(process: Process) -> None:
    """Kill a worker and what it started (RQ's scheduler is a process of its own)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ids(label_studio: LabelStudio, project: int) -> list[int]:
    return [task["id"] for task in label_studio.tasks(project, fields="task_only")]


def counted(label_studio: LabelStudio, project: int) -> Counter[int]:
    """How many tasks have how many predictions, as Label Studio says."""
    return Counter(len(task["predictions"]) for task in label_studio.tasks(project))


def wait_until_done(run_id: int, seconds: float) -> Run:
    wait_for(lambda: runs.run_progress(run_id).state not in ("queued", "running"), seconds, pause=0.5)
    return runs.run_progress(run_id)


def everything_delivered(project: int) -> bool:
    with connect() as connection:
        return not connection.execute("SELECT FROM prediction WHERE project_id = %s AND state = 'claimed'",
                                      (project,)).fetchall()
