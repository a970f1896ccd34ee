"""A queue server without memory and a read-only database: told as what they are through every door, and nothing is
lost or needs a restart. The real servers, made to refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from argus.db import check_writable, connect, migrate, open_pool
from argus.errors import ArgusError
from argus.jobs import queues, worker
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus.web import server_state
from argus_cli.main import main
from search_service.health.doctor import servers as to_servers
from search_service.sync.progress import sync_progress
from tests.pictures import plain
from tests.refusing import out_of_memory, read_only
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
WORKERS = ("siglip-worker", "sam3-worker", "worker", "export-worker")


def api(method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(method, f"{get_settings().search_service_url}{path}", timeout=60, **options)


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def takes_writes() -> dict[str, float]:
    families = text_string_to_metric_families(api("GET", "/metrics").text)
    return {sample.labels["server"]: sample.value for family in families for sample in family.samples
            if sample.name == "argus_takes_writes"}


@pytest.fixture
def embedded(stack: Any, make_project: Callable[..., int]) -> int:
    project = make_project(["cpu"], [(f"{n}.jpg", plain((50 * n, 90, 30), (120, 80))) for n in range(3)])
    wait_for(lambda: sync_progress(project).embedded == 3, 300)
    return project


def pids(stack: Any) -> dict[str, int]:
    return {name: stack.pid(name) for name in WORKERS}


# --- the database

def test_read_only__searches_work_and_what_changes_something_is_refused_before_it_begins(
        stack: Any, embedded: int, label_studio: LabelStudio) -> None:
    views = len(label_studio.get("/api/dm/views/", project=embedded))
    before = pids(stack)
    with read_only():
        wait_for(lambda: api("GET", "/health").json()["refused"] == {"postgresql": "database_read_only"}, 60)
        assert len(api("GET", f"/api/v1/projects/{embedded}/search?q=cpu").json()["hits"]) == 3
        ran = CliRunner().invoke(main, ["search", "red part", "--project", str(embedded), "--json"])
        assert ran.exit_code == 0, ran.output
        for method, path, body in (
                ("POST", "sync", None), ("POST", "views", {"query": "cpu"}), ("POST", "runs", {"labels": ["cpu"]}),
                ("POST", "saved-searches", {"name": "n", "query": "cpu"}), ("POST", "disconnect", None),
                ("POST", "review/accept", {"min_score": 0.9})):
            answer = api(method, f"/api/v1/projects/{embedded}/{path}", json=body)
            assert code(answer) == (503, "database_read_only"), (path, answer.text)
            assert "read-only" in answer.json()["detail"] and "by itself" in answer.json()["hint"]
        ran = CliRunner().invoke(main, ["sync", "--project", str(embedded)])
        assert ran.exit_code == 8 and "read-only" in ran.output
        assert api("GET", "/readyz").json() == {"status": "limited", "missing": [],
                                               "refused": {"postgresql": "database_read_only"}}
        assert takes_writes() == {"postgresql": 0, "redis": 1}
        (refusal,) = api("GET", "/api/v1/status").json()["refusals"]
        assert refusal["code"] == "database_read_only"
        assert "PostgreSQL is read-only" in CliRunner().invoke(main, ["status"]).output
        (finding,) = to_servers.database()
        assert finding.state == "problem" and "read-only" in finding.detail
    assert len(label_studio.get("/api/dm/views/", project=embedded)) == views
    wait_for(lambda: api("GET", "/health").json()["status"] == "ok", 60)
    label_studio.request("POST", f"/api/projects/{embedded}/import", timeout=60,
                         files=[("new", ("new.jpg", plain((9, 9, 200), (120, 80)), "image/jpeg"))])
    wait_for(lambda: sync_progress(embedded).embedded == 4, 300)
    assert pids(stack) == before


def test_read_only__the_ml_backend_says_so_and_a_click_is_answered(stack: Any, embedded: int,
                                                                   label_studio: LabelStudio) -> None:
    url, config = get_settings().ml_backend_url, label_studio.project(embedded)["label_config"]
    (task, *_) = label_studio.tasks(embedded)
    asked = {"project": str(embedded), "label_config": config, "tasks": [{"id": task["id"], "data": task["data"]}]}
    click = {"result": [{"type": "keypointlabels", "value": {"x": 50, "y": 50, "width": 1, "keypointlabels": ["cpu"]},
                         "original_width": 120, "original_height": 80, "is_positive": True}]}
    with read_only():
        wait_for(lambda: requests.get(f"{url}/health", timeout=30).json()["refused"] ==
                 {"postgresql": "database_read_only"}, 60)
        answer = requests.post(f"{url}/predict", json=asked, timeout=60)
        assert code(answer) == (503, "database_read_only") and "read-only" in answer.reason
        clicked = requests.post(f"{url}/predict", json=asked | {"params": {"context": click}}, timeout=60)
        assert clicked.status_code in (200, 400), clicked.text  # 400: this config has no tool for points
        setup = requests.post(f"{url}/setup", json={"project": str(embedded), "schema": config}, timeout=30)
        assert setup.status_code == 200
    wait_for(lambda: requests.post(f"{url}/predict", json=asked, timeout=60).status_code == 200, 60)


def test_read_only__a_worker_that_starts_then_serves_searches(stack: Any, embedded: int) -> None:
    with read_only():
        for name in ("siglip-worker", "worker"):
            stack.stop(name)
            stack.start(name)
        asked = f"/api/v1/projects/{embedded}/search?q=something+nobody+asked+for"
        wait_for(lambda: len(api("GET", asked).json().get("hits", ())) == 3, 200)
        assert "not prepared yet" not in stack.log_tail("siglip-worker")


def test_read_only__a_database_that_lacks_tables_says_so(servers: Any) -> None:
    url = get_settings().resolved_database_url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS fresh WITH (FORCE)")
        connection.execute("CREATE DATABASE fresh")
        try:
            with pytest.raises(ArgusError, match="lacks tables") as caught:
                open_pool(url.replace("/argus?", "/fresh?") + "&options=-c%20default_transaction_read_only%3Don")
            assert caught.value.code == "database_read_only"
            with psycopg.connect(url.replace("/argus?", "/fresh?")) as fresh:
                assert migrate(fresh)
        finally:
            connection.execute("DROP DATABASE fresh WITH (FORCE)")


def test_connect__a_disk_that_is_full(servers: Any) -> None:
    with pytest.raises(ArgusError) as caught, connect() as connection:
        connection.execute("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$")
    assert caught.value.code == "database_full"


def test_check_writable__changes_nothing_and_does_not_wait_for_others(servers: Any) -> None:
    def rows() -> list[Any]:
        with connect() as connection:
            return connection.execute("SELECT * FROM schema_version ORDER BY number").fetchall()

    before = rows()
    with psycopg.connect(get_settings().resolved_database_url) as other:
        other.execute("SELECT FROM schema_version FOR UPDATE")
        check_writable()
    check_writable()
    assert rows() == before


# --- the queue server

SERVE = """
from rq import Queue
from rq.serializers import JSONSerializer
from argus.jobs import job_names, queues, worker
job_names.JOBS = {"jobs_for_test.slow"}
c = queues.waiting_redis(40.0)
names = ("refused-now", "refused-later")
worker.LeaseWorker([Queue(n, connection=c, serializer=JSONSerializer, job_class=job_names.OurJob) for n in names],
                   connection=c, serializer=JSONSerializer, worker_ttl=17).work(logging_level="WARNING")
