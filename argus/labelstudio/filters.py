"""Filters of Label Studio's Data Manager, in the form its API takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, TypeVar

from argus.labelstudio.types import Between, Condition, Filter, Selection

T = TypeVar("T")


def condition(column: str, operator: str, value: str | float | Sequence[str] | Between,
              type_: str = "Number") -> Condition:
    """Return one item of a Data Manager filter."""
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": type_, "value": value}


def matching(conditions: Iterable[Condition], conjunction: Literal["and", "or"] = "and") -> Filter:
    """Return the filter of tasks that meet all conditions, or any of them."""
    return {"conjunction": conjunction, "items": list(conditions)}


def selection(ids: Sequence[int]) -> Selection:
    """Return the part of a query or an action that picks these tasks."""
    if not ids:
        raise ValueError("to Label Studio an empty list means every task")
    return {"selectedItems": {"all": False, "included": list(ids)}}


NO_SCORE = condition("predictions_score", "empty", True)
ANNOTATED = condition("total_annotations", "greater", 0)
SKIPPED = (condition("total_annotations", "equal", 0), condition("cancelled_annotations", "greater", 0))
HAS_REGIONS = condition("predictions_results", "contains", '"value"', "String")
UNREVIEWED = (condition("total_annotations", "equal", 0), condition("cancelled_annotations", "equal", 0))


def changed_at(stamp: str) -> Condition:
    """Return the condition that a task was last changed at exactly this time, `2026-11-22T21:25:56.394817Z`."""
    return condition("updated_at", "in", {"min": stamp, "max": stamp}, "Datetime")


def score_range(low: float | None, high: float | None) -> list[Condition]:
    """Return the conditions of `low <= score < high`; None is open. A task without a score is in no range."""
    items = [] if low is None else [condition("predictions_score", "greater_or_equal", low)]
    return items + ([] if high is None else [condition("predictions_score", "less", high)])


def changed_since(moment: datetime) -> Condition:
    """Return the condition that a task was last changed at this time or later."""
    return condition("updated_at", "greater_or_equal", _told(moment.astimezone(UTC)), "Datetime")


def of_version(model_version: str) -> Condition:
    """Return the condition that a task has a prediction of this version."""
    return condition("predictions_model_versions", "contains", [model_version], "List")


def completed_since(hours: float) -> Condition:
    """Return the condition that a task was completed within the last `hours`."""
    return condition("completed_at", "greater", _told(datetime.now(UTC) - timedelta(hours=hours)), "Datetime")


def before(moment: datetime) -> Condition:
    """Return the condition that a task was last completed before this time."""
    return condition("completed_at", "less", _told(moment.astimezone(UTC)), "Datetime")


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
