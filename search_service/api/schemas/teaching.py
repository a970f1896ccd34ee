"""What the routes of taught labels take."""

from __future__ import annotations

from pydantic import Field

from search_service.run_sources import Label
from search_service.search.fields import Request


class TaughtLabelRequest(Request):
    """The label that is meant."""

    label: Label


class UseVerifierRequest(Request):
    """The verifier to use."""

    label: Label
    key: str = Field(pattern=r"^[0-9a-f]{16}$", description="Of the draft that was shown, or of an earlier state.")
    end_samples: bool = Field(False, description="Although open verification samples end by that.")


class SwitchOffRequest(Request):
    """The label whose own scores are to be shown again."""

    label: Label
    end_samples: bool = Field(False, description="Although open verification samples end by that.")


class TeachMeRequest(Request):
    """How many objects to ask about, of which label."""

    label: Label | None = None
    limit: int = Field(12, ge=1, le=50, description="Objects to return.")
