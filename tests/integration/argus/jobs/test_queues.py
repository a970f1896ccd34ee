"""Queues and workers as processes, on the real Valkey."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rq import Callback, Queue, Retry, Worker
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.errors import ArgusError
from argus.jobs import last_jobs, lost_jobs, queues, worker
from argus.settings import get_settings
from argus_cli.commands.worker import preparation
from argus_cli.stack import guard
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

JOBS = """
import time, pathlib
def double(x): return 2 * x
def slow(seconds, path):
    with open(path, "a") as f: f.write("started\\n")
    time.sleep(seconds)
    with open(path, "a") as f: f.write("finished\\n")
def refuse():
    from argus.errors import ArgusError
    from argus.jobs.queues import pack
    return pack(ArgusError("bad_image", "broken", "replace it", task=3))
def crash(): raise ValueError("the password is hunter2")
def note(*what): pathlib.Path("PLACE").touch()
"""
SERVE = """
import sys
from rq import Queue
from rq.serializers import JSONSerializer
from argus.jobs import job_names, queues, worker
job_names.JOBS = {f"jobs_for_test.{name}" for name in ("double", "slow", "refuse", "crash")}
c = queues.get_redis()
worker.LeaseWorker([Queue(n, connection=c, serializer=JSONSerializer) for n in sys.argv[1:]], connection=c,
                   serializer=JSONSerializer).work(logging_level="WARNING")
"""

# A worker whose process has two open connections to the queue server before it becomes one, as one has whose
# preparation looked at several things at once.
AFTER_OTHER_WORK = """
from argus import queue_names
from argus.jobs import job_names, queues, worker
job_names.JOBS = {"jobs_for_test.double"}
queue_names.ROLES["siglip"] = ("later",)
pool = queues.get_redis().connection_pool
both = [pool.get_connection(), pool.get_connection()]
for one in both: pool.release(one)
worker.run("siglip", lambda: None)
"""


@pytest.fixture
def start_worker(servers: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a worker process of ours for some queues; `jobs_for_test` is its module of jobs."""
    (tmp_path / "jobs_for_test.py").write_text(JOBS.replace("PLACE", str(tmp_path / "noted")))
    running = []

    def start(*names: str, code: str = SERVE) -> subprocess.Popen[bytes]:
        env = os.environ | {"PYTHONPATH": str(tmp_path), "ARGUS_LEASE_SECONDS": "4"}
        running.append(subprocess.Popen([sys.executable, "-c", code, *names], env=env))
        return running[-1]

    queues.get_redis().flushdb()
    yield start
    for process in running:
        process.kill()
        process.wait()
    queues.get_redis().flushdb()


def test_call__returns_the_result_and_raises_what_the_job_raised(start_worker: Callable[..., Any],
                                                                 caplog: pytest.LogCaptureFixture) -> None:
    start_worker("now", "later")
    assert queues.call("now", "jobs_for_test.double", 21, deadline=60) == 42
    with pytest.raises(ArgusError) as caught:
        queues.call("now", "jobs_for_test.refuse", deadline=20)
    assert (caught.value.code, caught.value.hint, caught.value.details) == ("bad_image", "replace it", {"task": 3})
    with pytest.raises(ArgusError) as caught:
        queues.call("now", "jobs_for_test.crash", deadline=20)
    assert caught.value.code == "internal"
    (record,) = caplog.records
    assert record.job in caught.value.hint  # type: ignore[attr-defined]
    assert "hunter2" in record.reason  # type: ignore[attr-defined]
    assert "hunter2" not in str(caught.value.to_json())  # which a caller of the REST API reads


def test_last_jobs__says_for_each_queue_when_a_job_of_it_ended_well_or_not(start_worker: Callable[..., Any]) -> None:
    start_worker("stage-a", "stage-b")
    before = datetime.now(UTC)
    assert queues.call("stage-a", "jobs_for_test.double", 1, deadline=60) == 2
    wait_for(lambda: last_jobs.last("stage-a"), 30)
    first = last_jobs.last("stage-a")
    assert first is not None and before <= first <= datetime.now(UTC)
    assert last_jobs.last("stage-b") is None
    for function in ("refuse", "crash"):
        earlier = last_jobs.last("stage-b") or before
        with pytest.raises(ArgusError):
            queues.call("stage-b", f"jobs_for_test.{function}", deadline=60)
        wait_for(lambda at=earlier: (last_jobs.last("stage-b") or before) > at, 30)
    assert last_jobs.last("stage-a") == first


