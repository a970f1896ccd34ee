"""The approximate index of a large project: built by a job beside the searches and writes, and dropped when it is of no
more use. HNSW by default; IVFFlat is built several times faster, and misses more or searches longer."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence

from psycopg import sql

from argus import queue_names
from argus.answers.projects import SearchIndex
from argus.db import connect, held, locks
from argus.jobs import queues
from argus.settings import get_settings
from search_service.vectors import filter_memory, identical, model_change, store
from search_service.vectors.ranking import INDEX_ROWS
from search_service.vectors.store import INDEX_KINDS, Model, count, index_name, indexes

log = logging.getLogger(__name__)
BUILD_SECONDS = 7200  # minutes for hundreds of thousands of rows
# Links of a node, and candidates looked at when it is linked. In 300,000 clustered images recall@50 is 0.999, in the
# worst of 60 queries 0.96; with pgvector's own 16 and 64, built in about half the time, one query found nothing right.
HNSW_LINKS, HNSW_CANDIDATES = 24, 128
KEEP = 0.9  # an index stays until the project has shrunk this far below the limit, so that it is not built in turns


def enqueue_index_update(project_id: int, model: Model | None = None) -> None:
    """Enqueue the building or dropping of the project's index, when one is due.

    Args:
        model: whose vectors; None: those that searches use.
    """
    model = model or store.current_model()
    if model and due(model, project_id):
        queues.enqueue(queue_names.DEFAULT, "search_service.vectors.indexes.update", project_id, model.id,
                       job_id=f"index-{model.id}-{project_id}", timeout=BUILD_SECONDS, retries=0)


def due(model: Model, project_id: int) -> bool:
    """Whether the project's index is not as it should be."""
    with connect() as connection:
        there = indexes(connection, model, project_id)
    wanted = _wanted(model, project_id, [index.kind for index in there if index.valid])
    return [(index.kind, index.valid) for index in there] != ([(wanted, True)] if wanted else [])


def update(project_id: int, model_id: int) -> bool:
    """Job of the queue `default`: bring the project's index to what the settings ask for; return whether one was built.

    The new one is there before the old one goes: until then the old one answers. While another process builds or drops
    one in the same table nothing is done: the index stays due.
    """
    model = next((model for model in model_change.roles() if model and model.id == model_id), None)
    if model is None:  # nobody searches by it any more
        return False
    with held(locks.BUILD_INDEX, model.dim) as ours:
        if not ours:
            return False
        with connect() as connection:
            there = {index.kind: index.valid for index in indexes(connection, model, project_id)}
        wanted = _wanted(model, project_id, [kind for kind, valid in there.items() if valid])
        built = bool(wanted) and not there.get(wanted) and build(model, project_id, wanted)
        for kind in there:
            if kind != wanted:
                drop(model, project_id, kind)
        return built


def _wanted(model: Model, project_id: int, there: Sequence[str]) -> str:
    """Return the kind of index that the project should have, or "". One that exists is not dropped where searches
    would be slower without it."""
    settings = get_settings()
    with connect() as connection:
        row = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s AND state = 'embedded'",
                                 (project_id,)).fetchone()
    rows = int(row["n"]) if row else 0
    if rows > settings.exact_search_rows * (KEEP if there else 1):
        return settings.search_index
    slower = bool(there) and rows > INDEX_ROWS * KEEP and settings.exact_search_rows >= INDEX_ROWS
    return there[0] if slower and not filter_memory.holds(_all_images(), model.dim) else ""


def _all_images() -> int:
    with connect() as connection:
        row = connection.execute("SELECT count(*) AS n FROM task WHERE state = 'embedded'").fetchone()
    return int(row["n"]) if row else 0


