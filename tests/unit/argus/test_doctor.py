from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from argus import doctor
from argus.doctor import Doctor, Finding, is_alive
from argus.errors import ArgusError
from argus.settings import Settings


@dataclass
class FakeWorker:
    pid: int = field(default_factory=os.getpid)
    hostname: str = field(default_factory=socket.gethostname)
    last_heartbeat: datetime | None = field(default_factory=lambda: datetime.now(UTC))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(("worker", "alive"), [
    (FakeWorker(), True),
    (FakeWorker(last_heartbeat=datetime.now(UTC).replace(tzinfo=None)), True),
    (FakeWorker(pid=dead_pid()), False),  # killed a moment ago: its heartbeat is still fresh
    (FakeWorker(pid=dead_pid(), hostname="elsewhere"), True),  # another machine's numbers say nothing here
    (FakeWorker(last_heartbeat=datetime.now(UTC) - timedelta(hours=1)), False),
    (FakeWorker(last_heartbeat=None), False),
])
def test_is_alive(worker: FakeWorker, alive: bool) -> None:
    assert is_alive(worker) is alive


class FakeLabelStudio:
    """Answers every POST with one error, as Label Studio answers the doctor's unfinished requests."""

    url = "http://127.0.0.1:9"

    def __init__(self, message: str, status: int) -> None:
        self.message, self.status = message, status

    def post(self, path: str, body: Any = None) -> Any:
        raise ArgusError("label_studio_refused", self.message, status=self.status)


@pytest.mark.parametrize(("message", "status", "state", "fix"), [
    ("URL resolves to a reserved network address (block: 127.0.0.0/8)", 403, "problem", "ML_BLOCK_LOCAL_IP=false"),
    ("Can't resolve hostname ml-backend", 500, "problem", "ARGUS_ML_BACKEND_URL"),
    ("project: This field is required.", 400, "ok", ""),
])
def test_private_addresses__reads_the_refusal(message: str, status: int, state: str, fix: str) -> None:
    findings = list(Doctor(Settings(), FakeLabelStudio(message, status)).private_addresses())  # type: ignore[arg-type]
    assert [finding.state for finding in findings] == [state, state]
    assert all(fix in finding.fix for finding in findings)


def test_label_studio__nothing_listens_there(tmp_path: Path) -> None:
    (finding,) = Doctor(Settings(home=tmp_path), FakeLabelStudio("", 0)).label_studio()  # type: ignore[arg-type]
    assert (finding.state, "ConnectionError" in finding.detail) == ("problem", True)


def test_run__a_check_that_raises_is_a_problem_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Doctor) -> Iterator[Finding]:
        yield Finding("half", "ok", "")
        raise ArgusError("database_unreachable", "No answer.", "Start it.")

    for name in ("disk", "queue", "workers", "label_studio", "private_addresses", "ml_backend", "search_service"):
        monkeypatch.setattr(Doctor, name, lambda self: iter(()))
    monkeypatch.setattr(Doctor, "database", fails)
    monkeypatch.setattr(Doctor, "projects", lambda self: iter([Finding("last", "ok", "")]))
    findings = list(Doctor(Settings(), FakeLabelStudio("", 0)).run())  # type: ignore[arg-type]
    assert [(f.name, f.state, f.fix) for f in findings] == [
        ("half", "ok", ""), ("database", "problem", "Start it."), ("last", "ok", "")]


def test_disk__a_home_that_does_not_exist_yet_is_measured_where_it_will_be(tmp_path: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "not" / "yet"
    check = Doctor(Settings(home=home), FakeLabelStudio("", 0))  # type: ignore[arg-type]
    assert [finding.state for finding in check.disk()] == ["ok"]
    assert not home.exists()
    monkeypatch.setattr(doctor, "_MIN_FREE", 2**70)
    assert [finding.state for finding in check.disk()] == ["problem"]


@pytest.mark.parametrize(("text", "version"), [("0.8.6", (0, 8)), ("1.23.2", (1, 23)), ("1.24.0.dev1", (1, 24)),
                                               ("9rc1", (9,)), ("?", (0,))])
def test_version__compares_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert doctor._version(text) == version


def test_skew__only_when_tokens_are_in_danger() -> None:
    now = datetime.now(UTC)
    assert doctor._skew(format_datetime(now - timedelta(seconds=20))) == 0
    assert 299 <= doctor._skew(format_datetime(now - timedelta(minutes=5))) <= 302
    assert doctor._skew("") == 0
