"""Which model and verifiers a project's recipe is of, in the rows `project`; and which predictions are of neither
recipe."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.types.json import Json

from argus.db import together
from argus.db.statements import execute, fetch_numbers
from label_studio_config import projects
from label_studio_config.class_mapping import ByReferences, DetectorChoice
from label_studio_config.label_config import Override
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import recipe_for


def choose(project: ProjectRow, *, shown: bool) -> None:
    """Keep a project's engine and detector as they are in this row.

    Args:
        shown: the version follows at once, because there are predictions of it. Otherwise it follows with the next run,
            and what was predicted before stays until then.
    """
    chosen: DetectorChoice | None = project["detector"]
    with together():
        execute("UPDATE project SET engine = %s, detector = %s WHERE id = %s",
                (project["engine"], Json(chosen) if chosen else None, project["id"]))
        if shown:
            projects.set_version(project["id"], recipe_for(project).model_version)


def has_predictions(project: ProjectRow) -> bool:
    """Whether there is a prediction of the version on record."""
    return bool(fetch_numbers("SELECT task_id FROM prediction WHERE project_id = %s AND model_version = %s LIMIT 1",
                              (project["id"], project["model_version"])))


def has_old_versions(project: ProjectRow) -> bool:
    """Whether predictions of an older recipe are still to be rebuilt and removed."""
    return bool(fetch_numbers("SELECT task_id FROM prediction WHERE project_id = %s AND model_version <> ALL(%s) "
                              "LIMIT 1", (project["id"], [project["model_version"], project["other_version"]])))


def use_verifiers(project_id: int, verifiers: Mapping[str, Mapping[str, str]]) -> None:
    """Keep which verifiers are in use, `{label: {source_key: key}}`, and the version of the recipe that follows: at
    once, because stored detections are scored anew, or with the next run where another change of the recipe waits.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`.
    """
    used = {label: dict(keys) for label, keys in verifiers.items()}
    before = projects.load(project_id)
    with together():
        execute("UPDATE project SET verifiers = %s WHERE id = %s", (Json(used), project_id))
        if projects.has_begun(before):
            row: ProjectRow = {**before, "verifiers": used}
            projects.set_version(project_id, recipe_for(row).model_version)


def use_references(project_id: int, references: Mapping[str, ByReferences], overrides: Mapping[str, Override], *,
                   shown: bool) -> None:
    """Keep which labels are looked for by references, and the prompts that go with them.

    Args:
        shown: the version follows at once, unless another change of the recipe waits, because stored detections are
            scored anew; otherwise it follows with the next run.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`.
    """
    before = projects.load(project_id)
    with together():
        execute("UPDATE project SET label_references = %s, overrides = %s WHERE id = %s",
                (Json(dict(references)), Json(dict(overrides)), project_id))
        if shown and projects.has_begun(before):
            row: ProjectRow = {**before, "label_references": dict(references), "overrides": dict(overrides)}
            projects.set_version(project_id, recipe_for(row).model_version)
