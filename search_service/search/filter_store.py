"""Filters as a query of the tasks that pass."""

from __future__ import annotations

from typing import Any, NamedTuple

from argus.db import connect
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.bands import condition_sql, edges_of
from label_studio_config.recipe import plan_for, recipe_for
from search_service.search.filters import Filters, ObjectFilters
from search_service.sync.videos import video_key
from search_service.vectors import store
from search_service.vectors.candidates import Ids

_WITH_PREDICTION = ("EXISTS (SELECT FROM prediction p JOIN project ON project.id = p.project_id WHERE p.task_id = t.id "
                    "AND p.model_version = project.model_version AND p.state = 'stored'{})")
_PREDICTED = _WITH_PREDICTION.format("")
_CONDITIONS = {"video": "t.video_key = %(video_key)s", "video_from": "t.video_time >= %(video_from)s",
               "video_to": "t.video_time <= %(video_to)s", "captured_from": "t.captured_at >= %(captured_from)s",
               "captured_to": "t.captured_at <= %(captured_to)s"}
# As *Check first* measured it, whether or not a project asks for it; not what somebody said is fine.
_FLAWED = ("EXISTS (SELECT FROM suspicion s JOIN project ON project.id = s.project_id WHERE s.task_id = t.id "
           "AND s.model_version = project.model_version AND s.kind = %(flaw)s "
           "AND s.verdict IS DISTINCT FROM 'nothing_there')")
_ANNOTATED = "t.labels @> ARRAY[%(label)s::text]"
_DETECTED = ("EXISTS (SELECT FROM detection d WHERE d.task_id = t.id AND d.label = %(label)s "
             "AND d.concept_key = %(concept_key)s AND NOT d.previewed AND d.best_score::numeric >= %(threshold)s)")
_LABEL = {"annotations": _ANNOTATED, "predictions": _DETECTED, "any": f"({_ANNOTATED} OR {_DETECTED})"}


class Concept(NamedTuple):
    """What a label is among detections; `concept_key` is empty for one that nobody looks for: in none of them."""

    label: str
    concept_key: str = ""
    threshold: float = 0.0


class Passing(NamedTuple):
    """A query of the tasks that pass, and its parameters."""

    ids: str
    parameters: dict[str, Any]


def select(project_id: int, filters: Filters) -> Ids | None:
    """Return the embedded tasks of a project that pass, int64 `(n,)`, or None when nothing is asked for.

    Annotations are known as of the last poll; predictions and their labels are those of the project's current model
    version that Argus delivered. Of near-duplicates that pass, the first stands for all.

    Raises:
        ArgusError: `unknown_project`; `bad_request` for the name of a video that several have.
    """
    if not filters.narrow():
        return None
    passing = _passing(project_id, filters)
    with connect() as connection:
        return store.read_ids(connection, passing.ids, passing.parameters)


def in_time_order(project_id: int, filters: Filters, *, embedded: bool = False) -> Ids:
    """Return the tasks of a project that pass, int64 `(n,)`: by video and time, images of no video last. Of
    near-duplicates that pass, the first stands for all, if that is asked for.

    Raises:
        ArgusError: as `select`.
    """
    passing = _passing(project_id, filters, embedded=embedded)
    ids = (f"SELECT id FROM task JOIN ({passing.ids}) passing USING (id) "
           "ORDER BY video, video_key, video_time, frame_number, id")
    with connect() as connection:
        return store.read_ids(connection, ids, passing.parameters)


def select_objects(project_id: int, filters: ObjectFilters) -> Ids:
    """Return the objects of a project's current labels and prompts whose tasks pass. With a label, those of this label;
    where it is to stand in annotations, those on tasks that people have annotated with it.

    Raises:
        ArgusError: as `select`.
    """
    try:
        recipe = recipe_for(projects.load(project_id))
        concepts = {concept.label: recipe.source_key(concept) for concept in recipe.concepts}
    except ArgusError as error:
        if error.code == "unknown_project":
            raise
        concepts = {}
    on_tasks = Filters.model_validate(filters.model_dump(include=set(Filters.model_fields)))
    if filters.label and filters.label_in != "annotations":
        concepts = {label: key for label, key in concepts.items() if label == filters.label}
        on_tasks = on_tasks.model_copy(update={"label": ""})
    passing = _passing(project_id, on_tasks, embedded=False)
    parameters = passing.parameters | {"labels": [*concepts], "keys": [*concepts.values()],
                                       "min_score": filters.min_score, "max_score": filters.max_score}
    among = f" AND o.task_id IN ({passing.ids})" if on_tasks.narrow() else ""
    ids = ("SELECT o.id FROM object o JOIN unnest(%(labels)s::text[], %(keys)s::text[]) AS concept (label, "
           "concept_key) USING (label, concept_key) WHERE o.project_id = %(project)s "
           "AND o.score >= coalesce(%(min_score)s, 0) "
           f"AND o.score <= coalesce(%(max_score)s, 1){among}")
    with connect() as connection:
        return store.read_ids(connection, ids, parameters)


def _passing(project_id: int, filters: Filters, *, embedded: bool = True) -> Passing:
    parameters: dict[str, Any] = {**filters.model_dump(), "project": project_id}
    conditions = ["t.project_id = %(project)s", "t.state = 'embedded'" if embedded else "t.state <> 'video'"]
    conditions += [sql for name, sql in _CONDITIONS.items() if parameters[name] not in (None, "")]
    if filters.video:
        parameters["video_key"] = video_key(project_id, filters.video)
    if filters.labelled is not None:
        conditions.append("t.labelled = %(labelled)s")
    if filters.predicted is not None:
        conditions.append(_PREDICTED if filters.predicted else f"NOT {_PREDICTED}")
    if filters.band:
        in_band, bounds = condition_sql(edges_of(projects.load(project_id)), filters.band, "p.score")
        parameters |= bounds
        conditions.append(_WITH_PREDICTION.format(f" AND {in_band}"))
    if filters.flaw:
        conditions.append(_FLAWED)
    if filters.label:
        parameters |= _concept(project_id, filters.label)._asdict()
        conditions.append(_LABEL[filters.label_in])
    one = "DISTINCT ON (coalesce(t.duplicate_of, t.id)) " if filters.collapse else ""
    order = " ORDER BY coalesce(t.duplicate_of, t.id), t.duplicate_of NULLS FIRST, t.id" if filters.collapse else ""
    return Passing(f"SELECT {one}t.id FROM task t WHERE {' AND '.join(conditions)}{order}", parameters)


def _concept(project_id: int, label: str) -> Concept:
    row = projects.load(project_id)
    try:
        label, recipe = plan_for(row).concept(label).label, recipe_for(row)
        recipe.require([label])
    except ArgusError:
        return Concept(label)
    concept = next(c for c in recipe.concepts if c.label == label)
    return Concept(label, recipe.concept_key(concept), round(concept.threshold, 6))
