"""Tasks as Label Studio lists them, page by page: those that changed since a time, or all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from argus.labelstudio import LabelStudio

PAGE = 1000
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # the only form the Data Manager's filter takes
_FIELDS = "id,data,updated_at"  # asking for more makes the listing several times slower


def changed_tasks(ls: LabelStudio, project_id: int, since: datetime) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of tasks with `updated_at >= since`, oldest change first."""
    query = _query("tasks:updated_at", "greater_or_equal", "Datetime", since.astimezone(UTC).strftime(_TIME))
    page = 1
    while True:
        answer = ls.get("/api/tasks/", project=project_id, page=page, page_size=PAGE, include=_FIELDS, query=query)
        yield answer["tasks"]
        if page * PAGE >= answer["total"]:
            return
        page += 1


def all_tasks(ls: LabelStudio, project_id: int) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of all tasks by ascending id. Each page starts after the last id of the one before, so tasks that
    are deleted meanwhile cannot shift another one out of the listing."""
    last = 0
    while True:
        answer = ls.get("/api/tasks/", project=project_id, page=1, page_size=PAGE, include=_FIELDS,
                        query=_query("tasks:id", "greater", "Number", last))
        if answer["tasks"]:
            yield answer["tasks"]
            last = answer["tasks"][-1]["id"]
        if answer["total"] <= len(answer["tasks"]):
            return


def _query(column: str, operator: str, kind: str, value: str | int) -> str:
    item = {"filter": f"filter:{column}", "operator": operator, "type": kind, "value": value}
    return json.dumps({"filters": {"conjunction": "and", "items": [item]}, "ordering": [column]})