def test_call__says_whether_a_worker_is_missing_or_slow(start_worker: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ArgusError) as caught:
        queues.call("nobody", "jobs_for_test.double", 1, deadline=0.3)
    assert caught.value.code == "worker_missing"
    start_worker("now")
    assert queues.call("now", "jobs_for_test.double", 1, deadline=60) == 2
    for begun in (True, False):  # the second waits for the first
        with pytest.raises(ArgusError) as caught:
            queues.call("now", "jobs_for_test.slow", 60, str(tmp_path / "log"), deadline=4, timeout=90)
        assert (caught.value.code, caught.value.details) == ("timeout", {"begun": begun})


def test_call__leaves_nothing_of_what_was_asked_and_answered(start_worker: Callable[..., Any], tmp_path: Path) -> None:
    def left() -> list[Any]:
        """Jobs without a name of their own, as `call` makes them: those of the stack's workers have one."""
        keys = [*queues.get_redis().keys("rq:job:*"), *queues.get_redis().keys("rq:results:*")]
        unnamed = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
        return [*(key for key in keys if unnamed.fullmatch(key.split(b":")[2])),
                *queues.get_redis().lrange("rq:queue:now", 0, -1)]

    for name in ("nobody", "now"):  # no worker: it is given up before anybody took it
        with pytest.raises(ArgusError):
            queues.call(name, "jobs_for_test.double", 1, deadline=0.3)
    assert left() == []
    start_worker("now")
    assert queues.call("now", "jobs_for_test.double", "payload" * 10_000, deadline=60) == "payload" * 20_000
    assert left() == []
    for function in ("refuse", "crash"):
        with pytest.raises(ArgusError):
            queues.call("now", f"jobs_for_test.{function}", deadline=20)
    assert left() == []
    with pytest.raises(ArgusError) as caught:  # a worker is at it: its work is of use to the next who asks
        queues.call("now", "jobs_for_test.slow", 3, str(tmp_path / "log"), deadline=1, timeout=60)
    assert caught.value.details == {"begun": True}
    wait_for(lambda: (tmp_path / "log").read_text().split() == ["started", "finished"], 60)


def test_enqueue__of_jobs_that_people_wait_for_only_so_many_wait(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queues.get_redis().flushdb()
    monkeypatch.setitem(queues.BOUNDS, "now", 2)
    for _ in range(2):
        assert queues.enqueue("now", "jobs_for_test.double", 1) is not None
        assert queues.enqueue("later", "jobs_for_test.double", 1) is not None
    for ask in (lambda: queues.enqueue("now", "jobs_for_test.double", 1),
                lambda: queues.call("now", "jobs_for_test.double", 1, deadline=60)):
        with pytest.raises(ArgusError, match="2 jobs wait") as caught:
            ask()
        assert caught.value.code == "busy" and caught.value.details["retry_after"] > 0
    assert queues.enqueue("later", "jobs_for_test.double", 1) is not None
    queues.get_redis().flushdb()


def test_enqueue__a_full_memory_of_the_queue_server_is_said_with_what_helps(servers: Any) -> None:
    redis = queues.get_redis()
    redis.flushdb()
    before = redis.config_get("maxmemory")["maxmemory"]
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] + 2**19)
    try:
        with pytest.raises(ArgusError, match="queue server is out of memory") as caught:
            for _ in range(20):
                queues.enqueue("later", "jobs_for_test.double", os.urandom(2**17).hex())
        assert caught.value.code == "queue_full" and "ARGUS_QUEUE_MEMORY_MB" in caught.value.hint
    finally:
        redis.config_set("maxmemory", before)
        redis.flushdb()


