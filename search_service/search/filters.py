"""What a search is narrowed by, before anything is ranked: a page is never short because of a filter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from argus.db import connect
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.bands import condition_sql, edges_of
from label_studio_config.recipe import plan_for, recipe_for
from search_service.sync.videos import video_key
from search_service.vectors import store
from search_service.vectors.ranking import Selection

Band = Literal["high", "medium", "low", "nothing_found"]


def without_nul(text: str) -> str:
    """Return `text`. Raises `ValueError` for the one character that PostgreSQL cannot store."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Text = Annotated[str, Field(max_length=1000), AfterValidator(without_nul)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Seconds = Annotated[float, Field(ge=0)]


class Filters(BaseModel):
    """Conditions on tasks, all of which must hold. None and "" ask for nothing."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    labelled: bool | None = Field(default=None, description="Whether the task has an annotation.")
    predicted: bool | None = Field(default=None, description="Whether it has a prediction of the current version.")
    band: Band | None = Field(default=None, description="Confidence band of that prediction.")
    label: Text = Field(default="", description="Tasks that show this label.")
    label_in: Literal["any", "annotations", "predictions"] = Field(default="any", description="Where it must stand.")
    video: Text = Field(default="", description="Frames of this video only: its id, or its name while no other has it, "
                        "or `filter` of the list of videos.")
    video_from: Seconds | None = Field(default=None, description="Seconds into the video, from.")
    video_to: Seconds | None = Field(default=None, description="Seconds into the video, to, inclusive.")
    captured_from: Moment | None = Field(default=None, description="Time of capture, from; without a zone it is UTC.")
    captured_to: Moment | None = Field(default=None, description="Time of capture, to, inclusive.")
    collapse: bool = Field(default=False, description="Show one of each row of near-duplicates.")

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        for name in ("video", "captured"):
            first, last = getattr(self, f"{name}_from"), getattr(self, f"{name}_to")
            if first is not None and last is not None and first > last:
                raise ValueError(f"{name}_from must not be after {name}_to")
        return self

    def narrow(self) -> bool:
        """Whether anything is asked for."""
        return self.model_dump(exclude_defaults=True, exclude={"label_in"}) != {}


def select(project_id: int, filters: Filters) -> Selection | None:
    """Return the embedded tasks of a project that pass, or None when nothing is asked for.

    Annotations are known as of the last poll; predictions and their labels are those of the project's current model
    version that Argus delivered. Of near-duplicates that pass, the first stands for all.

    Raises:
        ArgusError: `unknown_project`; `bad_request` for the name of a video that several have.
    """
    if not filters.narrow():
        return None
    parameters: dict[str, Any] = {**filters.model_dump(), "project": project_id}
    conditions = ["t.project_id = %(project)s", "t.state = 'embedded'"]
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
    if filters.label:
        parameters |= _concept(project_id, filters.label)
        conditions.append(_LABEL[filters.label_in])
    one = "DISTINCT ON (coalesce(t.duplicate_of, t.id)) " if filters.collapse else ""
    order = " ORDER BY coalesce(t.duplicate_of, t.id), t.duplicate_of NULLS FIRST, t.id" if filters.collapse else ""
    ids = f"SELECT {one}t.id FROM task t WHERE {' AND '.join(conditions)}{order}"
    with connect() as connection:
        return Selection(ids, parameters, store.read_ids(connection, ids, parameters))


_WITH_PREDICTION = ("EXISTS (SELECT FROM prediction p JOIN project ON project.id = p.project_id WHERE p.task_id = t.id "
                    "AND p.model_version = project.model_version AND p.state = 'stored'{})")
_PREDICTED = _WITH_PREDICTION.format("")
_CONDITIONS = {"video": "t.video_key = %(video_key)s", "video_from": "t.video_time >= %(video_from)s",
               "video_to": "t.video_time <= %(video_to)s", "captured_from": "t.captured_at >= %(captured_from)s",
               "captured_to": "t.captured_at <= %(captured_to)s"}
_ANNOTATED = "t.labels @> ARRAY[%(label)s::text]"
_DETECTED = ("EXISTS (SELECT FROM detection d WHERE d.task_id = t.id AND d.label = %(label)s "
             "AND d.concept_key = %(concept_key)s AND NOT d.previewed AND d.best_score::numeric >= %(threshold)s)")
_LABEL = {"annotations": _ANNOTATED, "predictions": _DETECTED, "any": f"({_ANNOTATED} OR {_DETECTED})"}


def _concept(project_id: int, label: str) -> dict[str, Any]:
    """Return what finds the label among detections; a label that SAM 3 is not asked for is in none of them."""
    row = projects.load(project_id)
    try:
        concept, recipe = plan_for(row).concept(label), recipe_for(row)
    except ArgusError:
        return {"label": label, "concept_key": "", "threshold": 0.0}
    return {"label": concept.label, "concept_key": recipe.concept_key(concept),
            "threshold": round(concept.threshold, 6)}

