"""What a frame's task holds, by the labelling config. `test_contract.py` asks Label Studio itself."""

from __future__ import annotations

from typing import Any

import pytest

from argus.errors import ArgusError
from argus.labelstudio.task_data import raw_value, set_value
from search_service.frames.frame_data import frame_data

OWN = {"video": "a.mp4", "video_time": 1.0, "frame_number": 25, "video_id": "0123"}


def config(*tags: str) -> str:
    return f"<View>{''.join(tags)}<RectangleLabels name='r' toName='i'><Label value='cpu'/></RectangleLabels></View>"


def made(xml: str) -> dict[str, Any]:
    return frame_data(xml).of("/a.jpg", "a.mp4", "0123", 1.0, 25)


@pytest.mark.parametrize(("image", "data"), [
    ("value='$image'", {"image": "/a.jpg"}), ("value='$frame.url'", {"frame": {"url": "/a.jpg"}}),
    ("value='$frame.urls[0]'", {"frame": {"urls": ["/a.jpg"]}}), ("value='$urls[2]'", {"urls": [None, None, "/a.jpg"]}),
    ("value='$a[1].b.c[0]'", {"a": [None, {"b": {"c": ["/a.jpg"]}}]}), ("valueList='$images'", {"images": ["/a.jpg"]})])
def test_the_image_stands_where_the_config_looks_for_it(image: str, data: dict[str, Any]) -> None:
    assert made(config(f"<Image name='i' {image}/>")) == OWN | data


def test_an_empty_config_has_its_image_at_image() -> None:
    assert made("") == made("<View/>") == OWN | {"image": "/a.jpg"}


@pytest.mark.parametrize(("further", "keys"), [
    ("<Text name='t' value='$title'/>", ["title"]), ("<Text name='v' value='$video'/>", ["video"]),
    ("<Image name='j' value='$frame.other'/><Text name='t' value='$title'/>", ["frame.other", "title"])])
def test_what_label_studio_takes_no_files_for_is_told_before_anything_is_sent(further: str, keys: list[str]) -> None:
    with pytest.raises(ArgusError, match="takes uploads only") as caught:
        made(config("<Image name='i' value='$frame.url'/>", further))
    assert (caught.value.code, caught.value.details["keys"], bool(caught.value.hint)) == ("bad_request", keys, True)


@pytest.mark.parametrize("image", ["$video", "$video_id", "$urls[1000000]"])
def test_what_stands_in_the_way_is_told(image: str) -> None:
    with pytest.raises(ArgusError) as caught:
        made(config(f"<Image name='i' value='{image}'/>"))
    assert (caught.value.code, bool(caught.value.hint)) == ("bad_request", True)


@pytest.mark.parametrize("key", ["a", "a.b", "a[0]", "a.b[2].c", "a[1][2]"])
def test_set_value__is_what_raw_value_finds(key: str) -> None:
    data: dict[str, Any] = {}
    set_value(data, key, "x")
    assert raw_value(data, key) == "x"
