"""What a person changed on a picture, as Label Studio's regions, and what it says of the predicted objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from argus.errors import ArgusError
from argus.labelstudio.brush_rle import encode
from label_studio_config.label_config import image_of
from label_studio_config.project_shape import shape_of
from label_studio_config.tags import read_label_config
from search_service.review.changes import Addition, Canvas, Change, apply
from search_service.review.comparison import compare

SIZE = (200, 100)
CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cpu"/><Label value="fan"/></RectangleLabels>
<BrushLabels name="mask" toName="image"><Label value="cpu"/><Label value="fan"/></BrushLabels>
<PolygonLabels name="outline" toName="image"><Label value="wire"/></PolygonLabels>
<Choices name="light" toName="image"><Choice value="dark"/></Choices></View>"""
ONE, TWO = "0123456789ab", "ba9876543210"


def canvas(xml: str = CONFIG) -> Canvas:
    config = read_label_config(xml)
    image = image_of(config)
    assert image is not None
    return Canvas(config, shape_of({"id": 1, "title": "", "label_config": xml}), image, SIZE)


def box(name: str = ONE, x: float = 10, label: str = "cpu", **more: Any) -> Any:
    return {"id": f"{name}-b", "from_name": "box", "to_name": "image", "type": "rectanglelabels",
            "origin": "prediction", "score": 0.9, "original_width": SIZE[0], "original_height": SIZE[1],
            "value": {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label]}} | more


def mask(name: str = ONE, label: str = "cpu", left: int = 20) -> Any:
    code = encode(np.ones((40, 60), bool), left, 20, *SIZE)
    return {"id": f"{name}-m", "from_name": "mask", "to_name": "image", "type": "brushlabels", "origin": "prediction",
            "score": 0.9, "original_width": SIZE[0], "original_height": SIZE[1],
            "value": {"format": "rle", "rle": code, "brushlabels": [label]}}


def test_nothing_changed__is_the_same_to_the_letter() -> None:
    result = [box(), mask(), {"type": "choices", "from_name": "light", "to_name": "image", "id": "c",
                              "value": {"choices": ["dark"]}}]
    assert apply(canvas(), result, [], []) == result


def test_deleted__a_box_goes_with_its_mask_and_its_relations_and_nothing_else() -> None:
    related = {"type": "relation", "from_id": f"{ONE}-b", "to_id": f"{TWO}-b", "direction": "right"}
    result = [box(), mask(), box(TWO, 60), mask(TWO, left=120), related]
    assert apply(canvas(), result, [Change(ONE, "cpu", deleted=True)], []) == [result[2], result[3]]


def test_relabelled__box_and_mask_and_marked_as_changed() -> None:
    made = apply(canvas(), [box(), mask(), box(TWO, 60)], [Change(ONE, "cpu", new_label="fan")], [])
    assert [item["value"].get("rectanglelabels") or item["value"].get("brushlabels") for item in made] == [
        ["fan"], ["fan"], ["cpu"]]
    assert [item["origin"] for item in made] == ["prediction-changed", "prediction-changed", "prediction"]
    assert made[1]["value"]["rle"] == mask()["value"]["rle"]


def test_moved__the_box_alone_in_percent_of_the_image() -> None:
    made = apply(canvas(), [box(), mask()], [Change(ONE, "cpu", box=(0.05, 0.1, 0.5, 1.0))], [])
    assert {key: made[0]["value"][key] for key in ("x", "y", "width", "height")} == {
        "x": 5.0, "y": 10.0, "width": 45.0, "height": 90.0}
    assert made[1] == mask()


def test_a_shape_with_its_label_apart__is_changed_as_one() -> None:
    xml = """<View><Image name="image" value="$image"/><Rectangle name="shape" toName="image"/>
<Labels name="label" toName="image"><Label value="cpu"/><Label value="fan"/></Labels></View>"""
    shape = box(from_name="shape", type="rectangle", id="x1")
    del shape["value"]["rectanglelabels"]
    label = {**shape, "from_name": "label", "type": "labels", "value": {**shape["value"], "labels": ["cpu"]}}
    made = apply(canvas(xml), [shape, label], [Change("x1", "cpu", new_label="fan", box=(0, 0, 0.5, 0.5))], [])
    assert [item["value"]["width"] for item in made] == [50.0, 50.0] and made[1]["value"]["labels"] == ["fan"]
    assert apply(canvas(xml), [shape, label], [Change("x1", "cpu", deleted=True)], []) == []


def test_two_labels_on_one_region__deleting_one_leaves_the_other() -> None:
    both = box()
    both["value"]["rectanglelabels"] = ["cpu", "fan"]
    (made,) = apply(canvas(), [both], [Change(ONE, "cpu", deleted=True)], [])
    assert made["value"]["rectanglelabels"] == ["fan"] and made["value"]["width"] == 30


