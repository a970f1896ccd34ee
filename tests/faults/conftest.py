"""Projects for tests in which processes die."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from argus.labelstudio import LabelStudio
from demo.draw import Split
from tests.faults.load import show_nearly_all
from tests.pictures import scene


@pytest.fixture
def new(label_studio: LabelStudio, make_project: Callable[..., int]) -> Callable[[int], int]:
    """Return `new(count)`: a project of that many tasks, which share at most 40 pictures."""
    def make(count: int) -> int:
        images = [(f"{i}.jpg", scene(f"fault {i}", 320, Split.VALIDATION)) for i in range(min(count, 40))]
        project = make_project(("cpu", "fan"), images)
        urls = [task["data"]["image"] for task in label_studio.tasks(project)]
        more = [{"image": urls[i % len(urls)]} for i in range(count - len(urls))]
        if more:
            label_studio.post(f"/api/projects/{project}/import", more, timeout=120)
        show_nearly_all(project)
        return project

    return make
