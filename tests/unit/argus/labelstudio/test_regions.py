from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from label_studio_sdk.converter import brush

from argus.labelstudio.regions import count_objects, image_size, newest_annotation, read_objects

WIDTH, HEIGHT, LABELS = 200, 100, ("cpu", "fan")


def region(kind: str, value: dict[str, Any], label: str | None = "cpu", id: str = "r", **more: Any) -> dict[str, Any]:
    return {"id": id, "from_name": kind, "to_name": "image", "type": kind, "original_width": WIDTH,
            "original_height": HEIGHT, "value": value | ({kind: [label]} if label else {}), **more}


def rectangle(x: float, y: float, w: float, h: float, **more: Any) -> dict[str, Any]:
    rotation = more.pop("rotation", 0)
    return region("rectanglelabels", {"x": x, "y": y, "width": w, "height": h, "rotation": rotation}, **more)


def brush_of(mask: np.ndarray, **more: Any) -> dict[str, Any]:
    code = brush.mask2rle((mask * 255).astype(np.uint8))
    return region("brushlabels", {"format": "rle", "rle": code}, **more)


def patch(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def read(*regions: dict[str, Any]) -> tuple[list[Any], list[str]]:
    return read_objects(regions, LABELS, WIDTH, HEIGHT)


def test_read_objects__a_rectangle_in_pixels_with_its_score() -> None:
    (item,), reasons = read(rectangle(10, 10, 20, 40, score=0.91))
    assert (item.label, item.box, item.score, item.rings, item.mask) == ("cpu", (20, 10, 60, 50), 0.91, (), None)
    assert (item.area, reasons) == (40 * 40, [])


def test_read_objects__box_and_mask_of_one_object_are_one() -> None:
    mask = patch(22, 12, 60, 50)
    (item,), _ = read(rectangle(10, 10, 20, 40, id="0123456789ab-b", score=0.9),
                      brush_of(mask, id="0123456789ab-m", score=0.9))
    assert item.box == (20, 10, 60, 50)  # the box keeps its own sides
    assert np.array_equal(item.mask, mask)
    assert (item.area, item.regions) == (mask.sum(), ("0123456789ab-b", "0123456789ab-m"))


def test_read_objects__a_box_that_a_person_moved_away_from_its_mask_is_still_one_object() -> None:
    items, _ = read(rectangle(60, 10, 20, 40, id="0123456789ab-b"),
                    brush_of(patch(20, 10, 60, 50), id="0123456789ab-m"))
    assert len(items) == 1


def test_read_objects__a_part_that_a_person_relabelled_is_an_object_of_its_own() -> None:
    items, _ = read(rectangle(10, 10, 20, 40, id="0123456789ab-b", label="fan"),
                    brush_of(patch(20, 10, 60, 50), id="0123456789ab-m"))
    assert [item.label for item in items] == ["fan", "cpu"]


@pytest.mark.parametrize(("x0", "joined"), [(20, True), (23, True), (29, False)])
def test_read_objects__what_a_person_drew_is_joined_by_overlap(x0: int, joined: bool) -> None:
    # 40 pixels wide: shifted by 3 the overlap is 37/43 = 0.86, by 9 it is 31/49 = 0.63.
    items, _ = read(rectangle(10, 10, 20, 40, id="Xy1"), brush_of(patch(x0, 10, x0 + 40, 50), id="Xy2"))
    assert len(items) == (1 if joined else 2)


def test_read_objects__overlap_joins_only_the_same_label() -> None:
    items, _ = read(rectangle(10, 10, 20, 40, id="a", label="fan"), brush_of(patch(20, 10, 60, 50), id="b"))
    assert len(items) == 2


def test_read_objects__two_boxes_in_one_place_are_two_objects() -> None:
    items, _ = read(rectangle(10, 10, 20, 40, id="a"), rectangle(10, 10, 20, 40, id="b"))
    assert len(items) == 2


def test_read_objects__parts_of_a_polygon_are_one_object() -> None:
    def points(x: float) -> dict[str, Any]:
        return {"points": [[x, 10], [x + 10, 10], [x + 10, 30]], "closed": True}

    (item,), _ = read(region("polygonlabels", points(10), id="0123456789ab-p"),
                      region("polygonlabels", points(50), id="0123456789ab-p1"))
    assert item.rings == ([(20, 10), (40, 10), (40, 30)], [(100, 10), (120, 10), (120, 30)])
    assert (item.box, item.area) == ((20, 10, 120, 30), 2 * 200)


def test_read_objects__a_rotated_rectangle_has_its_true_outline() -> None:
    (item,), _ = read(rectangle(50, 10, 20, 10, rotation=90))
    assert item.box == pytest.approx((90, 10, 100, 50))
    assert np.allclose(item.rings[0], [(100, 10), (100, 50), (90, 50), (90, 10)])


def test_read_objects__a_box_over_the_edge_is_cut() -> None:
    (item,), _ = read(rectangle(-5, 50, 10, 60))
    assert item.box == (0, 50, 10, 100)


def test_read_objects__shape_and_label_in_two_items() -> None:
    value = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0}
    result = [region("rectangle", value, label=None), region("labels", value | {"labels": ["fan"]}, label=None)]
    (item,), reasons = read(*result)
    assert (item.label, item.box, reasons) == ("fan", (20, 10, 60, 50), [])


