"""Detections → regions, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from argus.labelstudio.brush_rle import decode
from argus.labelstudio.geometry import ellipse_ring
from argus.labelstudio.regions import count_objects, object_of, read_objects
from argus.labelstudio.regions import count_objects as exported_objects
from label_studio_config.label_config import LabelPlan, parse_label_config
from ml_backend.engines.base import Detections, Found, Mask
from ml_backend.predictions.regions import build_regions, mark_unsure, outline, percent_box, prediction_score


def plan(*tags: str, threshold: float = 0.5) -> LabelPlan:
    controls = "".join(f'<{tag} name="{tag.lower()}{i}" toName="img"><Label value="cpu"/><Label value="fan"/></{tag}>'
                       for i, tag in enumerate(tags))
    return parse_label_config(f'<View><Image name="img" value="$image"/>{controls}</View>', default_threshold=threshold)


def found(*items: tuple[float, tuple[float, float, float, float], Mask | None]) -> Found:
    """Detections on an image of 200 × 100 pixels."""
    scores, boxes, masks = [i[0] for i in items], [i[1] for i in items], [i[2] for i in items]
    return Found(200, 100, Detections(np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4), masks))


SQUARE = Mask(20, 10, np.ones((30, 40), np.bool_))  # columns 20..59, rows 10..39


def test_build_regions__box_in_percent_with_its_score() -> None:
    (region,) = build_regions(plan("RectangleLabels"), {"cpu": found((0.9, (20, 10, 60, 40), None))})
    assert region["value"] == {"x": 10, "y": 10, "width": 20, "height": 30, "rotation": 0, "rectanglelabels": ["cpu"]}
    assert (region["from_name"], region["to_name"], region["type"]) == ("rectanglelabels0", "img", "rectanglelabels")
    assert (region["original_width"], region["original_height"], region["image_rotation"]) == (200, 100, 0)
    assert region["score"] == 0.9


def test_build_regions__box_and_mask_are_one_object() -> None:
    regions = build_regions(plan("RectangleLabels", "BrushLabels"),
                            {"cpu": found((0.9, (20, 10, 60, 40), SQUARE), (0.8, (100, 10, 120, 40), None))})
    assert [r["id"][-2:] for r in regions] == ["-b", "-m", "-b"]
    assert object_of(regions[0]["id"]) == object_of(regions[1]["id"]) != object_of(regions[2]["id"])
    assert regions[0]["score"] == regions[1]["score"] == 0.9
    assert count_objects(regions) == exported_objects(regions) == 2
    bits = decode(regions[1]["value"]["rle"], 200, 100)
    assert bits[10:40, 20:60].all()
    assert bits.sum() == 30 * 40


def test_build_regions__polygon_of_a_square_has_its_four_corners() -> None:
    (region,) = build_regions(plan("PolygonLabels"), {"cpu": found((0.9, (20, 10, 60, 40), SQUARE))})
    assert sorted(region["value"]["points"]) == [[10, 10], [10, 40], [30, 10], [30, 40]]
    assert region["value"]["closed"] is True
    assert region["id"].endswith("-p")


def test_build_regions__threshold_hides_and_order_of_the_config_holds() -> None:
    both = {"fan": found((0.5, (0, 0, 9, 9), None), (0.49, (50, 50, 60, 60), None)),
            "cpu": found((0.7, (0, 0, 9, 9), None))}
    regions = build_regions(plan("RectangleLabels"), both)
    assert [(r["value"]["rectanglelabels"], r["score"]) for r in regions] == [(["cpu"], 0.7), (["fan"], 0.5)]


@pytest.mark.parametrize("degrees", [0.0, 20.0, 44.0, 90.0, 120.0, 160.0])
def test_build_regions__an_ellipse_gives_itself_back(degrees: float) -> None:
    y, x = np.mgrid[:100, :200] + 0.5
    turn = np.radians(degrees)
    along = (x - 90) * np.cos(turn) + (y - 50) * np.sin(turn)
    across = (y - 50) * np.cos(turn) - (x - 90) * np.sin(turn)
    drawn = (along / 36) ** 2 + (across / 18) ** 2 <= 1
    rows, columns = np.nonzero(drawn)
    mask = Mask(int(columns.min()), int(rows.min()),
                drawn[rows.min():rows.max() + 1, columns.min():columns.max() + 1])
    (region,) = build_regions(plan("EllipseLabels"), {"cpu": found((0.9, (54, 14, 126, 86), mask))})
    value = region["value"]
    assert (region["type"], region["id"][-2:], value["ellipselabels"]) == ("ellipselabels", "-e", ["cpu"])
    assert (value["x"], value["y"]) == (pytest.approx(45, abs=0.2), pytest.approx(50, abs=0.2))
    back = shapely.Polygon(ellipse_ring(value, 200, 100))  # the exporter's own reading of it
    true = shapely.Polygon([(90 + 36 * np.cos(t) * np.cos(turn) - 18 * np.sin(t) * np.sin(turn),
                             50 + 36 * np.cos(t) * np.sin(turn) + 18 * np.sin(t) * np.cos(turn))
                            for t in np.linspace(0, 2 * np.pi, 200)])
    assert back.intersection(true).area / back.union(true).area > 0.95
    assert max(value["radiusX"], value["radiusY"]) <= 50 and 0 <= value["rotation"] < 360


def test_build_regions__ellipse_without_a_mask_lies_in_the_box() -> None:
    (region,) = build_regions(plan("EllipseLabels"), {"cpu": found((0.9, (20, 10, 60, 40), None))})
    assert region["value"] == {"x": 20, "y": 25, "radiusX": 10, "radiusY": 15, "rotation": 0, "ellipselabels": ["cpu"]}


def test_build_regions__four_shapes_of_one_object_are_one_object() -> None:
    tags = ("RectangleLabels", "BrushLabels", "PolygonLabels", "EllipseLabels")
    regions = build_regions(plan(*tags), {"cpu": found((0.9, (20, 10, 60, 40), SQUARE))})
    assert [r["id"][-2:] for r in regions] == ["-b", "-m", "-p", "-e"]
    assert count_objects(regions) == exported_objects(regions) == 1
    joined, reasons = read_objects(regions, ["cpu"], 200, 100)
    assert (len(joined), reasons) == (1, [])


def test_build_regions__two_tags_of_one_kind_are_not_both_filled() -> None:
    regions = build_regions(plan("RectangleLabels", "RectangleLabels"), {"cpu": found((0.9, (0, 0, 9, 9), None))})
    assert [r["from_name"] for r in regions] == ["rectanglelabels0"]


def test_build_regions__same_input_same_ids() -> None:
    make = {"cpu": found((0.9, (20, 10, 60, 40), SQUARE))}
    config = plan("RectangleLabels", "BrushLabels")
    assert build_regions(config, make) == build_regions(config, make)


def test_prediction_score__is_the_lowest_and_none_without_regions() -> None:
    two = found((0.9, (0, 0, 9, 9), None), (0.6, (50, 50, 60, 60), None))
    regions = build_regions(plan("RectangleLabels"), {"cpu": two})
    assert prediction_score(regions) == 0.6
    assert prediction_score([]) is None


def test_object_of__ids_of_people_stay_whole() -> None:
    assert object_of("0123456789ab-m") == "0123456789ab"
    for theirs in ("V1StGXR8-b", "x-y-m", "0123456789ab", "0123456789ab-mm"):
        assert object_of(theirs) == theirs


def test_percent_box__rounds_to_a_thousandth_of_a_pixel() -> None:
    box = percent_box([1, 2, 4, 8], 3, 7)
    assert box["x"] == pytest.approx(100 / 3, abs=1e-4)
    assert box["height"] == pytest.approx(600 / 7, abs=1e-4)


def test_outline__a_disc_keeps_its_area_with_few_points() -> None:
    y, x = np.mgrid[:200, :200]
    ring = outline(Mask(50, 60, (x - 99.5) ** 2 + (y - 99.5) ** 2 < 95 ** 2))
    assert ring is not None
    assert 8 < len(ring) <= 60
    rolled = np.roll(ring, -1, axis=0)
    area = abs((ring[:, 0] * rolled[:, 1] - rolled[:, 0] * ring[:, 1]).sum()) / 2
    assert area == pytest.approx(np.pi * 95 ** 2, rel=0.04)
    assert ring[:, 0].min() >= 50


def test_outline__takes_the_largest_part_fills_holes_and_leaves_specks() -> None:
    bits = np.zeros((40, 40), np.bool_)
    bits[:10, :10] = True
    bits[15:40, 15:40] = True
    bits[20:30, 20:30] = False
    ring = outline(Mask(0, 0, bits))
    assert ring is not None
    assert sorted(map(tuple, ring.tolist())) == [(15, 15), (15, 40), (40, 15), (40, 40)]
    assert outline(Mask(0, 0, np.ones((1, 1), np.bool_))) is None


def shape_of(mask: Mask) -> shapely.Geometry:
    rows, columns = np.nonzero(mask.bits)
    return shapely.union_all(shapely.box(columns + mask.x, rows + mask.y, columns + mask.x + 1, rows + mask.y + 1))


def test_outline__keeps_its_floor_of_overlap_and_its_cap_of_points_on_any_blob() -> None:
    rng = np.random.default_rng(11)
    for _ in range(60):
        size = int(rng.integers(4, 90))
        coarse = rng.random((size // 4 + 2, size // 4 + 2))
        bits = np.kron(coarse, np.ones((4, 4)))[:size, :size] > rng.uniform(0.2, 0.7)
        mask = Mask(int(rng.integers(0, 500)), int(rng.integers(0, 500)), bits)
        ring = outline(mask) if bits.any() else None
        if ring is None:
            continue
        assert 3 <= len(ring) <= 200
        got = shapely.Polygon(ring)
        whole = shape_of(mask)
        part = shapely.Polygon(max(getattr(whole, "geoms", [whole]), key=lambda p: p.area).exterior)
        assert got.is_valid
        assert got.intersection(part).area / got.union(part).area >= 0.97


def test_outline__never_more_than_200_points() -> None:
    rng = np.random.default_rng(3)
    bits = np.ones((300, 300), np.bool_)
    bits[0] = rng.random(300) < 0.5
    bits[:, 0] = rng.random(300) < 0.5
    ring = outline(Mask(0, 0, bits))
    assert ring is not None
    assert len(ring) <= 200


def test_mark_unsure__only_where_sure_ones_stand_beside() -> None:
    def scored(*scores: float) -> list[dict[str, Any]]:
        return [{"id": str(n), "score": score} for n, score in enumerate(scores)]

    assert mark_unsure(scored(0.95, 0.9), 0.9) == scored(0.95, 0.9)
    assert mark_unsure(scored(0.62, 0.5), 0.9) == scored(0.62, 0.5)
    sure, unsure = mark_unsure(scored(0.95, 0.6249), 0.9)
    assert "meta" not in sure
    assert unsure["meta"] == {"text": ["check: score 0.62"]}
    assert mark_unsure([], 0.9) == []
