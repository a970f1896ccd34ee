"""Rows `version_concept`: what each model version asked for. Its predictions stay on show while a change of the recipe
waits for the next run, so what people see of them is told by these."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from argus.db.statements import execute_many, fetch
from argus.errors import ArgusError
from label_studio_config.recipe import Recipe, recipe_for


class Asked(NamedTuple):
    """What was asked for a label: `concept_key` of its stored detections, and the least score that is shown, 0-1."""

    label: str
    concept_key: str
    threshold: float


class VersionLabel(NamedTuple):
    """A label of a model version."""

    model_version: str
    label: str


def remember_current(project: Mapping[str, Any] | None) -> None:
    """Record what the recipe of a row of `project` asks for: nothing without a row, and of a labelling config that
    nothing can be predicted for."""
    with contextlib.suppress(ArgusError):
        if project:
            remember(recipe_for(project))


def remember(recipe: Recipe) -> None:
    """Record what a recipe asks for each label, under its version."""
    execute_many("INSERT INTO version_concept (model_version, label, concept_key, threshold) VALUES (%s, %s, %s, %s) "
                 "ON CONFLICT (model_version, label) DO UPDATE SET threshold = excluded.threshold "
                 "WHERE version_concept.threshold IS NULL", [(recipe.model_version, *one) for one in asked_by(recipe)])


def asked_by(recipe: Recipe) -> list[Asked]:
    """Return what a recipe asks for each of its labels."""
    return [Asked(one.label, recipe.concept_key(one), one.threshold) for one in recipe.concepts]


def asked_for(model_version: str, recipe: Recipe) -> list[Asked]:
    """Return what the predictions of a version were made of; of a version that is not on record, as of the recipe, its
    project's current one."""
    recorded = [] if model_version == recipe.model_version else fetch(
        Asked, "SELECT label, concept_key, threshold FROM version_concept WHERE model_version = %s "
        "AND threshold IS NOT NULL ORDER BY label", (model_version,))
    return recorded or asked_by(recipe)


def asking_the_same(recipe: Recipe) -> list[VersionLabel]:
    """Return the versions and labels of which the same was asked as of the recipe's."""
    return fetch(VersionLabel, "SELECT v.model_version, v.label FROM unnest(%s::text[], %s::text[]) "
                 "AS w (label, concept_key) JOIN version_concept v USING (label, concept_key)",
                 ([c.label for c in recipe.concepts], [recipe.concept_key(c) for c in recipe.concepts]))
