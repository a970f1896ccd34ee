"""What the REST API takes: one typed model per request. The checks, their messages and the OpenAPI document come from
here. No Flask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from argus.errors import ArgusError
from search_service.query import MAX_CHARACTERS
from search_service.search import MAX_LIMIT

SEEN = "What should be seen; -word and -\"two words\" exclude."
Query = Annotated[str, Field(max_length=MAX_CHARACTERS, description=SEEN)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Hits to return.")]
Offset = Annotated[int, Field(ge=0, le=10_000_000, description="Hits to skip.")]
TaskIds = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=100_000)]
Score = Annotated[float, Field(ge=0, le=1)]
T = TypeVar("T", bound="Request")


class Request(BaseModel):
    """Base of all: an unknown field is an error, because it is most often a misspelt one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class SearchRequest(Request):
    """Parameters of a text search."""

    q: Query = Field(default="", description=SEEN)
    limit: Limit = 50
    offset: Offset = 0


class LikeRequest(Request):
    """Parameters of a search by image."""

    limit: Limit = 50
    offset: Offset = 0
    box: str = Field("", max_length=100, description="Part of the image: x0,y0,x1,y1 as fractions of its sides.")

    def corners(self) -> list[float] | None:
        """Return the box as four numbers, or None. Raises `bad_request`."""
        if not self.box:
            return None
        try:
            x0, y0, x1, y1 = (float(part) for part in self.box.split(","))
        except ValueError as error:
            raise ArgusError("bad_request", "box must be four numbers: x0,y0,x1,y1.") from error
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise ArgusError("bad_request", "box must lie inside the image: 0 ≤ x0 < x1 ≤ 1 and 0 ≤ y0 < y1 ≤ 1.")
        return [x0, y0, x1, y1]


class ViewRequest(Request):
    """A Label Studio view of a search or of given tasks."""

    title: str = Field("", max_length=200, description="Title of the view; without one, the query.")
    query: Query | None = None
    task_ids: TaskIds | None = None
    limit: Limit = 50

    @model_validator(mode="after")
    def _one_source(self) -> ViewRequest:
        _exactly_one(query=self.query, task_ids=self.task_ids)
        return self


class RunRequest(Request):
    """A run: which labels on which tasks."""

    labels: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(min_length=1, max_length=200)
    task_ids: TaskIds | None = None
    search: Query | None = Field(None, description="The first `limit` hits of this query.")
    all: Literal[True] | None = Field(None, description="Every task of the project.")
    limit: Limit = 50
    max_tasks: int | None = Field(None, ge=1, le=10_000_000, description="Take no more tasks than this, those first "
                                  "that the model has not seen yet.")

    @model_validator(mode="after")
    def _one_source(self) -> RunRequest:
        _exactly_one(task_ids=self.task_ids, search=self.search, all=self.all)
        return self


class AcceptRequest(Request):
    """Bulk acceptance of the predictions whose score lies in `[min_score, max_score)`."""

    min_score: Score = 0.9
    max_score: Score | None = None
    nothing_found: bool = Field(False, description="Accept the tasks where nothing was found, not a score range.")


class ExportRequest(Request):
    """An export of the project's annotations."""

    format: str = Field("coco", max_length=20, description="coco or yolo.")


class ThumbnailRequest(Request):
    """Parameters of a picture of a task."""

    size: int = Field(320, ge=32, le=1600, description="Longest side in pixels.")


class HistoryRequest(Request):
    """Parameters of the search history."""

    limit: int = Field(20, ge=1, le=200)


def _exactly_one(**sources: Any) -> None:
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        rest = f", not {' and '.join(given)}" if given else ""
        raise ValueError(f"give exactly one of {', '.join(sources)}{rest}")


def read(model: type[T], values: Mapping[str, Any]) -> T:
    """Return the request. Raises `bad_request` with a sentence for each wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ArgusError("bad_request", _sentence(error)) from error


def read_json(model: type[T], body: bytes, content_type: str) -> T:
    """Return the request from a JSON body; an empty body is an empty object. Raises `bad_request`."""
    if body and "json" not in content_type:
        raise ArgusError("bad_request", "The body must be JSON, with Content-Type: application/json.")
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ArgusError("bad_request", f"The body is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ArgusError("bad_request", "The body must be a JSON object.")
    return read(model, values)


def _sentence(error: ValidationError) -> str:
    parts = []
    for problem in error.errors(include_url=False)[:5]:
        where = ".".join(str(step) for step in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        said = "is not a known field" if problem["type"] == "extra_forbidden" else said[:1].lower() + said[1:]
        parts.append(f"{where}: {said}" if where else said[:1].upper() + said[1:])
    return "; ".join(parts) + "."
