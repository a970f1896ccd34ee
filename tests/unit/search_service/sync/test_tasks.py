"""Which field of a task holds its image: a labelling config may come from anybody."""

from __future__ import annotations

import pytest

from search_service.sync.tasks import image_key

IMAGE = '<View><Image name="i" value="$photo"/></View>'


@pytest.mark.parametrize(("config", "key"), [
    ('<View><Image name="i" value="$photo"/><RectangleLabels name="l" toName="i"><Label value="cpu"/></RectangleLabels>'
     "</View>", "photo"),
    (IMAGE, "photo"),  # without labels it can still be searched
    ("", "image"), ("<View/>", "image"), ("<View", "image"), ('<View><Image name="i" value="photo"/></View>', "image"),
])
def test_image_key(config: str, key: str) -> None:
    assert image_key(config) == key


@pytest.mark.parametrize("hostile", [
    '<!DOCTYPE View [<!ENTITY e "$photo">]><View><Image name="i" value="&e;"/></View>',
    '<!doctype View SYSTEM "http://127.0.0.1/x.dtd">' + IMAGE,
    IMAGE + " " * 2**20,
])
def test_image_key__what_the_safe_parser_refuses_is_parsed_nowhere_else(hostile: str) -> None:
    assert image_key(hostile) == "image"
