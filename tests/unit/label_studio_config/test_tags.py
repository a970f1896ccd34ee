"""One reader of labelling configs: what is filled, searched and exported comes from the same tags in the same order."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus.errors import ArgusError
from label_studio_config.label_config import parse_label_config
from label_studio_config.project_shape import ProjectShape, shape_of
from label_studio_config.tags import read_label_config
from search_service.sync.tasks import image_key

FOLDER = Path(__file__).parents[2] / "data" / "label_configs"


def shape(xml: str) -> ProjectShape:
    return shape_of({"id": 1, "title": "t", "label_config": xml})


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.xml")))
def test_what_is_filled_is_what_is_searched_and_exported(name: str) -> None:
    xml = (FOLDER / f"{name}.xml").read_text("utf-8")
    try:
        plan = parse_label_config(xml, default_threshold=0.4)
    except ArgusError:
        return  # nothing is filled
    assert image_key(xml) == shape(xml).image_key == plan.image.key
    assert set(shape(xml).labels) >= {concept.label for concept in plan.concepts}
    assert {control.image for control in plan.controls} == {plan.image}


def test_labels_come_in_the_order_of_the_xml_from_tags_in_any_case() -> None:
    xml = ('<View><Image name="i" value="$photo"/><polygonlabels name="a longer name" toName="i"><LABEL value="fan"/>'
           '<label value="cpu"/></polygonlabels><RECTANGLELABELS name="b" toName="i"><Label value="hdd"/>'
           '<Label value="Cpu" alias="cpu"/></RECTANGLELABELS></View>')
    assert shape(xml).labels == ("fan", "cpu", "hdd")
    assert [c.label for c in parse_label_config(xml, default_threshold=0).concepts] == ["fan", "cpu", "hdd"]


@pytest.mark.parametrize(("control", "key"), [("reference", "url_a"), ("part", "frame.urls[1]"),
                                              ("reference, part", "url_a")])
def test_each_control_knows_its_image(control: str, key: str) -> None:
    xml = ('<View><Image name="reference" value="$url_a"/><image name="part" value="$frame.urls[1]"/>'
           f'<RectangleLabels name="r" toName="{control}"><Label value="cpu"/></RectangleLabels></View>')
    (tag,) = read_label_config(xml).controls
    assert tag.images[0].key == key and ", ".join(image.name for image in tag.images) == control
    assert parse_label_config(xml, default_threshold=0).controls[0].image.key == key
    assert (image_key(xml), shape(xml).image_key) == (key, key)


def test_what_is_drawn_by_hand_only_is_searched_and_exported_from_its_own_image() -> None:
    xml = ('<View><Image name="map" value="$map"/><Image name="part" value="$part"/><Labels name="l" toName="part">'
           '<Label value="cpu"/></Labels><Rectangle name="r" toName="part"/></View>')
    assert (image_key(xml), shape(xml).image_key, shape(xml).labels) == ("part", "part", ("cpu",))


def test_a_label_belongs_to_the_nearest_control_around_it() -> None:
    xml = ('<View><Image name="i" value="$i"/><Labels name="outer" toName="i"><Label value="a"/><View>'
           '<BrushLabels name="inner" toName="i"><Label value="b"/></BrushLabels></View><Label value="c"/></Labels>'
           "</View>")
    assert [(tag.name, [label.name for label in tag.labels]) for tag in read_label_config(xml).controls] == [
        ("outer", ["a", "c"]), ("inner", ["b"])]


def test_a_control_that_is_nested_ten_thousand_times_is_read_in_one_pass() -> None:
    depth = 10_000
    xml = "<Labels>" * depth + '<Label value="a"/>' + "</Labels>" * depth
    assert len(read_label_config(xml).controls) == depth


@pytest.mark.parametrize("value", ["https://images.example.com/$file.jpg", "photo", ""])
def test_an_image_of_which_the_task_holds_no_address_is_exported_by_nobody(value: str) -> None:
    xml = (f'<View><Image name="i" value="{value}"/><RectangleLabels name="r" toName="i"><Label value="cpu"/>'
           "</RectangleLabels></View>")
    with pytest.raises(ArgusError) as caught:
        shape(xml)
    assert caught.value.code == "bad_label_config"


def test_keypoints_and_tags_of_text_give_an_export_no_label() -> None:
    xml = ('<View><Image name="i" value="$i"/><Text name="t" value="$t"/><KeyPointLabels name="k" toName="i">'
           '<Label value="corner"/></KeyPointLabels><Labels name="l" toName="t"><Label value="word"/></Labels></View>')
    with pytest.raises(ArgusError, match="no labels for regions of an image"):
        shape(xml)
