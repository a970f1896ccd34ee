"""Fields that requests and saved searches share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from argus.answers.base import LazyModel
from search_service.search.query import TaskId
from search_service.search.query_text import MAX_CHARACTERS
from search_service.search.search import MAX_LIMIT

SEEN = "What to look for; -word and -\"two words\" exclude."
Query = Annotated[str, Field(max_length=MAX_CHARACTERS, description=SEEN)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Hits to return.")]
TaskIds = Annotated[list[TaskId], Field(min_length=1, max_length=100_000)]
Score = Annotated[float, Field(ge=0, le=1)]


class Request(LazyModel):
    """Base of all: an unknown field is an error, because it is most often a misspelt one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def exactly_one(**sources: Any) -> None:
    """Raise `ValueError` unless exactly one of the sources is given."""
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        rest = f", not {' and '.join(given)}" if given else ""
        raise ValueError(f"give exactly one of {', '.join(sources)}{rest}")
