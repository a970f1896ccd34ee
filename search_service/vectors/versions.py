"""Versions of a project's vectors, and how a copy in memory tells that it leads up to one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

REMEMBERED = 64  # versions: a search whose snapshot is older than the copy is so by a few


class State(NamedTuple):
    """A version of a project's vectors; `token` tells it from one of the same number before a restore of a backup."""

    version: int
    token: UUID


class Snapshot(NamedTuple):
    """What a transaction sees: the version, None without one, and times of the database's clock. `began` lies before
    the moment that it sees, `later` behind it."""

    state: State | None
    began: datetime
    later: datetime


class Change(NamedTuple):
    """What one version wrote: tasks that have a vector of it, unless they were deleted since."""

    state: State
    previous: UUID | None
    tasks: list[int]


def leads_to(state: State, changes: Sequence[Change], last: State) -> bool:
    """Whether the changes are all those from one version to another: each follows the one before it."""
    for change in changes:
        if change.state.version != state.version + 1 or change.previous != state.token:
            return False
        state = change.state
    return state == last


class Recent:
    """The last changes that a copy went through."""

    def __init__(self, state: State) -> None:
        self._states: deque[tuple[State, list[int]]] = deque([(state, [])], REMEMBERED)

    @property
    def state(self) -> State:
        return self._states[-1][0]

    def add(self, changes: Sequence[Change]) -> None:
        self._states.extend((change.state, change.tasks) for change in changes)

    def written_after(self, state: State) -> NDArray[np.int64] | None:
        """Return the tasks that later versions wrote; None when the copy did not come by this version."""
        later: list[int] = []
        for known, tasks in reversed(self._states):
            if known == state:
                return np.unique(np.array(later, np.int64))
            later += tasks
        return None
