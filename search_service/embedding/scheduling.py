"""Which tasks are embedded next: jobs for the SigLIP worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from argus import queue_names
from argus.jobs import queues
from search_service.embedding import object_store, store
from search_service.embedding.store import Due
from search_service.vectors import model_change

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
    waiting = store.due_tasks(project_id, AHEAD)
    if following:
        waiting += store.due_for_change(project_id, following, AHEAD_OF_CHANGE)
    jobs = [queues.enqueue(queue_names.SIGLIP, "search_service.embedding.worker.embed", project_id, ids,
                           job_id=f"embed-{project_id}-{name}", retries=0) for name, ids in _chunks(waiting)]
    return sum(job is not None for job in jobs)


def enqueue_objects(project_id: int) -> int:
    """Put tasks whose objects need vectors on the queue `siglip-objects`, as `enqueue_waiting` does with images; return
    how many jobs were new."""
    _, following = model_change.roles()
    jobs = [queues.enqueue(queue_names.SIGLIP_OBJECTS, "search_service.embedding.object_jobs.embed_objects", project_id,
                           ids, job_id=f"objects-{project_id}-{name}", retries=0)
            for name, ids in _chunks(object_store.due_tasks(project_id, following, AHEAD))]
    return sum(job is not None for job in jobs)


def _chunks(due: Sequence[Due]) -> Iterable[tuple[str, list[int]]]:
    """Return the names of jobs, and the tasks of each."""
    chunks: dict[str, list[int]] = {}
    for task in due:
        alone = task.attempts >= ALONE_AFTER
        chunks.setdefault(f"task-{task.id}" if alone else str(task.id // CHUNK), []).append(task.id)
    return chunks.items()


def retry_failed(project_id: int) -> int:
    """Give every failed task of the project, and every failed object, another chance; return how many tasks there
    were."""
    count = store.retry_failed(project_id)
    enqueue_waiting(project_id)
    if object_store.retry_failed(project_id):
        enqueue_objects(project_id)
    return count
