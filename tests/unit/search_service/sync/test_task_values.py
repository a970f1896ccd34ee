"""Every value of a task's data that the database or Python cannot hold becomes null, with a reason; the others stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from search_service.sync.task_values import MAX_FRAME, TaskValues, read_values

GOOD = {"image": "/a.jpg", "video": "line.mp4", "video_id": "0123456789abcdef", "video_time": 1.5, "frame_number": 25,
        "captured_at": "2026-05-13T10:15:00+09:00"}


def test_read_values__what_is_right_is_kept() -> None:
    assert read_values(GOOD, "image") == TaskValues(
        "/a.jpg", "line.mp4", "0123456789abcdef", 1.5, 25, datetime(2026, 5, 13, 1, 15, tzinfo=UTC), [])
    assert read_values({**GOOD, "captured_at": "2026-05-13"}, "image").captured_at == datetime(2026, 5, 13, tzinfo=UTC)
    assert read_values({**GOOD, "frame_number": MAX_FRAME, "video_time": 3}, "image").frame_number == MAX_FRAME
    assert read_values({**GOOD, "video": 7, "frame_number": 25.0}, "image").video == "7"


@pytest.mark.parametrize("data", [{}, dict.fromkeys(GOOD), {key: "" for key in GOOD}, None, [], "text", 5])
def test_read_values__no_value_needs_no_note(data: Any) -> None:
    assert read_values(data, "image") == TaskValues()


@pytest.mark.parametrize(("key", "value", "reason"), [
    ("frame_number", 1700000000000, "1700000000000 is not from 0 to 2,147,483,647"),
    ("frame_number", -1, "-1 is not from 0 to"),
    ("frame_number", 2**31, "2147483648 is not from 0 to"),
    ("frame_number", 10**4000, "a number of more than 20 digits is not from 0 to"),
    ("frame_number", True, "it is true or false, not a whole number"),
    ("frame_number", "25", "it is text, not a whole number"),
    ("frame_number", 2.5, "2.5 is not a whole number"),
    ("frame_number", float("nan"), "a value that is no number is not from 0 to"),
    ("frame_number", [25], "it is a list, not a whole number"),
    ("video_time", float("nan"), "a value that is no number is not from 0"),
    ("video_time", float("inf"), "an infinite number is not from 0"),
    ("video_time", -float("inf"), "an infinite number is not from 0"),
    ("video_time", -0.5, "-0.5 is not from 0"),
    ("video_time", 10**400, "a number of more than 20 digits is not from 0"),
    ("video_time", {"s": 1}, "it is an object, not a number of seconds"),
    ("captured_at", "9999-12-31T23:59:59-09:00", "its year is out of range"),
    ("captured_at", "0001-01-01T00:00:00+09:00", "its year is out of range"),
    ("captured_at", "9999-12-31T23:59:59", "its year is out of range"),
    ("captured_at", "0000-01-01T00:00:00", "it is not a time in ISO 8601"),
    ("captured_at", "yesterday", "it is not a time in ISO 8601"),
    ("captured_at", 1700000000, "it is a number, not a time in ISO 8601"),
    ("captured_at", [["2026-05-13"]], "it is a list, not a time in ISO 8601"),
    ("captured_at", "2026-05-13T10:15:00\0", "it is not a time in ISO 8601"),
    ("video", "line\0.mp4", "it holds characters that cannot be stored"),
    ("video", "\ud83d.mp4", "it holds characters that cannot be stored"),
    ("video", "é" * 501, "it is longer than 1,000 bytes"),
    ("video", [["a", ["b"]]], "it is a list, not text"),
    ("video", 10**30, "it is a number, not text"),
    ("video_id", False, "it is true or false, not text"),
    ("video_id", "\0", "it holds characters that cannot be stored"),
    ("image", "/a\0.jpg", "it holds characters that cannot be stored"),
    ("image", 5, "it is a number, not the address of an image"),
    ("image", ["/a.jpg"], "it is a list, not the address of an image"),
])
def test_read_values__what_cannot_be_kept_is_null_with_a_reason(key: str, value: Any, reason: str) -> None:
    found, right = read_values({**GOOD, key: value}, "image"), read_values(GOOD, "image")
    assert getattr(found, key) in (None, "")
    [note] = found.notes
    assert note["key"] == key
    assert note["reason"].startswith(reason)
    json.dumps(found.notes).encode()  # can be stored
    assert "\0" not in note["reason"]
    for name in GOOD.keys() - {key}:
        assert getattr(found, name) == getattr(right, name)


def test_read_values__an_image_on_a_path_of_keys() -> None:
    assert read_values({"frame": {"urls": ["/a.jpg"]}}, "frame.urls[0]").image == "/a.jpg"
    assert read_values({"frame": {"urls": [7]}}, "frame.urls[0]").notes == [
        {"key": "frame.urls[0]", "reason": "it is a number, not the address of an image"}]
