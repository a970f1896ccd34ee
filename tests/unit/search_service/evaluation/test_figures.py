"""The figures of an evaluation, by hand and beside pycocotools called directly."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from search_service.evaluation import intervals, matching
from search_service.evaluation.coco_figures import SIZES, measure
from search_service.evaluation.records import JudgedImage, Thing

Side = tuple[float, float, float, float]


def thing(label: str, box: Side, score: float = 1.0, crowd: bool = False) -> Thing:
    return Thing(label, box, (box[2] - box[0]) * (box[3] - box[1]), None, score, crowd)


def image(task: int, objects: Sequence[Thing], found: Sequence[Thing], video: str = "",
          seconds: float | None = None) -> JudgedImage:
    return JudgedImage(task, 200, 200, objects, found, video, seconds)


A, B = (0, 0, 40, 40), (100, 100, 140, 140)
HALF = (0, 0, 40, 24)  # IoU 0.6 with A


def test_measure__by_hand() -> None:
    """Two objects; the higher scored detection is right, a false one comes next, the second object is missed."""
    figures = measure([image(1, [thing("cpu", A), thing("cpu", B)],
                             [thing("cpu", A, 0.9), thing("cpu", (60, 0, 100, 40), 0.8)])])
    # Precision is 1 up to a recall of 0.5: 51 of COCO's 101 recalls.
    assert figures.ap50() == pytest.approx(51 / 101) and figures.ap() == pytest.approx(51 / 101)
    assert figures.ar() == 0.5 and figures.objects() == 2
    assert figures.objects(size=2) == 2 and figures.objects(size=1) == 0 and figures.ap50(size=1) is None


def test_measure__overlap_decides_by_threshold() -> None:
    figures = measure([image(1, [thing("cpu", A)], [thing("cpu", HALF, 0.9)])])
    assert figures.ap50() == pytest.approx(1)
    assert figures.ap() == pytest.approx(0.3) and figures.ar() == pytest.approx(0.3)  # at 0.5, 0.55 and 0.6


def test_measure__equal_scores_in_the_order_of_images() -> None:
    false_first = [image(1, [], [thing("cpu", A, 0.5)]), image(2, [thing("cpu", A)], [thing("cpu", A, 0.5)])]
    assert measure(false_first).ap50() == pytest.approx(0.5)
    assert measure(false_first[::-1]).ap50() == pytest.approx(1)


def test_measure__without_objects_detections_or_anything() -> None:
    assert measure([image(1, [], [])]).ap50() is None
    nothing_annotated = measure([image(1, [], [thing("cpu", A, 0.9)])])
    assert nothing_annotated.ap50() is None and nothing_annotated.ar() is None and nothing_annotated.objects() == 0
    assert measure([image(1, [thing("cpu", A)], [])]).ap50() == 0
    of_one = measure([image(1, [thing("cpu", A)], [thing("cpu", A, 0.9), thing("fan", B, 0.9)])])
    assert of_one.ap50() == pytest.approx(1) and of_one.ap50("fan") is None  # the mean is over labels with objects


def test_measure__a_crowd_is_neither_found_nor_missed() -> None:
    crowd = thing("cpu", (0, 0, 100, 100), crowd=True)
    figures = measure([image(1, [crowd, thing("cpu", B)], [thing("cpu", (10, 10, 30, 30), 0.9), thing("cpu", B, 0.8)])])
    assert figures.objects() == 1 and figures.ap50() == pytest.approx(1)


def test_measure__prints_nothing_and_leaves_pycocotools_alone(capsys: pytest.CaptureFixture[str]) -> None:
    measure([image(1, [thing("cpu", A)], [thing("cpu", A, 0.9)])])
    assert capsys.readouterr().out == ""
    COCO().createIndex()
    assert "index created" in capsys.readouterr().out


def scenes(seed: int, images: int = 30) -> list[JudgedImage]:
    """Made-up images: most objects are found, roughly; some are relabelled, missed, or invented."""
    chance = random.Random(seed)
    made = []
    for task in range(1, images + 1):
        objects, found = [], []
        for _ in range(chance.randrange(5)):
            x, y, side = chance.uniform(0, 100), chance.uniform(0, 100), chance.choice([20, 50, 99])
            label, off = chance.choice("abc"), chance.uniform(0, side / 3)
            objects.append(thing(label, (x, y, x + side, y + side), crowd=chance.random() < 0.1))
            if chance.random() < 0.8:
                found.append(thing(label if chance.random() < 0.8 else "a", (x + off, y, x + off + side, y + side),
                                   round(chance.random(), 1)))
        if chance.random() < 0.5:
            found.append(thing("b", (150, 150, 190, 190), round(chance.random(), 1)))
        made.append(image(task, objects, found, f"video {task % 10}", float(task)))
    return made


def by_pycocotools(images: Sequence[JudgedImage]) -> COCOeval:
    """The evaluation as others call it, by results that are loaded."""
    truth = COCO()
    truth.dataset = {
        "info": {},  # older versions ask for it
        "images": [{"id": one.task, "width": 200, "height": 200} for one in images],
        "categories": [{"id": number, "name": name} for number, name in enumerate("abc")],
        "annotations": [{"image_id": one.task, "category_id": "abc".index(t.label), "bbox": t.corner_and_size,
                         "area": t.area, "iscrowd": int(t.crowd)} for one in images for t in one.objects]}
    for number, annotation in enumerate(truth.dataset["annotations"], 1):
        annotation["id"] = number
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        found = truth.loadRes([{"image_id": one.task, "category_id": "abc".index(t.label), "bbox": t.corner_and_size,
                                "score": t.score} for one in images for t in one.found])
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.mark.parametrize("seed", range(3))
def test_measure__agrees_with_pycocotools(seed: int) -> None:
    images = scenes(seed)
    figures, theirs = measure(images), by_pycocotools(images).stats
    assert [figures.ap(), figures.ap50(), figures.ar()] == pytest.approx([theirs[0], theirs[1], theirs[8]], abs=1e-12)
    assert [figures.ap(size=size) for size in range(1, 4)] == pytest.approx(list(theirs[3:6]), abs=1e-12)
    assert len(SIZES) == 3


@pytest.mark.parametrize("seed", range(3))
def test_resampled_ap50__of_images_drawn_twice_is_that_of_twice_the_images(seed: int) -> None:
    images = scenes(seed, 12)
    units = intervals.units_of(images)
    weights = np.array([[1] * units.number, [2, 0, 1, *[1] * (units.number - 4), 1]])
    ours = intervals.resampled_ap50(measure(images), units, weights)
    drawn = [one for place, one in enumerate(images) for _ in range(weights[1, units.of_image[place]])]
    copies = [replace(one, task=number) for number, one in enumerate(drawn, 1)]
    assert ours == pytest.approx([by_pycocotools(images).stats[1], by_pycocotools(copies).stats[1]], abs=1e-12)


def test_units__videos_where_there_are_eight_else_blocks_of_time() -> None:
    many = intervals.units_of([image(n, [], [], f"v{n % 8}", n) for n in range(1, 41)])
    assert (many.over, many.number) == ("videos", 8)
    few = intervals.units_of([image(n, [], [], "one", float(100 - n)) for n in range(1, 41)])
    assert (few.over, few.number) == ("blocks", 20)
    assert list(few.of_image) == [19 - n // 2 for n in range(40)]  # by time, which runs backwards here
    assert intervals.draw(intervals.units_of([image(1, [], [])])) is None


def test_interval__is_the_same_every_time_and_holds_the_figure() -> None:
    images = scenes(1)
    units = intervals.units_of(images)
    first, again = intervals.draw(units), intervals.draw(units)
    assert first and again and (first[0] == again[0]).all() and first[1].seed == intervals.SEED
    figures = measure(images)
    spread = intervals.interval(intervals.resampled_ap50(figures, units, first[0]))
    assert spread and spread.low < (figures.ap50() or 0) < spread.high


# Tables and lists -------------------------------------------------------------------------------------------------

def test_judge__by_hand() -> None:
    """Of image 1 one is right and one missed; of image 2 a fan was called a cpu, and something is false."""
    images = [image(1, [thing("cpu", A), thing("fan", B)], [thing("cpu", HALF, 0.9)]),
              image(2, [thing("fan", A)], [thing("cpu", A, 0.7), thing("fan", B, 0.35)])]
    verdicts = matching.judge(images)
    table = matching.confusion(verdicts, ["cpu", "fan"])
    assert table.rows == [[1, 0, 0],  # cpu: found
                          [1, 0, 1],  # fan: once called cpu, once missed
                          [0, 1, 0]]  # nothing there: called fan
    false, missed, confused = (matching.listing(verdicts, what, 10) for what in ("false", "missed", "confused"))
    assert [(one.task, one.label, one.score) for one in false.boxes] == [(2, "fan", 0.35)]
    assert false.boxes[0].box == [0.5, 0.5, 0.7, 0.7]
    assert [(one.task, one.label, one.score) for one in missed.boxes] == [(1, "fan", None)]
    assert [(one.task, one.label, one.annotated) for one in confused.boxes] == [(2, "cpu", "fan")]
    assert matching.listing(matching.judge(images, 0.5), "false", 10).count == 0  # its score is lower


def test_judge__own_label_first_and_the_higher_score_first() -> None:
    """A better placed box of another label does not take the object; a second box of the label is false."""
    images = [image(1, [thing("cpu", A)], [thing("fan", A, 0.99), thing("cpu", HALF, 0.5), thing("cpu", A, 0.4)])]
    assert sorted((one.what, one.found.label, one.found.score) for one in matching.judge(images) if one.found) == [
        ("false", "cpu", 0.4), ("false", "fan", 0.99), ("right", "cpu", 0.5)]


def test_judge__what_lies_in_a_crowd_is_neither_right_nor_wrong() -> None:
    crowd = thing("cpu", (0, 0, 100, 100), crowd=True)
    verdicts = matching.judge([image(1, [crowd], [thing("cpu", A, 0.9), thing("fan", A, 0.9), thing("cpu", B, 0.8)])])
    assert sorted((one.what, one.found.label) for one in verdicts if one.found) == [("false", "cpu"), ("false", "fan")]
    assert len(verdicts) == 2


def test_listing__worst_first_tasks_once_and_only_so_many_boxes() -> None:
    images = [image(1, [thing("cpu", (0, 0, 10, 10)), thing("cpu", B)], []), image(2, [thing("cpu", A)], [])]
    found = matching.listing(matching.judge(images), "missed", 2)
    assert found.count == 3 and found.tasks == [1, 2] and [one.task for one in found.boxes] == [1, 2]


def test_calibration__by_hand() -> None:
    """Three detections of 0.95, two of them right; one of 1 that is right; one of 0.3 that is false."""
    images = [image(1, [thing("cpu", A), thing("fan", B)], [thing("cpu", A, 0.95), thing("fan", B, 0.95),
                                                            thing("fan", (50, 0, 60, 10), 0.95)]),
              image(2, [thing("cpu", A)], [thing("cpu", A, 1.0), thing("fan", B, 0.3)])]
    found = matching.calibration(matching.judge(images))
    assert [(one.detections, one.right) for one in found.bins] == [(0, 0)] * 3 + [(1, 0)] + [(0, 0)] * 5 + [(4, 3)]
    assert found.bins[9].share == 0.75 and found.bins[9].mean_score == pytest.approx(3.85 / 4)
    assert found.bins[0].share is None
    assert found.error == pytest.approx((0.3 + 0.85) / 5)
    assert matching.calibration([]).error is None
