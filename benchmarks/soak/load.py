"""All that people and machines do with a project, at once, each in a thread: what is refused is counted and goes on."""

from __future__ import annotations

import itertools
import logging
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from argus.client import Argus
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from ml_backend.runs import runs

log = logging.getLogger(__name__)
MIN_SCORE = 0.5
WORDS = ("cpu", "red fan", "battery", "blue hdd", "empty belt")


class Load:
    """The load on one project.

    Once its tasks have ceased to grow, each import is followed by the deletion of the oldest tasks that are too many:
    memory that goes on growing then does not grow with the data.

    Args:
        images: addresses of pictures that Label Studio has; new tasks show them in turn.
        labels: what runs look for.
        growing: seconds in which there are more and more tasks.
    """

    def __init__(self, project: int, label_studio: LabelStudio, images: list[str], labels: list[str],
                 growing: float) -> None:
        self.project, self._ls, self._images, self._labels = project, label_studio, images, labels
        self._settings = get_settings()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._choice = random.Random(0)
        self._tasks = [task["id"] for task in label_studio.tasks(project, fields="task_only")]  # from the oldest
        self._most, self._growing, self._began = 0, growing, 0.0
        self._config = label_studio.project(project)["label_config"]
        self._accepted: list[int] = []
        self._end, self._broken = threading.Event(), list[str]()
        argus = Argus(self._settings.search_service_url, timeout=120)
        self._threads = [threading.Thread(target=self._repeat, args=part, name=part[0], daemon=True) for part in (
            ("imports", 1.5, self._import), ("searches", 1.0, lambda: self._search(argus)),
            ("runs", 20.0, self._run), ("acceptances and undos", 5.0, self._review()),
            ("exports", 45.0, self._export), ("clicks", 2.0, self._click), ("tasks opened", 3.0, self._open),
            ("polls of /metrics", 2.0, self._poll))]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every thread with what it is at."""
        self._end.set()
        for thread in self._threads:
            thread.join(150)

    def broken(self) -> list[str]:
        """Return what ended a part of the load that nothing should end, or that never ended, each as a sentence."""
        return self._broken + [f"{thread.name}: did not end" for thread in self._threads if thread.is_alive()]

    def accept(self) -> None:
        """Accept once more, when all is over: so that there is something to compare."""
        self._argus().accept(self.project, MIN_SCORE)

    def _repeat(self, name: str, pause: float, act: Callable[[], Any]) -> None:
        while not self._end.wait(pause):
            try:
                act()
                self.done[name] += 1
            except (ArgusError, requests.RequestException) as error:
                self.refused[f"{name}: {getattr(error, 'code', type(error).__name__)}"] += 1
            except Exception as error:
                log.exception("a part of the load ended")
                self._broken.append(f"{name}: ended by {error!r}")
                return

    def _import(self) -> None:
        image = self._images[self.done["imports"] % len(self._images)]
        answer = self._ls.post(f"/api/projects/{self.project}/import?return_task_ids=true", [{"image": image}])
        self._tasks += answer["task_ids"]
        if time.monotonic() - self._began < self._growing:
            self._most = len(self._tasks)
        while self._most and len(self._tasks) > self._most:
            self._delete(self._tasks[0])
            del self._tasks[0]
            self.done["tasks deleted"] += 1

    def _delete(self, task: int) -> None:
        try:
            self._ls.delete(f"/api/tasks/{task}/")
        except ArgusError as error:
            if error.code != "not_found":  # the answer to an earlier try may have been lost
                raise

    def _search(self, argus: Argus) -> None:
        words = f"{self._choice.choice(WORDS)} {self._choice.randint(0, 10**6)}"  # a text that was asked is remembered
        for hit in argus.search(self.project, words, limit=1):
            argus.picture(hit.task)

    def _run(self) -> None:
        argus = self._argus()
        argus.start_run(self.project, self._labels, tasks=self._tasks[-20:])
        runs.list_runs(self.project)

    def _review(self) -> Callable[[], Any]:
        """Return what accepts and takes back in turn; what stays accepted at the end is part of the account."""
        turns = itertools.cycle((True, False))

        def act() -> None:
            argus = self._argus()
            argus.review(self.project)
            if next(turns) or not self._accepted:
                if (made := argus.accept(self.project, MIN_SCORE).acceptance):
                    self._accepted.append(made)
            else:
                argus.call("POST", f"/acceptances/{self._accepted[-1]}/undo")
                self._accepted.pop()

        return act

    def _export(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._argus().export(self.project, Path(folder) / "export.zip")

    def _click(self) -> None:
        """A click as Label Studio sends it."""
        newest = self._tasks[-20:]  # the oldest may be gone before it is asked for
        task = self._ls.get(f"/api/tasks/{self._choice.choice(newest)}/", project=self.project)
        spot = {"type": "keypoint", "from_name": "click", "to_name": "image", "original_width": 640,
                "original_height": 360, "image_rotation": 0, "origin": "manual", "is_positive": True,
                "value": {"x": self._choice.uniform(5, 95), "y": self._choice.uniform(15, 85), "width": 0.3,
                          "labels": []}}
        requests.post(f"{self._settings.ml_backend_url}/predict", timeout=60, json={
            "tasks": [{"id": task["id"], "data": task["data"]}], "project": f"{self.project}.1",
            "label_config": self._config, "params": {"context": {"result": [spot]}}}).raise_for_status()

    def _open(self) -> None:
        """The newest task on a person's screen: Label Studio asks the ML backend for a prediction first."""
        self._ls.get(f"/api/tasks/{self._tasks[-1]}/", project=self.project)

    def _poll(self) -> None:
        for address in (self._settings.search_service_url, self._settings.ml_backend_url):
            requests.get(f"{address}/metrics", timeout=30).raise_for_status()

    def _argus(self) -> Argus:
        return Argus(self._settings.search_service_url, timeout=120)
