"""A project as the page and scripts see it."""

from __future__ import annotations

from typing import Any

from argus.answers.projects import Bands, LabelStudioProject, Project, ProjectSummary
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.bands import edges_of
from label_studio_config.colours import label_colours
from label_studio_config.label_config import parse_label_config
from label_studio_config.tags import read_label_config
from search_service.embedding import object_store
from search_service.sync import store as tasks
from search_service.sync.progress import sync_progress
from search_service.vectors import indexes, model_change, store


def list_projects() -> list[ProjectSummary]:
    """Return the projects Argus knows, by id."""
    return [ProjectSummary(**project._asdict()) for project in tasks.count_by_project()]


def list_label_studio_projects() -> list[LabelStudioProject]:
    """Return every project of Label Studio."""
    ours = projects.connected_ids()
    return [LabelStudioProject(id=p["id"], title=p["title"], tasks=p.get("task_number") or 0, connected=p["id"] in ours)
            for p in get_label_studio().projects()]


def describe(project_id: int) -> Project:
    """Return one project. Raises `unknown_project`."""
    settings, progress, model = get_settings(), sync_progress(project_id), store.current_model()
    row = projects.load(project_id)
    edges = edges_of(row)
    return Project(
        id=project_id, title=row["title"], connected=row["connected_at"] is not None,
        missing_since=row["missing_since"], labels=_labels(row["label_config"], row["overrides"]),
        colours=_colours(row["label_config"]),
        model_version=row["model_version"], bands=Bands(high=edges.high, medium=edges.medium),
        label_studio=f"{settings.public_label_studio_url}/projects/{project_id}/data",
        search_model=model.name if model else None, search_index=indexes.state(model, project_id) if model else None,
        sync=progress, objects=object_store.progress(project_id), model_change=model_change.progress(project_id))


def _labels(label_config: str, overrides: dict[str, Any]) -> list[str]:
    try:
        plan = parse_label_config(label_config, overrides, default_threshold=get_settings().score_threshold)
    except ArgusError:
        return []
    return [concept.label for concept in plan.concepts]


def _colours(label_config: str) -> dict[str, str]:
    try:
        return label_colours(read_label_config(label_config))
    except ArgusError:
        return {}
