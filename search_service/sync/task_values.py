"""The one gate for what comes from a task's data: a value is taken over, or it is null and a note says why.

A task's data may come from anybody, and a single value that the database refuses would stop its whole project.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argus.labelstudio.task_data import data_value, moment, raw_value, storable

MAX_TEXT = 1000  # bytes of a name: an index entry of PostgreSQL holds 2,700
MAX_SECONDS = 1e9  # of a frame's place in its video: 30 years
MAX_FRAME = 2**31 - 1
_LONG = 10**20  # numbers from there on are neither names nor shown
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


class _Unusable(Exception):
    """Says why a value cannot be taken over."""


@dataclass(frozen=True)
class TaskValues:
    """What Argus keeps of a task's data. `image` is '' when there is none; `notes` are `{"key", "reason"}`."""

    image: str = ""
    video: str | None = None
    video_id: str | None = None
    video_time: float | None = None
    frame_number: int | None = None
    captured_at: datetime | None = None
    notes: list[dict[str, str]] = field(default_factory=list)


def read_values(data: Any, image_key: str) -> TaskValues:
    """Return the values of a task's data that Argus keeps. A value that is missing, null or an empty text is no value.

    Args:
        image_key: where the image's address stands, as of `data_value`.
    """
    notes: list[dict[str, str]] = []
    fields: dict[str, Any] = {}
    for key, read in (("video", _text), ("video_id", _text), ("video_time", _seconds), ("frame_number", _frame),
                      ("captured_at", _moment)):
        value = data.get(key) if isinstance(data, Mapping) else None
        try:
            fields[key] = None if value is None or value == "" else read(value)
        except _Unusable as reason:
            notes.append({"key": key, "reason": str(reason)})
    image = data_value(data, image_key)
    if image is None and (found := raw_value(data, image_key)) not in (None, ""):
        notes.append({"key": _shown(image_key), "reason": "it holds characters that cannot be stored"
                      if isinstance(found, str) else f"it is {_kind(found)}, not the address of an image"})
    return TaskValues(image=image or "", notes=notes, **fields)


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LONG:
        value = str(value)
    if not isinstance(value, str):
        raise _Unusable(f"it is {_kind(value)}, not text")
    if not storable(value):
        raise _Unusable("it holds characters that cannot be stored")
    if len(value.encode()) > MAX_TEXT:
        raise _Unusable(f"it is longer than {MAX_TEXT:,} bytes")
    return value


def _seconds(value: Any) -> float:
    if not _is_number(value):
        raise _Unusable(f"it is {_kind(value)}, not a number of seconds")
    if not 0 <= value <= MAX_SECONDS:  # false for what is no number at all (NaN)
        raise _Unusable(f"{_shown(value)} is not from 0 to {MAX_SECONDS:,.0f}")
    return float(value)


def _frame(value: Any) -> int:
    if not _is_number(value):
        raise _Unusable(f"it is {_kind(value)}, not a whole number")
    if not 0 <= value <= MAX_FRAME:
        raise _Unusable(f"{_shown(value)} is not from 0 to {MAX_FRAME:,}")
    if value != int(value):
        raise _Unusable(f"{_shown(value)} is not a whole number")
    return int(value)


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise _Unusable(f"it is {_kind(value)}, not a time in ISO 8601")
    try:
        return moment(value)
    except ValueError as error:
        raise _Unusable("it is not a time in ISO 8601, such as 2026-05-13T10:15:00Z") from error
    except OverflowError as error:
        raise _Unusable("its year is out of range") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "no plain value")


def _shown(value: Any) -> str:
    """Return a value short enough for a sentence, of characters that can be stored."""
    if isinstance(value, float) and not math.isfinite(value):
        return "a value that is no number" if math.isnan(value) else "an infinite number"
    if isinstance(value, int) and abs(value) >= _LONG:
        return "a number of more than 20 digits"
    text = str(value)
    return (text if len(text) <= 60 else f"{text[:57]}…").encode("utf-8", "replace").decode().replace("\0", "?")
