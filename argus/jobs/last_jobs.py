"""When the last job of each queue ended, kept in Redis: RQ forgets it with the job, or with the worker."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from redis.client import Pipeline

from argus.jobs import queues

_KEY = "argus:last-jobs"


def note(pipeline: Pipeline, queue: str) -> None:
    """Record, with what the pipeline does, that a job of `queue` ended now."""
    pipeline.hset(_KEY, queue, str(time.time()))


def last(queue: str) -> datetime | None:
    """Return when a job of `queue` last ended, well or not. Raises `redis.RedisError`."""
    at: Any = queues.get_redis().hget(_KEY, queue)
    return None if at is None else datetime.fromtimestamp(float(at), UTC)
