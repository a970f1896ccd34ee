"""The candidate filters of the projects that are searched, in the memory of the search service, within a budget.

What a search cannot have from memory PostgreSQL ranks alone, and the search says why.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from queue import SimpleQueue

from argus import heap, metrics
from argus.answers.search import Reason
from argus.answers.service import SearchMemory
from argus.db import Connection
from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.vectors import followed, int8_products, store
from search_service.vectors.candidates import EXTRA_BYTES, Ids
from search_service.vectors.followed import LEAST_ROWS, MOST_CANDIDATES, Followed, Narrowed
from search_service.vectors.store import Model, Vectors

log = logging.getLogger(__name__)
MIB = 2**20
LEAST_MIB, SHARE = 100, 10  # of the budget by default, of the machine's memory
DELETED_SHARE, DELETED_ROWS = 1.25, 1000  # a filter with so many more rows than the project has images is loaded anew
IN_USE_SECONDS = 60.0  # one that was searched since is not dropped for another: two would be loaded in turns
RETRY_SECONDS = 5.0  # after one could not be loaded
TOO_LARGE_SECONDS = 600.0  # after one turned out to be larger than the budget
Key = tuple[str, int, int]  # of what, model, project


class FilterMemory:
    """The filters of one process.

    Args:
        budget: bytes; the least recently searched filter leaves first.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._followed: dict[Key, Followed] = {}
        self._loading: dict[Key, int] = {}  # bytes that are kept free for each
        self._not_before: dict[Key, tuple[float, Reason]] = {}
        self._asked: SimpleQueue[tuple[Model, int]] = SimpleQueue()
        threading.Thread(target=self._load_all, name="candidate filters", daemon=True).start()

    def narrow(self, connection: Connection, model: Model, project_id: int, query: Vectors, k: int, images: int,
               only: Ids | None) -> Narrowed | Reason:
        """Return what PostgreSQL has to rank for the first `k` of a project's `images` images, or why it ranks all."""
        count = images if only is None else len(only)
        if problem := self._problem():
            return problem
        if count < LEAST_ROWS:
            return "few_images"
        if k > count // MOST_CANDIDATES:
            return "deep_page"
        found = self._of(model, project_id, images)
        if not isinstance(found, Followed):
            return found
        narrowed = found.narrow(connection, query, k, only)
        if narrowed is None:
            self._drop(_key(model, project_id), found)
            return self._load(model, project_id, images)
        self._keep_within_budget(_key(model, project_id))
        return narrowed

    def forget_deleted(self, connection: Connection, model: Model, project_id: int, narrowed: Narrowed) -> bool:
        """Forget candidates that are no more; False when that does not explain an answer without proof."""
        with self._lock:
            found = self._followed.get(_key(model, project_id))
        return bool(found and found.forget_deleted(connection, narrowed))

    def state(self) -> SearchMemory:
        with self._lock:
            return SearchMemory(budget_mb=self.budget // MIB, used_mb=round(self._used() / MIB, 1),
                                projects=len(self._followed), loading=len(self._loading),
                                problem=self._problem() or "")

    def nbytes(self) -> int:
        with self._lock:
            return self._used()

    def _problem(self) -> Reason | None:
        return int8_products.problem() if self.budget else "off"

    def _used(self) -> int:
        return sum(found.filter.nbytes for found in self._followed.values())

    def _of(self, model: Model, project_id: int, images: int) -> Followed | Reason:
        with self._lock:
            found = self._followed.get(_key(model, project_id))
        if found is None:
            return self._load(model, project_id, images)
        found.searched = time.monotonic()
        if found.filter.rows > DELETED_SHARE * images + DELETED_ROWS:
            self._drop(_key(model, project_id), found)
            return self._load(model, project_id, images)
        return found

    def _drop(self, key: Key, found: Followed) -> None:
        with self._lock:
            if self._followed.get(key) is found:
                del self._followed[key]

    def _load(self, model: Model, project_id: int, images: int) -> Reason:
        """Have a filter loaded in the background; return why it is not there."""
        key, size = _key(model, project_id), needed(images, model.dim)
        with self._lock:
            moment, reason = self._not_before.get(key, (0.0, "loading"))
            if key in self._loading or time.monotonic() < moment:
                return reason
            if not self._make_room(size):
                return "memory"
            self._loading[key] = size
        self._asked.put((model, project_id))
        return "loading"

    def _make_room(self, size: int) -> bool:
        """Drop what nobody searched of late until `size` bytes are free; the lock is held."""
        def taken() -> int:
            return self._used() + sum(self._loading.values())

        idle = sorted((found.searched, key) for key, found in self._followed.items()
                      if time.monotonic() - found.searched > IN_USE_SECONDS)
        if size + taken() - sum(self._followed[key].filter.nbytes for _, key in idle) > self.budget:
            return False
        for _, key in idle:
            if size + taken() <= self.budget:
                break
            del self._followed[key]
        return True

    def _keep_within_budget(self, growing: Key) -> None:
        """Drop others, and at last the one that grew, when new images took more than there is."""
        with self._lock:
            while self._used() > self.budget:
                least = min(self._followed, key=lambda key: (key == growing, self._followed[key].searched))
                del self._followed[least]
                if least == growing:
                    self._not_before[least] = time.monotonic() + TOO_LARGE_SECONDS, "memory"

    def _load_all(self) -> None:
        while True:
            model, project_id = self._asked.get()
            key, found = _key(model, project_id), None
            try:
                store.begin_versions(model, project_id)
                found = followed.load(model, project_id)
            except Exception as error:  # the database is away, or takes no writes: the next search asks again
                log.warning("a candidate filter was not loaded", extra={"project": project_id, "error": str(error)})
            with self._lock:
                del self._loading[key]
                if found:
                    self._followed[key] = found
                self._not_before[key] = 0.0 if found else time.monotonic() + RETRY_SECONDS, "loading"
            if found:
                heap.trim()
                log.info("candidate filter loaded", extra={"project": project_id, "rows": found.filter.rows})
                self._keep_within_budget(key)


