"""What the routes of verified acceptance and of verdicts take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from search_service.api.schemas.review import Object, Token
from search_service.run_sources import Label
from search_service.search.fields import Request, Score

Task = Annotated[int, Field(ge=1)]
Place = Annotated[int, Field(ge=0, le=2_000_000_000, description="In the drawn order, from 0.")]
Side = Annotated[float, Field(ge=0, le=1)]


class SampleRequest(Request):
    """A sample to go on with, or to draw when there is none. Its terms are fixed from then on."""

    kind: Literal["objects", "nothing_found"] = Field("objects", description="nothing_found: frames in which nothing "
                                                      "was found.")
    label: Label | None = Field(None, description="List the objects of this label only; null: of all labels.")
    edges: list[Score] | None = Field(None, min_length=1, max_length=8, description="Thresholds from high to low; "
                                      "null: the high band's edge and up to three below it. Frames have none.")
    target: float = Field(0.95, ge=0.5, le=0.999, description="Share of right objects to show.")
    confidence: float = Field(0.95, description="0.9, 0.95 or 0.99: false at most once in 10, 20 or 100.")
    new: bool = Field(False, description="Draw one of the objects that are on no list yet.")


class ClaimRequest(Request):
    """The next objects to judge."""

    limit: int = Field(8, ge=1, le=50)
    edge: Score | None = Field(None, description="A threshold of the ladder; null: the first that is not certified.")
    screen: str = Field("", max_length=64, pattern=r"^[\w-]*$", description="Tells two screens of one person apart.")


class CourseRequest(Request):
    """How the bound of a threshold went."""

    edge: Score = Field(description="A threshold of the ladder.")


class JudgementGiven(Request):
    """What a person says of an item."""

    place: Place
    verdict: Literal["right", "wrong", "unsure"]
    seconds: float | None = Field(None, ge=0, le=86400, description="That it was looked at.")


class JudgementsGiven(Request):
    """Judgements of a sample; all are stored or none."""

    judgements: list[JudgementGiven] = Field(min_length=1, max_length=500)


class TakeBackRequest(Request):
    """Your own judgement to take back."""

    place: Place | None = Field(None, description="Null: the last one.")


class FrameSampleRequest(Request):
    """Random frames to go on with, or to draw when there are none."""

    frames: int = Field(60, ge=1, le=2000, description="Fixed from then on.")


class ArmRequest(Request):
    """The share of new tasks that is labelled without predictions."""

    share: float = Field(ge=0, le=0.5, description="0.03 is 3 %; 0 switches the control arm off.")


Objects = Annotated[int, Field(ge=0, le=10_000)]


class FrameChecked(Request):
    """What a person counted on a frame."""

    task: Task
    found: Objects = Field(description="Predicted objects that are right.")
    missing: Objects = Field(description="Objects that no prediction shows.")


class AcceptSampleRequest(Request):
    """What is accepted of a sample."""

    edge: Score = Field(description="A threshold of the ladder that is certified.")
    token: Token = ""


class VerdictRequest(Request):
    """What a person says of a predicted object, or of one that is missing."""

    task: Task
    verdict: Literal["right", "wrong", "unsure", "relabelled", "moved", "added"]
    object: Object = ""
    label: Label | Literal[""] = Field("", description="The right one, for relabelled and added.")
    box: tuple[Side, Side, Side, Side] | None = Field(None, description="For moved and added: x0, y0, x1, y1.")


class VerdictsRequest(Request):
    """Parameters of the list of verdicts."""

    task: Task | None = None


class VerdictTakenBack(Request):
    """Your own last verdict on an object to take back; without an object, on what you added last."""

    task: Task
    object: Object = ""
