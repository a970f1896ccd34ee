"""10. A server's "no" is told as what it is, and nothing needs a restart afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.database import postgres, use, version
from benchmarks.odd_inputs.hugging_face import hugging_face

ITEMS = (10,)
_TOLD = {"gated": "model_gated", "forbidden": "model_refused", "wrong-token": "model_refused",
         "waits": "model_host_busy"}
_QUEUE = "odd-inputs"


def cases(work: Path) -> Iterator[Case]:
    with hugging_face() as address:
        for loader in ("siglip", "sam3"):
            for name, status in (("gated", 403), ("forbidden", 403), ("wrong-token", 401), ("waits", 429)):
                yield Case(10, "what the host of a checkpoint answers is told", f"{loader}: {name}",
                           f"a host that answers {status}", f"refused: {_TOLD[name]}", "loaded",
                           {"address": address, "home": str(work / "hub"), "loader": loader, "name": f"org/{name}"})
    with postgres() as server:
        reference, said = version(server), _said_read_only(server)
        right: Any
        for ask, right in (("read", 1), ("write", f"refused: {said}"), ("after", "written"), ("doctor", "problem")):
            yield Case(10, "a read-only database is read, and told as that", ask, reference, right, "read_only",
                       {"server": server, "ask": ask})
    with _valkey() as address:
        reference, said = _said_without_memory(address)
        for ask, right in (("enqueue", f"refused: {said}"), ("find", "answered"), ("doctor", "problem"),
                           ("worker", ["finished", 42])):
            yield Case(10, "a queue server without memory is told as that, and loses no job", ask, reference, right,
                       "without_memory", {"address": address, "ask": ask})


def _said_read_only(server: str) -> str:
    """Return our code for what PostgreSQL says of a write in a read-only session."""
    with psycopg.connect(server, options="-c default_transaction_read_only=on") as connection:
        try:
            connection.execute("CREATE TABLE written (n int)")
        except psycopg.Error as error:
            return {"25006": "database_read_only"}.get(error.sqlstate or "", "internal")
    return "nothing"


@contextmanager
def _valkey() -> Iterator[str]:
    """Run the embedded queue server for a block; yield its address."""
    from argus import home as argus_home
    from argus.settings import Settings
    from argus_cli.stack.stack import Stack
    from argus_cli.stack.template import temporary_home

    home = temporary_home()
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]  # pydantic-settings' own
    with Stack(settings, {"valkey"}, durable=False) as stack:
        yield stack.env["ARGUS_REDIS_URL"]
    argus_home.forget(home)


def _said_without_memory(address: str) -> tuple[str, str]:
    """Return the server's name and version, and our code for what it says of a write."""
    client: Any = redis.Redis.from_url(address)
    info = client.info("server")
    client.config_set("maxmemory", 1)
    try:
        client.set("written", 1)
    except redis.ResponseError as error:
        said = "queue_full" if "OOM" in str(error) or "maxmemory" in str(error) else "internal"
    else:
        said = "nothing"
    finally:
        client.config_set("maxmemory", 0)
    return f"Valkey {info.get('valkey_version', info['redis_version'])}", said


# --- probes

def loaded(argument: dict[str, Any]) -> Any:
    """Load a checkpoint from a host; the real loaders, one address a process."""
    os.environ |= {"HF_ENDPOINT": argument["address"], "HF_HOME": argument["home"], "HF_TOKEN": "hf_made_up"}
    import torch

    if argument["loader"] == "siglip":
        encoder = product("search_service.embedding.encoder", "search_service.encoder", "SiglipEncoder")
        encoder(argument["name"], "cpu")
    else:
        load_model = product("ml_backend.engines.loading", "load_model")
        load_model("Sam3Model", argument["name"], torch.device("cpu"), torch.float32)
    return "loaded"