def _key(model: Model, project_id: int) -> Key:
    return model.collection.of, model.id, project_id


_memory = FilterMemory(0)


def get_memory() -> FilterMemory:
    """Return this process's filters; only the search service has a budget, so elsewhere PostgreSQL ranks alone."""
    return _memory


def start() -> FilterMemory:
    """Give this process's filters the budget of the settings. Raises `bad_setting` for more than the machine has."""
    global _memory
    heap.return_large_blocks()
    _memory = FilterMemory(budget())
    metrics.SEARCH_MEMORY.set_function(_memory.nbytes)
    return _memory


def budget() -> int:
    """Return the bytes for filters. Raises `bad_setting`."""
    asked, there = get_settings().search_memory_mb, machine_memory()
    if asked is None:
        return max(LEAST_MIB * MIB, there // SHARE)
    if asked * MIB > there:
        raise ArgusError("bad_setting", f"ARGUS_SEARCH_MEMORY_MB is {asked:,}, more than the {there // MIB:,} MiB of "
                         "this machine or container.", "Set it lower, or leave it out: then it is a tenth of that.")
    return asked * MIB


def holds(images: int, dim: int) -> bool:
    """Whether all filters together have room, by this process's settings, and can be used."""
    return not int8_products.problem() and needed(images, dim) <= budget()


def machine_memory() -> int:
    """Return the bytes of the machine's memory, or of the container's where that is less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of cgroups version 2 and 1
        file = Path("/sys/fs/cgroup") / name
        if file.exists() and (text := file.read_text().strip()).isdigit():
            limits.append(int(text))
    return min(limits)


def needed(images: int, dim: int) -> int:
    """Return the bytes of a filter."""
    return images * (dim + EXTRA_BYTES)