def build(model: Model, project_id: int, kind: str) -> bool:
    """Build the project's index, of identical vectors one, without blocking writers; return False when it was there.

    The memory for the build is sized after the rows: an HNSW graph that does not fit is built several times slower.
    """
    name = sql.Identifier(index_name(model, project_id, kind))
    with connect() as connection:
        if any(index.kind == kind and index.valid for index in indexes(connection, model, project_id)):
            return False
        connection.commit()  # CREATE INDEX CONCURRENTLY refuses to run inside a transaction
        connection.autocommit = True
        try:
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(name))  # what an interrupted build left
            once = identical.prepare(connection, model)  # else, on a table that is never free, it holds them all
            rows = identical.mark(connection, model, project_id) if once else count(model, project_id)
            kilobytes = max(65_536, rows * (2 * model.dim + 32 * HNSW_LINKS + 150) // 1024)
            connection.execute(sql.SQL("SET maintenance_work_mem = {}")
                               .format(sql.Literal(f"{min(kilobytes, 2**21)}kB")))
            connection.execute(sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} USING {} (embedding halfvec_cosine_ops) "
                                       "WITH ({}) WHERE project_id = {} {}")
                               .format(name, model.table, sql.SQL(kind), sql.SQL(_options(kind, rows)),
                                       sql.Literal(int(project_id)), sql.SQL("AND NOT repeated" if once else "")))
            connection.execute("RESET maintenance_work_mem")
        finally:
            connection.autocommit = False
    log.info("index built", extra={"project": project_id, "kind": kind, "rows": rows})
    return True


def _options(kind: str, rows: int) -> str:
    return f"m = {HNSW_LINKS}, ef_construction = {HNSW_CANDIDATES}" if kind == "hnsw" else f"lists = {lists(rows)}"


def lists(rows: int) -> int:
    """Return the lists of an IVFFlat index: the root of the rows. With fewer and longer ones a search that looks into
    the same share of them misses more."""
    return max(10, math.isqrt(rows))


def drop(model: Model, project_id: int, kind: str) -> None:
    """Drop one index without blocking searches."""
    with connect() as connection:
        connection.commit()
        connection.autocommit = True
        try:
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
                               .format(sql.Identifier(index_name(model, project_id, kind))))
        finally:
            connection.autocommit = False
    log.info("index dropped", extra={"project": project_id, "kind": kind})


def drop_unused() -> list[str]:
    """Drop the indexes of projects that are gone and of models that are not searched; return their names.

    A model that was replaced keeps its vectors for the way back, but not its index.
    """
    models = {model.id for model in model_change.roles() if model}
    if not models:
        return []
    with connect() as connection:
        for states in ("embedding_state", "object_embedding_state"):
            connection.execute(f"DELETE FROM {states} s WHERE NOT EXISTS (SELECT FROM project p "
                               "WHERE p.id = s.project_id)")
        projects = {row["id"] for row in connection.execute("SELECT id FROM project")}
        names = [row["name"] for row in connection.execute(
            "SELECT relname AS name FROM pg_class WHERE relkind = 'i' AND relname LIKE 'embedding\\_%'")]
    left = []
    for name in names:
        match = re.fullmatch(rf"embedding_(\d+)_m(\d+)_p(\d+)_({'|'.join(INDEX_KINDS)})", name)
        if match and (int(match[2]) not in models or int(match[3]) not in projects):
            with held(locks.BUILD_INDEX, int(match[1])) as ours:
                if ours:  # else the next pass drops it
                    drop(Model(int(match[2]), "", int(match[1])), int(match[3]), match[4])
                    left.append(name)
    return left


def state(model: Model, project_id: int) -> SearchIndex:
    """Return how searches of the project are answered."""
    with connect() as connection:
        there = indexes(connection, model, project_id)
        running = connection.execute(
            "SELECT p.phase, p.tuples_done, p.tuples_total, p.blocks_done, p.blocks_total "
            "FROM pg_stat_progress_create_index p WHERE p.index_relid IN (to_regclass(%s), to_regclass(%s))",
            [index_name(model, project_id, kind) for kind in INDEX_KINDS]).fetchone()
    usable = next((index.kind for index in there if index.valid), "exact")
    if running is None:
        return SearchIndex(kind=usable, state="ready", percent=None)
    done, whole = ((running["tuples_done"], running["tuples_total"]) if running["tuples_total"]
                   else (running["blocks_done"], running["blocks_total"]))
    return SearchIndex(kind=usable, state="building", percent=round(100 * done / whole) if whole else 0)
