"""Values of a task's data."""

from __future__ import annotations

from typing import Any

import pytest

from argus.labelstudio.data import data_value


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
