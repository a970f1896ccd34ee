"""A project's candidate filter that follows its vectors: what a search has PostgreSQL rank.

Each search reads in its own snapshot which version of the vectors it sees, and catches up with what was written since
the filter's. So any number of processes is right without messages. Deletions have no version: `Narrowed.proves` notices
those that matter, and `forget_deleted` corrects the filter. A search whose snapshot may be older, and still
see the image, is PostgreSQL's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from argus.answers.search import Reason
from argus.db import Connection, connect, together
from search_service.vectors import store
from search_service.vectors.candidates import CandidateFilter, Ids, Query
from search_service.vectors.ranked_row import RankedRow
from search_service.vectors.shared_lock import SharedLock
from search_service.vectors.store import Model, Vectors
from search_service.vectors.versions import Recent, Snapshot, State, leads_to

LEAST_ROWS = 1000  # PostgreSQL alone ranks fewer as fast
MOST_CANDIDATES = 8  # with more than this part of the rows PostgreSQL alone is as fast
CLOCK = timedelta(minutes=1)  # further back than that, the database's clock was put back, and not the search begun
CATCH_UP = 5000  # tasks that a search reads at most; after more of them the filter is loaded anew, in the background


@dataclass(frozen=True)
class Narrowed:
    """The tasks that PostgreSQL has to rank; every other one scores below `floor`."""

    tasks: Ids
    floor: float
    state: State
    snapshot: Snapshot  # of the search

    def proves(self, found: Sequence[RankedRow], limit: int) -> bool:
        """Whether nothing else belongs to the answer, whatever was deleted: its last row reaches the floor."""
        return self.floor == -np.inf or (len(found) == limit and found[-1].similarity >= self.floor)


class Followed:
    """A filter and the version that it holds."""

    def __init__(self, model: Model, project_id: int, candidates: CandidateFilter, state: State,
                 snapshot: Snapshot) -> None:
        self.filter, self._model, self._project = candidates, model, project_id
        self._recent, self._lock, self.searched = Recent(state), SharedLock(), time.monotonic()
        self._forgot = snapshot  # the last that images were forgotten by: an older one may still see them

    def narrow(self, connection: Connection, query: Vectors, k: int, only: Ids | None) -> Narrowed | Reason | None:
        """Return what can be among the first `k` of the tasks, in the transaction's snapshot; None: the filter is to be
        loaded anew.

        Args:
            only: rank these tasks alone.
        """
        snapshot, query = store.snapshot(connection, self._model, self._project, query)
        state = snapshot.state
        if state is None or snapshot.began < self._forgot.later - CLOCK:
            return None
        if not self._catch_up(connection, snapshot, state):
            return None
        with self._lock.shared():
            later = self._recent.written_after(state)  # another search may have come further than this one's snapshot
            if later is None:
                return None
            if self._may_lack(snapshot):
                return "changing"
            rows = None if only is None else self.filter.rows_of(only)
            count = self.filter.rows if rows is None else len(rows)
            found = self.filter.candidates(Query(query), k, rows, most=max(k, count // MOST_CANDIDATES))
        if found is None:
            return "many_candidates"
        if len(later):  # of these the filter holds vectors that the search does not see
            later = later if only is None else np.intersect1d(later, only)
        return Narrowed(np.union1d(found.ids, later) if len(later) else found.ids, found.floor, state, snapshot)

    def forget_deleted(self, connection: Connection, narrowed: Narrowed) -> bool:
        """Forget candidates that are no more, as the search sees it; return whether there was one."""
        gone = store.without_vector(connection, self._model, self._project, narrowed.tasks.tolist())
        with self._lock.alone():
            if not gone or self._recent.state != narrowed.state or self._may_lack(narrowed.snapshot):
                return False  # a later version may have them again
            self.filter.remove(np.array(gone, np.int64))
            self._forgot = narrowed.snapshot
        return True

    def _may_lack(self, snapshot: Snapshot) -> bool:
        """Whether something was forgotten that this snapshot still holds: by another search that began later."""
        return self._forgot.began != snapshot.began <= self._forgot.later

    def _catch_up(self, connection: Connection, snapshot: Snapshot, state: State) -> bool:
        seen = self._recent.state
        if seen.version >= state.version:
            return True
        changes = store.changes(connection, self._model, self._project, seen.version)
        tasks = np.unique(np.array([task for change in changes for task in change.tasks], np.int64))
        if not leads_to(seen, changes, state) or len(tasks) > CATCH_UP:
            return False
        read = list(store.read(connection, self._model, self._project, tasks.tolist()))
        with self._lock.alone():
            if self._recent.state == seen:  # else another search was faster
                gone = np.setdiff1d(tasks, np.concatenate([tasks[:0], *(ids for ids, _ in read)]))
                if len(gone):  # deleted since: this snapshot is newer than those that others forgot something by
                    self.filter.remove(gone)
                    self._forgot = snapshot._replace(later=max(snapshot.later, self._forgot.later))
                for ids, vectors in read:
                    self.filter.put(ids, vectors)
                self._recent.add(changes)
        return True


def load(model: Model, project_id: int) -> Followed | None:
    """Read all vectors of a project; None when nothing says which version they are of."""
    with together(snapshot=True), connect() as connection:
        snapshot, _ = store.snapshot(connection, model, project_id, np.ones(model.dim, np.float32))
        if snapshot.state is None:
            return None
        candidates = CandidateFilter(model.dim, store.centre(connection, model, project_id))
        for tasks, vectors in store.read(connection, model, project_id):
            candidates.put(tasks, vectors)
    return Followed(model, project_id, candidates, snapshot.state, snapshot)