@pytest.mark.parametrize(("bad", "reason"), [
    (rectangle(10, 10, 20, 40, label=None), "rectangle without a label"),
    (rectangle(10, 10, 20, 40, label="teapot"), "label not in the labelling config: teapot"),
    (rectangle(110, 10, 20, 40), "outside the image"),
    (rectangle(10, 10, 0, 40), "outside the image"),
    (region("polygonlabels", {"points": [[1, 1], [2, 2]]}), "outside the image"),
    (region("keypointlabels", {"x": 1, "y": 1, "width": 1}), "keypoint regions are not exported"),
    (brush_of(patch(0, 0, 0, 0)), "empty mask"),
    (region("brushlabels", {"rle": [1, 2, 3]}), "damaged region"),
    (region("rectanglelabels", {"height": 3}), "damaged region"),
    (brush_of(np.ones((4, 4), bool), original_width=4, original_height=4), "mask made for an image of 4x4"),
])
def test_read_objects__says_why_a_region_is_left_out_and_goes_on(bad: dict[str, Any], reason: str) -> None:
    items, reasons = read(bad | {"id": "bad"}, rectangle(10, 10, 20, 40, id="good"))
    assert [item.regions for item in items] == [("good",)]
    assert len(reasons) == 1
    assert reasons[0].startswith(reason)


