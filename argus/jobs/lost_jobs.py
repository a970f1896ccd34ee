"""Jobs whose worker died between taking them and beginning them."""

from __future__ import annotations

import logging

from rq import Queue
from rq.job import Job, JobStatus

from argus.settings import get_settings

log = logging.getLogger(__name__)
_KEPT = 10  # leases for which it is kept that a job was seen outside its queue


def is_lost(job: Job, queue: Queue) -> bool:
    """Whether a job is queued for RQ, but no queue holds it: its worker died in the moment of taking it.

    RQ 3.0.0 takes a job of several queues by BLPOP and writes down afterwards that it began. A living worker needs
    milliseconds for that, so the job must have been seen so for a lease.
    """
    redis = queue.connection
    if job.get_status() != JobStatus.QUEUED or redis.lpos(queue.key, job.id) is not None:
        return False
    lease, key = get_settings().lease_seconds, f"argus:taken:{job.id}:{job.enqueued_at}"
    if redis.set(key, "", nx=True, ex=_KEPT * lease):
        return False
    lost = int(redis.ttl(key)) <= (_KEPT - 1) * lease
    if lost:
        log.warning("a job was lost with its worker, and is enqueued again", extra={"job": job.id})
    return lost
