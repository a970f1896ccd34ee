"""An evaluation from Label Studio's listing to the command's tables, with a stand-in for Label Studio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from argus.errors import ArgusError
from argus_cli.main import main
from benchmarks.odd_inputs.listing import VERSION, Listing, box, polygon, task
from search_service.evaluation import parts, service
from search_service.evaluation.parts import Part
from search_service.evaluation.service import Asked, evaluate

BAD = "made *up*"  # a name that Markdown would read


def scored(region: dict[str, Any], score: float | None) -> dict[str, Any]:
    return region if score is None else region | {"score": score}


def predict(made: dict[str, Any], version: str, *regions: dict[str, Any]) -> None:
    made["predictions"].append({"id": 1000 * made["id"] + len(made["predictions"]), "model_version": version,
                                "result": list(regions)})


def tasks() -> list[dict[str, Any]]:
    """Four images with a cpu, on the first a fan, too. The current version finds the cpus; the other is worse."""
    made = [task(number, [box(10, "r"), *([box(60, "f", "fan")] if number == 1 else [])], video="one")
            for number in range(1, 5)]
    for one in made:
        predict(one, VERSION, scored(box(10, "p"), 0.9))
    predict(made[0], BAD, scored(box(10, "p"), 0.9))
    predict(made[1], BAD, scored(box(10, "p", "fan"), 0.8))
    predict(made[2], BAD, scored(box(70, "p"), 0.95))
    return made


@pytest.fixture(autouse=True)
def split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "find", lambda project, on, splits: Part([1, 2, 3, 4], "test,train", frozenset({1, 2})))
    monkeypatch.setattr(service, "get_label_studio", lambda: Listing(tasks()))
    monkeypatch.setattr(service, "get_images", lambda: None)


def of(made: list[dict[str, Any]], **asked: Any) -> Any:
    return evaluate(1, Asked(**asked), label_studio=cast(Any, Listing(made)))


def test_evaluate__two_versions_by_hand() -> None:
    found = of(tasks(), against=BAD)
    good, bad = found.model, found.against
    assert (found.images, found.locked, good.objects, found.accepted) == (4, 2, 5, 0)
    assert found.model_versions == {VERSION: 4, BAD: 3}
    assert good.ap50 == pytest.approx(0.5) and good.ar == pytest.approx(0.5)  # all cpus, no fan
    # Of cpus the false one has the highest score: precision is 1/2 up to a recall of 1/4, 26 of 101 recalls.
    assert [one.ap50 for one in bad.labels] == pytest.approx([13 / 101, 0]) and bad.ap50 == pytest.approx(6.5 / 101)
    assert good.confusion.rows == [[4, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert bad.confusion.rows == [[1, 1, 2], [0, 0, 1], [1, 0, 0]]
    assert (good.without_prediction, bad.without_prediction) == (0, 1)
    assert bad.misses.count == 3 and sorted(bad.misses.tasks) == [1, 3, 4] and bad.false_positives.tasks == [3]
    assert [(one.task, one.label, one.annotated) for one in bad.confusions.boxes] == [(2, "fan", "cpu")]
    assert (bad.misses.boxes[0].label, bad.misses.boxes[0].box) == ("fan", [0.6, 0.1, 0.8, 0.3])
    assert found.resampling.over == "blocks" and found.resampling.units == 4
    assert found.difference.low <= good.ap50 - bad.ap50 <= found.difference.high
    assert good.shapes is None


def test_evaluate__images_without_a_prediction_can_be_left_out() -> None:
    found = of(tasks(), model_version=BAD, only_predicted=True)
    assert (found.images, found.model.without_prediction, found.model.misses.count) == (3, 0, 2)


def test_evaluate__scores_that_are_not_there_and_low_ones() -> None:
    made = [task(1, [box(10, "r")])]
    predict(made[0], VERSION, box(10, "a"), scored(box(60, "b"), 0.1))
    found = of(made).model
    assert (found.ap50, found.without_score, found.detections) == (pytest.approx(1), 1, 2)
    assert found.false_positives.count == 0 and of(made, min_score=0.05).model.false_positives.count == 1
    assert of(made).resampling is None
    predict(odd := task(2, [box(10, "r")]), VERSION, scored(box(10, "a"), float("nan")), scored(box(60, "b"), 95.0),
            scored(box(30, "c"), -1.0))
    found = of([odd]).model
    assert found.without_score == 1 and [one.detections for one in found.calibration.bins][::9] == [1, 2]


def test_evaluate__outlines() -> None:
    square = [(20, 10), (60, 10), (60, 30), (20, 30)]
    half = [(20, 10), (40, 10), (40, 30), (20, 30)]
    made = [task(1, [polygon(square, "r")])]
    predict(made[0], VERSION, scored(polygon(half, "p"), 0.9))
    shapes = of(made).model.shapes
    assert (shapes.ap50, shapes.ap, shapes.only_boxes) == (pytest.approx(1), pytest.approx(0.1), 0)


def test_evaluate__nothing_annotated_or_predicted_is_said() -> None:
    annotated = [task(1, [box(10, "r")])]
    skipped = task(2, [box(10, "r")])
    skipped["annotations"][0]["was_cancelled"] = True
    for made, asked, code, told in (
            ([], {}, "nothing_selected", "No image of the split test is annotated"),
            ([skipped], {}, "nothing_selected", "No image of the split test is annotated"),
            (annotated, {}, "nothing_selected", f"The model version {VERSION} has no prediction"),
            (tasks(), {"model_version": "typo"}, "nothing_selected", "The model version typo has no prediction"),
            (tasks(), {"against": VERSION}, "bad_request", "cannot be compared with itself")):
        with pytest.raises(ArgusError, match=told) as caught:
            of(made, **asked)
        assert caught.value.code == code
    with pytest.raises(ArgusError) as caught:
        of(tasks(), model_version="typo")
    assert caught.value.hint == f"There are predictions of: {BAD}, {VERSION}."
    empty = [task(1, [])]
    predict(empty[0], VERSION, scored(box(10, "p"), 0.9))
    found = of(empty)
    assert found.model.ap50 is None and found.model.false_positives.count == 1


def test_evaluate_in_request__one_at_a_time_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.evaluate_in_request(1, Asked()).images == 4
    with service._one_at_a_time, pytest.raises(ArgusError) as caught:
        service.evaluate_in_request(1, Asked())
    assert caught.value.code == "busy"
    monkeypatch.setattr(service, "MOST", 3)
    with pytest.raises(ArgusError, match="These are 4 images"):
        service.evaluate_in_request(1, Asked())


# The command ------------------------------------------------------------------------------------------------------

def argus(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", "--project", "1", *arguments])


def test_command__tables_json_and_markdown(tmp_path: Path) -> None:
    told = argus("--against", BAD)
    assert told.exit_code == 0, told.output
    assert "test (division test,train): 4 annotated images, 5 objects; 2 of them are locked." in told.output
    assert f"{BAD} has no prediction on 1 image" in told.output and "95 % interval" in told.output
    assert "3 misses on 3 images" in told.output
    printed = argus("--against", BAD, "--json")
    assert json.loads(printed.output)["model"]["ap50"] == pytest.approx(0.5)
    files = tmp_path / "e.json", tmp_path / "e.md"
    assert argus("--against", BAD, "--json", str(files[0]), "--markdown", str(files[1])).exit_code == 0
    assert json.loads(files[0].read_text()) == json.loads(printed.output)
    report = files[1].read_text()
    assert report.startswith(f"# {VERSION} on test\n") and "made \\*up\\*" in report
    assert "| fan | 1 | 0 | 0.000 | 0.000 | 0.000 |" in report
    assert argus("--json", "--markdown").exit_code == 2


@pytest.mark.parametrize(("least", "status"), [("0.5", 0), ("0.51", 1)])
def test_command__ends_with_status_1_below_an_ap50(least: str, status: int) -> None:
    done = argus("--min-ap50", least)
    assert done.exit_code == status
    assert ("AP50 is not 0.51 or more: it is 0.5000." in done.output) == bool(status)


def test_command__a_file_that_cannot_be_written(tmp_path: Path) -> None:
    done = argus("--json", str(tmp_path / "no" / "e.json"))
    assert done.exit_code == 2 and "cannot be written: No such file or directory" in done.output
