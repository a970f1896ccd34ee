"""The factory-line video and its truth file."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from demo.video import FPS, HEIGHT, WIDTH, make_plan, parts_at, render, truth_at
from demo.vocabulary import COLOUR_NAMES, LABELS


@pytest.fixture(scope="module")
def four_seconds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[float]]:
    folder = tmp_path_factory.mktemp("video")
    done: list[float] = []
    render(folder / "line-a.mp4", folder / "truth.json", seconds=4, progress=done.append)
    return folder / "line-a.mp4", folder / "truth.json", done


def test_render__writes_h264_with_exact_times(four_seconds: tuple[Path, Path, list[float]]) -> None:
    with av.open(str(four_seconds[0])) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (WIDTH, HEIGHT) == (1280, 720)
        assert stream.average_rate == FPS
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert times == [Fraction(number, 25) for number in range(100)]


def test_render__tells_nothing_in_its_metadata(four_seconds: tuple[Path, Path, list[float]]) -> None:
    with av.open(str(four_seconds[0])) as container:
        told = {**container.metadata, **container.streams.video[0].metadata}
    assert not any(label in str(told).lower() for label in LABELS)


def test_render__truth_has_one_frame_a_second(four_seconds: tuple[Path, Path, list[float]]) -> None:
    truth = json.loads(four_seconds[1].read_text())
    assert (truth["fps"], truth["width"], truth["height"]) == (25, 1280, 720)
    assert list(truth["frames"]) == ["0", "25", "50", "75"]
    items = [item for frame in truth["frames"].values() for item in frame]
    assert items
    for item in items:
        x0, y0, x1, y1 = item["box"]
        assert item["label"] in LABELS and item["colour"] in COLOUR_NAMES
        assert 0 <= x0 < x1 <= 1280 and 0 <= y0 < y1 <= 720
        assert 0.4 <= item["visible"] <= 1


def test_render__reports_progress(four_seconds: tuple[Path, Path, list[float]]) -> None:
    assert four_seconds[2] == [0, 0.25, 0.5, 0.75, 1.0]


def test_render__picture_is_the_plan(four_seconds: tuple[Path, Path, list[float]]) -> None:
    """In the last sampled frame a part's own colours stand inside its box: it differs from the belt around."""
    truth = json.loads(four_seconds[1].read_text())["frames"]["75"]
    with av.open(str(four_seconds[0])) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for item in truth:
        x0, y0, x1, y1 = (int(value) for value in item["box"])
        inside = frames[75][y0:y1, x0:x1].astype(int)
        assert inside.std(axis=(0, 1)).max() > 25  # a bare belt stays below


def test_plan__same_seed_same_line_and_longer_only_shows_more() -> None:
    short, long = make_plan(10), make_plan(60)
    assert make_plan(60) == long
    assert [p for p in long.parts if p.x > short.parts[0].x] == [p for p in short.parts if p.x > short.parts[0].x]
    assert make_plan(60, seed=8) != long


def test_parts_at__move_to_the_right() -> None:
    plan = make_plan(20)
    now, later = parts_at(plan, 5.0), parts_at(plan, 6.0)
    places = {placed.part: placed.x for placed in now}
    moved = {placed.part: placed.x - places[placed.part] for placed in later if placed.part in places}
    assert moved
    assert np.ptp(list(moved.values())) == pytest.approx(0, abs=1e-9)
    assert 0.08 < next(iter(moved.values())) < 0.3


def test_plan__shows_what_the_demo_needs() -> None:
    """150 seconds at 1 fps: many frames with a cpu, many without, some empty, and enough of every other part."""
    plan = make_plan(150)
    shown = [{item.label for item in truth_at(plan, second, width=320)} for second in range(150)]
    count = {label: sum(label in frame for frame in shown) for label in LABELS}
    assert count["cpu"] >= 60
    assert 150 - count["cpu"] >= 30
    assert all(count[label] >= 12 for label in LABELS)
    assert sum(not frame for frame in shown) >= 10
