"""Frames of the demo's line whose objects are known, in a project of a build that has predicted all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.build import Build, wait_for
from benchmarks.side_by_side.work import UNDER_WAY
from demo.truth import Box, Region, iou, matched
from demo.video import HEIGHT, WIDTH, make_plan, render, truth_at
from demo.vocabulary import LABELS

SEEDS = tuple(range(713, 723))  # never tuned on
SECONDS = 30  # and frames, of each video: 300 frames with 933 objects
SIZE = (WIDTH, HEIGHT)
MIN_VISIBLE = 0.3  # of an object that counts as shown
HIT = 0.5  # least IoU of a box that is right
_PATIENCE = 3600


@dataclass(frozen=True)
class Thing:
    """An object that a frame shows; its box in pixels of the frame."""

    label: str
    box: Box


@dataclass(frozen=True)
class Predicted:
    """A predicted object as the page names it; its box in pixels of the frame."""

    task: int
    name: str
    label: str
    score: float
    box: Box


@dataclass(frozen=True)
class Work:
    """A project of a build, what each of its tasks shows, and which frame of which video it is."""

    build: Build
    project: int
    things: Mapping[int, list[Thing]]
    frames: Mapping[int, tuple[str, int]]


class Lines:
    """Videos at one frame a second, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.paths: list[Path] = []
        self.things: dict[tuple[str, int], list[Thing]] = {}
        for seed in SEEDS:
            self.paths.append(folder / f"line-{seed}.mp4")
            render(self.paths[-1], folder / f"line-{seed}.json", SECONDS, seed, fps=1)
            plan = make_plan(SECONDS, seed)
            for number in range(SECONDS):
                self.things[self.paths[-1].name, number] = [
                    Thing(item.label, (item.box[0], item.box[1], item.box[2], item.box[3]))
                    for item in truth_at(plan, number, min_visible=MIN_VISIBLE)]

    def predicted(self, build: Build) -> Work:
        """Make a project of all frames, let the build's model predict them, and return it."""
        number = int(build.call("POST", "/label-studio/connect", {"title": "Line", "labels": LABELS})["project_id"])
        build.argus("import-video", *map(str, self.paths), "--project", str(number))
        wait_for(lambda: build.call("GET", f"/projects/{number}")["sync"]["seen"] >= len(self.things), _PATIENCE,
                 f"{build.name} did not list the frames", every=1)
        made = build.call("POST", f"/projects/{number}/runs", {"all": True, "labels": LABELS})
        wait_for(lambda: build.call("GET", f"/runs/{made['id']}")["state"] not in UNDER_WAY, _PATIENCE,
                 f"the run of {build.name} did not end", every=1)
        frames = {task["id"]: (Path(task["data"]["video"]).name, int(task["data"]["frame_number"]))
                  for task in tasks(build, number)}
        assert len(frames) == len(self.things)
        return Work(build, number, {task: self.things[frame] for task, frame in frames.items()}, frames)


def tasks(build: Build, project: int) -> list[dict[str, Any]]:
    """Return a project's tasks with their annotations."""
    found: list[dict[str, Any]] = []
    while True:
        page = build.label_studio("GET", "/api/tasks/", params={
            "project": project, "page": len(found) // 100 + 1, "page_size": 100, "fields": "all"})
        found += page["tasks"]
        if len(found) >= page["total"]:
            return found


def mistakes(shown: Sequence[Predicted], things: Sequence[Thing]) -> tuple[list[Predicted], list[Thing]]:
    """Return the objects shown on a frame that are wrong, and the objects of the frame that nothing right shows."""
    wrong: list[Predicted] = []
    lacking: list[Thing] = []
    for label in LABELS:
        mine = [one for one in shown if one.label == label]
        boxes = [thing.box for thing in things if thing.label == label]
        right = matched([Region(label, one.box, one.score) for one in mine], boxes, HIT)
        wrong += [one for one, ok in zip(mine, right, strict=True) if not ok]
        free = list(boxes)
        for one in sorted((one for one, ok in zip(mine, right, strict=True) if ok), key=lambda one: -one.score):
            free.remove(max(free, key=lambda box: iou(one.box, box)))
        lacking += [Thing(label, box) for box in free]
    return wrong, lacking


def right_label(one: Predicted, lacking: Iterable[Thing]) -> Thing | None:
    """Return the object that a wrong one lies on, when its label is all that is wrong."""
    return next((thing for thing in lacking if iou(one.box, thing.box) >= HIT), None)


def quality(work: Work) -> tuple[float, float]:
    """Return precision and recall of the boxes of all annotations of a project; a task without one has none."""
    right = made = objects = 0
    for task in tasks(work.build, work.project):
        shown = [box for annotation in task["annotations"] if not annotation["was_cancelled"]
                 for box in boxes_of(task["id"], annotation["result"])]
        wrong, _ = mistakes(shown, work.things[task["id"]])
        made, right = made + len(shown), right + len(shown) - len(wrong)
        objects += len(work.things[task["id"]])
    return right / max(1, made), right / objects


def boxes_of(task: int, result: Sequence[Mapping[str, Any]]) -> list[Predicted]:
    """Return the boxes of an annotation or prediction."""
    return [Predicted(task, region["id"], region["value"]["rectanglelabels"][0], region.get("score") or 1.0,
                      _pixels(region)) for region in result if region["type"] == "rectanglelabels"]


def _pixels(region: Mapping[str, Any]) -> Box:
    x, y, width, height = (region["value"][side] / 100 for side in ("x", "y", "width", "height"))
    return x * WIDTH, y * HEIGHT, (x + width) * WIDTH, (y + height) * HEIGHT


def pixels(box: Sequence[float]) -> Box:
    """Return a box given as x0, y0, x1, y1 in fractions of the frame's sides."""
    return box[0] * WIDTH, box[1] * HEIGHT, box[2] * WIDTH, box[3] * HEIGHT
