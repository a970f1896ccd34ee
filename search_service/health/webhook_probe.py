"""How the doctor sees a webhook arrive: it lays a mark in Redis, and the search service writes upon it.

The search service writes only where a mark lies, and marks are gone after seconds: forged calls leave nothing behind.
"""

from __future__ import annotations

import contextlib
from typing import Any

from redis.exceptions import RedisError

from argus.jobs import queues

AWAITED, ARRIVED, REFUSED = "awaited", "arrived", "refused"
_SECONDS = 15
_REFUSED = "argus:webhook:refused"


def expect(project_id: int) -> None:
    """Lay the mark for the next webhook of a project. Raises `queue_unreachable`."""
    with queues.reachable():
        for key in (_key(project_id), _REFUSED):
            queues.get_redis().set(key, AWAITED, ex=_SECONDS)


def seen(project_id: int) -> str:
    """Return what became of the mark: `AWAITED`, `ARRIVED`, or `REFUSED`. Raises `queue_unreachable`."""
    with queues.reachable():
        ours, refused = (_text(queues.get_redis().get(key)) for key in (_key(project_id), _REFUSED))
    return REFUSED if ours == AWAITED and refused == REFUSED else ours


def arrived(project_id: int) -> bool:
    """A webhook of this project has come with the right secret. Return whether the doctor called it forth."""
    awaited = False
    with contextlib.suppress(RedisError):
        awaited = queues.get_redis().get(_key(project_id)) == AWAITED.encode()
    _write(_key(project_id), ARRIVED)
    return awaited


def refused() -> None:
    """A webhook has come without the right secret; whose it is cannot be believed."""
    _write(_REFUSED, REFUSED)


def _write(key: str, word: str) -> None:
    with contextlib.suppress(RedisError):
        queues.get_redis().set(key, word, xx=True, ex=_SECONDS)


def _text(value: Any) -> str:
    return value.decode() if value else AWAITED


def _key(project_id: int) -> str:
    return f"argus:webhook:{project_id}"