def test_enqueue__the_same_job_waits_once_and_can_come_again(servers: Any) -> None:
    queues.get_redis().flushdb()
    assert queues.enqueue("later", "jobs_for_test.double", 1, job_id="a:1") is not None
    assert queues.enqueue("later", "jobs_for_test.double", 1, job_id="a:1") is None
    queues.get_redis().flushdb()


@pytest.mark.parametrize("taken", ["lpop", "lmove"])  # of several queues, and of one
def test_enqueue__a_job_that_was_lost_with_its_worker_comes_again_after_a_lease(
        servers: Any, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    redis, keys = queues.get_redis(), ("rq:queue:later", "rq:queue:later:intermediate")
    redis.flushdb()
    short = get_settings().model_copy(update={"lease_seconds": 1})
    monkeypatch.setattr(lost_jobs, "get_settings", lambda: short)

    def again() -> Job | None:
        return queues.enqueue("later", "jobs_for_test.double", 1, job_id="a:1")

    assert again() is not None
    assert again() is None  # it waits
    assert redis.lpop(keys[0]) if taken == "lpop" else redis.lmove(*keys, "LEFT", "RIGHT")  # and the worker dies
    assert again() is None  # a living one may have taken it just now
    wait_for(lambda: again() is not None, 20)
    assert [redis.lrange(key, 0, -1) for key in keys] == [[b"a-1"], []]
    redis.flushdb()


def test_enqueue__a_job_that_waits_long_is_not_taken_for_lost(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queues.get_redis().flushdb()
    short = get_settings().model_copy(update={"lease_seconds": 1})
    monkeypatch.setattr(lost_jobs, "get_settings", lambda: short)
    began = time.monotonic()
    assert queues.enqueue("later", "jobs_for_test.double", 1, job_id="a:1") is not None
    while time.monotonic() < began + 2.5:
        assert queues.enqueue("later", "jobs_for_test.double", 1, job_id="a:1") is None
    assert queues.get_redis().llen("rq:queue:later") == 1
    queues.get_redis().flushdb()


def test_a_killed_workers_job_is_done_by_another_whatever_its_timeout(start_worker: Callable[..., Any],
                                                                      tmp_path: Path) -> None:
    log = tmp_path / "log"
    first = start_worker("later")
    queues.enqueue("later", "jobs_for_test.slow", 6, str(log), timeout=3600, retries=1)
    wait_for(lambda: log.exists() and "started" in log.read_text(), 60, pause=0.05)
    first.send_signal(signal.SIGKILL)
    start_worker("later")

    def finished() -> bool:
        from rq.registry import ScheduledJobRegistry, StartedJobRegistry

        connection = queues.get_redis()
        StartedJobRegistry("later", connection=connection, serializer=JSONSerializer).cleanup()  # as the reaper does
        scheduled = ScheduledJobRegistry("later", connection=connection, serializer=JSONSerializer)
        for job_id in scheduled.get_job_ids():  # as the scheduler does after the pause
            scheduled.remove(job_id)
            Queue("later", connection=connection, serializer=JSONSerializer).push_job_id(job_id)
        return "finished" in log.read_text()

    wait_for(finished, 30, pause=0.5)  # not after an hour
    assert log.read_text().split() == ["started", "started", "finished"]


def raw(queue: str, **options: Any) -> Job:
    """Put a job on a queue as somebody would who has nothing but the queue server."""
    connection = queues.get_redis()
    return Queue(queue, connection=connection, serializer=JSONSerializer).enqueue_call(failure_ttl=60, **options)


def test_a_job_that_is_none_of_ours_is_refused_and_the_worker_goes_on(start_worker: Callable[..., Any],
                                                                      tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    asked = [raw("now", func=name, args=args, retry=Retry(3)) for name, args in (
        ("jobs_for_test.note", ()), ("pathlib.Path.touch", (str(noted),)), ("os.getcwd", ()), ("no.such.module", ()))]
    unreadable = raw("now", func="jobs_for_test.double", args=(1,))
    queues.get_redis().hset(unreadable.key, "data", b"{")
    on_text = raw("now", func="jobs_for_test.double", args=(1,))
    queues.get_redis().hset(on_text.key, "data", b'["upper", "text", [], {}]')
    afterwards = [raw("now", func=f"jobs_for_test.{name}", args=args, on_success=Callback("jobs_for_test.note"),
                      on_failure=Callback("jobs_for_test.note")) for name, args in (("double", (2,)), ("crash", ()))]
    start_worker("now")
    assert queues.call("now", "jobs_for_test.double", 21, deadline=60) == 42
    for job in (*asked, on_text):
        assert job.get_status(refresh=True) == JobStatus.FAILED
        assert "is no job of Argus" in job.latest_result().exc_string
    assert unreadable.get_status(refresh=True) == JobStatus.FAILED
    assert [job.get_status(refresh=True) for job in afterwards] == [JobStatus.FINISHED, JobStatus.FAILED]
    assert not noted.exists()


def test_reap__calls_nothing_that_a_job_names(start_worker: Callable[..., Any], tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    start_worker()  # which puts its folder in order
    monkeypatch.syspath_prepend(tmp_path)
    job = raw(queue_names.DEFAULT, func="jobs_for_test.double", args=(1,), on_failure=Callback("jobs_for_test.note"))
    Queue(queue_names.DEFAULT, connection=queues.get_redis(), serializer=JSONSerializer).remove(job)
    job.set_status(JobStatus.STARTED)
    queues.get_redis().zadd(job.started_job_registry.key, {f"{job.id}:1": 1})  # as of a worker that died long ago
    worker.reap()
    assert job.get_status(refresh=True) == JobStatus.FAILED
    assert not (tmp_path / "noted").exists()


def test_a_worker__waits_for_jobs_without_being_cut_off(start_worker: Callable[..., Any],
                                                        capfd: pytest.CaptureFixture[str]) -> None:
    start_worker(code=AFTER_OTHER_WORK)
    said = ""

    def idle() -> bool:
        """Whether it waited for a job until RQ itself looked up, and was heard of then."""
        nonlocal said
        said += capfd.readouterr().err
        # RQ's words for a connection that broke; it looks away for up to a minute then.
        assert "retrying in" not in said.lower()
        ours = [one for one in Worker.all(connection=queues.get_redis()) if one.queue_names() == ["later"]]
        return bool(ours) and ours[0].last_heartbeat - ours[0].birth_date > timedelta(seconds=12)

    wait_for(idle, 60)
    assert queues.call("later", "jobs_for_test.double", 21, deadline=10) == 42


def test_a_waiting_connection__is_told_so_itself(servers: Any) -> None:
    """Whatever the client's own default is (5 s since redis-py 8)."""
    waiting = queues.waiting_redis(7.5)
    connection = waiting.connection_pool.get_connection()
    assert connection.socket_timeout == 7.5
    waiting.connection_pool.release(connection)
    assert waiting.connection_pool is not queues.get_redis().connection_pool
    # RQ waits 15 s less than an idle worker lives, and raises what is less than 10 s more.
    assert worker.READ_SECONDS > worker.IDLE_SECONDS - 15 + 10


def test_what_waits_for_its_time_comes_on_every_queue_and_without_a_child_process(stack: Any) -> None:
    asked = [Queue(name, connection=queues.get_redis(), serializer=JSONSerializer).enqueue_in(
        timedelta(seconds=1), function, result_ttl=60) for name, function in (
            (queue_names.DEFAULT, "argus.jobs.self_check.examine"),
            (queue_names.SIGLIP, "search_service.embedding.worker.examine"),
            (queue_names.SAM3, "ml_backend.sam3_worker.engine.examine"))]
    wait_for(lambda: all(job.latest_result() for job in asked), 120)
    assert all(job.latest_result().type.name == "SUCCESSFUL" for job in asked)
    assert guard.family({stack.pid("worker")}) == {stack.pid("worker")}


def test_every_role_has_its_queues_and_its_preparation() -> None:
    assert all(callable(preparation(role)) for role in queue_names.ROLES)