def test_added__a_rectangle_or_an_outline_and_what_a_click_found_as_a_persons() -> None:
    drawn, outline = apply(canvas(), [], [], [Addition("fan", (0.1, 0.2, 0.3, 0.6)), Addition("wire", (0, 0, 0.5, 1))])
    assert drawn["value"] == {"x": 10.0, "y": 20.0, "width": 20.0, "height": 40.0, "rotation": 0,
                              "rectanglelabels": ["fan"]}
    assert (drawn["from_name"], drawn["to_name"], drawn["origin"]) == ("box", "image", "manual")
    assert (drawn["original_width"], drawn["original_height"]) == SIZE
    assert outline["value"]["points"] == [[0, 0], [50, 0], [50, 100], [0, 100]] and outline["type"] == "polygonlabels"
    made = apply(canvas(), [box()], [], [Addition("fan", (0.05, 0.2, 0.45, 0.6), [box(), mask()])])
    assert made[0] == box()
    names = {item["id"].partition("-")[0] for item in made[1:]}
    assert len(names) == 1 and names != {ONE}
    assert [item["value"].get("rectanglelabels") or item["value"].get("brushlabels") for item in made[1:]] == [
        ["fan"], ["fan"]]
    assert made[1]["value"]["x"] == 5.0
    assert all(item["origin"] == "manual" and "score" not in item for item in made[1:])


BAD: Sequence[tuple[str, Change | Addition, str]] = (
    ("not_found", Change("ffffffffffff", "cpu", deleted=True), "no object"),
    ("not_found", Change(ONE, "fan", deleted=True), "no object"),
    ("unknown_label", Change(ONE, "cpu", new_label="screw"), "no label 'screw'"),
    ("unknown_label", Change(ONE, "cpu", new_label="wire"), "another kind of shape"),
    ("unknown_label", Addition("screw", (0, 0, 1, 1)), "no label 'screw'"),
    ("bad_request", Change(ONE, "cpu", box=(0.2, 0.2, 0.2, 0.8)), "smaller than one pixel"),
    ("bad_request", Change(ONE, "cpu", box=(0.4, 0.2, 0.2, 0.8)), "smaller than one pixel"),
    ("bad_request", Change(ONE, "cpu", box=(-0.1, 0, 0.5, 0.5)), "outside the image"),
    ("bad_request", Addition("cpu", (0.5, 0.5, 0.5, 0.9)), "smaller than one pixel"),
    ("bad_request", Addition("cpu", (0.5, 0.5, 0.9, 1.01)), "outside the image"),
    ("bad_request", Addition("cpu"), "needs a box"),
    ("bad_request", Change(TWO, "cpu", box=(0, 0, 0.5, 0.5)), "no upright box"))


@pytest.mark.parametrize(("code", "asked", "says"), BAD)
def test_what_cannot_be_done__is_a_sentence(code: str, asked: Change | Addition, says: str) -> None:
    result = [box(), mask(TWO, left=120)]
    with pytest.raises(ArgusError) as caught:
        apply(canvas(), result, *(([asked], []) if isinstance(asked, Change) else ([], [asked])))
    assert caught.value.code == code and says in caught.value.message
    assert result == [box(), mask(TWO, left=120)]


def test_a_turned_box_and_another_images_region__are_left_alone() -> None:
    turned = box()
    turned["value"]["rotation"] = 30
    with pytest.raises(ArgusError, match="no upright box"):
        apply(canvas(), [turned], [Change(ONE, "cpu", box=(0, 0, 0.5, 0.5))], [])
    other = box(TWO, item_index=1)
    assert apply(canvas(), [box(), other], [Change(ONE, "cpu", deleted=True)], []) == [other]
    with pytest.raises(ArgusError, match="no object"):
        apply(canvas(), [box(), other], [Change(TWO, "cpu", deleted=True)], [])


def test_compare__what_a_person_left_against_what_was_predicted() -> None:
    here = canvas()
    predicted = here.objects([box("a" * 12, 0), box("b" * 12, 20), box("c" * 12, 40), box("d" * 12, 65)])
    final = here.objects([box("a" * 12, 0.2), box("b" * 12, 28), box("c" * 12, 40, "fan"), box("e" * 12, 0, "fan")])
    said = {one.object: one for one in compare(predicted, final, SIZE)}
    assert {name: one.verdict for name, one in said.items()} == {
        "a" * 12: "right", "b" * 12: "moved", "c" * 12: "relabelled", "d" * 12: "wrong", "": "added"}
    assert said["b" * 12].box == pytest.approx((0.28, 0.2, 0.58, 0.6)) and said["b" * 12].iou == pytest.approx(22 / 38)
    assert said["c" * 12].new_label == "fan" and said["c" * 12].box is None
    assert said[""].label == "fan" and said[""].score is None


def test_compare__the_same_place_with_the_same_label_comes_first() -> None:
    here = canvas()
    predicted = here.objects([box("a" * 12, 10), box("b" * 12, 10, "fan")])
    final = here.objects([box("c" * 12, 10, "fan"), box("d" * 12, 12)])
    assert [one.verdict for one in compare(predicted, final, SIZE)] == ["moved", "right"]
    assert [one.verdict for one in compare(predicted, [], SIZE)] == ["wrong", "wrong"]
    assert compare([], [], SIZE) == []
