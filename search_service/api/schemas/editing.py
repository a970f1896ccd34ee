"""What the routes of editing a picture take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from argus.errors import ArgusError
from search_service.api.schemas.review import Token
from search_service.editing import store
from search_service.editing.service import Edit
from search_service.review.changes import Addition, Change
from search_service.run_sources import Label
from search_service.search.fields import Request

Id = Annotated[int, Field(ge=1, lt=2**63)]
Side = Annotated[float, Field(description="A fraction of the image's side.")]
Box = Annotated[tuple[Side, Side, Side, Side], Field(description="x0, y0, x1, y1 as fractions of the image's sides.")]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ObjectChange(Request):
    """What becomes of an object that is there. One that is not named stays as it is."""

    object: str = Field(min_length=1, max_length=500, description="Its name, as the task lists it.")
    label: Label = Field(description="Its label before the change.")
    deleted: bool = False
    new_label: Label | Literal[""] = ""
    box: Box | None = Field(None, description="Its new edges.")


class AddedObject(Request):
    """An object to add: a box that was drawn, or what a click found."""

    label: Label
    box: Box | None = Field(None, description="Of a box; of what a click found only if it was moved.")
    segment: Id | None = Field(None, description="What a click found.")


class EditRequest(Request):
    """A picture as somebody left it: what it was, and what changed. Without changes, it is all right as it is."""

    model_version: str = Field(max_length=200, description="Of the predictions, when the picture was opened.")
    prediction: Id | None = Field(None, description="The prediction that was edited.")
    annotation: Id | None = Field(None, description="The annotation that was edited instead.")
    updated_at: AwareDatetime | None = Field(None, description="Of that annotation, when the picture was opened.")
    changes: list[ObjectChange] = Field([], max_length=2000)
    added: list[AddedObject] = Field([], max_length=500)
    seconds: float | None = Field(None, ge=0, le=86400, description="That it took.")
    token: Token = ""

    @model_validator(mode="after")
    def _fits(self) -> EditRequest:
        if (self.annotation is None) != (self.updated_at is None) or (self.annotation and self.prediction):
            raise ValueError("give the prediction, or the annotation with its updated_at")
        named = [(one.object, one.label) for one in self.changes]
        if len(set(named)) < len(named):
            raise ValueError("changes: an object is named twice")
        return self

    def edit(self, task_id: int) -> Edit:
        """Return it as the service takes it. Raises `not_found` for what a click found and is forgotten."""
        return Edit(
            self.model_version, self.prediction, self.annotation, self.updated_at,
            [Change(one.object, one.label, one.deleted, one.new_label, one.box) for one in self.changes],
            [self._addition(task_id, one) for one in self.added], self.seconds)

    @staticmethod
    def _addition(task_id: int, one: AddedObject) -> Addition:
        if one.segment is None:
            return Addition(one.label, one.box)
        if (found := store.segment(task_id, one.segment)) is None:
            raise ArgusError("not_found", f"What a click found on task {task_id} is forgotten after a day.",
                             "Delete the object and click on it again.")
        return Addition(one.label, one.box, found.regions)


class PointGiven(Request):
    """A click, as fractions of the image's sides."""

    x: Fraction
    y: Fraction
    positive: bool = Field(True, description="False: not this.")


class SegmentRequest(Request):
    """Which object lies at the points."""

    points: list[PointGiven] = Field(min_length=1, max_length=20)
    label: Label | Literal[""] = Field("", description="Of the object; empty: the model names it.")
    existing: list[tuple[Fraction, Fraction, Fraction, Fraction]] = Field(
        [], max_length=1000, description="Boxes that are there already, and are not found again.")
