"""What review reads from Label Studio: the tasks with a prediction of the current version, their scores and regions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.settings import get_settings
from label_studio_config.views import NOTHING_FOUND
from ml_backend import projects
from ml_backend.recipe import recipe_for

_LISTING = 1000  # tasks per page of a listing without regions
BANDS = ("high", "medium", "low", NOTHING_FOUND)
T = TypeVar("T")


@dataclass(frozen=True)
class Edges:
    """Lower edges of the high and the medium band, 0-1."""

    high: float
    medium: float

    def band(self, score: float | None) -> str:
        """Return the band of a task's score; None, the score of a prediction without regions, is a group of its own."""
        if score is None:
            return NOTHING_FOUND
        return "high" if score >= self.high else "medium" if score >= self.medium else "low"


@dataclass(frozen=True)
class Review:
    """A connected project as the functions below need it."""

    project_id: int
    model_version: str
    edges: Edges
    ls: LabelStudio


def open_review(project_id: int, ls: LabelStudio | None = None) -> Review:
    """Return what Argus knows of a project.

    Raises:
        ArgusError: `unknown_project` when it was never connected.
    """
    row = projects.load(project_id)
    settings = get_settings()
    high, medium = (default if row[name] is None else round(row[name], 6)  # a `real` holds 0.9 as 0.89999998
                    for name, default in (("band_high", settings.band_high), ("band_medium", settings.band_medium)))
    return Review(project_id, row["model_version"] or recipe_for(row).model_version, Edges(high, medium),
                  ls or get_label_studio())


@dataclass(frozen=True)
class Listed:
    id: int
    score: float | None
    reviewed: bool


def condition(column: str, operator: str, value: Any, type_: str = "Number") -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": type_, "value": value}


def of_version(review: Review) -> dict[str, Any]:
    return condition("predictions_model_versions", "contains", [review.model_version], "List")


UNREVIEWED = (condition("total_annotations", "equal", 0), condition("cancelled_annotations", "equal", 0))


def list_tasks(review: Review, conditions: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Yield the tasks that meet all conditions, without their regions.

    The score of a task is in the answer only when a condition asks for it, as all callers' do.
    """
    query = json.dumps({"filters": {"conjunction": "and", "items": list(conditions)}})
    for task in review.ls.tasks(review.project_id, fields="task_only", page_size=_LISTING, query=query):
        yield Listed(task["id"], task.get("predictions_score"),
                      bool(task["total_annotations"] or task["cancelled_annotations"]))


def read_tasks(review: Review, ids: Sequence[int],
               conditions: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return the tasks of `ids` that meet all conditions, with predictions, annotations and drafts."""
    if not ids:
        return []  # to Label Studio an empty list means every task
    query: dict[str, Any] = {"selectedItems": {"all": False, "included": list(ids)}}
    if conditions:
        query["filters"] = {"conjunction": "and", "items": list(conditions)}
    return list(review.ls.tasks(review.project_id, page_size=len(ids), query=json.dumps(query)))


def predictions_of(review: Review, task: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [p for p in task["predictions"] if p["model_version"] == review.model_version]


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
