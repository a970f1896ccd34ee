"""Label Studio killed in the middle of an acceptance and of taking it back: the record is true, nothing is there twice.

A lock on its table of tasks holds Label Studio where it has made (or deleted) the annotations and not counted them yet.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from ml_backend import accepting, review, undoing
from tests.integration.test_review_export import Known, items, known  # noqa: F401  the fixture
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(300)]
COUNT, CHUNK = 9, 3


class Tables:
    """What Label Studio's own tables have gained since this was made."""

    def __init__(self, servers: Any) -> None:
        self._address = {"host": str(servers.settings.run_dir), "user": "labelstudio", "dbname": "labelstudio"}
        self._watching = psycopg.connect(**self._address, autocommit=True)
        self._before = self._now()

    def _now(self) -> tuple[int, int]:
        row = self._watching.execute("SELECT (SELECT count(*) FROM task_completion), "
                                     "(SELECT coalesce(sum(total_annotations), 0) FROM task)").fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def gained(self) -> tuple[int, int]:
        """Return (annotations, those counted)."""
        return self._now()[0] - self._before[0], self._now()[1] - self._before[1]

    def hold(self) -> psycopg.Connection[Any]:
        """Let nobody change a task until the connection is closed; reading goes on."""
        holding = psycopg.connect(**self._address)
        holding.execute("LOCK TABLE task IN SHARE MODE")
        return holding


@contextmanager
def killed_before_it_counts(servers: Any, first: int, second: int) -> Iterator[None]:
    """Kill Label Studio when it has gained `second` annotations and counted `first` of them; start it at the end."""
    tables = Tables(servers)

    def kill() -> None:
        wait_for(lambda: tables.gained() == (first, first), 60, 0.001)
        with tables.hold():
            wait_for(lambda: tables.gained()[0] == second, 60, 0.01)
            servers.stop("label-studio", hard=True)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        killer.join()
        assert tables.gained() == (second, first), "not killed where it was meant to be"
        servers.start("label-studio")


def states(acceptance: int) -> Counter[str]:
    return Counter(item["state"] for item in items(acceptance))


def test_label_studio_killed__accepting_is_finished_and_taken_back_afterwards(
        servers: Any, label_studio: LabelStudio, known: Callable[..., Known],  # noqa: F811
        monkeypatch: pytest.MonkeyPatch) -> None:
    project = known(*[0.95] * COUNT)
    project.record_deliveries()
    monkeypatch.setattr(accepting, "CHUNK", CHUNK)
    monkeypatch.setattr(undoing, "CHUNK", CHUNK)

    with killed_before_it_counts(servers, CHUNK, 2 * CHUNK), pytest.raises(ArgusError) as failure:
        review.accept(project.id, min_score=0.9)
    assert failure.value.code == "label_studio_unreachable"
    first = failure.value.details["acceptance"]
    assert failure.value.details["accepted_tasks"] == CHUNK
    assert states(first) == {"accepted": CHUNK, "asked": CHUNK}  # what nobody knows yet is said to be unknown
    again = review.accept(project.id, min_score=0.9)
    assert again["accepted_tasks"] == COUNT - 2 * CHUNK
    assert states(first) == {"accepted": 2 * CHUNK}
    assert project.annotated() == list(range(COUNT))
    counted = [task["total_annotations"] for task in label_studio.tasks(project.id)]
    assert counted == [1] * COUNT
    assert review.review_status(project.id)["accepted"] == COUNT

    with killed_before_it_counts(servers, 0, -CHUNK), pytest.raises(ArgusError) as failure:
        review.undo(first)
    assert failure.value.code == "label_studio_unreachable"
    assert states(first) == {"accepted": 2 * CHUNK}
    assert review.undo(first) == {"acceptance": first, "undone": 2 * CHUNK, "left": []}
    assert states(first) == {"undone": 2 * CHUNK}
    assert len(project.annotated()) == COUNT - 2 * CHUNK
    assert sum(task["total_annotations"] for task in label_studio.tasks(project.id)) == COUNT - 2 * CHUNK
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 2 * CHUNK
    assert project.annotated() == list(range(COUNT))
