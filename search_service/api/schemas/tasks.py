"""What the routes of single tasks take."""

from __future__ import annotations

from pydantic import Field

from argus.errors import ArgusError
from argus.typed_text import split_list
from search_service.search.fields import Request

MOST = 500  # tasks of a request: their ids travel in its address


class NeighboursRequest(Request):
    """Parameters of a frame's neighbours."""

    each: int = Field(5, ge=1, le=50, description="Frames on each side.")


class BoxesRequest(Request):
    """Parameters of the objects of several tasks."""

    tasks: str = Field(max_length=10_000, description=f"Ids, comma-separated; at most {MOST}.")

    def ids(self) -> list[int]:
        """Return the ids. Raises `bad_request`."""
        parts = split_list(self.tasks)
        if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts) or len(parts) > MOST:
            raise ArgusError("bad_request", f"tasks: at most {MOST} ids, with commas between them.")
        return [int(part) for part in parts]
