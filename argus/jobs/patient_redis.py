"""A worker's connection to the queue server, which a server that takes no writes for now does not break.

RQ's worker ends at the first error that it does not know, in the middle of its bookkeeping: the job in its hands would
be lost, and what it computed with it. A server that says "no" has done nothing, so the command is simply sent again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.client import Pipeline
from redis.exceptions import ExecAbortError, OutOfMemoryError, ReadOnlyError, ResponseError, WatchError

log = logging.getLogger(__name__)
Reply = bytes | str | int | float | list[bytes] | None  # of a command: the client itself types none
PAUSE = 1.0  # seconds between two tries
_PASSING = ("READONLY", "MISCONF")


def said(error: redis.RedisError) -> str:
    """Return the server's own words: before them, the client quotes the command of a pipeline."""
    return str(error).rpartition("caused error: ")[2]


def out_of_memory(error: redis.RedisError) -> bool:
    """Whether the server has no memory for what it is given: it says so of a command, or of a transaction's end."""
    return isinstance(error, OutOfMemoryError) or (
        isinstance(error, ExecAbortError) and "because of: OOM" in said(error))


def takes_no_writes(error: redis.RedisError) -> bool:
    """Whether the server can write nothing for now: its memory or its disk is full, or it is a replica."""
    if out_of_memory(error) or isinstance(error, ReadOnlyError) or said(error).startswith("MISCONF"):
        return True
    return isinstance(error, ExecAbortError) and any(f"because of: {why}" in said(error) for why in _PASSING)


class PatientRedis(redis.Redis):
    """A client that repeats what the server refuses for now, until it takes it or `stopping` says True."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stopping: Callable[[], bool] = lambda: False
        self._since: float | None = None

    def execute_command(self, *args: Any, **options: Any) -> Reply:
        while True:
            try:
                answer: Reply = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except ResponseError as error:
                self.pause(error)
            else:
                self.taken()
                return answer

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _PatientPipeline(self, transaction, shard_hint)

    def pause(self, error: ResponseError) -> None:
        """Sleep before another try; raise `error` when that is no use."""
        if not takes_no_writes(error) or self.stopping():
            raise error
        if self._since is None:
            self._since = time.monotonic()
            log.warning("the queue server takes no writes; waiting", extra={"error": type(error).__name__})
        time.sleep(PAUSE)

    def taken(self) -> None:
        """Note that the server has taken a command."""
        if self._since is not None:
            log.info("the queue server takes writes again", extra={"seconds": round(time.monotonic() - self._since)})
            self._since = None


class _PatientPipeline(Pipeline):
    """A transaction that is sent again as a whole. One that watches keys is begun anew by whoever watches them."""

    def __init__(self, owner: PatientRedis, transaction: bool, shard_hint: str | None) -> None:
        super().__init__(owner.connection_pool, owner.response_callbacks, transaction, shard_hint)
        self._owner, self._whole = owner, transaction

    def execute(self, raise_on_error: bool = True) -> list[Reply]:
        while True:
            commands, watching = list(self.command_stack), self.watching
            whole = self._whole or self.explicit_transaction
            try:
                answers: list[Reply] = super().execute(raise_on_error)
            except ResponseError as error:
                if not whole:  # a part of it was done
                    raise
                self._owner.pause(error)
                if watching:
                    raise WatchError("The server took no writes.") from error
                self.command_stack = commands
            else:
                self._owner.taken()
                return answers
