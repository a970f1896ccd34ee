from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import Polygon

from argus.labelstudio import geometry


def test_rectangle_ring__percent_of_a_wide_image() -> None:
    ring = geometry.rectangle_ring({"x": 10, "y": 20, "width": 50, "height": 30}, 200, 100)
    assert ring == [(20, 20), (120, 20), (120, 50), (20, 50)]


def test_rectangle_ring__turns_clockwise_around_its_first_corner_in_pixels() -> None:
    ring = geometry.rectangle_ring({"x": 50, "y": 10, "width": 20, "height": 10, "rotation": 90}, 200, 100)
    # 40 wide and 10 high, standing on its head: it now goes 40 down and 10 to the left of (100, 10).
    assert np.allclose(ring, [(100, 10), (100, 50), (90, 50), (90, 10)])
    assert geometry.ring_area(ring) == pytest.approx(400)


def test_ellipse_ring__touches_its_four_ends() -> None:
    ring = geometry.ellipse_ring({"x": 50, "y": 50, "radiusX": 20, "radiusY": 10}, 100, 200)
    assert geometry.ring_box(ring) == pytest.approx((30, 80, 70, 120))
    assert geometry.ring_area(ring) == pytest.approx(np.pi * 20 * 20, rel=0.01)


def test_mask_box__is_of_whole_pixels() -> None:
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3:7] = True
    assert geometry.mask_box(mask) == (3, 2, 7, 4)
    assert geometry.mask_box(np.zeros((6, 8), bool)) is None


def test_clip_box__keeps_what_is_inside() -> None:
    assert geometry.clip_box((-5, 10, 20, 30), 100, 20) == (0, 10, 20, 20)
    assert geometry.clip_box((-5, 10, 0, 30), 100, 20) is None


def test_box_iou__by_hand() -> None:
    assert geometry.box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert geometry.box_iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_clip_ring__cuts_a_corner_off() -> None:
    triangle = [(-10.0, 0.0), (10.0, 0.0), (10.0, 20.0)]
    ring = geometry.clip_ring(triangle, 100, 100)
    assert geometry.ring_box(ring) == (0, 0, 10, 20)
    assert geometry.ring_area(ring) == pytest.approx(200 - 50)  # the part left of the edge is 10 wide and 10 high


def test_clip_ring__all_outside_leaves_nothing() -> None:
    assert len(geometry.clip_ring([(110.0, 0.0), (120.0, 0.0), (120.0, 10.0)], 100, 100)) < 3


def test_mask_polygons__largest_part_first_with_its_hole_and_exact_for_boxes() -> None:
    mask = np.zeros((20, 30), bool)
    mask[1:3, 1:4] = True
    mask[5:15, 10:25] = True
    mask[8:10, 12:15] = False
    large, small = geometry.mask_polygons(mask)
    assert [part.bounds for part in (large, small)] == [(10, 5, 25, 15), (1, 1, 4, 3)]
    assert [part.area for part in (large, small)] == [150 - 6, 6]
    assert [len(ring) for ring in geometry.polygon_rings(large)] == [4, 4]


@pytest.mark.parametrize("radius", [3, 30])
def test_mask_polygons__a_disc_keeps_its_area(radius: int) -> None:
    y, x = np.mgrid[:100, :100]
    disc = np.hypot(x - 50, y - 50) < radius
    (part,) = geometry.mask_polygons(disc)
    assert part.area == pytest.approx(disc.sum(), rel=0.01)
    assert len(part.exterior.coords) < 120


def test_rings_without_holes__fill_the_polygon_and_nothing_of_its_holes() -> None:
    holes = [[(2, 2), (4, 2), (4, 4), (2, 4)], [(6, 5), (7, 5), (7, 8), (6, 8)], [(2, 6), (3, 6), (3, 7), (2, 7)]]
    polygon = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], holes)
    parts = [Polygon(ring) for ring in geometry.rings_without_holes(polygon)]
    assert shapely.union_all(parts).symmetric_difference(polygon).area == pytest.approx(0)
    assert sum(part.area for part in parts) == pytest.approx(polygon.area)  # no two overlap


def test_one_ring__goes_around_each_ring_and_encloses_nothing_on_the_way() -> None:
    first, second = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)], [(9.0, 9.0), (5.0, 9.0), (5.0, 5.0), (9.0, 5.0)]
    ring = geometry.one_ring([first, second])
    assert len(ring) == 4 + 4 + 2
    assert {*first, *second} == set(ring)
    assert geometry.ring_area(ring) in (abs(4 - 16), 4 + 16)  # which of the two depends on their directions