def test_read_objects__a_relation_is_no_region() -> None:
    assert read({"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}) == ([], [])


def test_count_objects__box_and_mask_once_and_every_label() -> None:
    result = [rectangle(1, 1, 2, 2, id="0123456789ab-b"), region("brushlabels", {"rle": []}, id="0123456789ab-m"),
              rectangle(1, 1, 2, 2, id="0123456789ac-b"), rectangle(1, 1, 2, 2, id="drawn")]
    assert count_objects(result) == 3
    assert count_objects([]) == 0


def test_newest_annotation__last_changed_and_not_skipped() -> None:
    def annotation(id: int, updated: str, cancelled: bool = False) -> dict[str, Any]:
        return {"id": id, "updated_at": updated, "was_cancelled": cancelled}

    chosen = newest_annotation([annotation(1, "2026-01-03"), annotation(2, "2026-01-02"),
                                annotation(3, "2026-01-04", True)])
    assert chosen is not None
    assert chosen["id"] == 1
    assert newest_annotation([annotation(3, "2026-01-04", True)]) is None


def test_image_size__what_most_regions_say() -> None:
    one = {"original_width": 10, "original_height": 20}
    assert image_size([one, one, {"original_width": 1, "original_height": 1}, {"type": "choices"}]) == (10, 20)
    assert image_size([]) is None


@pytest.mark.parametrize("value", ["x", "", [], {}, None, float("nan"), float("inf"), 0, -3, 10**30])
def test_image_size__what_is_no_size_is_none(value: Any) -> None:
    odd = {"original_width": value, "original_height": 20}
    assert image_size([odd]) is None
    assert image_size([odd, odd, {"original_width": 10, "original_height": 20}]) == (10, 20)


def polygon(*points: tuple[float, float], **more: Any) -> dict[str, Any]:
    return region("polygonlabels", {"points": [list(point) for point in points], "closed": True}, **more)


@pytest.mark.parametrize(("points", "area"), [
    ([(10, 10), (60, 60), (60, 10), (10, 60)], 2500),  # a bow-tie: percent of 200 × 100
    ([(10, 10), (10, 10), (60, 10), (60, 60), (60, 60)], 2500),  # corners that are there twice
    ([(10, 10), (60, 10), (110, 10), (60, 10), (60, 60), (10, 60)], 5000),  # with a line that goes out and back
    ([(50, 20), (150, 80), (150, 20), (50, 80)], 1500 + 1500),  # a bow-tie over the edge: its left half is inside
])
def test_read_objects__an_outline_that_crosses_itself_keeps_its_area(points: list[tuple[float, float]],
                                                                     area: float) -> None:
    (item,), reasons = read(polygon(*points))
    assert reasons == []
    assert item.area == pytest.approx(area, rel=0.02)


@pytest.mark.parametrize("points", [[(10, 10), (60, 60), (10, 10)], [(10, 10), (20, 20), (30, 30)], [(5, 5)] * 4])
def test_read_objects__what_encloses_nothing_is_told_as_that(points: list[tuple[float, float]]) -> None:
    assert read(polygon(*points)) == ([], ["outside the image, or without an area"])
    assert read(rectangle(10, 10, 0, 40))[1] == ["outside the image, or without an area"]
    assert read(rectangle(110, 10, 20, 40))[1] == ["outside the image"]


def test_read_objects__polygons_that_overlap_count_what_they_share_once() -> None:
    (item,), _ = read(polygon((10, 10), (30, 10), (30, 50), (10, 50), id="0123456789ab-p"),
                      polygon((20, 10), (40, 10), (40, 50), (20, 50), id="0123456789ab-p1"))
    assert item.area == 60 * 40


@pytest.mark.parametrize("second", [
    rectangle(60, 10, 20, 40), rectangle(60, 10, 20, 40, label="fan"), rectangle(10, 10, 20, 41),
    polygon((10, 10), (30, 10), (30, 50)), brush_of(patch(20, 10, 60, 50))])
def test_read_objects__of_shapes_with_one_id_the_first_counts_and_the_others_are_told(second: dict[str, Any]) -> None:
    (item,), reasons = read(rectangle(10, 10, 20, 40), second)
    assert (item.label, item.box, item.mask) == ("cpu", (20, 10, 60, 50), None)
    assert reasons == ["another shape with the id of a region before it"]


def test_read_objects__a_region_without_an_id_is_not_the_one_whose_id_is_its_place() -> None:
    items, reasons = read(rectangle(10, 10, 20, 40, id="1"), rectangle(60, 10, 20, 40, id=None))
    assert (len(items), reasons) == (2, [])


def test_read_objects__what_is_said_of_a_region_shares_its_id() -> None:
    value = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0}
    result = [rectangle(10, 10, 20, 40), region("choices", value | {"choices": ["bent"]}, label=None),
              region("textarea", {"text": ["a note"]}, label=None)]
    (item,), reasons = read(*result)
    assert (item.label, reasons) == ("cpu", [])
