"""Label Studio killed in the middle of an acceptance and of taking it back: the record is true, nothing is there twice.

A lock on its table of tasks holds Label Studio where it has made (or deleted) the annotations and not counted them yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from argus.answers.review import Undone
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from search_service.review import acceptance as accepting
from search_service.review import service, undo
from tests.integration.search_service.review.test_review_export import Known, items, known  # noqa: F401  the fixture
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(1200)]
COUNT, CHUNK = 9, 3


class Killed(LabelStudio):
    """The real server, killed at the n-th call of an action: when its annotations are made or gone, and not counted."""

    def __init__(self, ls: LabelStudio, servers: Any, action: str, at: int, change: int) -> None:
        """`change`: annotations that there are more, after that call, than there are now."""
        super().__init__(ls.url, ls._token)
        self._servers, self._action, self._left = servers, action, at
        with self._tables() as tables:
            self._expected = self._count(tables) + change

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        if self._action not in path:
            return super().post(path, body, **options)
        self._left -= 1
        if self._left:
            return super().post(path, body, **options)
        with self._tables() as holding, ThreadPoolExecutor(1) as beside:
            holding.execute("LOCK TABLE task IN SHARE MODE")  # reading goes on; no count of a task can change
            killing = beside.submit(self._kill)
            try:
                return super().post(path, body, **options)
            finally:
                killing.result()

    def _tables(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self._servers.settings.run_dir), user="labelstudio", dbname="labelstudio")

    def _kill(self) -> None:
        with self._tables() as watching:
            watching.autocommit = True
            wait_for(lambda: self._count(watching) == self._expected, 60, 0.01)
        self._servers.stop("label-studio", hard=True)

    def _count(self, watching: psycopg.Connection[Any]) -> int:
        row = watching.execute("SELECT count(*) FROM task_completion").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def started_again(servers: Any) -> Iterator[None]:
    """Start Label Studio when the block ends, however it ends: other tests use it too."""
    try:
        yield
    finally:
        if not servers.alive().get("label-studio"):
            servers.start("label-studio")


def states(acceptance: int) -> Counter[str]:
    return Counter(item["state"] for item in items(acceptance))


def test_label_studio_killed__accepting_is_finished_and_taken_back_afterwards(
        servers: Any, label_studio: LabelStudio, known: Callable[..., Known],  # noqa: F811
        monkeypatch: pytest.MonkeyPatch) -> None:
    project = known(*[0.95] * COUNT)
    project.record_deliveries()
    for module in (accepting, undo):
        monkeypatch.setattr(module, "CHUNK", CHUNK)
        monkeypatch.setattr(module, "KNOWN_CHUNK", CHUNK)

    dying = Killed(label_studio, servers, "predictions_to_annotations", at=2, change=2 * CHUNK)
    with started_again(servers), pytest.raises(ArgusError) as failure:
        service.accept(project.id, min_score=0.9, ls=dying)
    assert failure.value.code == "label_studio_unreachable"
    first = failure.value.details["acceptance"]
    assert failure.value.details["accepted_tasks"] == CHUNK
    assert states(first) == {"accepted": CHUNK, "asked": CHUNK}  # what nobody knows yet is said to be unknown
    again = service.accept(project.id, min_score=0.9)
    assert again.accepted_tasks == COUNT - 2 * CHUNK
    assert states(first) == {"accepted": 2 * CHUNK}
    assert project.annotated() == list(range(COUNT))
    counted = [task["total_annotations"] for task in label_studio.tasks(project.id)]
    assert counted == [1] * COUNT
    assert service.review_status(project.id).accepted == COUNT

    dying = Killed(label_studio, servers, "delete_tasks_annotations", at=1, change=-CHUNK)
    with started_again(servers), pytest.raises(ArgusError) as failure:
        service.undo(first, ls=dying)
    assert failure.value.code == "label_studio_unreachable"
    assert states(first) == {"accepted": 2 * CHUNK}
    assert service.undo(first) == Undone(acceptance=first, undone=2 * CHUNK, left=[])
    assert states(first) == {"undone": 2 * CHUNK}
    assert len(project.annotated()) == COUNT - 2 * CHUNK
    assert sum(task["total_annotations"] for task in label_studio.tasks(project.id)) == COUNT - 2 * CHUNK
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 2 * CHUNK
    assert project.annotated() == list(range(COUNT))
