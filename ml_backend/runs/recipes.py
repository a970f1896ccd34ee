"""A project's prompts and thresholds, changed by people.

They live in Argus, in `project.overrides`, beside the labelling config and never in it: Label Studio shares the config
with everybody who annotates, and a change there would touch their screens. They belong to the project and not to a
run, because a task has one prediction per recipe: two runs with different prompts for one label would otherwise leave
a project whose scores mean different things from task to task. So a person first sees what a change would do
(`dry_run`), and a run then uses the project's recipe as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argus.answers.runs import ConceptValues, ProjectRecipe, RecipeChange, RecipeConcept
from argus.errors import ArgusError
from argus.settings import get_settings
from argus.typed_text import fold
from label_studio_config import projects
from label_studio_config.label_config import Concept, Override
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend.runs import prompt_reading, store

MAX_PROMPTS, MAX_CHARACTERS = 20, 200


def describe_recipe(project_id: int) -> ProjectRecipe:
    """Return what SAM 3 is asked for under the project's labels. Raises `unknown_project`, `bad_label_config`."""
    project = projects.load(project_id)
    recipe, concepts, config = recipe_for(project), plan_for(project).concepts, _of_config(project)
    return ProjectRecipe(
        model_version=recipe.model_version, keep_threshold=get_settings().keep_threshold,
        concepts=[RecipeConcept(label=c.label, prompts=list(c.prompts), threshold=c.threshold,
                                config=_values(config[c.label]), changed=c != config[c.label],
                                by="proposals" if recipe.made_by_references(c) else "words")
                  for c in concepts],
        unread=prompt_reading.unread(p for c in concepts for p in c.prompts))


def change_recipe(project_id: int, concepts: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> RecipeChange:
    """Change prompts and thresholds of some labels. Predictions follow with the next run, not at once.

    Args:
        concepts: `[{"label", "prompts": [...] or None, "threshold": 0-1 or None}]`; None means the labelling config's.
        dry_run: change nothing and only tell what would happen.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_request`.
    """
    project = projects.load(project_id) if dry_run else projects.refresh(project_id, begin=False)
    overrides = merged(project, concepts)
    old, new = recipe_for(project), recipe_for({**project, "overrides": overrides})
    if not dry_run:
        projects.set_overrides(project_id, overrides)
    predicted = store.count_predicted(project_id)
    again = outdated_tasks(project_id, new)
    before = {c.label: c for c in plan_for(project).concepts}
    changed = [c for c in plan_for({**project, "overrides": overrides}).concepts if c != before.get(c.label)]
    return RecipeChange(
        model_version=new.model_version, changed=[c.label for c in changed],
        unread=prompt_reading.unread(p for c in changed for p in c.prompts),
        rebuilt=predicted - len(again) if new.model_version != old.model_version else 0, again=len(again),
        dry_run=dry_run)


def merged(project: ProjectRow, concepts: Sequence[Mapping[str, Any]]) -> dict[str, Override]:
    """Return the project's overrides after a change; what equals the labelling config is not kept.

    Raises:
        ArgusError: `unknown_label`; `bad_request` for prompts or a threshold that cannot be.
    """
    plan, config = plan_for(project), _of_config(project)
    overrides: dict[str, Override] = dict(project["overrides"])
    for wanted in concepts:
        label = plan.concept(str(wanted["label"])).label
        kept: Override = {}
        if (prompts := _prompts(label, wanted.get("prompts"))) and prompts != list(config[label].prompts):
            kept["prompts"] = prompts
        threshold = wanted.get("threshold")
        if threshold is not None and projects.checked_threshold(label, threshold) != config[label].threshold:
            kept["threshold"] = float(threshold)
        overrides.pop(label, None)
        if kept:
            overrides[label] = kept
    return overrides


def outdated_tasks(project_id: int, recipe: Recipe | None = None) -> list[int]:
    """Return the predicted tasks that were looked at for a label of the recipe (the project's current one), but with
    other prompts or weights only."""
    return store.outdated_tasks(project_id, recipe or recipe_for(projects.load(project_id)))


def _of_config(project: ProjectRow) -> dict[str, Concept]:
    return {c.label: c for c in plan_for({**project, "overrides": {}}).concepts}


def _values(concept: Concept) -> ConceptValues:
    return ConceptValues(prompts=list(concept.prompts), threshold=concept.threshold)


def _prompts(label: str, wanted: Any) -> list[str]:
    prompts = list(dict.fromkeys(" ".join(fold(str(p)).split()) for p in wanted or ()))
    if wanted is not None and (not prompts or not all(prompts)):
        raise ArgusError("bad_request", f"A prompt of {label!r} is empty.",
                         "Say what should be looked for, such as the label's name.")
    if len(prompts) > MAX_PROMPTS or any(len(p) > MAX_CHARACTERS for p in prompts):
        raise ArgusError("bad_request", f"{label!r} has too many or too long prompts.",
                         f"At most {MAX_PROMPTS} prompts of {MAX_CHARACTERS} characters.")
    return prompts
