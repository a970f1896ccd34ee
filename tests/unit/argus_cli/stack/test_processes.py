"""The supervisor on small stand-in processes: real children, but none of the product's servers."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus.errors import ArgusError
from argus_cli.stack import guard, processes
from argus_cli.stack.processes import Supervisor
from argus_cli.stack.service import Command, Service

SLEEP = "import time; time.sleep(600)"
STUBBORN = ("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); "
            "time.sleep(600)")
# A child of its own in a session of its own, as RQ's work-horses are.
PARENT = ("import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
          "start_new_session=True); print('up', flush=True); time.sleep(600)")
WAIT = "import os, time\nwhile not os.path.exists('{}'): time.sleep(0.05)\n"  # until the test has seen it start


class StandIn(Service):
    """Runs a line of Python; ready when it printed `up`, or at once."""

    ready_seconds = 120.0
    stop_seconds = 0.5

    def __init__(self, code: str, log_dir: Path, name: str = "stand-in", restarts: bool = False) -> None:
        self.code, self.log = code, log_dir / f"{name}.log"
        self.name, self.title, self.restarts = name, name.capitalize(), restarts

    def command(self) -> Command:
        return Command([sys.executable, "-c", self.code], dict(os.environ))

    def is_ready(self) -> bool:
        return "'up'" not in self.code or "up" in self.log.read_text()

    def came_up(self, log: str) -> bool:
        return "I came up" in log


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, lines: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path, lines.append)
    yield supervisor
    supervisor.close()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def gone(*pids: int) -> bool:
    return not set(pids) & set(guard.process_table())


def test_start_and_stop(supervisor: Supervisor, tmp_path: Path, lines: list[str]) -> None:
    supervisor.start(StandIn(SLEEP, tmp_path))
    pid = supervisor.pid("stand-in")
    assert supervisor.alive() == {"stand-in": True}
    assert lines[-1].startswith("Stand-in: ready after")
    supervisor.stop("stand-in")
    assert gone(pid) and supervisor.alive() == {}
    supervisor.check()


def test_start__twice_is_a_conflict(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(SLEEP, tmp_path))
    with pytest.raises(ArgusError, match="already running"):
        supervisor.start(StandIn(SLEEP, tmp_path))


def test_start__death_shows_the_end_of_the_log(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "stand-in.log").write_text("an older start\n")
    with pytest.raises(ArgusError) as caught:
        supervisor.start(StandIn("print('no space left'); raise SystemExit(3)  # 'up'", tmp_path))
    assert caught.value.code == "child_died" and "ended with status 3" in caught.value.message
    assert "no space left" in caught.value.hint and "an older start" not in caught.value.hint


def test_start__never_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    service = StandIn(f"{SLEEP}  # 'up'", tmp_path)
    service.ready_seconds = 0.3
    with pytest.raises(ArgusError) as caught:
        supervisor.start(service)
    assert caught.value.code == "timeout"


def test_stop__ends_who_ignores_the_polite_signal(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(STUBBORN, tmp_path))
    pid = supervisor.pid("stand-in")
    supervisor.stop("stand-in")
    assert gone(pid)


def test_stop__ends_grandchildren_in_other_sessions(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(PARENT, tmp_path))
    family = guard.family({supervisor.pid("stand-in")})
    assert len(family) == 2
    supervisor.stop("stand-in")
    assert gone(*family)


def test_stop_all__last_started_first(supervisor: Supervisor, tmp_path: Path) -> None:
    say = ("import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (open('{log}', 'a').write('{name} '), "
           "sys.exit())); print('up', flush=True); time.sleep(600)")
    order = tmp_path / "order"
    for name in ("one", "two", "three"):
        service = StandIn(f"# 'up'\n{say.format(log=order, name=name)}", tmp_path, name)
        service.stop_seconds = 60.0  # each has the time to say so
        supervisor.start(service)
    supervisor.stop_all()
    assert order.read_text().split() == ["three", "two", "one"]


def test_death_of_a_server__stops_the_rest_and_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(SLEEP, tmp_path, "worker", restarts=True))
    supervisor.start(StandIn(SLEEP, tmp_path, "server"))
    worker = supervisor.pid("worker")
    supervisor.kill("server")
    with pytest.raises(ArgusError, match="Server was killed by SIGKILL") as caught:
        supervisor.wait()
    assert caught.value.code == "child_died" and gone(worker)
    with pytest.raises(ArgusError):
        supervisor.start(StandIn(SLEEP, tmp_path, "late"))


def test_death_of_a_worker__is_restarted(supervisor: Supervisor, tmp_path: Path, lines: list[str]) -> None:
    supervisor.start(StandIn(SLEEP, tmp_path, "worker", restarts=True))
    first = supervisor.pid("worker")
    supervisor.kill("worker")
    until(lambda: supervisor.alive()["worker"] and supervisor.pid("worker") != first)
    assert any("Worker was killed by SIGKILL; starting it again" in line for line in lines)
    supervisor.check()


@pytest.mark.slow
def test_worker_that_dies_again_and_again__takes_the_stack_down(supervisor: Supervisor, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_QUICK_DEATHS", 3)
    go = tmp_path / "go"
    supervisor.start(StandIn(WAIT.format(go) + "raise SystemExit('no model')", tmp_path, "worker", True))
    go.touch()
    with pytest.raises(ArgusError, match="3 times in a row") as caught:
        supervisor.wait()
    assert "no model" in caught.value.hint


@pytest.mark.slow
def test_worker_that_comes_up_and_dies_at_its_work__is_always_started_again(
        supervisor: Supervisor, tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_QUICK_DEATHS", 2)
    go = tmp_path / "go"
    code = f"print('I came up', flush=True)\n{WAIT.format(go)}raise SystemExit(1)"
    supervisor.start(StandIn(code, tmp_path, "worker", restarts=True))
    go.touch()
    until(lambda: sum("starting it again" in line for line in lines) > 2)
    supervisor.check()


def test_worker_whose_model_cannot_be_loaded__takes_the_stack_down_with_its_own_words(
        supervisor: Supervisor, tmp_path: Path) -> None:
    line = {"level": "ERROR", "message": "There is no folder x.", "code": "model_not_found", "hint": "Check it."}
    go = tmp_path / "go"
    code = f"{WAIT.format(go)}print({json.dumps(line)!r}); raise SystemExit(10)"
    supervisor.start(StandIn(code, tmp_path, "worker", restarts=True))
    go.touch()
    with pytest.raises(ArgusError, match="Worker ended with status 10: There is no folder x.") as caught:
        supervisor.wait()
    assert caught.value.hint.startswith("Check it. Its log:")


def test_stop__a_worker_that_waits_for_its_restart(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(SLEEP, tmp_path, "worker", restarts=True))
    supervisor.kill("worker")
    supervisor.stop("worker")
    time.sleep(1.5)  # it would be restarted after one second
    assert supervisor.alive() == {}


@pytest.mark.slow
def test_guard__ends_everything_when_the_pipe_closes(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(StandIn(PARENT, tmp_path, "one"))
    supervisor.start(StandIn(STUBBORN, tmp_path, "two", restarts=True))
    family = guard.family({supervisor.pid("one"), supervisor.pid("two")})
    for child in supervisor._children.values():
        child.stopping = True  # what this process would do if it still could
    assert supervisor._guard.stdin
    supervisor._guard.stdin.close()
    until(lambda: gone(*family))
    assert supervisor._guard.wait(60) == 0


def test_guard__lets_stopped_ones_be() -> None:
    assert guard.family({2**22 + 1}) == set()
    guard.end({2**22 + 1: signal.SIGTERM})
