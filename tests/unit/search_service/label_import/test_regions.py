"""Objects of label files as regions, in the shapes that a labelling config has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from argus.labelstudio.geometry import rectangle_ring
from argus.labelstudio.regions import read_objects
from label_studio_config.label_config import image_of
from label_studio_config.tags import read_label_config
from search_service.label_import import coco_masks, turned
from search_service.label_import.found import LabelledImage, LabelledObject
from search_service.label_import.regions import Built, Tags, build, digest

SIZE = (200, 100)
BOX = (0.1, 0.1, 0.4, 0.4)
KINDS = ("RectangleLabels", "BrushLabels", "PolygonLabels", "EllipseLabels")


def tags(*kinds: str) -> Tags:
    config = read_label_config("<View><Image name='image' value='$image'/>" + "".join(
        f"<{kind} name='{kind}' toName='image'><Label value='cpu'/></{kind}>" for kind in kinds) + "</View>")
    image = image_of(config)
    assert image
    return Tags(config, image)


def built(*kinds: str, **more: Any) -> Built:
    one = LabelledObject(**{"label": "CPU", "entry": "line 1", "box": BOX, **more})
    return build(LabelledImage("a.jpg", "a.txt", objects=[one]), tags(*kinds), SIZE, "coco", "prediction")


def shapes(found: Built) -> list[str]:
    return [region["type"] for region in found.regions]


def mask() -> coco_masks.Runs:
    bits = np.zeros((100, 200), bool)
    bits[10:40, 20:80] = True
    bits[20:30, 30:50] = False
    return coco_masks.from_mask(bits)


RING = ((0.1, 0.1), (0.4, 0.1), (0.3, 0.4))
EVERY: dict[str, dict[str, Any]] = {"box": {}, "outline": {"rings": (list(RING),)}, "mask": {"mask": mask()}}


@pytest.mark.parametrize(("shape", "kinds", "expected", "lost"), [
    ("box", KINDS, ["rectanglelabels"], False), ("box", KINDS[2:3], ["polygonlabels"], False),
    ("box", KINDS[1:2], ["brushlabels"], True), ("box", KINDS[3:], [], False),
    ("outline", KINDS, ["rectanglelabels", "polygonlabels"], False), ("outline", KINDS[:1], ["rectanglelabels"], True),
    ("outline", KINDS[:2], ["rectanglelabels", "brushlabels"], True),
    ("mask", KINDS, ["rectanglelabels", "brushlabels"], False), ("mask", KINDS[:1], ["rectanglelabels"], True),
    ("mask", KINDS[2:3], ["polygonlabels"], True)])
def test_the_shapes_that_the_config_has_are_taken_and_a_loss_is_told(
        shape: str, kinds: tuple[str, ...], expected: list[str], lost: bool) -> None:
    found = built(*kinds, **EVERY[shape], score=.25)
    assert shapes(found) == expected and bool(found.losses) == lost and bool(found.unfit) == (not expected)
    assert all(region["score"] == .25 and region["original_width"] == 200 for region in found.regions)
    objects, reasons = read_objects(found.regions, ["cpu"], *SIZE)
    assert reasons == [] and len(objects) == bool(expected)
    if shape == "mask" and "brushlabels" in expected:
        assert (objects[0].mask == mask().mask()).all()


def test_a_mask_of_another_size_and_a_label_that_is_not_there_are_told() -> None:
    found = built(*KINDS, mask=coco_masks.from_mask(np.ones((10, 10), bool)))
    assert found.unfit == [("line 1", "the mask is for 10 × 10 pixels, the task's image has 200 × 100")]
    assert built(*KINDS, label="fan").lacking == {"fan": 1}
    assert built(*KINDS, mask=mask(), crowd=True).losses == {"a crowd becomes one object": 1}


def test_an_id_of_any_text_makes_an_id() -> None:
    names = [region["id"] for region in built(*KINDS, group="\ud800").regions + built(*KINDS, group="x").regions]
    assert len(set(names)) == 2 and all(len(name) == 14 for name in names)


def test_the_corners_of_an_upright_box_are_the_box() -> None:
    assert shapes(built(*KINDS, rings=([(0.4, 0.1), (0.4, 0.4), (0.1, 0.4), (0.1, 0.1)],))) == ["rectanglelabels"]
    assert shapes(built(*KINDS[2:3], rings=([(0.4, 0.1), (0.4, 0.4), (0.1, 0.4), (0.1, 0.1)],))) == ["polygonlabels"]


def test_turned_boxes_keep_their_angle_and_the_digits_of_their_corners() -> None:
    random = np.random.default_rng(4)
    for _ in range(300):
        width, height = (int(side) for side in random.integers(50, 2000, 2))
        value: Any = {"x": 40, "y": 40, "width": random.uniform(2, 20), "height": random.uniform(2, 20),
                      "rotation": random.uniform(0, 360)}
        ring = rectangle_ring(value, width, height)
        if random.random() < .5:
            ring = ring[::-1]
        rounded = [(round(x / width, 6) * width, round(y / height, 6) * height) for x, y in ring]
        found = turned.rectangle(rounded, (.4999e-6 * width, .4999e-6 * height))
        assert found is not None
        x, y, w, h, rotation = found
        again = rectangle_ring({"x": 100 * x / width, "y": 100 * y / height, "width": 100 * w / width,
                                "height": 100 * h / height, "rotation": rotation}, width, height)
        assert {(round(x / width, 6), round(y / height, 6)) for x, y in again} == {
            (round(x / width, 6), round(y / height, 6)) for x, y in ring}
        assert math.isclose(math.sin(math.radians(2 * (rotation - value["rotation"]))), 0, abs_tol=.02)
    assert turned.rectangle([(0, 0), (50, 0), (60, 20), (0, 20)], (1e-4, 1e-4)) is None


def test_digest__numbers_that_went_through_a_database_are_the_same() -> None:
    regions: Any = [{"id": "a", "value": {"x": 1 / 3, "y": -0.0, "width": 25.0}}]
    stored: Any = [{"value": {"width": 25, "y": 0, "x": 0.333333333333333}, "id": "a"}]
    assert digest(regions) == digest(stored)
    stored[0]["value"]["x"] = 0.34
    assert digest(regions) != digest(stored)
