"""What only looks at a project changes none of its predictions: a change of the recipe waits for the next run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.connect import connect
from ml_backend.predictions import jobs
from ml_backend.protocol.app import create_app
from ml_backend.runs import engine_choice, recipes, runs, store
from tests import tiny_detectors
from tests.predicted import Predicted

pytestmark = pytest.mark.integration
CLASSES = ["CPU", "blower"]


@pytest.fixture
def folder(servers: Any) -> Iterator[Path]:
    folder = servers.settings.detectors_dir / "looked"
    tiny_detectors.save(folder, "rt_detr", CLASSES)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def project(stack: Any, folder: Path, make_project: Callable[..., int], label_studio: LabelStudio) -> Predicted:
    """A project with predictions of SAM 3 on two tasks, of a detector on two others, and of nothing on a fifth."""
    project = Predicted(make_project(("cpu", "fan")), label_studio, 5)
    project.predict(2)
    engine_choice.change_engine(project.id, "detector", detector=folder.name)
    projects.refresh(project.id)
    project.predict(2)
    return project


def recorded(project: Predicted) -> tuple[str, str]:
    row = projects.load(project.id)
    return row["model_version"], row["other_version"]


def predicted(project: Predicted) -> list[str]:
    """Return the model versions of all predictions, after what is due was removed."""
    if project.id in store.projects_with_old_versions():
        jobs.remove_old_versions(project.id)
    listed = project.ls.tasks(project.id, fields="all")
    return sorted(p["model_version"] for task in listed for p in task["predictions"])


def test_a_change_of_the_classes_waits_for_the_next_run(project: Predicted) -> None:
    before, shown = recorded(project), predicted(project)
    assert before[0].startswith("detector-") and before[1].startswith("sam3-") and shown == sorted(before * 2)
    engine_choice.change_engine(project.id, "detector", classes={"fan": ["blower"]})
    client = create_app(get_settings()).test_client()
    config = project.ls.project(project.id)["label_config"]
    ids = {"project": str(project.id)}

    def click() -> None:
        client.post("/predict", json={**ids, "label_config": config, "tasks": [{"id": project.tasks[0], "data": {}}],
                                      "params": {"context": {"result": []}}})

    def refuse() -> None:
        with pytest.raises(ArgusError, match="No task"):
            runs.create_run(project.id, [], [])

    looks: dict[str, Callable[[], object]] = {
        "estimate": lambda: runs.estimate(project.id, ["cpu"], project.tasks),
        "a run that is refused": refuse,
        "the recipe": lambda: recipes.change_recipe(project.id, [{"label": "cpu", "threshold": 0.4}], dry_run=True),
        "thresholds": lambda: recipes.change_recipe(project.id, [{"label": "cpu", "threshold": 0.45}]),
        "the page of models": lambda: client.post("/setup", json={**ids, "schema": config}),
        "a click": click,
        "connecting again": lambda: connect(project.ls, project.id),
        "the other model": lambda: engine_choice.change_engine(project.id, "sam3", dry_run=True),
        "a check": lambda: jobs.push_tasks(project.id, project.tasks),
        "removal": lambda: jobs.remove_old_versions(project.id),
    }
    for name, look in looks.items():
        look()
        assert (recorded(project), predicted(project)) == (before, shown), name
    assert project.ls.project(project.id)["model_version"] == before[0]

    recipes.change_recipe(project.id, [{"label": "cpu"}])
    engine_choice.change_engine(project.id, "sam3")  # its predictions are there: they count at once
    assert recorded(project) == before[::-1]
    runs.create_run(project.id, ["cpu"], [project.tasks[4]])
    assert (recorded(project), predicted(project)[:2]) == (before[::-1], [before[0]] * 2)

    engine_choice.change_engine(project.id, "detector")
    assert recorded(project) == before[::-1]
    runs.create_run(project.id, ["cpu"], [project.tasks[4]])
    new = recorded(project)
    assert new[0].startswith("detector-") and new[0] != before[0] and new[1] == before[1]
    assert set(predicted(project)) <= set(new)
