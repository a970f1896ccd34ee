"""What a reviewer who knows the truth says of a frame, and which frames stand for all."""

from __future__ import annotations

from benchmarks.trust.baseline_ways import some
from benchmarks.trust.known_frames import Predicted, Thing, boxes_of, mistakes, right_label

CPU, FAN, OTHER = (0.0, 0.0, 100.0, 100.0), (200.0, 0.0, 300.0, 100.0), (600.0, 300.0, 700.0, 400.0)


def seen(name: str, label: str, score: float, box: tuple[float, float, float, float]) -> Predicted:
    return Predicted(1, name, label, score, box)


def test_a_second_box_is_wrong_and_what_no_right_box_shows_is_lacking() -> None:
    right, twin = seen("a", "cpu", 0.9, CPU), seen("b", "cpu", 0.8, (0.0, 0.0, 100.0, 90.0))
    named = seen("c", "battery", 0.7, FAN)
    wrong, lacking = mistakes([right, twin, named], [Thing("cpu", CPU), Thing("fan", FAN), Thing("hdd", OTHER)])
    assert sorted(one.name for one in wrong) == ["b", "c"]
    assert sorted(thing.label for thing in lacking) == ["fan", "hdd"]
    assert right_label(named, lacking) == Thing("fan", FAN)
    assert right_label(twin, lacking) is None


def test_boxes_of_an_annotation_are_in_pixels_and_masks_are_none() -> None:
    box = {"id": "a", "type": "rectanglelabels", "score": 0.5,
           "value": {"x": 50, "y": 25, "width": 25, "height": 50, "rectanglelabels": ["cpu"]}}
    mask = {"id": "b", "type": "brushlabels", "value": {"brushlabels": ["cpu"]}}
    assert boxes_of(7, [box, mask]) == [Predicted(7, "a", "cpu", 0.5, (640, 180, 960, 540))]


def test_frames_of_every_cost_stand_for_all() -> None:
    counted = {task: 1 if task > 10 else 3 + task for task in range(1, 101)}
    chosen = some(counted, 20)
    assert len(chosen) == 20 and {counted[task] for task in chosen} >= {1, 13}
