"""A running load on one project: images arrive, a run goes on, somebody opens tasks, accepts and takes back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

from argus import queue_names
from argus.client import Argus
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from benchmarks.soak.counts import Counts, compare, whole
from label_studio_config import projects
from ml_backend.runs import runs
from tests.waiting import wait_for

MIN_SCORE = 0.5  # of what the reviewer accepts


def quietly(ask: Callable[[], object]) -> Callable[[], bool]:
    """`ask`, with no for an answer while a server is away."""
    def asked() -> bool:
        try:
            return bool(ask())
        except (ArgusError, requests.RequestException):
            return False

    return asked


def show_nearly_all(project: int) -> None:
    """Lower a project's threshold: these tests need regions, not good ones."""
    projects.set_threshold(project, [], 0.2)
    projects.refresh(project)


def pictures(label_studio: LabelStudio, project: int) -> list[str]:
    """The addresses of a project's images."""
    return [task["data"]["image"] for task in label_studio.tasks(project)]


class Load:
    """Everything people and machines do at once, each in a thread that goes on whatever is refused.

    An error of any other kind ends its thread, and then the test: see `stop`.

    Args:
        label_studio: as one client more, beside the product's own.
        images: addresses of the tasks that arrive while the load runs, in turn.
        arriving: how many tasks those are.
    """

    def __init__(self, project: int, label_studio: LabelStudio, images: list[str], arriving: int) -> None:
        self.project, self._ls, self._images, self._arriving = project, label_studio, images, arriving
        self._argus = Argus(get_settings().search_service_url, timeout=60)
        self._end, self._broken = threading.Event(), list[BaseException]()
        self.imported = self.answers = self.refusals = self.accepted = self.undone = 0
        self.first = [task["id"] for task in label_studio.tasks(project, fields="task_only")]
        self.run = runs.create_run(project, ["cpu", "fan"], self.first)
        self._threads = [threading.Thread(target=self._do, args=(work,), name=work.__name__, daemon=True)
                         for work in (self._import, self._review, self._open)]
        for thread in self._threads:
            thread.start()

    # What happens at once -----------------------------------------------------------------------------------------

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # whatever it is, `stop` raises it again
            self._broken.append(error)

    def _import(self) -> None:
        while self.imported < self._arriving:
            with contextlib.suppress(ArgusError):  # Label Studio may be the one that is away: then it is tried again
                self._ls.post(f"/api/projects/{self.project}/import",
                              [{"image": self._images[self.imported % len(self._images)]}])
                self.imported += 1
            if self._end.wait(0.7):
                return

    def _review(self) -> None:
        """Look at the progress, accept, take it back; what was refused is asked again, as a person would."""
        for step in self._steps():
            while not self._asked(step):
                time.sleep(1)

    def _steps(self) -> Iterator[Callable[[], Any]]:
        taken: list[int] = []

        def accept() -> None:
            if (answer := self._argus.accept(self.project, MIN_SCORE)).acceptance:
                self.accepted += answer.accepted_tasks
                taken.append(answer.acceptance)

        def undo() -> None:
            if taken:
                self.undone += self._argus.call("POST", f"/acceptances/{taken[-1]}/undo").json()["undone"]
                taken.pop()

        while not self._end.wait(0.5):
            yield lambda: self._argus.review(self.project)
            yield accept
            yield undo

    def _asked(self, step: Callable[[], Any]) -> bool:
        try:
            step()
        except ArgusError:
            self.refusals += 1
            return False
        self.answers += 1
        return True

    def _open(self) -> None:
        """Open one task after the other in Label Studio, which then asks the ML backend for a prediction."""
        while not self._end.wait(2):
            with contextlib.suppress(ArgusError):
                tasks = [t["id"] for t in self._ls.tasks(self.project, fields="task_only")][len(self.first):]
                for task in tasks[-1:]:
                    self._ls.get(f"/api/tasks/{task}/", project=self.project)

    def under_way(self) -> bool:
        """Whether vectors and predictions have begun to come, and somebody has looked at the review."""
        return self._embedded() > 0 and runs.run_progress(self.run).done > 0 and self.answers > 0

    # Its end ------------------------------------------------------------------------------------------------------

    def _embedded(self) -> int:
        with connect() as connection:
            row = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s AND state <> 'waiting'",
                                     (self.project,)).fetchone()
        return int(row["n"]) if row else 0

    def finish(self, seconds: float = 600) -> None:
        """Wait until everything that was asked for is there, and let the reviewer end with what he is at."""
        began = time.monotonic()
        self._threads[0].join(seconds)
        assert self.imported == self._arriving
        known = len(list(self._ls.tasks(self.project, fields="task_only")))
        wait_for(quietly(lambda: whole(self.project) and self._tasks() == known),
                 seconds - (time.monotonic() - began), 0.5)
        self.stop()

    def refused(self) -> str:
        return f"the reviewer was refused {self.refusals} of {self.answers + self.refusals} times"

    def stop(self) -> None:
        """End every thread with what it is at; raise what ended one of them before its time."""
        self._end.set()
        for thread in self._threads:
            thread.join(90)
        if self._broken:
            raise self._broken[0]
        assert not (left := [thread.name for thread in self._threads if thread.is_alive()]), left

    def _tasks(self) -> int:
        with connect() as connection:
            row = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s", (self.project,)).fetchone()
        return int(row["n"]) if row else 0

    def account(self) -> Counts:
        """See that every role's worker is on record; count everything at Label Studio and with us; accept what is left,
        once, and count again."""
        wait_for(lambda: all(queues.workers_of(names[0]) for names in queue_names.ROLES.values()), 180, pause=1)
        deadline = time.monotonic() + 180  # for the last polls and checks
        while apart := compare(self._ls, self.project)[1]:
            assert time.monotonic() < deadline, apart
            time.sleep(2)
        self._argus.accept(self.project, MIN_SCORE)
        again = self._argus.accept(self.project, MIN_SCORE)
        counts, apart = compare(self._ls, self.project)
        assert (apart, again.accepted_tasks) == ([], 0)
        assert counts.annotations > 0 and self.answers > 0
        return counts
