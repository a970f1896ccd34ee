from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from argus import __version__
from argus.errors import ArgusError
from argus.settings import Settings
from ml_backend.protocol.app import create_app
from search_service.health.doctor import Doctor, Finding, clocks, finding, is_alive, label_studio, servers, workers
from tests.container_user import as_container_user


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
    (lambda: FakeWorker(), True),
    (lambda: FakeWorker(last_heartbeat=datetime.now(UTC).replace(tzinfo=None)), True),
    (lambda: FakeWorker(pid=dead_pid()), False),  # killed a moment ago: its heartbeat is still fresh
    (lambda: FakeWorker(pid=dead_pid(), hostname="elsewhere"), True),  # another machine's numbers say nothing here
    (lambda: FakeWorker(last_heartbeat=datetime.now(UTC) - timedelta(hours=1)), False),
    (lambda: FakeWorker(last_heartbeat=None), False),
])
def test_is_alive(worker: Callable[[], FakeWorker], alive: bool) -> None:
    assert is_alive(worker()) is alive


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

    for name in ("workers", "label_studio", "clock", "private_addresses", "ml_backend", "search_service"):
        monkeypatch.setattr(Doctor, name, lambda self: iter(()))
    monkeypatch.setattr(servers, "database", lambda: iter(()))
    monkeypatch.setattr(servers, "queue", lambda: iter(()))
    monkeypatch.setattr(Doctor, "disk", fails)
    monkeypatch.setattr(Doctor, "projects", lambda self: iter([Finding("last", "ok", "")]))
    findings = list(Doctor(Settings(), FakeLabelStudio("", 0)).run())  # type: ignore[arg-type]
    assert [(f.name, f.state, f.fix) for f in findings] == [
        ("half", "ok", ""), ("disk", "problem", "Start it."), ("last", "ok", "")]


