"""What the routes of single tasks take."""

from __future__ import annotations

from pydantic import Field

from search_service.search.fields import Request


class NeighboursRequest(Request):
    """Parameters of a frame's neighbours."""

    each: int = Field(5, ge=1, le=50, description="Frames on each side.")
