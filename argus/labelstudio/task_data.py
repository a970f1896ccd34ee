"""A task's data: the value that an object tag of the labelling config shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from argus.errors import ArgusError

_LONGEST_LIST = 1000
FIRST, LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class TaskImage:
    """The image of a task: whose it is says what may be fetched for it.

    Attributes:
        url: as it stands in the task's data: absolute, or a path on Label Studio (`/data/upload/…`).
    """

    project_id: int
    task_id: int
    url: str


def data_value(data: Any, key: str) -> str | None:
    """Return the text at `key` of a task's data, or None when there is none.

    Args:
        data: a task's `data`.
        key: what follows `$` in the tag's `value`: a name, or a path such as `frames[0].url`. A name with dots is
            looked up as it stands first, as Label Studio's own import makes such names.
    """
    found = raw_value(data, key)
    return found if isinstance(found, str) and found and storable(found) else None


def raw_value(data: Any, key: str) -> JsonValue:
    """Return whatever stands at `key` of a task's data, as of `data_value`."""
    found: JsonValue = data.get(key) if isinstance(data, Mapping) else None
    if found is None and (parts := re.findall(r"[^.\[\]]+", key))[1:]:
        found = data
        for part in parts:
            if isinstance(found, list):
                found = found[int(part)] if part.isdecimal() and int(part) < len(found) else None
            else:
                found = found.get(part) if isinstance(found, Mapping) else None
    return found


def set_value(data: dict[str, JsonValue], key: str, value: str) -> None:
    """Put a value where `raw_value` finds it: `frame.urls[0]` is the first of the list `urls` inside of `frame`.

    Raises:
        ArgusError: `bad_request` when something else stands in the way.
    """
    place: Any = data
    parts: list[str | int] = [int(part) if part.isdecimal() else part for part in re.findall(r"[^.\[\]]+", key)]
    part: Any
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(place, list) and isinstance(part, int) and part < _LONGEST_LIST:
            place.extend([None] * (part + 1 - len(place)))
        elif not (isinstance(place, dict) and isinstance(part, str)):
            raise ArgusError("bad_request", f"There can be no {key!r} in a task's data that has another value there.",
                             "Correct the values of the <Image> tags in the labelling config.")
        inside = place[part] if isinstance(place, list) else place.get(part)
        if following is None:
            place[part] = value
        elif inside is None:
            place[part] = inside = [] if isinstance(following, int) else {}
        place = inside


def moment(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC.

    Raises:
        ValueError: it is none.
        OverflowError: its year is too near an end of the calendar to be shown in every zone; PostgreSQL would take it,
            and no program could read its row any more.
    """
    if not storable(text):  # Python reads a time up to a zero character
        raise ValueError("not a time")
    found = datetime.fromisoformat(text)
    found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    if not FIRST <= found <= LAST:
        raise OverflowError("year out of range")
    return found


def storable(text: str) -> bool:
    """Whether PostgreSQL takes the text: JSON may carry a zero character or half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
