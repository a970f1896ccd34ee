"""What the embedded stack leaves behind when things go wrong: nothing. Real servers throughout."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from argus import home as argus_home
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack import Stack, guard, processes
from argus_cli.stack.access_token import is_valid
from argus_cli.stack.ports import free_port
from argus_cli.stack.template import copy_home, template_home, temporary_home
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

# A process that runs a stack the way `argus up` does.
HOLDER = """
import sys
from pathlib import Path
from argus.settings import Settings
from argus_cli.stack import Stack
with Stack(Settings(home=Path(sys.argv[1])), {"postgres", "valkey"}, durable=False) as stack:
    print("up", flush=True)
    stack.wait()
"""


def with_ctrl_c() -> None:
    """Run in a child before its program: a test run in the background ignores SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def home() -> Iterator[Path]:
    home = temporary_home()
    yield home
    argus_home.forget(home)


@pytest.fixture
def started() -> Callable[[], set[int]]:
    """Return `started()`: every process this test has started and that still runs, with all descendants.

    What was there before may start others meanwhile, as a browser of earlier tests does.
    """
    before = guard.family({os.getpid()})
    return lambda: guard.family({os.getpid()}) - guard.family(before)


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a running stack in `home`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, preexec_fn=with_ctrl_c)
    assert process.stdout and process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.wait()


