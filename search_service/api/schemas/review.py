"""What the routes of runs and review take, beside `search_service.api.schemas.search`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from search_service.run_sources import Concept, Label
from search_service.search.fields import Request, Score, TaskIds
from search_service.search.filters import without_nul

Token = Annotated[str, Field(max_length=4000, description="Your own Label Studio access token: the annotations carry "
                                                         "your name. It is used for this call and not kept. Without "
                                                         "it, X-Label-Studio-Token counts, if it is sent.")]
Name = Annotated[str, Field(max_length=200, deprecated=True, description="Has no effect: the record names the owner of "
                            "the token."), AfterValidator(without_nul)]
Object = Annotated[str, Field(max_length=100, pattern=r"^[\w-]*$", description="An object as the listing names it.")]


class RecipeRequest(Request):
    """Prompts and thresholds of some labels of a project."""

    concepts: list[Concept] = Field(min_length=1, max_length=200)
    dry_run: bool = Field(False, description="Only tell what the change would do.")


class AcceptRequest(Request):
    """Acceptance of predictions: a range of scores `[min_score, max_score)`, the group "nothing found", or tasks."""

    min_score: Score = 0.9
    max_score: Score | None = None
    nothing_found: bool = Field(False, description="Accept the tasks where nothing was found, not a score range.")
    task_ids: TaskIds | None = Field(None, description="Exactly these tasks, whatever their score.")
    without_rejected: bool = Field(False, description="Accept also tasks that wait because of rejected objects, "
                                                       "without these objects. Tasks to be fixed wait on.")
    judged: bool = Field(False, description="Instead of a range: the tasks, among `task_ids` if given, whose objects "
                                            "below the high band were all judged; without the rejected ones.")
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
    order: Literal["score", "similar", "outliers"] = Field(
        "score", description="score: lowest first; similar: crops that are alike stand together; outliers: those least "
        "like their label's others first.")


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
