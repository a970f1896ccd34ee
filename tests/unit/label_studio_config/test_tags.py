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


@pytest.mark.parametrize(("xml", "shown"), [
    ('<Image name="i" value="$frame.urls[0]"/><Text name="t" value="$title"/>', ("frame.urls[0]", "title")),
    ('<Image name="i" value="https://host/$file.jpg?x=$y"/><Header value="$shown"/>', ("file",)),
    ('<Image name="i" valueList="$images"/><Labels name="l" toName="i" value="$labels"/>', ("labels",)),
    ('<Repeater on="$pages"><Image name="i_{{idx}}" value="$pages[{{idx}}]"/></Repeater>', 
     ("pages[{{idx}}]",)),
    ('<Image name="i" value="photo"/><Image name="j" value="$"/>', ())])
def test_the_keys_that_label_studio_counts(xml: str, shown: tuple[str, ...]) -> None:
    assert read_label_config(f"<View>{xml}</View>").shown == shown


def labelled(labels: str, further: str = "") -> str:
    return (f'<View><Image name="i" value="$i"/><RectangleLabels name="longer" toName="i">{labels}</RectangleLabels>'
            f"{further}</View>")


@pytest.mark.parametrize(("labels", "coco", "yolo"), [
    ('<Label value="fan"/><Label value="cpu"/>', {"fan": 1, "cpu": 2}, {"fan": 0, "cpu": 1}),
    ('<Label value="fan" category="7"/><Label value="cpu" category="0"/>', {"fan": 7, "cpu": 0}, {"fan": 7, "cpu": 0}),
    ('<Label value="a"/><Label value="b" category="1"/><Label value="c"/>', {"a": 2, "b": 1, "c": 3},
     {"a": 0, "b": 1, "c": 2})])
def test_category_ids__never_move_when_something_is_added_below(labels: str, coco: dict[str, int],
                                                                yolo: dict[str, int]) -> None:
    below = ('<BrushLabels name="b" toName="i"><Label value="a new one"/><Label value="cpu"/></BrushLabels>'
             '<Labels name="x" toName="i"><Label value="another"/></Labels><Rectangle name="r" toName="i"/>')
    for further in ("", below):
        for first, expected in ((1, coco), (0, yolo)):
            ids = shape(labelled(labels, further)).category_ids(first)
            assert {label: ids[label] for label in expected} == expected
            assert len(set(ids.values())) == len(ids)


@pytest.mark.parametrize("labels", ['<Label value="a" category="x"/>', '<Label value="a" category="-1"/>',
                                    '<Label value="a" category="10000"/>', '<Label value="a" category="1.5"/>',
                                    '<Label value="a" category="1"/><Label value="b" category="1"/>'])
def test_category_ids__what_cannot_be_one_is_told(labels: str) -> None:
    with pytest.raises(ArgusError, match="category") as caught:
        shape(labelled(labels))
    assert (caught.value.code, bool(caught.value.hint)) == ("bad_label_config", True)


def test_regions_of_image__those_of_other_images_are_told() -> None:
    xml = (FOLDER / "two_images.xml").read_text("utf-8")
    kept, reasons = shape(xml).regions_of_image([{"to_name": "before", "id": "1"}, {"to_name": "after", "id": "2"},
                                                 {"type": "relation"}, {"to_name": "renamed", "id": "3"}])
    assert [region.get("id") for region in kept] == ["1", None, "3"]
    assert reasons == ["on another image of the task: after"]
    pages = shape((FOLDER / "value_list.xml").read_text("utf-8"))
    kept, reasons = pages.regions_of_image([{"to_name": "pages"}, *({"to_name": "pages", "item_index": n}
                                                                   for n in (0, 1))])
    assert (len(kept), reasons) == (2, ["on a further image of the task"])


def test_keypoints_and_tags_of_text_give_an_export_no_label() -> None:
    xml = ('<View><Image name="i" value="$i"/><Text name="t" value="$t"/><KeyPointLabels name="k" toName="i">'
           '<Label value="corner"/></KeyPointLabels><Labels name="l" toName="t"><Label value="word"/></Labels></View>')
    with pytest.raises(ArgusError, match="no labels for regions of an image"):
        shape(xml)
