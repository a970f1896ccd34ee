"""This build's search and the baseline's, each in its own environment and on its own PostgreSQL. Run by `child.py`;
what a build calls its modules is looked up by name, since the other has none of that name."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

K, BATCH, PROJECT, MODEL = 50, 2000, 1, "benchmark"
EXACTLY = "100000000"  # ARGUS_EXACT_SEARCH_ROWS that every project is below
Way = dict[str, Any]
Query = np.ndarray[Any, Any]


@contextlib.contextmanager
def baseline(folder: Path, indexed: bool = True) -> Iterator[Way]:
    """Modes: `all`, `filter20` and `filter1` rank exactly; `default` is what its settings do, with its index."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    with import_module("benchmarks.search.world").stack({"postgres"}):
        store, settings = import_module("search_service.vectors"), import_module("argus.settings")
        filters = import_module("search_service.filters")
        model = store.register_model(MODEL, "1", vectors.shape[1])
        fill(store, model, vectors, folder)
        default_rows, facts, modes = settings.get_settings().exact_search_rows, {}, chosen(filters)
        if indexed and len(vectors) > default_rows:
            indexes = import_module("search_service.indexes")
            facts["index"] = timed("HNSW", lambda: indexes.build(model, PROJECT, "hnsw"))

        def ask(query: Query, mode: str) -> list[int]:
            os.environ["ARGUS_EXACT_SEARCH_ROWS"] = str(default_rows) if mode == "default" else EXACTLY
            settings.get_settings.cache_clear()
            only = filters.select(PROJECT, modes[mode]) if mode in modes else None
            found = store.search(model, PROJECT, query, K, total=len(vectors), only=only)
            return [task - 1 for task, _ in found.rows]

        yield {"ask": ask, "facts": facts, "servers": backends}


@contextlib.contextmanager
def this_build(folder: Path, indexed: bool = True) -> Iterator[Way]:
    """Modes: `all`, `filter20`, `filter1`; `sql`: PostgreSQL ranks everything; `pgvector`: a plain table with an HNSW
    index, everything at its default. What was not answered from memory, or not as PostgreSQL alone would, ends it."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    with import_module("benchmarks.search.world").stack({"postgres", "valkey"}):
        store, ranking = (import_module(f"search_service.vectors.{name}") for name in ("store", "ranking"))
        filters, passing = (import_module(f"search_service.search.{name}") for name in ("filters", "filter_store"))
        memory = import_module("search_service.vectors.filter_memory")
        model = store.register_model(MODEL, "1", vectors.shape[1])
        seconds = fill(store, model, vectors, folder)
        index = timed("HNSW of its defaults", lambda: plain_table(model)) if indexed else ""
        memory.start()
        modes = chosen(filters)

        def ask(query: Query, mode: str) -> list[int]:
            if mode in ("sql", "pgvector"):
                return (alone if mode == "sql" else nearest)(model, query)
            only = passing.select(PROJECT, modes[mode]) if mode in modes else None
            found = ranking.search(model, PROJECT, query, K, total=len(vectors), only=only)
            if found.scanned != "memory" and found.reason != "few_images":
                raise RuntimeError(f"answered from {found.scanned}: {found.reason}")
            return [task - 1 for task, _ in found.rows]

        load = timed("", lambda: loaded(ranking, model, vectors))
        yield {"ask": ask, "servers": backends, "facts": {
            "ingest": round(len(vectors) / seconds), "index": index, "load": load, "model": model.id,
            "env": {name: value for name, value in os.environ.items() if name.startswith("ARGUS_")}}}


def fill(store: Any, model: Any, vectors: Any, folder: Path) -> float:
    """Store all vectors as tasks 1, 2, … of one project; a fifth of them labelled, a hundredth captured of late.
    Return the seconds in the store."""
    connect = import_module("argus.db").connect
    labelled, late = (np.load(folder / f"{name}.npy") for name in ("filter20", "filter1"))
    with connect() as connection:
        connection.execute("INSERT INTO project (id, connected_at) VALUES (%s, now())", (PROJECT,))
        connection.execute(
            "INSERT INTO task (id, project_id, image, state, labelled, captured_at) SELECT n, %s, 'x', 'embedded', l, "
            "CASE WHEN c THEN timestamptz '2026-02-01' ELSE '2025-02-01' END "
            "FROM unnest(%s::boolean[], %s::boolean[]) WITH ORDINALITY AS t (l, c, n)",
            (PROJECT, labelled.tolist(), late.tolist()))
    spent = 0.0
    for start in range(0, len(vectors), BATCH):
        part = vectors[start:start + BATCH].astype(np.float32)
        began = time.perf_counter()
        with connect() as connection:
            store.store(connection, model, [(PROJECT, start + 1 + n, vector) for n, vector in enumerate(part)])
        spent += time.perf_counter() - began
    outside(f"VACUUM ANALYZE embedding_{model.dim}_m{model.id}", "VACUUM ANALYZE task")
    with connect() as connection:  # one thread for everybody: else PostgreSQL shares a scan out among its workers
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET max_parallel_workers_per_gather = 0')
    pool = import_module("argus.db").get_pool
    pool().close()
    pool.cache_clear()
    return spent


def outside(*statements: str) -> None:
    """Run statements that refuse to run inside of a transaction."""
    with import_module("argus.db").connect() as connection:
        connection.commit()
        connection.autocommit = True
        for statement in statements:
            connection.execute(statement)
        connection.autocommit = False


def chosen(filters: Any) -> dict[str, Any]:
    return {"filter20": filters.Filters(labelled=True), "filter1": filters.Filters(captured_from="2026-01-01")}


def timed(what: str, work: Callable[[], object]) -> str:
    started = time.perf_counter()
    work()
    return f"{what} {time.perf_counter() - started:.1f} s".strip()


def loaded(ranking: Any, model: Any, vectors: Any) -> None:
    query = vectors[0].astype(np.float32)
    while ranking.search(model, PROJECT, query, K, total=len(vectors)).reason == "loading":
        time.sleep(0.05)


def alone(model: Any, query: Query) -> list[int]:
    return _rows("SELECT task_id FROM search_similar_frames(%s, %s::smallint, %s, %s)", query, model.id, PROJECT, K)


def plain_table(model: Any) -> None:
    with import_module("argus.db").connect() as connection:
        connection.execute(f"CREATE TABLE plain AS SELECT task_id, embedding FROM embedding_{model.dim}_m{model.id}")
        connection.execute("SET LOCAL maintenance_work_mem = '2GB'")
        connection.execute("CREATE INDEX ON plain USING hnsw (embedding halfvec_cosine_ops)")


def nearest(model: Any, query: Query) -> list[int]:
    return _rows(f"SELECT task_id FROM plain ORDER BY embedding <=> %s LIMIT {K}", query)


def _rows(statement: str, query: Query, *values: object) -> list[int]:
    vector = import_module("pgvector").HalfVector(query)
    with import_module("argus.db").connect() as connection:
        return [row["task_id"] - 1 for row in connection.execute(statement, (vector, *values))]


def backends() -> list[int]:
    with import_module("argus.db").connect() as connection:
        return [row["pid"] for row in connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()")]


WAYS = {"baseline": baseline, "this build": this_build,
        "baseline, no index": functools.partial(baseline, indexed=False),
        "this build, no index": functools.partial(this_build, indexed=False)}
