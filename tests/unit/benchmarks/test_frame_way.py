from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import av
import pytest
from PIL import ImageChops

from benchmarks.frame_way import report, stages
from benchmarks.frame_way.footage import FPS, make_video
from benchmarks.frame_way.report import Side, different, lines, to_json
from benchmarks.frame_way.stages import Event, Spent, spent
from benchmarks.frame_way.way import Way

MODULE = """
import time

class Store:
    def keep(self, seconds):
        time.sleep(seconds)
        return seconds

def outer():
    time.sleep(0.02)
    return Store().keep(0.06)

def steps():
    for number in range(3):
        time.sleep(0.02)
        yield number

def fails():
    raise ValueError("as it should")
"""
PROGRAM = """
import time, work
assert work.outer() == 0.06
for number in work.steps():
    time.sleep(0.05)  # what the caller does with a value is not the generator's
try:
    work.fails()
except ValueError:
    pass
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Event]]:
    """What the hook wrote about a small program."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "work.py").write_text(MODULE)
    found = stages.variables({"work": {"outer": "outer", "Store.keep": "keep", "steps": "steps", "fails": "fails"}},
                             folder / "events")
    env = os.environ | found | {"PYTHONPATH": f"{found['PYTHONPATH']}{os.pathsep}{folder}"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(PROGRAM)], check=True, env=env)
    by_stage: dict[str, list[Event]] = {}
    for event in stages.read(folder / "events"):
        by_stage.setdefault(event.stage, []).append(event)
    return by_stage


def test_hook__a_call_has_its_own_seconds_without_those_of_stages_inside(events: dict[str, list[Event]]) -> None:
    assert len(events["outer"]) == len(events["keep"]) == 1
    assert events["outer"][0].seconds >= 0.02
    assert events["keep"][0].seconds >= 0.06
    assert events["outer"][0].at <= events["keep"][0].at
    assert events["keep"][0].cpu < 0.06  # it slept


def test_hook__a_generator_is_timed_step_by_step_without_its_caller(events: dict[str, list[Event]]) -> None:
    assert len(events["steps"]) == 4  # the last one finds the end
    assert all(event.seconds >= 0.02 for event in events["steps"][:3])
    begins = [event.at for event in events["steps"]]
    assert all(later - earlier >= 0.07 for earlier, later in itertools.pairwise(begins))


def test_hook__what_raises_is_written_down_too(events: dict[str, list[Event]]) -> None:
    assert len(events["fails"]) == 1


@pytest.mark.parametrize("module", sorted(stages.THIS_BUILD))
def test_stages__every_function_is_there(module: str) -> None:
    for path, stage in stages.THIS_BUILD[module].items():
        owner: object = importlib.import_module(module)
        for part in path.split("."):
            owner = getattr(owner, part)
        assert callable(owner)
        assert stage in stages.STAGES


def test_stages__both_builds_name_the_same() -> None:
    ours, theirs = ({stage for functions in tree.values() for stage in functions.values()}
                    for tree in (stages.THIS_BUILD, stages.BASELINE))
    assert ours == theirs == set(stages.STAGES)


def test_spent__counts_the_calls_that_began_between_two_times() -> None:
    calls = [Event("push", 1.0, 0.5, 0.1), Event("push", 2.0, 0.5, 0.2), Event("decode", 2.5, 1.0, 1.0),
             Event("push", 3.0, 9.0, 9.0)]
    assert spent(calls, 1.0, 3.0) == {"decode": Spent(1, 1.0, 1.0), "push": Spent(2, 1.0, pytest.approx(0.3))}
    assert list(spent(calls, 1.0, 3.0)) == ["decode", "push"]  # in the order of the way


def side(model: float, done: float, label: str = "cpu") -> Side:
    way = Way(began=0.0, imported=10.0, embedded=12.0, done=done,
              regions={0: [{"id": "a", "value": {"labels": [label]}}], 25: []})
    return Side(way, [Event("decode", 1.0, 4.0, 4.0), Event("embed-model", 9.0, 3.0, 3.0),
                      Event("embed-model", 11.0, 1.0, 1.0), Event("model", 13.0, model, model)])


def test_report__the_models_are_left_out_after_the_import_only() -> None:
    baseline, ours = side(5.0, 36.0), side(4.0, 23.0)
    assert (baseline.not_model, ours.not_model) == (20.0, 8.0)
    figures = to_json(baseline, ours)
    assert (figures["not_model_ratio"], figures["whole_ratio"]) == (0.4, round(23 / 36, 3))
    assert figures["same_results"] is True
    assert set(figures["stages"]) == set(stages.STAGES)
    assert figures["stages"]["model"] == {"baseline": {"calls": 1, "seconds": 5.0, "cpu": 5.0},
                                          "this build": {"calls": 1, "seconds": 4.0, "cpu": 4.0}}
    text = "\n".join(lines(figures))
    assert "| of that, neither model at work | 20.0 | 8.0 | 0.40 |" in text
    assert "| model: SAM 3 | 1 | 5.0 | 5.0 | 4.0 | 4.0 |" in text
    assert "push to Label Studio" not in text  # it was not called


def test_report__other_predictions_are_told() -> None:
    one, other = side(5.0, 36.0), side(5.0, 36.0, label="fan")
    assert different(one.way.regions, other.way.regions) == [0]
    assert different(one.way.regions, {0: one.way.regions[0]}) == [25]
    assert "**not the same from both builds**" in "\n".join(lines(to_json(one, other)))


def test_page__has_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    report.write(to_json(side(5.0, 36.0), side(4.0, 23.0)), page)
    assert "| the whole way | 36.0 | 23.0 | 0.64 |" in page.read_text("utf-8")
    assert "## What is done twice" in page.read_text("utf-8")


@pytest.mark.slow
def test_footage__is_1080p_of_this_length_and_moves(tmp_path: Path) -> None:
    make_video(tmp_path / "belt.mp4", 2)
    with av.open(str(tmp_path / "belt.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1920, 1080)
        frames = [frame.to_image() for frame in container.decode(stream)]
    assert len(frames) == 2 * FPS
    assert ImageChops.difference(frames[0], frames[1]).getbbox()
