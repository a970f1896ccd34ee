"""Which tasks are embedded next: jobs for the SigLIP worker."""

from __future__ import annotations

from psycopg import sql

from argus import queue_names
from argus.db import Row, connect
from argus.jobs import queues
from search_service.vectors import model_change, store
from search_service.vectors.model_change import MAX_ATTEMPTS

CHUNK = 64  # consecutive task ids that share an embed job
AHEAD = 64 * CHUNK  # tasks kept on the queue: enough for many polls of a fast GPU, and cheap to look through
AHEAD_OF_CHANGE = 16 * CHUNK  # of tasks that only lack the next model's vector: new images must not wait long for them
ALONE_AFTER = 2  # an image that failed this often gets a job of its own: it may be what kills the worker


def enqueue_waiting(project_id: int) -> int:
    """Put tasks without a vector on the queue `siglip`, the first few thousand, and return how many jobs were new.
    While the model changes, tasks without a vector of the next one follow.

    Tasks share a job by their id, so that asking again while a job waits changes nothing; a job that Redis lost is
    simply made again. After a failure a task waits 10 s, then twice as long each time.
    """
    _, following = model_change.roles()
    with connect() as connection:
        waiting = _due(connection, project_id, sql.SQL("state = 'waiting'"), AHEAD)
        if following:
            waiting += _due(connection, project_id, model_change.to_embed(following), AHEAD_OF_CHANGE)
    chunks: dict[str, list[int]] = {}
    for row in waiting:
        alone = row["attempts"] >= ALONE_AFTER
        chunks.setdefault(f"task-{row['id']}" if alone else str(row["id"] // CHUNK), []).append(row["id"])
    new = 0
    for name, ids in chunks.items():
        job = queues.enqueue(queue_names.SIGLIP, "search_service.embedding.worker.embed", project_id, ids,
                             job_id=f"embed-{project_id}-{name}", retries=0)
        new += job is not None
    return new


def _due(connection: store.Connection, project_id: int, condition: sql.Composable, limit: int) -> list[Row]:
    return connection.execute(sql.SQL(
        "SELECT id, attempts FROM task WHERE project_id = %s AND {} AND (attempts = 0 OR error IS NULL "
        "OR (error->>'at')::timestamptz NOT BETWEEN now() - make_interval(secs => 5 * power(2, attempts)) AND now()) "
        "ORDER BY id LIMIT %s")
        .format(condition), (project_id, limit)).fetchall()


def retry_failed(project_id: int) -> int:
    """Give every failed task of the project another chance; return how many there were."""
    with connect() as connection:
        count = connection.execute(
            "UPDATE task SET state = CASE state WHEN 'failed' THEN 'waiting' ELSE state END, attempts = 0, "
            "error = NULL WHERE project_id = %s AND (state = 'failed' OR attempts >= %s) AND image <> ''",
            (project_id, MAX_ATTEMPTS)).rowcount
    enqueue_waiting(project_id)
    return count
