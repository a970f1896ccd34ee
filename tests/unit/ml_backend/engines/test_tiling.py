"""Tiles and their merging, by hand: an engine that sees exactly what is drawn stands in for the model."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from argus.errors import ArgusError
from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Exemplars, Mask
from ml_backend.engines.tiling import TilingEngine, tiles

WHITE = Concept("white", ("white",), 0.5)


class EngineThatSeesWhite:
    """Stands in for the model: every white rectangle of the image it is given is an object, with its box and mask.

    Args:
        smallest: longest side below which nothing is seen in an image of more than 1000 pixels, as in a squashed one.
    """

    images_per_step = 4

    def __init__(self, smallest: int = 0) -> None:
        self.smallest = smallest
        self.seen: list[tuple[int, int]] = []

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        return [{c.label: self._look(image) for c in concepts} for image in images]

    def _look(self, image: Image.Image) -> Detections:
        self.seen.append(image.size)
        left = np.asarray(image.convert("L")) > 128
        boxes: list[list[int]] = []
        masks: list[Mask | None] = []
        left = left.copy()
        while left.any():
            y, x = divmod(int(left.argmax()), left.shape[1])
            right = x + int((~left[y, x:]).argmax() or left.shape[1] - x)
            lower = y + int((~left[y:, x]).argmax() or left.shape[0] - y)
            left[y:lower, x:right] = False
            if max(image.size) > 1000 and max(right - x, lower - y) < self.smallest:
                continue
            boxes.append([x, y, right, lower])
            masks.append(Mask(x, y, np.ones((lower - y, right - x), np.bool_)))
        # The larger the image, the lower the score: tiles come first when they are merged.
        scores = np.full(len(boxes), 0.9 - max(image.size) / 1e5, np.float32)
        return Detections(scores, np.array(boxes, np.float32).reshape(-1, 4), masks)

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        return Detections.none()

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        return Detections.none()

    def self_test(self) -> None: ...


def drawn(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGB", size, "black")
    for x0, y0, x1, y1 in boxes:
        ImageDraw.Draw(image).rectangle((x0, y0, x1 - 1, y1 - 1), fill="white")
    return image


def look(image: Image.Image, smallest: int = 0, side: int = 400, overlap: float = 0.25) -> Detections:
    engine = TilingEngine(EngineThatSeesWhite(smallest), side, overlap, iou=0.6, most=100)
    return engine.detect([image], [WHITE])[0]["white"]


def boxes_of(found: Detections) -> set[tuple[float, ...]]:
    return {tuple(box) for box in found.boxes.tolist()}


@pytest.mark.parametrize("size", [(601, 601), (1920, 1080), (6000, 400), (400, 5000), (613, 999), (10_000, 7_000)])
def test_tiles__cover_everything_with_the_overlap(size: tuple[int, int]) -> None:
    cuts = tiles(*size, 400 if max(size) < 9000 else 1000, 0.25)
    side = 400 if max(size) < 9000 else 1000
    assert all(0 <= x0 < x1 <= size[0] and 0 <= y0 < y1 <= size[1] for x0, y0, x1, y1 in cuts)
    assert all(x1 - x0 == min(side, size[0]) and y1 - y0 == min(side, size[1]) for x0, y0, x1, y1 in cuts)
    for axis in (0, 1):
        starts = sorted({cut[axis] for cut in cuts})
        assert (starts[0], starts[-1]) == (0, max(0, size[axis] - side))
        assert all(b - a <= 0.75 * side + 1 for a, b in itertools.pairwise(starts))


def test_tiles__none_for_a_small_image_and_a_sentence_for_too_many() -> None:
    assert tiles(600, 600, 400, 0.2) == []
    with pytest.raises(ArgusError, match="900 tiles") as caught:
        tiles(12_000, 12_000, 400, 0.0)
    assert caught.value.code == "image_too_large"


def test_detect__a_small_image_is_looked_at_once() -> None:
    inner = EngineThatSeesWhite()
    TilingEngine(inner, 400, 0.25, 0.6, 100).detect([drawn((500, 300), (1, 1, 9, 9))], [WHITE])
    assert inner.seen == [(500, 300)]


def test_detect__small_objects_have_their_place_in_the_whole_image() -> None:
    things = [(0, 0, 12, 9), (1190, 880, 1200, 900), (613, 401, 640, 430), (20, 870, 60, 890)]
    found = look(drawn((1200, 900), *things), smallest=100)
    assert boxes_of(found) == {tuple(map(float, thing)) for thing in things}
    for box, mask in zip(found.boxes.tolist(), found.masks, strict=True):
        assert mask is not None
        assert [mask.x, mask.y, mask.x + mask.bits.shape[1], mask.y + mask.bits.shape[0]] == box
    assert len(look(drawn((1200, 900), *things), smallest=100, side=5000)) == 0  # without tiles they are not seen


def test_detect__seen_by_several_tiles_is_one_object() -> None:
    everywhere = [(x, y, x + 30, y + 20) for x in range(5, 1150, 95) for y in range(5, 860, 71)]
    found = look(drawn((1200, 900), *everywhere), smallest=100)
    assert (len(found), found.left_out) == (100, len(everywhere) - 100)  # the cap
    engine = TilingEngine(EngineThatSeesWhite(100), 400, 0.25, iou=0.6, most=10_000)
    assert boxes_of(engine.detect([drawn((1200, 900), *everywhere)], [WHITE])[0]["white"]) == {
        tuple(map(float, thing)) for thing in everywhere}


def test_detect__cut_by_a_tile_the_whole_one_counts() -> None:
    large = (100, 100, 900, 700)  # no tile sees it whole, the whole image does
    assert boxes_of(look(drawn((1200, 900), large))) == {tuple(map(float, large))}


@pytest.mark.parametrize("long", [(10, 200, 1190, 240), (350, 5, 380, 890)])
def test_detect__pieces_that_nobody_saw_whole_are_joined(long: tuple[int, int, int, int]) -> None:
    found = look(drawn((1200, 900), long), smallest=2000)
    assert boxes_of(found) == {tuple(map(float, long))}
    mask = found.masks[0]
    assert mask is not None
    assert mask.bits.all()
    assert (mask.x, mask.y) == long[:2]


def test_detect__neighbours_stay_two() -> None:
    pair = [(380, 100, 420, 140), (424, 100, 464, 140)]
    assert boxes_of(look(drawn((1200, 900), *pair), smallest=100)) == {tuple(map(float, thing)) for thing in pair}


def test_detect__few_crops_are_held_at_a_time() -> None:
    class EngineThatCounts(EngineThatSeesWhite):
        most = 0

        def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
            self.most = max(self.most, len(images))
            return super().detect(images, concepts)

    engine = EngineThatCounts()
    TilingEngine(engine, 400, 0.25, 0.6, 100).detect([drawn((3000, 2000), (5, 5, 9, 9))], [WHITE])
    assert len(engine.seen) == 1 + 10 * 7
    assert engine.most == 4


def test_detect__one_step_is_one_image() -> None:
    assert TilingEngine(EngineThatSeesWhite(), 400, 0.25, 0.6, 100).images_per_step == 1
