"""What a frame's task holds, by the labelling config; `integration/test_contract.py` asks Label Studio itself."""

from __future__ import annotations

from typing import Any

import pytest

from argus.errors import ArgusError
from argus.labelstudio.task_data import raw_value, set_value
from search_service.frames.frame_data import frame_data, read_given

OWN = {"video": "a.mp4", "video_time": 1.0, "frame_number": 25, "video_id": "0123"}


def config(*tags: str) -> str:
    return f"<View>{''.join(tags)}<RectangleLabels name='r' toName='i'><Label value='cpu'/></RectangleLabels></View>"


def made(xml: str, **given: Any) -> dict[str, Any]:
    return frame_data(xml, given).of("/a.jpg", "a.mp4", "0123", 1.0, 25)


@pytest.mark.parametrize(("image", "data"), [
    ("value='$image'", {"image": "/a.jpg"}), ("value='$frame.url'", {"frame": {"url": "/a.jpg"}}),
    ("value='$frame.urls[0]'", {"frame": {"urls": ["/a.jpg"]}}), ("value='$urls[2]'", {"urls": [None, None, "/a.jpg"]}),
    ("value='$a[1].b.c[0]'", {"a": [None, {"b": {"c": ["/a.jpg"]}}]}), ("valueList='$images'", {"images": ["/a.jpg"]})])
def test_the_image_stands_where_the_config_looks_for_it(image: str, data: dict[str, Any]) -> None:
    assert made(config(f"<Image name='i' {image}/>")) == OWN | data


def test_an_empty_config_has_its_image_at_image() -> None:
    assert made("") == made("<View/>") == OWN | {"image": "/a.jpg"}


def test_what_else_the_config_asks_for_is_told_before_anything_is_imported_and_can_be_given() -> None:
    xml = config("<Image name='i' value='$frame.url'/>", "<Text name='t' value='$title'/>",
                 "<Text name='v' value='$video'/>", "<Text name='l' value='$frame.line'/>")
    with pytest.raises(ArgusError, match="title, frame.line") as caught:
        made(xml)
    assert (caught.value.code, caught.value.details["keys"]) == ("bad_request", ["title", "frame.line"])
    assert "--data title=" in caught.value.hint
    assert made(xml, **{"title": "A", "frame.line": "7"}) == OWN | {
        "frame": {"url": "/a.jpg", "line": "7"}, "title": "A"}


@pytest.mark.parametrize(("xml", "given"), [
    (config("<Image name='i' value='$frame.url'/>"), {"frame": "text"}),
    (config("<Image name='i' value='$image'/>"), {"video": "b.mp4"}),
    (config("<Image name='i' value='$urls[1000000]'/>"), {})])
def test_what_stands_in_the_way_is_told(xml: str, given: dict[str, Any]) -> None:
    with pytest.raises(ArgusError) as caught:
        made(xml, **given)
    assert (caught.value.code, bool(caught.value.hint)) == ("bad_request", True)


def test_read_given() -> None:
    assert read_given(["line=7", "$tags=[\"a\", 1]", "note=[half", "a.b=x=y", "empty="]) == {
        "line": "7", "tags": ["a", 1], "note": "[half", "a.b": "x=y", "empty": ""}
    for text in ("line", "=7"):
        with pytest.raises(ArgusError, match="KEY=VALUE"):
            read_given([text])


@pytest.mark.parametrize("key", ["a", "a.b", "a[0]", "a.b[2].c", "a[1][2]"])
def test_set_value__is_what_raw_value_finds(key: str) -> None:
    data: dict[str, Any] = {}
    set_value(data, key, "x")
    assert raw_value(data, key) == "x"