def until_gone(pids: set[int], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while left := pids & set(guard.process_table()):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def works(stack: Stack) -> bool:
    settings = stack.settings
    with psycopg.connect(settings.resolved_database_url) as database:
        extension = database.execute("SELECT extname FROM pg_extension WHERE extname = 'vector'").fetchone()
    return extension == ("vector",) and bool(redis.Redis.from_url(settings.resolved_redis_url).ping())


def test_leaving_the_block__leaves_no_process(home: Path, started: Callable[[], set[int]]) -> None:
    with Stack(Settings(home=home), {"postgres", "valkey"}, durable=False) as stack:
        assert works(stack)
        family = started()
        assert len(family) > 5
    until_gone(family)


def test_an_error_inside_the_block__leaves_no_process(home: Path, started: Callable[[], set[int]]) -> None:
    with pytest.raises(RuntimeError), Stack(Settings(home=home), {"valkey"}) as stack:
        family = started()
        raise RuntimeError(stack.alive())
    until_gone(family)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_signal_to_the_parent__leaves_no_process_and_starting_again_works(
        holder: subprocess.Popen[str], home: Path, number: signal.Signals) -> None:
    family = guard.family({holder.pid})
    assert len(family) > 5
    holder.send_signal(number)
    until_gone(family)
    with Stack(Settings(home=home), {"postgres", "valkey"}, durable=False) as stack:
        assert works(stack)


def test_two_stacks_in_one_home(holder: subprocess.Popen[str], home: Path) -> None:
    with pytest.raises(ArgusError, match=f"process {holder.pid}") as caught, Stack(Settings(home=home), {"valkey"}):
        pass
    assert caught.value.code == "conflict" and "ARGUS_HOME" in caught.value.hint


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_death_of_a_server__stops_all_with_a_clear_error(home: Path, started: Callable[[], set[int]],
                                                                name: str) -> None:
    lines: list[str] = []
    with (pytest.raises(ArgusError) as caught,
          Stack(Settings(home=home), {"postgres", "valkey"}, progress=lines.append, durable=False) as stack):
        family = started()
        stack.kill(name)
        stack.wait()
    assert caught.value.code == "child_died" and "SIGKILL" in caught.value.message
    assert caught.value.details["service"] == name
    assert any("Stopping everything" in line for line in lines)
    until_gone(family)


def test_death_of_a_server__is_told_even_when_nobody_waits(home: Path) -> None:
    with pytest.raises(ArgusError, match="Valkey was killed"), Stack(Settings(home=home), {"valkey"}) as stack:
        stack.kill("valkey")
        wait_for(lambda: not stack.alive(), 60)  # it was noticed


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("name", ["search-service", "ml-backend"])
def test_death_of_a_web_process__it_is_started_again_and_nothing_else_notices(home: Path, name: str) -> None:
    lines: list[str] = []
    settings = Settings(home=home, search_service_port=free_port(), ml_backend_port=free_port())
    with Stack(settings, {"postgres", "valkey", name}, progress=lines.append, durable=False) as stack:
        url = getattr(stack.settings, f"{name.replace('-', '_')}_url")
        first, servers = stack.pid(name), {stack.pid("postgres"), stack.pid("valkey")}
        stack.kill(name)
        wait_for(lambda: stack.alive()[name] and stack.pid(name) != first and answers(url), 120)
        assert any("was killed by SIGKILL; starting it again in 1 s" in line for line in lines)
        assert works(stack) and {stack.pid("postgres"), stack.pid("valkey")} == servers


def test_a_web_process_that_dies_again_and_again__is_given_up_with_a_clear_error(
        home: Path, started: Callable[[], set[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_QUICK_DEATHS", 3)
    monkeypatch.setattr(processes, "QUICK_DEATH", 600.0)  # however slow this machine is
    settings = Settings(home=home, search_service_port=free_port())
    with (pytest.raises(ArgusError, match="Search service was killed by SIGKILL 3 times in a row") as caught,
          Stack(settings, {"postgres", "valkey", "search-service"}, durable=False) as stack):
        family = started()
        for _ in range(2):
            dead = stack.pid("search-service")
            stack.kill("search-service")
            wait_for(lambda dead=dead: stack.pid("search-service") != dead, 60)  # type: ignore[misc]
        stack.kill("search-service")
        stack.wait()
    assert caught.value.code == "child_died" and caught.value.details["service"] == "search-service"
    until_gone(family)


def test_stop_on_purpose__is_no_death_and_data_survive_a_power_cut(home: Path) -> None:
    with Stack(Settings(home=home), {"postgres", "valkey"}) as stack:
        with psycopg.connect(stack.settings.resolved_database_url) as database:
            database.execute("CREATE TABLE kept AS SELECT 7 AS number")
        redis.Redis.from_url(stack.settings.resolved_redis_url).set("kept", "7")
        time.sleep(1.2)  # Valkey writes its log to the disk every second
        for name in ("postgres", "valkey"):
            stack.stop(name, hard=True)
            stack.start(name)
        with psycopg.connect(stack.settings.resolved_database_url) as database:
            assert database.execute("SELECT number FROM kept").fetchone() == (7,)
        assert redis.Redis.from_url(stack.settings.resolved_redis_url).get("kept") == b"7"


def test_a_port_in_use__said_before_anything_starts(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (pytest.raises(ArgusError, match=f"Port {port}") as caught,
              Stack(Settings(home=home, label_studio_port=port), {"postgres", "label-studio"})):
            pass
    assert caught.value.code == "port_in_use" and "ARGUS_LABEL_STUDIO_PORT" in caught.value.hint
    assert not (home / "postgres").exists()


@pytest.mark.integration
@pytest.mark.timeout(600)
def test_label_studio__boots_from_a_copy_with_a_token_and_gets_a_new_one_when_it_is_lost(
        home: Path, started: Callable[[], set[int]]) -> None:
    copy_home(template_home(Settings(), progress=lambda line: None), home)
    settings = Settings(home=home, label_studio_port=free_port())
    token = settings.token_path.read_text()
    with Stack(settings, {"postgres", "label-studio"}, durable=False) as stack:
        url = stack.settings.label_studio_url
        assert is_valid(url, token) and stack.settings.access_token == token
        before = stack.pid("label-studio")
        stack.kill("label-studio")
        wait_for(lambda: stack.pid("label-studio") != before and answers(url), 300)
        assert is_valid(url, token)
        family = started()
        stack.stop("label-studio")
        settings.token_path.unlink()
        stack.start("label-studio")
        assert is_valid(url, stack.settings.access_token) and not is_valid(url, token)
        assert settings.token_path.stat().st_mode & 0o777 == 0o600
    until_gone(family)


def test_up__ctrl_c_stops_it_and_shows_where_things_are(home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "argus_cli", "up", "--only", "valkey"], text=True,
                               env=os.environ | {"ARGUS_HOME": str(home)}, stdout=subprocess.PIPE,
                               preexec_fn=with_ctrl_c)
    assert process.stdout
    shown = ""
    try:
        while "Ctrl-C" not in shown:
            shown += process.stdout.readline()
        family = guard.family({process.pid})
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Valkey: ready" in shown and "Logs" in shown and "Stopped." in rest
    assert process.returncode == 0
    until_gone(family)
