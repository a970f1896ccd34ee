"""What the routes of references take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from search_service.run_sources import Label
from search_service.search.fields import Request

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
_END = "Although open verification samples end by that."


class ReferenceRequest(Request):
    """A region that a label is to be looked for by: a box on a task's image, or an object."""

    label: Label
    task: Number | None = None
    box: tuple[float, float, float, float] | None = Field(
        None, description="On the task's image: x, y, width, height in percent of it.")
    object: Number | None = Field(None, description="An object that a search of objects found, instead of both.")
    end_samples: bool = Field(False, description=_END)


class RemoveReferenceRequest(Request):
    """How a reference is removed."""

    end_samples: bool = Field(False, description=_END)
