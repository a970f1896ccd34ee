"""Whether PostgreSQL and the queue server take writes, for health checks: looked at in the background, every few
seconds at most, so that an answer never waits for a server that hangs."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable

from argus import db
from argus.errors import ArgusError, as_argus_error
from argus.jobs import queues

FRESH_SECONDS = 5.0
_WAIT_SECONDS = 0.3  # that an answer waits for the looks it began; Label Studio gives a health check a second
_AWAY = ("database_unreachable", "queue_unreachable")


class _Server:
    """What a server said when it was last given something to write."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check, self._lock, self._looked = check, threading.Lock(), threading.Event()
        self._looked.set()
        self._at = -FRESH_SECONDS
        self.error: ArgusError | None = None

    def look(self) -> None:
        """Begin a look, unless one is under way or the last one is fresh."""
        with self._lock:
            if self._looked.is_set() and time.monotonic() - self._at >= FRESH_SECONDS:
                self._looked.clear()
                threading.Thread(target=self._ask, name="server-state", daemon=True).start()

    def wait(self, seconds: float) -> None:
        self._looked.wait(max(0.0, seconds))

    def _ask(self) -> None:
        try:
            self._check()
            self.error = None
        except Exception as error:
            self.error = as_argus_error(error)
        self._at = time.monotonic()
        self._looked.set()


@functools.cache
def _servers() -> dict[str, _Server]:
    return {"postgresql": _Server(db.check_writable), "redis": _Server(queues.check_writable)}


def errors() -> dict[str, ArgusError]:
    """Return why a server takes no writes, by `postgresql` and `redis`; those that do are left out.

    What is not known at once is what was known before.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    for server in _servers().values():
        server.look()
    for server in _servers().values():
        server.wait(deadline - time.monotonic())
    return {name: server.error for name, server in _servers().items() if server.error}


def codes() -> dict[str, str]:
    """Return the codes of `errors`, which everybody may know."""
    return {name: error.code for name, error in errors().items()}


def refusals() -> list[ArgusError]:
    """Return the errors of servers that answer and say "no"."""
    return [error for error in errors().values() if error.code not in _AWAY]
