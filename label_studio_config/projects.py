"""Rows `project`, nearly all that is read and written of them, and rows `task` that the sync has not brought yet."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

from psycopg.types.json import Json

from argus.db import connect, together
from argus.db.statements import execute, execute_many, fetch, fetch_numbers, fetch_one
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio, listing
from argus.labelstudio.filters import chunks
from argus.labelstudio.task_data import TaskImage, data_value, moment
from argus.labelstudio.types import Project, Task
from argus.settings import get_settings
from label_studio_config import version_store
from label_studio_config.bands import CHECKED_AT_FIRST
from label_studio_config.class_mapping import ByReferences, DetectorChoice
from label_studio_config.label_config import Override
from label_studio_config.recipe import OWN_VERSIONS, plan_for, recipe_for
from label_studio_config.shapes import same_shapes
from label_studio_config.tags import ImageTag

log = logging.getLogger(__name__)
_PAGE = 200  # ids in one request: they travel in its address


class ProjectRow(TypedDict):
    """A row of `project`. `model_version`: begun last, ""; band edges (0-1): None where the settings count. Times: the
    newest `updated_at` polled, the last full listing, since when connected (None: not) and missing. `check_first`:
    kinds, None: nobody chose. `other_version`: the other engine's. `verifiers` used: `{label: {source_key: key}}`."""

    id: int
    title: str
    label_config: str
    overrides: dict[str, Override]
    model_version: str
    ml_backend_id: int | None
    webhook_id: int | None
    band_high: float | None
    band_medium: float | None
    cursor_at: datetime | None
    reconciled_at: datetime | None
    engine: Literal["sam3", "detector"]
    detector: DetectorChoice | None
    other_version: str
    connected_at: datetime | None
    missing_since: datetime | None
    check_first: list[str] | None
    verifiers: dict[str, dict[str, str]]
    label_references: dict[str, ByReferences]


def load(project_id: int) -> ProjectRow:
    """Return the project's row. Raises `unknown_project`."""
    if (row := find(project_id)) is None:
        raise unknown_project(project_id)
    return row


def find(project_id: int) -> ProjectRow | None:
    """Return the project's row, None when Argus does not know it."""
    return fetch_one(ProjectRow, "SELECT * FROM project WHERE id = %s", (project_id,))


def require(project_id: int) -> None:
    """Raise `unknown_project` unless Argus knows the project."""
    load(project_id)


def unknown_project(project_id: int) -> ArgusError:
    return ArgusError("unknown_project", f"There is no project {project_id} here.",
                      f"Connect it first: argus connect --project {project_id}.", project=project_id)


def connected() -> list[ProjectRow]:
    """Return the rows of the connected projects, by id."""
    return fetch(ProjectRow, "SELECT * FROM project WHERE connected_at IS NOT NULL ORDER BY id")


def connected_ids() -> list[int]:
    """Return the ids of the connected projects, in order."""
    return fetch_numbers("SELECT id FROM project WHERE connected_at IS NOT NULL ORDER BY id")


def is_connected(project_id: int) -> bool:
    return (row := find(project_id)) is not None and row["connected_at"] is not None


def remember(project_id: int, label_config: str, title: str | None = None, *, begin: bool = True) -> ProjectRow:
    """Record a project's labelling config and the version of its recipe; return its row.

    Args:
        begin: what the recipe is now counts from here on, and predictions of others are removed soon: something is
            predicted with it. Otherwise a version that is on record stays, as for all that only looks.

    Raises:
        ArgusError: `bad_label_config`: nothing is recorded then.
    """
    with together():
        old = find(project_id)
        new = {"overrides": {}, **(old or {}), "label_config": label_config}
        version = recipe_for(new).model_version
        versions = version, _other_version(old, version)
        stays = bool(old and old["model_version"]) and not begin
        if old and new == old and title in (None, old["title"]) \
                and (stays or versions == (old["model_version"], old["other_version"])):
            return old
        row = _save(project_id, title or "", label_config, "" if stays else version)
    plan = plan_for(row)
    log.info("labelling config read", extra={"project": project_id, "fills": plan.fills, "left": plan.notes})
    return row


