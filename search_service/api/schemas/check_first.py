"""What the routes of *Check first* take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from search_service.search.fields import Request

Percent = Annotated[float, Field(ge=0, le=100)]


class CheckFirstRequest(Request):
    """Parameters of the list of suspicions."""

    limit: int = Field(60, ge=1, le=200, description="Tasks whose suspicions to return.")
    after: int = Field(0, ge=0, description="`next` of the page before.")


class SuspicionAnswer(Request):
    """An answer to a suspicion."""

    suspicion: Annotated[int, Field(ge=1, le=2**63 - 1)]
    verdict: Literal["add", "reject", "nothing_there"]
    label: str = Field("", max_length=500, description="Of the object to add; empty: the suspicion's own.")
    box: tuple[Percent, Percent, Percent, Percent] | None = Field(
        None, description="Of the object to add: x, y, width, height in percent of the image. Null: the suspicion's.")


class SuspicionWallRequest(Request):
    """Parameters of the suspicions of all tasks at once."""

    limit: int = Field(60, ge=1, le=200, description="Suspicions to return, the strongest first.")


class OneAnswer(Request):
    """An answer to one of several suspicions."""

    suspicion: Annotated[int, Field(ge=1, le=2**63 - 1)]
    verdict: Literal["add", "reject", "nothing_there"]


class SuspicionAnswers(Request):
    """Answers to several suspicions; all are stored, or none."""

    answers: list[OneAnswer] = Field(min_length=1, max_length=200)


class SuspicionUndo(Request):
    """An answer to take back."""

    suspicion: Annotated[int, Field(ge=1, le=2**63 - 1)]


class CheckFirstKindsRequest(Request):
    """The kinds of suspicions for which tasks wait; none: tasks wait for nothing."""

    on: list[Annotated[str, Field(max_length=40)]] | None = Field(
        max_length=40, description="Null: those that new projects begin with.")
