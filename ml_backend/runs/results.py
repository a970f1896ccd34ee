"""What a run found, from the stored detections: counts by label, images with nothing, and what earlier runs found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from argus.answers.runs import EarlierCount, LabelResult, RunResult
from argus.errors import ArgusError
from label_studio_config import projects, version_store
from label_studio_config.bands import edges_of
from label_studio_config.label_config import Concept
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, recipe_for
from label_studio_config.version_store import Asked
from ml_backend.runs import result_store, run_store
from ml_backend.runs.result_store import LabelCount
from ml_backend.runs.run_store import RunRow

SAMPLES = 6  # tasks that are named as examples, of each kind


def describe_result(run_id: int) -> RunResult:
    """Return what a run found on the images that it ended with, so far when it still goes on.

    Prompts and thresholds are those of the run, band edges those of now. Detections of an image that was
    replaced since are gone, and so are those of a run of an early version of Argus, whose record lacks its prompts.

    Raises:
        ArgusError: `unknown_run`, `unknown_project`.
    """
    run = run_store.load(run_id)
    project = projects.load(run.project_id)
    asked = _asked(run, project)
    every = result_store.images_of(run_id)
    having = result_store.images_with(run_id, asked)
    nothing = sorted(set(every) - set(having))
    before = dict(_earlier(run, project, asked))
    edges = edges_of(project)
    found = {row.label: row for row in result_store.counts(run_id, asked, edges.high, edges.medium)}
    return RunResult(
        run=run_id, project=run.project_id, images=len(every), images_with_nothing=len(nothing),
        objects=sum(row.objects for row in found.values()), examples=_spread(having), nothing_examples=_spread(nothing),
        labels=[_told(found.get(label, LabelCount(label, 0, 0, 0, 0)), before.get(label)) for label in run.labels])


def _told(row: LabelCount, before: EarlierCount | None) -> LabelResult:
    return LabelResult(label=row.label, objects=row.objects, high=row.high, medium=row.medium,
                       low=row.objects - row.high - row.medium, images=row.images, before=before)


def _earlier(run: RunRow, project: ProjectRow, asked: Sequence[Asked]) -> Iterator[tuple[str, EarlierCount]]:
    """Yield of each label what the run before found, on the images that both looked at; of none in common, nothing."""
    for earlier in result_store.earlier_runs(run.project_id, run.id, run.labels):
        common = result_store.count_common(run.id, earlier.id)
        if not common:
            continue
        then = _objects(earlier.id, _asked(run_store.load(earlier.id), project), run.id)
        now = _objects(run.id, asked, earlier.id)
        for label in earlier.labels:
            yield label, EarlierCount(run=earlier.id, images=common, objects=then.get(label, 0),
                                      objects_now=now.get(label, 0))


def _objects(run_id: int, asked: Sequence[Asked], other: int) -> dict[str, int]:
    return {row.label: row.objects for row in result_store.counts(run_id, asked, 1, 1, other)}


def _asked(run: RunRow, project: ProjectRow) -> list[Asked]:
    """Return what a run looked for, with verifiers as they are in use now."""
    record = run.settings.get("recipe")
    listed = record.get("labels") if isinstance(record, Mapping) else None
    if not isinstance(record, Mapping) or not isinstance(listed, list):
        return []
    concepts = [concept for one in listed if isinstance(one, dict) and (concept := _concept(one))]
    try:
        now = recipe_for(project)
    except ArgusError:  # a labelling config that nothing can be predicted for
        now = Recipe("", ())
    recipe = Recipe(str(record.get("checkpoint", "")), tuple(concepts), taught=now.taught, referenced=now.referenced)
    return version_store.asked_by(recipe)


def _concept(one: Mapping[str, object]) -> Concept | None:
    label, prompts, threshold = one.get("label"), one.get("prompts"), one.get("threshold")
    if not isinstance(label, str) or not isinstance(prompts, list) or not isinstance(threshold, int | float):
        return None
    return Concept(label, tuple(map(str, prompts)), float(threshold))


def _spread(tasks: Sequence[int]) -> list[int]:
    """Return a few of the tasks, evenly over them."""
    few = min(SAMPLES, len(tasks))
    return [tasks[place * len(tasks) // few] for place in range(few)]
