"""Values of a task's data."""

from __future__ import annotations

from typing import Any

import pytest

from argus.labelstudio.task_data import data_value, moment


@pytest.mark.parametrize(("data", "key", "expected"), [
    ({"image": "/a.jpg"}, "image", "/a.jpg"), ({"a.b": "/flat.jpg", "a": {"b": "/deep.jpg"}}, "a.b", "/flat.jpg"),
    ({"a": {"b": "/deep.jpg"}}, "a.b", "/deep.jpg"),
    ({"frames": [{"url": "/0"}, {"url": "/1"}]}, "frames[1].url", "/1"),
    ({"frames": ["/0"]}, "frames[1]", None), ({"frames": ["/0"]}, "frames.x", None), ({"a": 5}, "a", None),
    ({"a": ""}, "a", None), ({}, "a", None), (None, "a", None), ([1], "a", None), ({"a": "b\0c"}, "a", None),
    ({"a": "\ud800"}, "a", None), ({"a": {"b": "x"}}, "a.b.c", None), ({"a": "x"}, "a[0]", None),
])
def test_data_value(data: Any, key: str, expected: str | None) -> None:
    assert data_value(data, key) == expected


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-09:00", "0001-01-01T00:00:00+09:00", "9999-01-01"])
def test_moment__what_some_zone_cannot_show_is_out_of_range(text: str) -> None:
    with pytest.raises(OverflowError):
        moment(text)


@pytest.mark.parametrize("text", ["", "yesterday", "0000-01-01", "2026-05-13T10:15:00\0", "2026-13-01"])
def test_moment__what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=".+"):
        moment(text)
