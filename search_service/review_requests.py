"""What the routes of runs and review take, beside `search_service.requests`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from search_service.filters import without_nul
from search_service.requests import Limit, Query, Request, Score, TaskIds, exactly_one

Label = Annotated[str, Field(min_length=1, max_length=500)]
Token = Annotated[str, Field(max_length=4000, description="Your own Label Studio access token: the annotations carry "
                                                         "your name. It is used for this call and not kept. Without "
                                                         "it, X-Label-Studio-Token counts, if it is sent.")]
Name = Annotated[str, Field(max_length=200, deprecated=True, description="Has no effect: the record names the owner of "
                            "the token."), AfterValidator(without_nul)]
Object = Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$", description="An object as the listing names it.")]


class Source(Request):
    """Which tasks: exactly one of the sources."""

    task_ids: TaskIds | None = None
    search: Query | None = Field(None, description="The first `limit` hits of this query.")
    view: Annotated[int, Field(ge=1)] | None = Field(None, description="The tasks of this Label Studio view.")
    all: Literal[True] | None = Field(None, description="Every task of the project.")
    unlabelled: Literal[True] | None = Field(None, description="Every task without an annotation.")
    limit: Limit = 50

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        exactly_one(task_ids=self.task_ids, search=self.search, view=self.view, all=self.all,
                    unlabelled=self.unlabelled)
        return self


class RunRequest(Source):
    """A run: which labels on which tasks, with the project's recipe as it stands."""

    labels: list[Label] = Field(min_length=1, max_length=200)
    outdated: bool = Field(False, description="Also the tasks whose predictions were made with older prompts.")
    max_tasks: int | None = Field(None, ge=1, le=10_000_000, description="Take no more tasks than this, those first "
                                  "that the model has not seen yet.")


class Concept(Request):
    """What a label is asked for."""

    label: Label
    prompts: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=20, description="Noun phrases. Null: those of the labelling config.")
    threshold: Score | None = Field(None, description="Lowest score shown. Null: that of the labelling config.")


class RecipeRequest(Request):
    """Prompts and thresholds of some labels of a project."""

    concepts: list[Concept] = Field(min_length=1, max_length=200)
    dry_run: bool = Field(False, description="Only tell what the change would do.")


class PreviewRequest(Source):
    """A preview of a run on up to 12 of its tasks, spread evenly over them."""

    concepts: list[Concept] = Field(min_length=1, max_length=20)
    images: int = Field(12, ge=1, le=12, description="Images to look at.")
    retry: bool = Field(False, description="Try images again that failed before.")


class AcceptRequest(Request):
    """Acceptance of predictions: a range of scores `[min_score, max_score)`, the group "nothing found", or tasks."""

    min_score: Score = 0.9
    max_score: Score | None = None
    nothing_found: bool = Field(False, description="Accept the tasks where nothing was found, not a score range.")
    task_ids: TaskIds | None = Field(None, description="Exactly these tasks, whatever their score.")
    accepted_by: Name = ""
    token: Token = ""


class PersonRequest(Request):
    """A personal access token of Label Studio, to learn whose it is."""

    token: str = Field(min_length=1, max_length=4000)


class AdditionsRequest(Request):
    """Objects of labels computed later, for annotations that are there already, by their lowest new score."""

    min_score: Score = 0.9
    max_score: Score | None = None
    accepted_by: Name = ""
    token: Token = ""


class BandsRequest(Request):
    """Lower edges of the high and the medium band; null means the setting."""

    high: Score | None = None
    medium: Score | None = None


class ObjectsRequest(Request):
    """Parameters of a band's objects."""

    band: str = Field("medium", max_length=20, description="high, medium, low, nothing_found or to_fix.")
    label: Label | None = None
    limit: int = Field(60, ge=1, le=200, description="Objects to return.")
    after: str = Field("", max_length=600, description="`next` of the page before.")


class SetAsideRequest(Request):
    """An object that is wrong, or a task to be fixed: it takes no part in bulk acceptance."""

    task: Annotated[int, Field(ge=1)]
    verdict: Literal["rejected", "fix"]
    object: Object = ""
    decided_by: Name = ""


class PutBackRequest(Request):
    """A decision to take back; without `object`, all of the task's."""

    task: Annotated[int, Field(ge=1)]
    object: Object | None = None


class CropRequest(Request):
    """Parameters of a crop."""

    box: str = Field(min_length=7, max_length=100, description="x0,y0,x1,y1 as fractions of the image's sides.")
    size: int = Field(224, ge=32, le=800, description="Longest side in pixels.")
    margin: float = Field(0.15, ge=0, le=2, description="What to show around it, as a fraction of its longer side.")


class AcceptancesRequest(Request):
    """Parameters of the list of acceptances."""

    limit: int = Field(20, ge=1, le=200)
