"""A task's data: the value that an object tag of the labelling config shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def raw_value(data: Any, key: str) -> Any:
    """Return whatever stands at `key` of a task's data, as of `data_value`."""
    found = data.get(key) if isinstance(data, Mapping) else None
    if found is None and (parts := re.findall(r"[^.\[\]]+", key))[1:]:
        found = data
        for part in parts:
            if isinstance(found, list):
                found = found[int(part)] if part.isdecimal() and int(part) < len(found) else None
            else:
                found = found.get(part) if isinstance(found, Mapping) else None
    return found


def storable(text: str) -> bool:
    """Whether PostgreSQL takes the text: JSON may carry a zero character or half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
