"""What all answers share."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, JsonValue, PlainSerializer, WithJsonSchema, with_config

_building = threading.RLock()


class LazyModel(BaseModel):
    """A model whose validator and serializer are made when it is first used: at import, those of all take 4 MB."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Make them, as pydantic does when it needs them; by one thread after the other, since it is safe for one."""
        with _building:
            return super().model_rebuild(**options)


class Answer(LazyModel):
    """Base of all. Fields this version does not know are left out, so that a newer service is understood."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True,
                              json_schema_serialization_defaults_required=True)


# Of an answer each field is there, and its JSON schema says so, by the answer's own setting; but not of these.
nothing_required = with_config(ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None)))

# As ISO 8601 with the zone's offset, not the `Z` that pydantic writes for UTC.
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
                   WithJsonSchema({"type": "string", "format": "date-time"})]


class Error(Answer):
    """What went wrong, kept with the thing that it happened to."""

    code: str
    message: str
    hint: str = ""
    details: dict[str, JsonValue] = {}


class Problem(Answer):
    """An error as an answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable: what a script tells errors apart by."""
    hint: str = ""
    """What to do about it."""
    details: dict[str, JsonValue] = {}


class Deleted(Answer):
    """How many rows were deleted, or of one thing its id."""

    deleted: int
