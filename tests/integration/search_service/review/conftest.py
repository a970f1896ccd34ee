"""Projects with predictions that no model found, and the search service's API without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from argus import audit
from argus.labelstudio import LabelStudio
from label_studio_config.shapes import new_label_config
from search_service.api.app import create_app
from tests.predicted import Predicted


@pytest.fixture
def new_project(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[[], int]]:
    """Return what makes a project of labels cpu and fan, boxes and masks; it is deleted afterwards."""
    made: list[int] = []

    def make() -> int:
        made.append(label_studio.post("/api/projects/", {
            "title": "Reviewed", "label_config": new_label_config(["cpu", "fan"], masks=True)})["id"])
        return made[-1]

    yield make
    audit.act_as("", None)
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


@pytest.fixture
def predicted(new_project: Callable[[], int], label_studio: LabelStudio) -> Callable[[int], Predicted]:
    """Return what makes a project of so many tasks."""
    return lambda tasks: Predicted(new_project(), label_studio, tasks)


@pytest.fixture
def client(servers: Any) -> FlaskClient:
    return create_app().test_client()
