"""The nearest images of one project, ranked by PostgreSQL: those that the candidate filter leaves, else all of them, or
by the approximate index of a project that is too large for either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pgvector import HalfVector

from argus import metrics
from argus.answers.search import Reason, Scanned
from argus.db import Connection, connect, together
from argus.settings import get_settings
from search_service.vectors import binary_copy, store
from search_service.vectors.candidates import Ids
from search_service.vectors.filter_memory import get_memory
from search_service.vectors.followed import Narrowed
from search_service.vectors.ranked_row import RankedRow
from search_service.vectors.store import Model, Vectors

WINDOW = 1000  # rows an approximate search looks at: pgvector's own upper limit of ef_search
INDEX_ROWS = 50_000  # from so many on an index is faster than PostgreSQL's exact ranking
NO_MEMORY: tuple[Reason, ...] = ("memory", "loading", "off", "not_installed", "failed_check")
REPAIRS = 3  # times that deleted images may stand in the way of an answer before PostgreSQL ranks all


@dataclass(frozen=True)
class Ranked:
    """One window of a ranking: `(task_id, similarity)` best first, and how it was found."""

    rows: list[tuple[int, float]]
    total: int  # images that were ranked
    exact: bool
    scanned: Scanned
    reason: Reason = ""  # why not `memory`
    vectors: dict[int, Vectors] = field(default_factory=dict)  # float32 (dim,) by task, when they were asked for


@dataclass(frozen=True)
class _Ask:
    """What is ranked, for whichever way ranks it."""

    model: Model
    project_id: int
    query: Vectors
    limit: int
    offset: int
    images: int  # of the project that have a vector
    only: Ids | None
    leave_out: Sequence[int]
    vectors: bool

    @property
    def total(self) -> int:
        return self.images if self.only is None else len(self.only)

    def rank(self, connection: Connection, ranking: str, vectors: str, tasks: Ids | None) -> list[RankedRow]:
        return store.ranked(connection, self.model, ranking, vectors if self.vectors else "false", {
            "query": HalfVector(self.query), "model": self.model.id, "project": self.project_id, "window": WINDOW,
            "limit": self.limit, "offset": self.offset, "leave_out": list(self.leave_out),
            "tasks": None if tasks is None else binary_copy.literal(tasks)})


def search(model: Model, project_id: int, query: Vectors, limit: int = 50, offset: int = 0, *,
           total: int | None = None, only: Ids | None = None, leave_out: Sequence[int] = (),
           vectors: bool = False) -> Ranked:
    """Return the rows `offset … offset + limit` of the project's images by cosine similarity to `query`.

    Args:
        query: float32 `(dim,)`, of length 1.
        total: how many vectors the project has, when the caller knows.
        only: rank these tasks alone.
        leave_out: tasks that are not ranked.
        vectors: return the vectors of the rows too.

    The answer is exact when at most `exact_search_rows` images are ranked, and otherwise as long as the project's index
    is missing. With the index it is approximate: one window of at most 1,000 rows, cut into pages; past the window
    there is nothing. The same goes for a project that has an index and no room in memory.
    """
    with together(snapshot=True), connect() as connection:
        images = store.count(model, project_id) if total is None else total
        ask = _Ask(model, project_id, query, limit, offset, images, only, leave_out, vectors)
        ranked = _search(connection, ask)
    metrics.SEARCHES.labels(ranked.scanned, ranked.reason or "none").inc()
    return ranked


def _search(connection: Connection, ask: _Ask) -> Ranked:
    if ask.total > get_settings().exact_search_rows and (window := _by_index(connection, ask)) is not None:
        return _ranked(window, ask, "index", "large_project")
    found = _by_memory(connection, ask)
    if not isinstance(found, str):
        return _ranked(found, ask, "memory", "")
    if found in NO_MEMORY and ask.total > INDEX_ROWS and (window := _by_index(connection, ask)) is not None:
        return _ranked(window, ask, "index", found)
    return _ranked(_exactly(connection, ask, ask.only), ask, "database", found)


def _by_memory(connection: Connection, ask: _Ask) -> list[RankedRow] | Reason:
    memory = get_memory()
    for _ in range(REPAIRS):
        narrowed = memory.narrow(connection, ask.model, ask.project_id, ask.query,
                                 ask.offset + ask.limit + len(ask.leave_out), ask.images, ask.only)
        if not isinstance(narrowed, Narrowed):
            return narrowed
        found = _exactly(connection, ask, narrowed.tasks)
        if narrowed.proves(found, ask.limit):
            return found
        if not memory.forget_deleted(connection, ask.model, ask.project_id, narrowed):
            break
    return "changing"


def _by_index(connection: Connection, ask: _Ask) -> list[RankedRow] | None:
    """Return the page; None without an index, or when too few of its rows pass: only a whole ranking will do."""
    index = store.usable_index(connection, ask.model, ask.project_id)
    if index is None:
        return None
    store.look_into(connection, index)
    found = ask.rank(connection, "search_similar_frames_approximate(%(query)s, %(model)s::smallint, %(project)s, "
                     f"%(window)s, %(tasks)s::bigint[], %(leave_out)s, {str(index.once).lower()})",
                     "f.place > %(offset)s AND f.place <= %(offset)s + %(limit)s", ask.only)
    if len(found) < min(WINDOW, ask.total - len(ask.leave_out)):
        return None
    return found[ask.offset:ask.offset + ask.limit]


def _exactly(connection: Connection, ask: _Ask, tasks: Ids | None) -> list[RankedRow]:
    return ask.rank(connection, f"{ask.model.collection.ranking}(%(query)s, %(model)s::smallint, %(project)s, "
                    "%(limit)s, %(offset)s, %(tasks)s::bigint[], %(leave_out)s)", "true", tasks)


def _ranked(rows: Sequence[RankedRow], ask: _Ask, scanned: Scanned, reason: Reason) -> Ranked:
    return Ranked([(row.task, row.similarity) for row in rows], ask.total, scanned != "index", scanned, reason,
                  {row.task: row.vector for row in rows if row.vector is not None})
