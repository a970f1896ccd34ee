"""How often one search and one detection chunk go to PostgreSQL and to the queue server, in this tree and in others.

    python -m benchmarks.trips                        this tree
    python -m benchmarks.trips --tree ../baseline     and another one, on servers of its own
    python -m benchmarks.trips --tree ../baseline --page docs/benchmarks-baseline.md

The models stand still: texts are vectors already (as after the first search), and a chunk finds nothing on its images.
PostgreSQL's trips are the times its server says that it is ready for the next query, as libpq's trace writes them;
the queue server's are what is sent to it at a time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

DIM, PROJECT, TASKS = 24, 1, 200
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")
BEGIN, END = "<!-- trips: written by python -m benchmarks.trips -->", "<!-- end of trips -->"
NAMES = {"search": "a search", "chunk": "a chunk of a run", "its end": "of it, the end of the chunk"}
Trips = dict[str, dict[str, int]]


class Counter:
    """Counts this process's trips from its making on."""

    def __init__(self, folder: Path) -> None:
        import psycopg
        from redis.connection import AbstractConnection

        self._trace, self._sent = (folder / "trace").open("w"), 0
        postgresql: Any = psycopg.Connection
        queue: Any = AbstractConnection
        connect, send = postgresql.connect.__func__, queue.send_packed_command

        def traced(cls: Any, *arguments: Any, **options: Any) -> Any:
            connection = connect(cls, *arguments, **options)
            connection.pgconn.trace(self._trace.fileno())
            return connection

        def counted(connection: Any, *arguments: Any, **options: Any) -> Any:
            self._sent += 1
            return send(connection, *arguments, **options)

        postgresql.connect, queue.send_packed_command = classmethod(traced), counted

    def read(self) -> dict[str, int]:
        return {"postgresql": Path(self._trace.name).read_text(errors="replace").count("ReadyForQuery"),
                "queue": self._sent}


def module(*names: str) -> Any:
    """Return the first module of these names that the tree has."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(names)


def measure(folder: Path) -> Trips:
    """Return the trips of a second search, of a second chunk, and of the chunk's end alone."""
    counter = Counter(folder)
    fill()
    found = {"search": _search(counter)}
    return found | _chunk(counter)


def fill() -> None:
    store, connect = module("search_service.vectors.store", "search_service.vectors"), module("argus.db").connect
    model = store.register_model("trips", "1", DIM)
    vectors = np.random.default_rng(7).normal(size=(TASKS, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with connect() as connection:
        connection.execute("UPDATE embedding_model SET role = 'current' WHERE id = %s", (model.id,))
        connection.execute("INSERT INTO project (id, label_config) VALUES (%s, %s)", (PROJECT, CONFIG))
        connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                           "FROM generate_series(1, %s) n", (PROJECT, TASKS))
        store.store(connection, model, [(PROJECT, n, vector) for n, vector in enumerate(vectors, start=1)])
        (run,) = connection.execute("INSERT INTO run (project_id, labels, model_version) VALUES (%s, '{cpu}', 'v') "
                                    "RETURNING id", (PROJECT,)).fetchall()
        connection.execute("INSERT INTO run_task (run_id, task_id) SELECT %s, n FROM generate_series(1, %s) n",
                           (run["id"], TASKS))


def _search(counter: Counter) -> dict[str, int]:
    search = module("search_service.search.search", "search_service.search")
    terms = module("search_service.search.query_vectors", "search_service.terms")
    ask = module("search_service.search.query", "search_service.ask")
    calibration = module("search_service.search.relevance", "search_service.relevance").Calibration
    for place in (search, terms):
        place.encode_texts = lambda model, texts: np.eye(len(texts), DIM, dtype=np.float32)
        place.calibration = lambda model_id: calibration(100.0, -10.0)
    query = getattr(ask, "SearchQuery", None) or ask.Ask
    search.find(PROJECT, query(text="cpu"))
    before = counter.read()
    assert len(search.find(PROJECT, query(text="cpu")).hits) == 50
    return difference(counter, before)


def _chunk(counter: Counter) -> Trips:
    jobs = module("ml_backend.sam3_worker.detect_jobs", "ml_backend.jobs")
    outcome, detect, at_end = jobs.Outcome, jobs._detect, dict[str, int]()

    def detect_and_note(*arguments: Any) -> Any:
        found = detect(*arguments)
        at_end.update(counter.read())
        return found

    jobs.detect_tasks = lambda engine, recipe, labels, ids, *rest, **options: outcome(
        done=list(ids), seconds=dict.fromkeys(ids, 0.1), pairs=len(ids))
    jobs._detect = detect_and_note
    getattr(jobs, "engine", jobs).get_engine = lambda: None
    jobs.detect_next(PROJECT)
    before = counter.read()
    assert jobs.detect_next(PROJECT)["done"]
    return {"chunk": difference(counter, before), "its end": difference(counter, at_end)}


def difference(counter: Counter, before: dict[str, int]) -> dict[str, int]:
    return {name: value - before[name] for name, value in counter.read().items()}


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """Start PostgreSQL and the queue server of this tree in a folder; yield the settings that lead to them."""
    from argus.settings import Settings
    from argus_cli.stack.postgres import Postgres
    from argus_cli.stack.valkey import Valkey

    named: dict[str, Any] = {"home": folder}
    settings, running = Settings(**named), list[subprocess.Popen[bytes]]()
    try:
        for service in (Postgres(settings, durable=False), Valkey(settings)):
            service.prepare(lambda said: None)
            command = service.command()
            whom = {"user": command.account.uid, "group": command.account.gid} if command.account else {}
            options: Any = {"env": dict(command.env), "cwd": command.cwd, **whom}
            running.append(subprocess.Popen(command.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            **options))
            while not service.is_ready():
                assert running[-1].poll() is None, f"{service.title} ended"
                time.sleep(0.1)
            service.finish(lambda said: None)
        yield {"ARGUS_HOME": str(folder)}
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, action="append", default=[], help="Another checkout of Argus.")
    parser.add_argument("--page", type=Path, help="put both into this page, between its marks; takes one --tree")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    if arguments.page and len(arguments.tree) != 1:
        parser.error("--page compares this tree with exactly one other --tree.")
    here = Path(__file__).resolve().parents[1]
    found = []
    for tree in (here, *(path.resolve() for path in arguments.tree)):
        found.append(trips_of(tree))
        print(tree.name, json.dumps(found[-1], indent=1))
    if arguments.page:
        from benchmarks.pages import put  # not above: another tree may not have it

        put(arguments.page, BEGIN, END, table(found[1], found[0]))


def table(before: Trips, after: Trips) -> list[str]:
    """Return both as lines of a page."""
    return ["| | PostgreSQL, baseline | PostgreSQL, this build | Valkey, baseline | Valkey, this build |",
            "|---|---|---|---|---|",
            *(f"| {NAMES[name]} | {before[name]['postgresql']} | {after[name]['postgresql']} | {before[name]['queue']} "
              f"| {after[name]['queue']} |" for name in NAMES)]


def trips_of(tree: Path) -> Trips:
    """Return what `measure` says in a tree, on servers of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # PostgreSQL may run as another user
        with servers(Path(folder) / "home") as settings:
            said = subprocess.run([sys.executable, __file__, "--measure", folder], cwd=tree, check=True, text=True,
                                  stdout=subprocess.PIPE, env={**os.environ, **settings, "PYTHONPATH": str(tree)})
    trips: Trips = json.loads(said.stdout.splitlines()[-1])
    return trips


if __name__ == "__main__":
    main()
