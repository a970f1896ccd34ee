"""The renderer and its truth."""

import numpy as np
import pytest
from PIL import Image

from demo.belts import PATTERNS, add_rails, make_belt
from demo.draw import BINS, Draw, Split
from demo.parts import Part, render_part
from demo.scenes import MIN_VISIBLE, Placed, bounding_box, make_scene, place_parts, render_scene
from demo.vocabulary import COLOUR_NAMES, COLOURS, LABELS

WIDTH = 320


def part(label: str = "cpu", colour: str = "red", length: float = 0.2, angle: float = 0.0) -> Part:
    return Part(label, colour, COLOURS[colour], length, angle, (0.5, 0.5, 0.5, 0.5))


def blank() -> Image.Image:
    return Image.new("RGB", (WIDTH, 180), (100, 100, 100))


def test_box__is_the_bounding_box_of_the_visible_mask() -> None:
    for seed in range(6):
        _, objects = render_scene(make_scene(Split.HELD_OUT, seed), WIDTH)
        for item in objects:
            rows, columns = np.nonzero(item.mask)
            assert item.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_box__of_an_untilted_square_part_is_where_it_was_put() -> None:
    # A fifth of 320 pixels is 64; centred at (160, 90) it spans 128..192 and 58..122.
    (found,) = place_parts(blank(), (Placed(part(length=0.2), 0.5, 90 / WIDTH),))
    assert found.box == pytest.approx((128, 58, 192, 122), abs=1)
    assert found.visible == 1.0


def test_place_parts__cuts_at_the_border() -> None:
    (found,) = place_parts(blank(), (Placed(part(), 0.0, 90 / WIDTH),))
    assert found.box == pytest.approx((0, 58, 32, 122), abs=1)
    assert found.visible == pytest.approx(0.5, abs=0.02)


def test_place_parts__drops_what_shows_too_little() -> None:
    assert place_parts(blank(), (Placed(part(), -0.06, 90 / WIDTH),)) == []  # about a fifth of it


def test_place_parts__the_later_part_hides_the_earlier() -> None:
    # The same square 32 pixels further right hides the right half of the first.
    below, above = place_parts(blank(), (Placed(part(), 0.5, 90 / WIDTH), Placed(part(colour="blue"), 0.6, 90 / WIDTH)))
    assert below.box == pytest.approx((128, 58, 160, 122), abs=1)
    assert below.visible == pytest.approx(0.5, abs=0.03)
    assert above.visible == 1.0
    assert not (below.mask & above.mask).any()


def test_bounding_box__right_and_bottom_edge_are_exclusive() -> None:
    mask = np.zeros((5, 8), bool)
    mask[1:3, 4:7] = True
    assert bounding_box(mask) == (4, 1, 7, 3)


def test_render_scene__same_seed_same_picture() -> None:
    first, objects = render_scene(make_scene(Split.TRAIN, 5), WIDTH)
    second, again = render_scene(make_scene(Split.TRAIN, 5), WIDTH)
    other, _ = render_scene(make_scene(Split.TRAIN, 6), WIDTH)
    assert np.array_equal(np.asarray(first), np.asarray(second))
    assert [item.box for item in objects] == [item.box for item in again]
    assert not np.array_equal(np.asarray(first), np.asarray(other))


def test_render_scene__is_the_same_scene_at_any_width() -> None:
    scene = make_scene(Split.HELD_OUT, 1)
    (small, few), (large, many) = render_scene(scene, 320), render_scene(scene, 1280)
    assert (small.size, large.size) == ((320, 180), (1280, 720))
    assert [item.label for item in few] == [item.label for item in many]
    for one, other in zip(few, many, strict=True):
        assert np.array(other.box) / 4 == pytest.approx(np.array(one.box), abs=2.5)


def test_add_rails__are_as_wide_on_a_long_strip_as_in_a_frame() -> None:
    belt = make_belt(Draw(Split.HELD_OUT, "rails"), length=6)
    strip = np.zeros((180, 6 * WIDTH, 3), np.uint8)
    add_rails(strip, belt, WIDTH)
    rail = round(belt.rail * WIDTH)
    covered = strip.any(axis=(1, 2))
    assert covered[:rail].all() and covered[180 - rail :].all()
    assert not covered[rail : 180 - rail].any()


def test_scenes__show_every_part_and_colour_and_enough_empty_belts() -> None:
    scenes = [make_scene(Split.TRAIN, seed) for seed in range(300)]
    parts = [placed.part for scene in scenes for placed in scene.parts]
    assert {item.label for item in parts} == set(LABELS)
    assert {item.colour for item in parts} == set(COLOUR_NAMES)
    assert 0.12 <= sum(not scene.parts for scene in scenes) / 300 <= 0.25
    assert all(0 <= len(scene.parts) <= 5 for scene in scenes)


@pytest.mark.parametrize("label", LABELS)
def test_render_part__the_named_colour_is_what_one_sees(label: str) -> None:
    for colour in ("red", "green", "blue"):
        sprite = render_part(part(label, colour), 640)
        mean = np.asarray(sprite.image)[sprite.mask][:, :3].mean(axis=0)
        assert mean.argmax() == ("red", "green", "blue").index(colour)


def test_draw__splits_share_no_parameter() -> None:
    bins = [number for numbers in BINS.values() for number in numbers]
    assert sorted(bins) == list(range(12))
    seen = {split: {int(Draw(split, seed).param(0, 12)) for seed in range(200)} for split in Split}
    assert seen == {split: set(BINS[split]) for split in Split}
    assert not set(PATTERNS[Split.HELD_OUT]) & (set(PATTERNS[Split.TRAIN]) | set(PATTERNS[Split.VALIDATION]))


def test_truth__starts_at_the_agreed_visibility() -> None:
    for seed in range(10):
        _, objects = render_scene(make_scene(Split.TRAIN, seed), WIDTH)
        assert all(MIN_VISIBLE <= item.visible <= 1 for item in objects)
