"""Ids that follow one piece of work through the processes: request, job, run, and task where it is one task's.

What is bound here is in every log line of the thread, and travels with the jobs it enqueues (`argus.jobs.queues` writes
it into the job, `argus.jobs.worker` binds it again), so that one search of the logs shows a request's whole way.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_ids: ContextVar[Mapping[str, str]] = ContextVar("argus-trace", default={})  # noqa: B039  (never changed in place)
_SAFE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def current() -> dict[str, str]:
    """Return the ids bound to this thread, for example `{"request": …, "job": …, "run": "7"}`."""
    return dict(_ids.get())


def add(**ids: object) -> None:
    """Bind further ids until the surrounding `bind` ends."""
    _ids.set(current() | {name: str(value) for name, value in ids.items()})


def start(**ids: object) -> None:
    """Bind `ids` alone: a web server's thread serves one request after another."""
    _ids.set({name: str(value) for name, value in ids.items()})


@contextmanager
def bind(**ids: object) -> Iterator[None]:
    """Bind ids for the duration of a block; what it adds, and what `add` adds inside, is gone after it."""
    before = _ids.set(current() | {name: str(value) for name, value in ids.items()})
    try:
        yield
    finally:
        _ids.reset(before)


def carried(act: Callable[P, R], **ids: object) -> Callable[P, R]:
    """Return `act` for a thread of a pool, which knows no ids by itself: with those of this thread, and `ids`."""
    here = current() | ids

    def in_the_pool(*args: P.args, **kwargs: P.kwargs) -> R:
        with bind(**here):
            return act(*args, **kwargs)

    return in_the_pool


def request_id(given: str | None) -> str:
    """Return the caller's request id when it is short and plain (it goes into logs and a header), else a new one."""
    return given if given and _SAFE.fullmatch(given) else secrets.token_hex(8)
