"""What the REST API takes: one typed model per request. The checks, their messages and the OpenAPI document come from
here. No Flask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from argus.answers.browse import BrowseOrder
from argus.errors import ArgusError
from argus.typed_text import split_list
from search_service.search.fields import SEEN, Limit, Query, Request, TaskIds, exactly_one
from search_service.search.filters import Filters, ObjectFilters
from search_service.search.query import ObjectQuery, SearchQuery, TaskId
from search_service.search.query_text import MAX_CHARACTERS
from search_service.search.search import MAX_LIMIT
from search_service.views.ranks import MAX_RANKED
from search_service.views.saved_searches import SavedChanges

Offset = Annotated[int, Field(ge=0, le=10_000_000, description="Hits to skip.")]
Relevance = Literal["likely", "possible", "unlikely"]
T = TypeVar("T", bound=BaseModel)


class FilteredRequest(Request, Filters):
    """Parameters that narrow a search."""

    def filters(self) -> Filters:
        return Filters.model_validate({name: getattr(self, name) for name in Filters.model_fields})


class SearchRequest(FilteredRequest):
    """Parameters of a text search."""

    q: Query = Field(default="", description=SEEN)
    limit: Limit = 50
    offset: Offset = 0


class AskRequest(Request, SearchQuery):
    """A search by texts and images, wanted and not."""

    limit: Limit = 50
    offset: Offset = 0
    record: bool = Field(True, description="Keep it in the history.")

    def ask(self) -> SearchQuery:
        return SearchQuery(text=self.text, like=self.like, unlike=self.unlike, filters=self.filters)


class ObjectAskRequest(Request, ObjectQuery):
    """A search of objects by texts, regions and objects, wanted and not."""

    limit: Limit = 50
    offset: Offset = 0

    def ask(self) -> ObjectQuery:
        return ObjectQuery(text=self.text, like=self.like, unlike=self.unlike, filters=self.filters)


class ObjectSearchRequest(Request, ObjectFilters):
    """Parameters of a search of objects by text."""

    q: Query = Field(default="", description=SEEN)
    limit: Limit = 50
    offset: Offset = 0

    def ask(self) -> ObjectQuery:
        return ObjectQuery(text=self.q, filters=ObjectFilters.model_validate(
            {name: getattr(self, name) for name in ObjectFilters.model_fields}))


class BrowseRequest(FilteredRequest):
    """Parameters of looking at images without a query."""

    order: BrowseOrder = Field("time", description="By time; a varied sample: each as unlike those before it as "
                               "can be; rare ones first: those with the least alike neighbours; or one cluster.")
    around: TaskId | None = Field(None, description="With the order cluster: a task of the cluster.")
    limit: Limit = 50
    offset: Offset = 0


class ClustersRequest(FilteredRequest):
    """Parameters of looking at groups of alike images."""


class LikeRequest(FilteredRequest):
    """Parameters of a search by image."""

    limit: Limit = 50
    offset: Offset = 0
    box: str = Field("", max_length=100, description="Part of the image: x0,y0,x1,y1 as fractions of its sides.")

    def corners(self) -> list[float] | None:
        """Return the box as four numbers, or None. Raises `bad_request`."""
        if not self.box:
            return None
        try:
            x0, y0, x1, y1 = (float(part) for part in split_list(self.box))
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
    objects: ObjectQuery | None = Field(None, description="A search of objects; the view has the tasks they are on.")
    limit: Limit = 50
    filters: Filters = Field(default_factory=Filters, description="Narrow the query.")
    relevance: Relevance = Field("unlikely", description="Hits below this band are left out.")

    @model_validator(mode="after")
    def _one_source(self) -> ViewRequest:
        exactly_one(query=self.query, task_ids=self.task_ids, objects=self.objects)
        return self

    def ask(self) -> SearchQuery | None:
        if self.objects:
            return self.objects
        return None if self.query is None else SearchQuery(text=self.query, filters=self.filters)


class SavedRequest(Request):
    """A search kept under a name."""

    name: str = Field(min_length=1, max_length=100)
    ask: SearchQuery
    size: int = Field(50, ge=1, le=MAX_LIMIT, description="Hits that the view shows at most.")
    relevance: Relevance = Field("unlikely", description="Hits below this band are not shown in the view.")
    keep_view: bool = Field(False, description="Make a Label Studio view, and keep it fresh as images arrive.")
    ranked: int = Field(0, ge=0, le=MAX_RANKED, description="Order the view by the rank of its first so many tasks, "
                        "which is written into their data (about 0.3 s each). 0: the view has no order.")


class SavedChange(SavedRequest):
    """What to change of a saved search."""

    name: str = Field("", min_length=1, max_length=100)
    ask: SearchQuery = Field(default_factory=SearchQuery)

    def changes(self) -> SavedChanges:
        """Return what was given."""
        return cast(SavedChanges, {name: getattr(self, name) for name in self.model_fields_set})


class JudgementRequest(Request):
    """A person's word on a hit."""

    query: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
    task: TaskId
    relevant: bool | None = Field(description="Whether the hit is right; null takes the word back.")


class JudgementsRequest(Request):
    """Which words on hits."""

    query: str | None = Field(None, max_length=MAX_CHARACTERS, description="Those on this query only.")


class EvaluationRequest(Request):
    """How the search is to be measured."""

    by: Literal["thumbs", "labels"] = Field("thumbs", description="Words on hits, or the labels of annotations.")
    k: str = Field("10,50", max_length=100, description="The k of recall@k and nDCG@k, separated by commas.")

    def cuts(self) -> list[int]:
        """Return the k as numbers. Raises `bad_request`."""
        try:
            cuts = [int(part) for part in split_list(self.k)]
        except ValueError as error:
            raise ArgusError("bad_request", "k must be numbers separated by commas, e.g. 10,50.") from error
        if not all(1 <= k <= MAX_LIMIT for k in cuts) or len(cuts) > 10:
            raise ArgusError("bad_request", f"k must be at most ten numbers from 1 to {MAX_LIMIT}.")
        return cuts


class ThumbnailRequest(Request):
    """Parameters of a picture of a task."""

    size: int = Field(320, ge=32, le=1600, description="Longest side in pixels.")


class PageRequest(Request):
    """Which part of a ranking."""

    limit: Limit = 50
    offset: Offset = 0


class Webhook(BaseModel):
    """What Label Studio sends; all but these two fields is ignored."""

    model_config = ConfigDict(extra="ignore")

    action: str = Field("", max_length=100, description="TASKS_CREATED, TASKS_DELETED, PROJECT_UPDATED, …")
    project: Any = Field(None, description="The project, or its id.")


class HistoryRequest(Request):
    """Parameters of the search history."""

    limit: int = Field(20, ge=1, le=200)


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
        json.dumps(values, ensure_ascii=False).encode()  # half a surrogate pair is valid JSON, and no text
    except (ValueError, RecursionError) as error:
        raise ArgusError("bad_request", f"The body is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ArgusError("bad_request", "The body must be a JSON object.")
    return read(model, values)


_PLAIN = {"extra_forbidden": "is not a known field",
          "too_long": "at most {max_length} are allowed, not {actual_length}",
          "too_short": "at least {min_length} is needed, not {actual_length}"}


def _sentence(error: ValidationError) -> str:
    parts = []
    for problem in error.errors(include_url=False)[:5]:
        where = ".".join(str(step) for step in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        plain = _PLAIN.get(problem["type"])
        said = plain.format(**problem.get("ctx", {})) if plain else said[:1].lower() + said[1:]
        parts.append(f"{where}: {said}" if where else said[:1].upper() + said[1:])
    return "; ".join(parts) + "."
