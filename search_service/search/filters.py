"""What a search is narrowed by, before anything is ranked: a page is never short because of a filter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Band = Literal["high", "medium", "low", "nothing_found"]
Flaw = Literal["dark", "blurred", "frozen"]


def without_nul(text: str) -> str:
    """Return `text`. Raises `ValueError` for the one character that PostgreSQL cannot store."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Text = Annotated[str, Field(max_length=1000), AfterValidator(without_nul)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Seconds = Annotated[float, Field(ge=0)]


class Filters(BaseModel):
    """Conditions on tasks, all of which must hold. None and "" ask for nothing."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    labelled: bool | None = Field(default=None, description="Whether the task has an annotation.")
    predicted: bool | None = Field(default=None, description="Whether it has a prediction of the current version.")
    band: Band | None = Field(default=None, description="Confidence band of that prediction.")
    label: Text = Field(default="", description="Tasks that show this label.")
    label_in: Literal["any", "annotations", "predictions"] = Field(default="any", description="Where it must stand.")
    video: Text = Field(default="", description="Frames of this video only: its id, or its name while no other has it, "
                        "or `filter` of the list of videos.")
    video_from: Seconds | None = Field(default=None, description="Seconds into the video, from.")
    video_to: Seconds | None = Field(default=None, description="Seconds into the video, to, inclusive.")
    captured_from: Moment | None = Field(default=None, description="Time of capture, from; without a zone it is UTC.")
    captured_to: Moment | None = Field(default=None, description="Time of capture, to, inclusive.")
    flaw: Flaw | None = Field(default=None, description="Images measured as dark, blurred, or the same picture as the "
                              "frame before; measured when a model looks for labels.")
    collapse: bool = Field(default=False, description="Show one of each row of near-duplicates.")

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        for name in ("video", "captured"):
            first, last = getattr(self, f"{name}_from"), getattr(self, f"{name}_to")
            if first is not None and last is not None and first > last:
                raise ValueError(f"{name}_from must not be after {name}_to")
        return self

    def narrow(self) -> bool:
        """Whether anything is asked for."""
        return self.model_dump(exclude_defaults=True, exclude={"label_in"}) != {}


class ObjectFilters(Filters):
    """Conditions on objects: on their tasks, and on what was detected."""

    min_score: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Detection score, from; objects below the display threshold are found, too.")
    max_score: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Detection score, to, inclusive.")

    @model_validator(mode="after")
    def _scores_ordered(self) -> ObjectFilters:
        if self.min_score is not None and self.max_score is not None and self.min_score > self.max_score:
            raise ValueError("min_score must not be above max_score")
        return self
