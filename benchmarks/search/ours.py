"""Our store, and beside it the table a person would make: one HNSW index over everything, filtered by WHERE."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pgvector import HalfVector
from psycopg import sql

from argus.db import connect
from argus.settings import get_settings
from benchmarks.search.data import Vectors, split
from benchmarks.search.measure import K, Measured, ask_all
from search_service.vectors import indexes, ranking, store
from search_service.vectors.store import Model

BATCH = 2000
WHOLE, REST = 100, 99  # project ids; the others are named after their share
Truth = dict[int, list[list[int]]]


def fill(model: Model, vectors: Vectors, whole: bool) -> float:
    """Store all vectors, as one project or as the split; return seconds spent in the store, tasks not counted."""
    projects = {WHOLE: slice(0, len(vectors))} if whole else {
        **split(len(vectors)), REST: slice(sum(part.stop - part.start for part in split(len(vectors)).values()),
                                           len(vectors))}
    spent = 0.0
    for project, rows in projects.items():
        with connect() as connection:
            connection.execute("INSERT INTO project (id) VALUES (%s) ON CONFLICT DO NOTHING", (project,))
            connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                               "FROM generate_series(%s::bigint, %s::bigint) n",
                               (project, _first(project), _first(project) + rows.stop - rows.start - 1))
        for start in range(rows.start, rows.stop, BATCH):
            part = vectors[start:min(start + BATCH, rows.stop)]
            first = _first(project) + start - rows.start
            began = time.perf_counter()
            with connect() as connection:
                store.store(connection, model, [(project, first + number, vector)
                                                for number, vector in enumerate(part)])
            spent += time.perf_counter() - began
    with connect() as connection:
        connection.execute(sql.SQL("ANALYZE {}").format(model.table))
        connection.execute("ANALYZE task")
    return spent


def _first(project: int) -> int:
    return project * 10_000_000 + 1


def empty(model: Model) -> None:
    with connect() as connection:
        connection.execute("TRUNCATE task CASCADE")
        connection.execute(sql.SQL("TRUNCATE {}").format(model.table))
        for row in connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE %s",
                                      (f"%m{model.id}\\_p%\\_hnsw",)).fetchall():
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(row["indexname"])))


def search(model: Model, total: int, share: int, queries: Vectors, truth: Truth) -> Measured:
    """Measure our search in one project, with its own index when the project is large enough for one."""
    note = "exact"
    if total > get_settings().exact_search_rows:
        started = time.perf_counter()
        indexes.build(model, share, get_settings().search_index)
        with connect() as connection:
            row = connection.execute("SELECT sum(pg_relation_size(indexrelid)) AS n FROM pg_index WHERE indexrelid::"
                                     "regclass::text LIKE %s", (f"%m{model.id}\\_p{share}\\_%",)).fetchone()
        note = (f"partial HNSW, m {indexes.HNSW_LINKS}, ef_construction {indexes.HNSW_CANDIDATES}, built in "
                f"{time.perf_counter() - started:.0f} s, {int(row['n']) / 2**20:.0f} MB")  # type: ignore[index]

    def ask(query: Vectors) -> list[int]:
        return [task - _first(share) for task, _ in ranking.search(model, share, query, K, total=total).rows]

    return ask_all("Argus", share, total, queries, truth[share], ask, note)


def naive(vectors: Vectors, queries: Vectors, truth: Truth) -> Iterator[Measured]:
    """A table with a project column, an index on it, one HNSW index over all, everything at its default."""
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS naive")
        connection.execute(sql.SQL("CREATE TABLE naive (id int PRIMARY KEY, project int, embedding halfvec({}))")
                           .format(sql.Literal(vectors.shape[1])))
        shares = split(len(vectors))
        project = {number: share for share, rows in shares.items() for number in range(rows.start, rows.stop)}
        with connection.cursor() as cursor, cursor.copy(
                "COPY naive (id, project, embedding) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "int4", "halfvec"])
            for number, vector in enumerate(vectors):
                copy.write_row((number, project.get(number, REST), HalfVector(vector)))
    seconds = _index_naive(len(vectors), vectors.shape[1])
    for share, rows in {**shares, WHOLE: slice(0, len(vectors))}.items():
        def ask(query: Vectors, share: int = share, first: int = rows.start) -> list[int]:
            where = "" if share == WHOLE else f"WHERE project = {share}"
            with connect() as connection:
                found: list[Any] = connection.execute(
                    f"SELECT id FROM naive {where} ORDER BY embedding <=> %s LIMIT {K}",
                    (HalfVector(query),)).fetchall()
            return [row["id"] - first for row in found]

        yield ask_all("one HNSW, WHERE", share, rows.stop - rows.start, queries, truth[share], ask,
                      f"m 16, ef 40 (defaults), built in {seconds:.0f} s")
    with connect() as connection:
        connection.execute("DROP TABLE naive")


def _index_naive(rows: int, dim: int) -> float:
    kilobytes = min(max(65_536, rows * (2 * dim + 600) // 1024), 2**21)
    started = time.perf_counter()
    with connect() as connection:
        connection.execute(sql.SQL("SET maintenance_work_mem = {}").format(sql.Literal(f"{kilobytes}kB")))
        connection.execute("CREATE INDEX ON naive (project)")
        connection.execute("CREATE INDEX ON naive USING hnsw (embedding halfvec_cosine_ops)")
        connection.execute("RESET maintenance_work_mem")
        connection.execute("ANALYZE naive")
    return time.perf_counter() - started
