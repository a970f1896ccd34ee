"""A project for tests of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from argus.labelstudio import LabelStudio
from demo.draw import Split
from search_service.sync import tasks as sync_tasks
from tests.pictures import scene


@pytest.fixture
def project(stack: Any, make_project: Callable[..., int]) -> int:
    """A project of eight tasks, the last of which is no image."""
    files = [(f"{i}.jpg", scene(f"runs {i}", 320, Split.VALIDATION)) for i in range(7)] + [("broken.jpg", b"no image")]
    project = make_project(("cpu", "fan"), files)
    sync_tasks.sync_project(project)
    return project


@pytest.fixture
def tasks(project: int, label_studio: LabelStudio) -> list[int]:
    return [task["id"] for task in label_studio.tasks(project, fields="task_only")]
