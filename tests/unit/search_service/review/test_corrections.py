"""A prediction as people corrected it."""

from __future__ import annotations

from typing import Any

import pytest

from argus.errors import ArgusError
from label_studio_config.label_config import image_of
from label_studio_config.project_shape import shape_of
from label_studio_config.tags import read_label_config
from search_service.review.changes import Addition, Canvas, Change
from search_service.review.corrections import Correction, corrected

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cpu"/><Label value="fan"/></RectangleLabels>
<BrushLabels name="mask" toName="image"><Label value="cpu"/></BrushLabels></View>"""
ONE, TWO = "0123456789ab", "ba9876543210"


def canvas() -> Canvas:
    config = read_label_config(CONFIG)
    image = image_of(config)
    assert image is not None
    return Canvas(config, shape_of({"id": 1, "title": "", "label_config": CONFIG}), image, (200, 100))


def region(name: str, kind: str = "b", label: str = "cpu") -> Any:
    value = {"rectanglelabels": [label], "x": 1.0, "y": 2.0, "width": 30.0, "height": 40.0, "rotation": 0} \
        if kind == "b" else {"brushlabels": [label], "format": "rle", "rle": [1, 2, 3]}  # never decoded
    return {"id": f"{name}-{kind}", "from_name": "box" if kind == "b" else "mask", "to_name": "image", "score": 0.9,
            "type": "rectanglelabels" if kind == "b" else "brushlabels", "original_width": 200,
            "original_height": 100, "value": value}


def test_rejected__needs_no_labelling_config_and_takes_the_mask_along() -> None:
    result = [region(ONE), region(ONE, "m"), region(TWO)]
    assert corrected(None, result, Correction(frozenset({ONE}))) == [result[2]]


def test_moved__the_box_has_its_new_edges_and_the_mask_stays_to_the_letter() -> None:
    result = [region(ONE), region(ONE, "m"), region(TWO)]
    made = corrected(canvas(), result, Correction(changes={ONE: Change(ONE, "cpu", box=(0.1, 0.2, 0.6, 1.0))}))
    assert made[1:] == result[1:]
    assert made[0]["origin"] == "prediction-changed"
    assert made[0]["value"] == {**result[0]["value"], "x": 10.0, "y": 20.0, "width": 50.0, "height": 80.0}


def test_added__is_a_box_that_a_person_drew() -> None:
    (made,) = corrected(canvas(), [], Correction(added=(Addition("fan", (0.0, 0.0, 0.5, 0.5)),)))
    assert (made["origin"], made["value"]["rectanglelabels"], made["value"]["width"]) == ("manual", ["fan"], 50.0)
    assert "score" not in made


@pytest.mark.parametrize(("correction", "code"), [
    (Correction(frozenset({"gone"})), "not_found"),
    (Correction(changes={"gone": Change("gone", "cpu", new_label="fan")}), "not_found"),
    (Correction(changes={ONE: Change(ONE, "cpu", new_label="fan")}), "unknown_label"),  # it has a mask, and fans none
    (Correction(changes={TWO: Change(TWO, "cpu", box=(0.1, 0.1, 0.5, 0.5))}), "bad_request"),  # it has no box
    (Correction(added=(Addition("fan", (0.0, 0.0, 0.001, 0.5)),)), "bad_request"),  # less than a pixel
    (Correction(added=(Addition("wire", (0.0, 0.0, 0.5, 0.5)),)), "unknown_label")])
def test_what_does_not_fit__is_refused(correction: Correction, code: str) -> None:
    with pytest.raises(ArgusError) as refused:
        corrected(canvas(), [region(ONE), region(ONE, "m"), region(TWO, "m")], correction)
    assert refused.value.code == code
