"""Which tasks are embedded next: jobs for the SigLIP worker."""

from __future__ import annotations

from argus import queue_names
from argus.jobs import queues
from search_service.embedding import store
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
    chunks: dict[str, list[int]] = {}
    for task in waiting:
        alone = task.attempts >= ALONE_AFTER
        chunks.setdefault(f"task-{task.id}" if alone else str(task.id // CHUNK), []).append(task.id)
    new = 0
    for name, ids in chunks.items():
        job = queues.enqueue(queue_names.SIGLIP, "search_service.embedding.worker.embed", project_id, ids,
                             job_id=f"embed-{project_id}-{name}", retries=0)
        new += job is not None
    return new


def retry_failed(project_id: int) -> int:
    """Give every failed task of the project another chance; return how many there were."""
    count = store.retry_failed(project_id)
    enqueue_waiting(project_id)
    return count