def save(project: Project, model_version: str = "") -> ProjectRow:
    """Record a project as Label Studio describes it; return its row. Without a version the one on record stays."""
    return _save(project["id"], project["title"], project["label_config"], model_version)


def _save(project_id: int, title: str, label_config: str, model_version: str) -> ProjectRow:
    reshaped = (old := find(project_id)) is not None and not same_shapes(old["label_config"], label_config)
    row = fetch_one(
        ProjectRow, "INSERT INTO project (id, title, label_config, model_version, check_first) VALUES "
        "(%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET label_config = excluded.label_config, "
        "title = coalesce(nullif(excluded.title, ''), project.title), "
        "model_version = coalesce(nullif(excluded.model_version, ''), project.model_version), "
        "other_version = CASE WHEN excluded.model_version = '' THEN project.other_version ELSE %s END, "
        "reshape_after = CASE WHEN %s THEN 0 ELSE project.reshape_after END RETURNING *",
        (project_id, title, label_config, model_version, list(CHECKED_AT_FIRST), _other_version(old, model_version),
         reshaped))
    assert row is not None  # INSERT .. RETURNING gives one row
    if model_version:
        version_store.remember_current(row)
    return row


def _other_version(project: ProjectRow | None, model_version: str) -> str:
    """Return the version of the other engine's that stays beside this one: a change of it waits for its own run."""
    own = [one for one in OWN_VERSIONS if not model_version.startswith(one)]
    recorded = (project["model_version"], project["other_version"]) if project else ()
    return next((one for one in recorded if one.startswith(tuple(own))), "")


def delete(project_id: int) -> None:
    """Forget a project with all that hangs on it."""
    execute("DELETE FROM project WHERE id = %s", (project_id,))


def link(project_id: int, ml_backend: int | None, webhook: int | None) -> None:
    """Record the ids of what connects the project; it is connected from now on, unless it was before."""
    execute("UPDATE project SET ml_backend_id = %s, webhook_id = %s, connected_at = coalesce(connected_at, now()), "
            "missing_since = NULL WHERE id = %s", (ml_backend, webhook, project_id))


def unlink(project_id: int) -> None:
    """Record that the project is not connected any more."""
    execute("UPDATE project SET ml_backend_id = NULL, webhook_id = NULL, connected_at = NULL, missing_since = NULL "
            "WHERE id = %s", (project_id,))


def set_version(project_id: int, model_version: str) -> None:
    """Record which version counts from here on; that of the other engine stays beside it."""
    with together():
        execute("UPDATE project SET model_version = %s, other_version = %s WHERE id = %s",
                (model_version, _other_version(find(project_id), model_version), project_id))
        version_store.remember_current(find(project_id))


def set_overrides(project_id: int, overrides: Mapping[str, Override]) -> None:
    """Keep the project's own prompts and thresholds by label, as of `parse_label_config`."""
    execute("UPDATE project SET overrides = %s WHERE id = %s", (Json(overrides), project_id))


def set_edges(project_id: int, high: float | None, medium: float | None) -> None:
    """Keep the project's own band edges; None: the setting."""
    execute("UPDATE project SET band_high = %s, band_medium = %s WHERE id = %s", (high, medium, project_id))


def set_check_first(project_id: int, kinds: Sequence[str]) -> None:
    """Keep the kinds of suspicions for which the project's tasks wait."""
    execute("UPDATE project SET check_first = %s WHERE id = %s", (list(kinds), project_id))


def refresh(project_id: int, *, begin: bool = True) -> ProjectRow:
    """Fetch the project from Label Studio and `remember` it.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `label_studio_unreachable`.
    """
    project = get_label_studio().project(project_id)
    return remember(project_id, project["label_config"], project["title"], begin=begin)


def has_begun(project: ProjectRow) -> bool:
    """Whether the recipe is what was begun last, or nothing was: otherwise a change of it waits for the next run."""
    return project["model_version"] in ("", recipe_for(project).model_version)


