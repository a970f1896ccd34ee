"""A project whose predictions are written here instead of by a model, so that the truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery


class Predicted:
    """A project whose tasks get predictions in batches; every object of a batch has the score that is given."""

    def __init__(self, project_id: int, ls: LabelStudio, tasks: int) -> None:
        self.id, self.ls = project_id, ls
        ls.post(f"/api/projects/{project_id}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(tasks)])
        project = projects.refresh(project_id)
        listed = list(ls.tasks(project_id, fields="task_only"))
        projects.remember_tasks(project_id, plan_for(project).image, listed)
        self.tasks: list[int] = sorted(task["id"] for task in listed)
        self._left = iter(self.tasks)

    def predict(self, tasks: int, objects: int = 1, score: float = 0.95, label: str = "cpu") -> list[int]:
        """Deliver predictions with so many objects each to the next tasks, and return these."""
        return self.predict_labels(tasks, {label: objects}, score)

    def predict_labels(self, tasks: int, objects: Mapping[str, int], score: float = 0.95) -> list[int]:
        """The same with so many objects of each label; with 0 of all, nothing was found."""
        some, found, begin = [next(self._left) for _ in range(tasks)], {}, 0
        for label, count in objects.items():
            boxes = [[float(x), 10.0, float(x + 9), 60.0] for x in range(begin, begin + 10 * count, 10)]
            found[label] = Detections(np.full(count, score, np.float32),
                                      np.array(boxes, np.float32).reshape(-1, 4), [None] * count)
            begin += 10 * count
        recipe = recipe_for(projects.load(self.id))
        for task in some:
            detections.store(task, recipe, (begin or 100, 100), found)
        assert set(delivery.push(self.id, some).values()) == {"stored"}
        return some

    def annotated(self) -> set[int]:
        return {task["id"] for task in self.ls.tasks(self.id, fields="task_only") if task["total_annotations"]}


def ask(client: FlaskClient, path: str, body: Any = None, status: int = 200) -> Any:
    """Return what the API answers: to GET, or with a body to POST."""
    answer = client.get(f"/api/v1{path}") if body is None else client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json