def read_only(argument: dict[str, Any]) -> Any:
    """Read, write or examine a database that has become read-only."""
    use(argument["server"])
    connect, get_pool = product("argus.db", "connect"), product("argus.db", "get_pool")
    with connect() as connection:  # which makes the tables
        connection.execute("SELECT 1")
    if argument["ask"] != "after":
        get_pool().close()
        get_pool.cache_clear()
    try:
        with _becomes_read_only(argument["server"]):
            if argument["ask"] == "doctor":
                database = product("search_service.health.doctor.servers", "argus.doctor.servers", "database")
                return next(iter(database())).state
            if argument["ask"] == "read":
                with connect() as connection:
                    return connection.execute("SELECT 1 AS one").fetchone()["one"]
            try:
                _write()
            except Exception:
                if argument["ask"] == "write":
                    raise
        return _written_after()
    finally:
        get_pool().close()
        get_pool.cache_clear()


@contextmanager
def _becomes_read_only(server: str) -> Iterator[None]:
    database = str(conninfo_to_dict(os.environ["ARGUS_DATABASE_URL"])["dbname"])
    name = sql.Identifier(database)
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        there.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
        try:
            yield
        finally:
            there.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))


def _write() -> None:
    with product("argus.db", "connect")() as connection:
        connection.execute("INSERT INTO project (id) VALUES (1) ON CONFLICT DO NOTHING")


def _written_after() -> str:
    for _ in range(50):  # it is looked at once a second
        try:
            _write()
            return "written"
        except Exception:
            time.sleep(0.2)
    return "never written"


def without_memory(argument: dict[str, Any]) -> Any:
    """Enqueue, look, examine or work while the queue server has no memory."""
    os.environ["ARGUS_REDIS_URL"] = argument["address"]
    product("argus.settings", "get_settings").cache_clear()
    queues = {name: product("argus.jobs.queues", "argus.queues", name) for name in ("get_redis", "enqueue", "find")}
    server: Any = queues["get_redis"]()
    server.flushdb()
    if argument["ask"] == "worker":
        return _worked(argument["address"], server, queues)
    server.config_set("maxmemory", 1)
    try:
        if argument["ask"] == "doctor":
            queue = product("search_service.health.doctor.servers", "argus.doctor.servers", "queue")
            return next(iter(queue())).state
        if argument["ask"] == "find":
            queues["find"](_QUEUE, "no-such-job")
            return "answered"
        queues["enqueue"](_QUEUE, f"{__name__}.fill", argument["address"], retries=0)
        return "enqueued"
    finally:
        server.config_set("maxmemory", 0)


def _worked(address: str, server: Any, queues: dict[str, Any]) -> Any:
    """Return the state and the result of a job at whose end the server has no memory for two seconds."""
    job = queues["enqueue"](_QUEUE, f"{__name__}.fill", address, retries=0)
    here = str(Path(__file__).resolve().parents[1])
    running = subprocess.Popen([sys.executable, "-P", "-c", _WORKER, __name__, _QUEUE, here],
                               stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not server.exists("filled") and time.monotonic() < end and running.poll() is None:
        time.sleep(0.05)
    time.sleep(2)
    server.config_set("maxmemory", 0)
    running.wait(60)
    return [str(job.get_status(refresh=True).value), job.return_value()]


# A worker of either side, which takes one job: `fill` of this module.
_WORKER = """
import importlib, sys
import benchmarks
benchmarks.__path__.append(sys.argv[3])
from rq import Queue
from rq.serializers import JSONSerializer
from benchmarks.odd_inputs import product
queues = importlib.import_module(product("argus.jobs.queues", "argus.queues", "__name__"))
worker = importlib.import_module(product("argus.jobs.worker", "argus.worker", "__name__"))
connection = queues.waiting_redis(40.0) if hasattr(queues, "waiting_redis") else queues.get_redis()
options = {"connection": connection, "serializer": JSONSerializer}
if hasattr(worker, "OurJob"):
    sys.modules[worker.OurJob.__module__].JOBS = {f"{sys.argv[1]}.fill"}
    options["job_class"] = worker.OurJob
worker.LeaseWorker([Queue(sys.argv[2], **options)], **options).work(burst=True)
"""


def fill(address: str) -> int:
    """A job that leaves the queue server without memory."""
    client: Any = redis.Redis.from_url(address)
    client.set("filled", 1)
    client.config_set("maxmemory", 1)
    return 42