def set_threshold(project_id: int, labels: Sequence[str], threshold: float) -> None:
    """Override the threshold of these labels (all of the config without any); the recipe changes with it.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `unknown_label`, `bad_request` as of `checked_threshold`.
    """
    project = refresh(project_id, begin=False)
    plan = plan_for(project)
    chosen = [plan.concept(label).label for label in labels] or [c.label for c in plan.concepts]
    overrides = dict(project["overrides"])
    for label in chosen:
        overrides[label] = {**overrides.get(label, {}), "threshold": checked_threshold(label, threshold)}
    set_overrides(project_id, overrides)


def checked_threshold(label: str, value: Any) -> float:
    """Return the threshold of a label. Raises `bad_request` unless detections of that score are stored at all."""
    least = get_settings().keep_threshold
    if not least <= float(value) <= 1:
        raise ArgusError("bad_request", f"The threshold of {label!r} is {value:g}; it must be from {least:g} to 1.",
                         "Detections below ARGUS_KEEP_THRESHOLD are not stored, so none could be shown.")
    return float(value)


def remember_tasks(project_id: int, image: ImageTag, tasks: Sequence[Task]) -> set[int]:
    """Make rows for tasks that have none, and return the ids whose data has an image.

    A task that is known is left as it is: keeping it up to date is the sync's work.
    """
    rows = [(task["id"], project_id, url, _time(task.get("updated_at"))) for task in tasks
            if (url := image_url(task.get("data"), image)) is not None]
    execute_many("INSERT INTO task (id, project_id, image, updated_at) VALUES (%s, %s, %s, %s) "
                 "ON CONFLICT (id) DO NOTHING", rows)
    return {row[0] for row in rows}


def _time(value: Any) -> datetime | None:
    try:
        return moment(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def image_url(data: Any, image: ImageTag) -> str | None:
    """Return the image's URL in a task's data, or None. Data that came as JSON text is read too."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return None
    return data_value(data, image.key)


def known_tasks(project: ProjectRow, task_ids: Sequence[int]) -> set[int]:
    """Return which of `task_ids` are the project's, asking Label Studio for those the sync has not brought yet."""
    wanted = set(task_ids)
    known = _in_table(project["id"], wanted)
    if not (lacking := wanted - known):
        return known
    listed = listed_tasks(project["id"], sorted(lacking), fields="task_only")
    remember_tasks(project["id"], plan_for(project).image, listed)
    return known | _in_table(project["id"], lacking)


def listed_tasks(project_id: int, task_ids: Sequence[int], *, fields: str) -> list[Task]:
    """Return those of `task_ids` that Label Studio still has in the project, in the Data Manager's form.

    Not `GET /api/tasks/ID`: that one asks the ML backend for a prediction before it answers.

    Args:
        fields: "all" brings predictions with their results, "task_only" leaves them out.
    """
    pages = (page for ids in chunks(task_ids, _PAGE)
             for page in listing.walk(get_label_studio(), project_id, size=_PAGE, ids=ids, fields=fields))
    return [task for page in pages for task in page]


def require_tasks(project_id: int, task_ids: Sequence[int]) -> None:
    """Raise `unknown_task` when one of the tasks is not an image of this project."""
    if unknown := sorted(set(task_ids) - _in_table(project_id, set(task_ids))):
        raise unknown_tasks(project_id, unknown)


def unknown_tasks(project_id: int, task_ids: Sequence[int]) -> ArgusError:
    return ArgusError("unknown_task", f"The project {project_id} has no task {task_ids[0]}.", task_ids=task_ids[:20])


def _in_table(project_id: int, task_ids: set[int]) -> set[int]:
    return set(fetch_numbers("SELECT id FROM task WHERE project_id = %s AND id = ANY(%s)",
                             (project_id, list(task_ids))))


def task_images(task_ids: Sequence[int]) -> dict[int, TaskImage]:
    """Return where the image of each known task is."""
    with connect() as connection:
        return {row["id"]: TaskImage(row["project_id"], row["id"], row["image"]) for row in connection.execute(
            "SELECT id, project_id, image FROM task WHERE id = ANY(%s)", (list(task_ids),))}
