"""Why the last worker of a role ended by itself, kept in Redis for a day: its log is on another machine."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from argus.errors import ArgusError
from argus.jobs import queues

_KEPT = 86_400


@dataclass(frozen=True)
class End:
    """When a worker ended, and with what; or since when it `waits`, and what for."""

    at: datetime
    error: ArgusError
    waits: bool = False


def record(role: str, error: ArgusError, waits: bool = False) -> None:
    """Remember why a worker of `role` ends, or what it `waits` for before it begins. Without Redis nothing is
    remembered: the log has it, too."""
    said = json.dumps({"at": datetime.now(UTC).timestamp(), "waits": waits, **queues.pack(error)})
    with contextlib.suppress(RedisError):
        queues.get_redis().set(_key(role), said, ex=_KEPT)


def forget(role: str) -> None:
    """A worker of `role` is ready: what ended the one before is history."""
    with contextlib.suppress(RedisError):
        queues.get_redis().delete(_key(role))


def last(role: str) -> End | None:
    """Return the last end of a worker of `role` since one was ready. Raises `queue_unreachable`."""
    with queues.reachable():
        kept: Any = queues.get_redis().get(_key(role))
    if kept is None:
        return None
    said = json.loads(kept)
    return End(datetime.fromtimestamp(said["at"], UTC), queues.error_of(said["error"]), bool(said.get("waits")))


def _key(role: str) -> str:
    return f"argus:worker-end:{role}"