def test_disk__a_home_that_does_not_exist_yet_is_measured_where_it_will_be(tmp_path: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "not" / "yet"
    check = Doctor(Settings(home=home), FakeLabelStudio("", 0))  # type: ignore[arg-type]
    monkeypatch.setattr(finding, "MIN_FREE", 1)
    assert [finding.state for finding in check.disk()] == ["ok"]
    assert not home.exists()
    monkeypatch.setattr(finding, "MIN_FREE", 2**70)
    assert [finding.state for finding in check.disk()] == ["problem"]


LOOK = """
import json, sys
from argus.jobs import self_check
from search_service.health.doctor import finding
finding.MIN_FREE = 1
from search_service.health.doctor import Doctor
from argus.labelstudio import LabelStudio
(found,) = Doctor(ls=LabelStudio("http://127.0.0.1:9", "")).disk()
print(json.dumps([found.answer().model_dump(mode="json"), self_check.examine()]))
"""


@pytest.mark.parametrize("inside", ["", "not/yet"])
def test_disk__a_home_that_cannot_be_written(tmp_path: Path, inside: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    done = subprocess.run(as_container_user([sys.executable, "-c", LOOK]), capture_output=True, text=True, cwd="/",
                          env=os.environ | {"ARGUS_HOME": str(home / inside)}, timeout=60)
    assert done.returncode == 0, done.stderr
    here, by_a_worker = json.loads(done.stdout)
    assert (here["name"], here["state"]) == ("disk", "problem")
    assert here["detail"] == f"{home / inside} cannot be written." and "ARGUS_HOME" in here["fix"]
    (told,) = [finding for finding in workers._told("sam3", 1, by_a_worker) if finding.state == "problem"]
    assert told.name == "sam3 worker: disk" and told.detail.startswith(f"not writable for {home / inside} on ")


def served(app: Flask) -> tuple[BaseWSGIServer, str]:
    """Serve an application on loopback; return the server, which is to be shut down, and its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def test_ml_backend__other_credentials_than_ours() -> None:
    server, url = served(create_app(Settings(basic_auth_user="argus", basic_auth_password="theirs")))
    try:
        found = {}
        for password in ("theirs", "ours"):
            settings = Settings(basic_auth_user="argus", basic_auth_password=password, ml_backend_url=url)
            (found[password],) = Doctor(settings, FakeLabelStudio("", 0)).ml_backend()  # type: ignore[arg-type]
    finally:
        server.shutdown()
        server.server_close()
    assert found["theirs"].state == "ok"
    assert (found["ours"].state, found["ours"].detail) == ("problem", f"{url} refused our credentials.")
    assert "ARGUS_BASIC_AUTH_PASSWORD" in found["ours"].fix


def test_search_service__a_refusal_is_told_with_its_own_hint() -> None:
    app = Flask("refusing")
    problem = ArgusError("forbidden", "Not under this name.", "Name it in ARGUS_OWN_HOSTS.").to_problem()
    app.add_url_rule("/health", "health", lambda: (problem, 403))
    server, url = served(app)
    try:
        (finding,) = Doctor(Settings(search_service_url=url),
                            FakeLabelStudio("", 0)).search_service()  # type: ignore[arg-type]
    finally:
        server.shutdown()
        server.server_close()
    assert (finding.state, finding.fix) == ("problem", "Name it in ARGUS_OWN_HOSTS.")
    assert finding.detail == f"{url}/health answered 403. Not under this name."


def test_search_service__away() -> None:
    settings = Settings(search_service_url="http://127.0.0.1:9")
    (finding,) = Doctor(settings, FakeLabelStudio("", 0)).search_service()  # type: ignore[arg-type]
    assert (finding.name, finding.state) == ("search service", "problem")
    assert finding.detail == "No answer at http://127.0.0.1:9: ConnectionError."
    assert "ARGUS_SEARCH_SERVICE_URL" in finding.fix


@pytest.mark.parametrize(("text", "version"), [("0.8.6", (0, 8)), ("1.23.2", (1, 23)), ("1.24.0.dev1", (1, 24)),
                                               ("9rc1", (9,)), ("?", (0,))])
def test_version__compares_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert finding.version(text) == version


@pytest.mark.parametrize(("asked", "theirs", "answered", "skew"), [
    (100.0, 100.5, 101.0, 0.0), (100.0, 100.0, 100.0, 0.0),  # it may be right
    (100.0, 400.0, 101.0, 299.0), (100.0, 40.0, 101.0, -60.0)])
def test_skew__counts_only_what_the_question_itself_does_not_explain(asked: float, theirs: float, answered: float,
                                                                     skew: float) -> None:
    assert clocks.skew(asked, theirs, answered) == skew


def token(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


@pytest.mark.parametrize(("given", "said"), [
    ("", "There is none."), ("0a" * 20, "legacy token"), ("nonsense", "does not look like"), ("a.b.c", "does not look"),
    (token(token_type="access", exp=4e9), "It is an access token"),
    (token(token_type="refresh", exp=1e9), "It expired on 2001-09-09."),
    (token(token_type="refresh", exp=4e9), "revoked"), (token(exp="soon", token_type="refresh"), "does not look")])
def test_token_kind(given: str, said: str) -> None:
    assert said in label_studio.token_kind(given)


def answer(**changed: Any) -> dict[str, Any]:
    return {"version": __version__, "host": "gpu-1", "home": "/var/lib/argus", "free": 2**40, "writable": True,
            "time": 0.0} | changed


@pytest.mark.parametrize(("said", "name", "detail"), [
    (answer(version="0.0.1"), "sam3 worker", "Argus 0.0.1"),
    (answer(free=2**20), "sam3 worker: disk", "0.0 GiB free for /var/lib/argus on gpu-1"),
    (answer(writable=False), "sam3 worker: disk", "not writable"),
    (answer(model={"error": ArgusError("model_broken", "It answers NaN.").to_json()}), "sam3 model", "NaN"),
    (answer(model={"checkpoint": "/models/sam3-tiny", "device": "cpu", "seconds": 0.1, "fresh": True}), "sam3 model",
     "has /models/sam3-tiny, this process is set to facebook/sam3")])
def test_told__what_is_wrong_with_a_worker(said: dict[str, Any], name: str, detail: str) -> None:
    (problem,) = [finding for finding in workers._told("sam3", 1, said) if finding.state == "problem"]
    assert (problem.name, detail in problem.detail) == (name, True)
    assert problem.fix


def test_told__a_long_self_test_is_not_repeated() -> None:
    model = {"checkpoint": "facebook/sam3", "device": "cpu", "seconds": 54.0, "fresh": False}
    findings = {finding.name: finding.detail for finding in workers._told("sam3", 2, answer(model=model))}
    assert findings == {"sam3 worker": "2 alive, answered from gpu-1",
                        "sam3 model": "facebook/sam3 on cpu passed its self-test at the start, in 54.00 s"}


@dataclass
class FakeBusy:
    job: str | None

    def get_current_job_id(self) -> str | None:
        return self.job


@pytest.mark.parametrize(("jobs", "state"), [(["a", "b"], "unknown"), (["a", None], "problem")])
def test_silent__a_worker_at_its_job_is_no_problem(jobs: list[str | None], state: str) -> None:
    finding = workers._silent("sam3", [FakeBusy(job) for job in jobs], ArgusError("timeout", "No answer."))
    assert (finding.state, bool(finding.fix)) == (state, True)
