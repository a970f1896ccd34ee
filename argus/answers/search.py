"""What a search finds, and what is kept of searches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads the standard one from Python 3.12 on

from argus.answers.base import Answer, Error, Moment, nothing_required
from argus.answers.browse import FoundImage
from argus.answers.projects import ObjectProgress

Relevance = Literal["likely", "possible", "unlikely", ""]
Scanned = Literal["memory", "database", "index"]
Reason = Literal["", "few_images", "deep_page", "many_candidates", "loading", "changing", "memory", "off",
                 "not_installed", "failed_check", "large_project"]
FilterValue = bool | float | str


class Hit(FoundImage):
    """An image that was found."""

    similarity: float
    """Cosine of image and query, or of image and first example."""
    relevance: Relevance = ""
    """Empty: not judged, because no text was asked for."""


class SearchResult(Answer):
    """A page of a ranking: iterating over it gives its hits."""

    project: int
    query: str
    total: int
    """Images that were ranked: the embedded ones that pass the filters."""
    images: int
    """Embedded images of the project."""
    exact: bool
    """False: an approximate index answered, and only `window` rows can be paged."""
    scanned: Scanned = "database"
    """memory: the search service's filter left a few for PostgreSQL to rank; database: it ranked all; index: an
    approximate index chose. Exact answers are the same either way."""
    reason: Reason = ""
    """Why not `memory`."""
    window: int
    waiting: int
    """Images that have no vector yet, so they cannot be among the hits."""
    limit: int
    offset: int
    nothing_found: bool = False
    """A text was asked for, and even the best hits are unlikely."""
    unread: list[str] = Field(default_factory=list)
    """Ends of texts beyond the 64 tokens that the model reads."""
    filters: dict[str, FilterValue] = Field(default_factory=dict)
    hits: list[Hit]

    def __iter__(self) -> Iterator[Hit]:  # type: ignore[override]
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __bool__(self) -> bool:
        return True

    def relevant(self, least: Literal["likely", "possible"] = "possible") -> list[Hit]:
        """Return the hits that show what was asked for: `likely` ones only, or `possible` ones too."""
        wanted = ("likely",) if least == "likely" else ("likely", "possible")
        return [hit for hit in self.hits if hit.relevance in wanted]


class ObjectHit(Hit):
    """An object that was found, and the image it is on; `similarity` and `relevance` are its crop's."""

    object: int
    label: str
    score: float
    """Of the detection."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 as fractions of the image's sides."""


class ObjectSearchResult(Answer):
    """A page of a ranking of objects: iterating over it gives its hits."""

    project: int
    query: str
    total: int
    """Objects that were ranked: the embedded ones that pass the filters."""
    objects: ObjectProgress
    """How far the project's objects are; what waits cannot be among the hits."""
    exact: bool
    scanned: Scanned = "database"
    """As of a search of images."""
    reason: Reason = ""
    limit: int
    offset: int
    nothing_found: bool = False
    """A text was asked for, and even the best hits are unlikely."""
    unread: list[str] = Field(default_factory=list)
    """Ends of texts beyond the 64 tokens that the model reads."""
    filters: dict[str, FilterValue] = Field(default_factory=dict)
    hits: list[ObjectHit]

    def __iter__(self) -> Iterator[ObjectHit]:  # type: ignore[override]
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __bool__(self) -> bool:
        return True


@nothing_required
class ExampleSpec(TypedDict, total=False):
    """An image the hits should be like, or not: a task's or a file (base64), and the part of it inside `box`; or an
    object that a search found."""

    task: int
    object: int
    image: str
    box: list[float]


@nothing_required
class QuerySpec(TypedDict, total=False):
    """What a search asks for; only what was asked for is there."""

    text: str
    like: list[ExampleSpec]
    unlike: list[ExampleSpec]
    filters: dict[str, FilterValue]


class PastSearch(Answer):
    """A search of the history."""

    id: int
    query: str
    ask: QuerySpec
    total: int
    """Images that were ranked."""
    at: Moment


class History(Answer):
    """The last different searches of a project, newest first."""

    searches: list[PastSearch]


class View(Answer):
    """A view in Label Studio that Argus made or filled."""

    id: int
    kind: str
    """search, band, or tab: one that a person opened and Argus filled by its title."""
    title: str
    query: str
    saved: int | None
    """The saved search that it follows."""
    url: str


class Views(Answer):
    """The views that Argus made or filled in a project."""

    views: list[View]


class MadeView(Answer):
    """A view of a search's hits, or of chosen tasks."""

    views: list[int]
    """Several when there are more than 500 tasks."""
    tasks: int
    url: str
    """Of the first view."""


class SavedSearch(Answer):
    """A search kept by name."""

    id: int
    name: str
    query: str
    ask: QuerySpec
    size: int
    """Hits that the view shows at most."""
    relevance: Relevance
    """Hits below this band are not shown."""
    keep_view: bool
    ranked: int
    """The view is ordered by ranks written into so many tasks; 0: not."""
    views: list[int]
    url: str | None
    tasks: int
    """Tasks the view shows."""
    refreshed_at: Moment | None
    stale: bool
    """Images changed, and the view is about to follow."""
    error: Error | None


class ChangedSearch(SavedSearch):
    """A saved search after a change."""

    left: list[int]
    """Its views up to now that somebody changed in Label Studio: they are theirs and stay."""


class SavedSearches(Answer):
    """The saved searches of a project by name."""

    saved_searches: list[SavedSearch]


class ForgottenSearch(Answer):
    """A saved search that is no more."""

    deleted: int
    left: list[int]
    """Its views that somebody changed in Label Studio: they are theirs and stay."""


class Judgement(Answer):
    """What a person said of a hit."""

    query: str
    task: int
    relevant: bool


class Judgements(Answer):
    """What people said of hits, by query and task."""

    judgements: list[Judgement]


class Judged(Answer):
    """How many words there are on the query now."""

    judged: int


class QueryQuality(Answer):
    """How well one query finds what people said is right. Measures are 0-1, by k or by band."""

    query: str
    judged: int
    relevant: int
    recall: dict[str, float] | None
    """None: nothing is right."""
    ndcg: dict[str, float] | None
    precision: dict[str, float | None]
    """By band; None: no judged hit is in it."""
    hits: dict[str, int]
    """Judged hits by band."""


class MeanQuality(Answer):
    """The means over the queries that have the measure."""

    recall: dict[str, float | None]
    ndcg: dict[str, float | None]
    precision: dict[str, float | None]


class SearchQuality(Answer):
    """How good the search of a project is, by what people said."""

    project: int
    source: str
    """thumbs or labels."""
    queries: list[QueryQuality]
    mean: MeanQuality
