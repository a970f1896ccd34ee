"""What the route of a project's engine takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from argus.answers.engine import EngineName
from search_service.run_sources import Label
from search_service.search.fields import Request

ClassName = Annotated[str, Field(max_length=500)]


class EngineRequest(Request):
    """The model that looks for a project's labels, and which of a detector's classes stand for which label."""

    engine: EngineName
    detector: str | None = Field(None, max_length=255, description="Name of its folder. Null: the one chosen last.")
    masks: bool | None = Field(None, description="Whether SAM 3 gives the detector's boxes masks. Null: as before.")
    classes: dict[Label, list[ClassName] | None] | None = Field(
        None, max_length=1000, description="Classes by label; null for a label: those of the same name. Labels that "
        "are left out stay as they are.")
    dry_run: bool = Field(False, description="Only tell how it would be.")
