"""Masks beside the boxes of a labelling config."""

from __future__ import annotations

import pytest
from label_studio_sdk.label_interface import LabelInterface

from argus.errors import ArgusError
from label_studio_config.label_config import parse_label_config
from label_studio_config.shapes import has_outlines, new_label_config, same_shapes, with_masks


def controls(xml: str) -> list[tuple[str, str, tuple[str, ...]]]:
    plan = parse_label_config(xml, default_threshold=0.4)
    return [(control.name, control.kind, control.labels) for control in plan.controls]


def test_new_label_config__has_boxes_and_masks_only_when_asked() -> None:
    labels = ["cpu", "ram stick", 'a "b" & <c>']
    boxes, both = new_label_config(labels), new_label_config(labels, masks=True)
    assert controls(boxes) == [("box", "rectanglelabels", tuple(labels))]
    assert controls(both) == [("box", "rectanglelabels", tuple(labels)), ("mask", "brushlabels", tuple(labels))]
    assert (has_outlines(boxes), has_outlines(both), same_shapes(boxes, both)) == (False, True, False)
    for xml in (boxes, both):
        LabelInterface(xml).validate()  # Label Studio's own reading of it


def test_with_masks__keeps_what_people_wrote_and_adds_only_what_lacks_masks() -> None:
    xml = ('<View><!-- ours --><Image name="photo" value="$url"/><View style="width: 1px"><RectangleLabels name="part" '
           'toName="photo" choice="single"><Label value="Hard disk" alias="hdd" hotkey="1" background="#123456" '
           'category="7"/><Label value="fan"/><Label value="screw" model_skip="true"/></RectangleLabels></View>'
           '<PolygonLabels name="mask" toName="photo"><Label value="fan"/></PolygonLabels>'
           '<Choices name="light" toName="photo"><Choice value="good"/></Choices></View>')
    made = with_masks(xml)
    assert made.added == ("hdd",)  # the fan has an outline, the screw is left to people
    assert controls(made.xml) == [("part", "rectanglelabels", ("hdd", "fan")), ("mask-2", "brushlabels", ("hdd",)),
                                  ("mask", "polygonlabels", ("fan",))]
    assert '<Label value="Hard disk" alias="hdd" background="#123456" category="7" />' in made.xml
    for kept in ("<!-- ours -->", 'choice="single"', 'hotkey="1"', '<Choice value="good" />', 'style="width: 1px"'):
        assert kept in made.xml
    LabelInterface(made.xml).validate()
    assert with_masks(made.xml).added == () and with_masks(made.xml).xml == made.xml


def test_with_masks__has_nothing_to_add_where_there_are_no_boxes() -> None:
    xml = ('<View><Image name="i" value="$image"/><PolygonLabels name="p" toName="i"><Label value="cpu"/>'
           "</PolygonLabels></View>")
    assert with_masks(xml).added == () and with_masks(xml).xml == xml
    with pytest.raises(ArgusError) as caught:
        with_masks('<View><Image name="i" value="$image"/></View>')
    assert caught.value.code == "bad_label_config"


@pytest.mark.parametrize(("old", "new", "same"), [
    ('<Label value="cpu"/>', '<Label value="cpu" background="#000000"/>', True),  # a colour is no shape
    ('<Label value="cpu"/>', '<Label value="cpu" model_score_threshold="0.9"/>', True),  # the recipe's affair
    ('<Label value="cpu"/>', '<Label value="cpu"/><Label value="fan"/>', False)])
def test_same_shapes__is_about_tags_and_their_labels(old: str, new: str, same: bool) -> None:
    xml = '<View><Image name="i" value="$image"/><RectangleLabels name="b" toName="i">{}</RectangleLabels></View>'
    assert same_shapes(xml.format(old), xml.format(new)) is same
    assert same_shapes("<View></View>", "<View>no config</View>")
