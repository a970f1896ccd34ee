"""What the routes of the wall of objects take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from search_service.run_sources import Label
from search_service.search.fields import Request

Id = Annotated[int, Field(ge=1, lt=2**63)]


class WallRequest(Request):
    """Parameters of the wall."""

    label: Label | Literal[""] = Field("", description="Only objects of this label.")
    limit: int = Field(200, ge=1, le=1000, description="Objects to return.")
    after: str = Field("", max_length=600, description="`next` of the page before, in the same order.")
    order: Literal["score", "similar", "outliers"] = Field(
        "score", description="score: lowest first; similar: crops that are alike stand together; outliers: those least "
        "like their label's others first.")


class WallObjectNamed(Request):
    """An object as the wall lists it."""

    task: Id
    object: str = Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")


class WallJudgeRequest(Request):
    """One verdict on many objects; it is stored on all or on none."""

    verdict: Literal["right", "wrong", "unsure", "relabelled"]
    objects: list[WallObjectNamed] = Field(min_length=1, max_length=5000)
    label: Label | Literal[""] = Field("", description="The right one, for relabelled.")


class WallTakeBackRequest(Request):
    """Your own verdicts to take back, as the answer to giving them named them."""

    verdicts: list[Id] = Field(min_length=1, max_length=5000)