"""
JOBS = """
import pathlib, time
def slow(mark, until):
    with open(mark, "a") as file: file.write("x")
    while not pathlib.Path(until).exists(): time.sleep(0.05)
    return mark
"""


@pytest.fixture
def start(servers: Any, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    (tmp_path / "jobs_for_test.py").write_text(JOBS)
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen([sys.executable, "-c", SERVE], stderr=subprocess.PIPE,
                                        env=os.environ | {"PYTHONPATH": str(tmp_path), "ARGUS_LEASE_SECONDS": "4"}))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def await_refusal(process: subprocess.Popen[bytes]) -> None:
    """Read what the worker says until it says that the server takes no writes."""
    assert process.stderr
    said = b""
    while b"takes no writes" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line


def job_of(job: Job) -> Job:
    return Job.fetch(job.id, connection=queues.get_redis(), serializer=JSONSerializer)


def test_out_of_memory__a_worker_keeps_its_job_and_goes_on(start: Callable[[], subprocess.Popen[bytes]],
                                                           tmp_path: Path) -> None:
    """One job ends while the server has no memory, the next is taken then, and a worker is idle: none of them dies."""
    marks, until = [tmp_path / "first", tmp_path / "second"], tmp_path / "until"
    busy = start()
    jobs = [queues.enqueue("refused-later", "jobs_for_test.slow", str(mark), str(until), retries=0) for mark in marks]
    wait_for(marks[0].exists, 60)
    with out_of_memory():
        idle = start()  # it cannot even be registered
        until.touch()
        await_refusal(busy)  # in RQ's bookkeeping of the job that ended
        assert busy.poll() is None and idle.poll() is None
        assert job_of(jobs[0]).get_status() == JobStatus.STARTED
    wait_for(lambda: [job_of(job).get_status() for job in jobs] == [JobStatus.FINISHED] * 2, 60)
    assert [job_of(job).return_value() for job in jobs] == [str(mark) for mark in marks]
    assert [mark.read_text() for mark in marks] == ["x", "x"]
    assert busy.poll() is None and idle.poll() is None
    wait_for(lambda: queues.workers_of("refused-later") == 2, 60)


def test_out_of_memory__a_worker_can_be_stopped(start: Callable[[], subprocess.Popen[bytes]]) -> None:
    waiting = start()
    wait_for(lambda: queues.workers_of("refused-now") > 0, 60)
    with out_of_memory():
        await_refusal(waiting)  # of its next heartbeat
        waiting.terminate()
        waiting.wait(30)


def test_out_of_memory__is_told_through_every_door(stack: Any, embedded: int) -> None:
    before = pids(stack)
    with out_of_memory():
        wait_for(lambda: api("GET", "/health").json()["refused"] == {"redis": "queue_full"}, 60)
        asked = api("GET", f"/api/v1/projects/{embedded}/search?q=words+not+asked+before")
        assert code(asked) == (503, "queue_full") and "out of memory" in asked.json()["detail"]
        export = api("POST", f"/api/v1/projects/{embedded}/exports", json={"format": "coco", "source": "predictions"})
        assert code(export) == (503, "queue_full"), export.text
        assert takes_writes() == {"postgresql": 1, "redis": 0}
        assert [one["code"] for one in api("GET", "/api/v1/status").json()["refusals"]] == ["queue_full"]
        (finding,) = to_servers.queue()
        assert finding.state == "problem" and "out of memory" in finding.detail
        ran = CliRunner().invoke(main, ["search", "words nobody asked for", "--project", str(embedded)])
        assert ran.exit_code == 8 and "out of memory" in ran.output
        with pytest.raises(ArgusError) as caught:
            worker.reap()
        assert caught.value.code == "queue_full"
        url = get_settings().ml_backend_url
        assert requests.get(f"{url}/health", timeout=30).json()["status"] == "UP"
    wait_for(lambda: api("GET", "/health").json()["status"] == "ok", 60)
    assert len(api("GET", f"/api/v1/projects/{embedded}/search?q=words+not+asked+before").json()["hits"]) == 3
    assert pids(stack) == before


def test_queue_check__leaves_nothing_behind(servers: Any) -> None:
    before = set(queues.get_redis().keys("argus:*"))
    queues.check_writable()
    assert set(queues.get_redis().keys("argus:*")) == before


@pytest.mark.parametrize(("said", "expected"), [
    ("MISCONF Errors writing to the AOF file: No space left on device", "queue_refused"),
    ("NOPERM User argus has no permissions to run the 'set' command", "queue_refused")])
def test_refusal__what_else_a_queue_server_says(said: str, expected: str) -> None:
    import redis

    error = queues.refusal(redis.ResponseError(f"Command # 1 (HSET job data secret) of pipeline caused error: {said}"))
    assert error.code == expected and said in error.message and "secret" not in error.message


def test_server_state__is_looked_at_again_only_after_a_while(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server_state._servers.cache_clear()
    assert server_state.codes() == {}
    with out_of_memory():
        assert server_state.codes() == {}
        monkeypatch.setattr(server_state, "FRESH_SECONDS", 0.0)
        assert server_state.codes() == {"redis": "queue_full"}
    assert server_state.codes() == {}
