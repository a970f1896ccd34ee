"""Predictions follow a labelling config that gets masks, from what is stored: no model runs here.

On a real Label Studio and database; the detections are written here, and the ML backend is a fake that knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from argus.db import connect as database
from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import object_of
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from label_studio_config.shapes import new_label_config, with_masks
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections, Mask
from ml_backend.predictions import delivery, jobs
from ml_backend.runs import store
from search_service.export import preview_export
from search_service.review import service
from tests.integration.fake_ml_backend import FakeMlBackend
from tests.resting import resting

pytestmark = pytest.mark.integration
SIZE = (200, 100)


@pytest.fixture
def boxes(servers: Any, label_studio: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A connected project of boxes only; its four tasks have predictions of 0 to 3 objects of the label cpu."""
    with FakeMlBackend() as fake, resting(servers, "worker"):  # the default worker would do it first
        monkeypatch.setenv("ARGUS_ML_BACKEND_URL", fake.url)
        get_settings.cache_clear()
        project = connect(label_studio, None, title="Boxes", labels=["cpu", "fan"]).project_id
        assert project is not None
        label_studio.post(f"/api/projects/{project}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(4)])
        row = projects.load(project)
        listed = list(label_studio.tasks(project, fields="task_only"))
        projects.remember_tasks(project, plan_for(row).image, listed)
        tasks = sorted(task["id"] for task in listed)
        for number, task in enumerate(tasks):
            detections.store(task, recipe_for(row), SIZE, {"cpu": found(number)})
        assert set(delivery.push(project, tasks).values()) == {"stored"}
        yield project
        label_studio.delete(f"/api/projects/{project}/")
    monkeypatch.undo()
    get_settings.cache_clear()


def found(objects: int) -> Detections:
    sides = [[10.0 + 50 * n, 10.0, 40.0 + 50 * n, 60.0] for n in range(objects)]
    masks = [Mask(10 + 50 * n, 10, np.ones((50, 30), np.bool_)) for n in range(objects)]
    return Detections(np.full(objects, 0.95, np.float32), np.array(sides, np.float32).reshape(-1, 4), masks)


def predicted(ls: LabelStudio, project: int) -> list[list[tuple[str, str]]]:
    """Return the object and the type of each region, of each task's only prediction in the order of tasks."""
    listed = sorted(ls.tasks(project), key=lambda task: task["id"])
    assert [len(task["predictions"]) for task in listed] == [1] * len(listed)
    return [sorted((object_of(region["id"]), region["type"]) for region in task["predictions"][0]["result"])
            for task in listed]


def with_both(before: list[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    return [sorted([*regions, *((name, "brushlabels") for name, _ in regions)]) for regions in before]


def test_masks_are_added_to_predictions_that_are_there(label_studio: LabelStudio, boxes: int) -> None:
    before, version = predicted(label_studio, boxes), projects.load(boxes)["model_version"]
    assert [len(regions) for regions in before] == [0, 1, 2, 3]
    counted, held = service.review_status(boxes), preview_export(boxes, source="predictions")
    assert (held.outlines, held.objects) == (False, {"cpu": 6, "fan": 0})
    config = label_studio.project(boxes)["label_config"]
    would = connect(label_studio, boxes, masks=True, dry_run=True)
    assert would.changed == ["labelling config: masks for cpu, fan"]
    assert label_studio.project(boxes)["label_config"] == config and store.projects_to_reshape() == []
    done = connect(label_studio, boxes, masks=True)
    assert (done.changed, done.model_version) == (would.changed, version)  # of the same recipe
    assert boxes in store.projects_to_reshape()  # what the default worker looks at every few seconds
    assert jobs.reshape(boxes) == 4
    assert predicted(label_studio, boxes) == with_both(before)
    assert boxes not in store.projects_to_reshape()
    assert service.review_status(boxes) == counted  # a box and its mask are one object
    held = preview_export(boxes, source="predictions")
    assert (held.outlines, held.objects) == (True, {"cpu": 6, "fan": 0})
    again = connect(label_studio, boxes, masks=True)
    assert again.changed == [] and any("No masks were added" in note for note in again.notes)
    assert boxes not in store.projects_to_reshape()


def test_a_config_changed_in_label_studio_counts_too_and_a_stopped_job_goes_on(
        label_studio: LabelStudio, boxes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = predicted(label_studio, boxes)
    xml = with_masks(label_studio.project(boxes)["label_config"]).xml
    label_studio.patch(f"/api/projects/{boxes}/", {"label_config": xml.replace("brushlabels", "BrushLabels")})
    projects.refresh(boxes)
    monkeypatch.setattr(jobs, "_MOST", 2)
    monkeypatch.setattr(jobs, "_RESHAPE_SECONDS", 0.0)
    assert jobs.reshape(boxes) == 0  # its time was over before it began
    monkeypatch.setattr(jobs, "_RESHAPE_SECONDS", 60)
    with database() as connection:  # as a job leaves it that was killed after its first two tasks
        connection.execute("UPDATE project SET reshape_after = (SELECT min(id) + 1 FROM task WHERE project_id = %s) "
                           "WHERE id = %s", (boxes, boxes))
    assert jobs.reshape(boxes) == 2
    assert predicted(label_studio, boxes) == [*before[:2], *with_both(before)[2:]]
    label_studio.patch(f"/api/projects/{boxes}/", {"label_config": new_label_config(["cpu", "fan"])})
    projects.refresh(boxes)  # the masks are taken out again
    assert jobs.reshape(boxes) == 4
    assert predicted(label_studio, boxes) == before
    label_studio.patch(f"/api/projects/{boxes}/", {"title": "Renamed"})
    projects.refresh(boxes)
    assert boxes not in store.projects_to_reshape()
