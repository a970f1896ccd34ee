"""The story of the README, in its own commands, on real servers: video in, labels out."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO

from argus.labelstudio import LabelStudio
from demo.truth import Truth

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
SECONDS, FPS = 40, 5
LABELS = ["cpu", "fan", "hdd", "ram stick", "capacitor", "battery"]


def argus(*arguments: object, expect: int = 0) -> Any:
    """Run a command of `argus`; return its JSON when it was asked for, else what it said."""
    done = subprocess.run([sys.executable, "-m", "argus_cli", *map(str, arguments)], capture_output=True, text=True,
                          timeout=600, env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    if expect:
        return done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


class Line:
    """One project that the tests below take through the story, in order."""

    def __init__(self, folder: Path) -> None:
        from demo.video import render

        self.folder, self.video = folder, folder / "line.mp4"
        render(self.video, folder / "truth.json", seconds=SECONDS, fps=FPS)
        self.truth = Truth(folder / "truth.json")
        self.project = 0
        self.found: list[int] = []

    def tasks(self, ls: LabelStudio) -> dict[int, dict[str, Any]]:
        return {task["id"]: task for task in ls.tasks(self.project)}


@pytest.fixture(scope="module")
def line(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    yield Line(tmp_path_factory.mktemp("line"))


def test_1_connect_makes_a_project_that_knows_the_backend(line: Line, label_studio: LabelStudio) -> None:
    report = argus("connect", "--title", "Story", "--labels", ",".join(LABELS), "--json")
    line.project = report["project_id"]
    backends = label_studio.get("/api/ml/", project=line.project)
    assert [b["title"] for b in backends] == [report["model_version"]]
    assert "KeyPointLabels" not in label_studio.project(line.project)["label_config"]
    again = argus("connect", "--project", line.project, "--json")
    assert again["model_version"] == report["model_version"]
    assert len(label_studio.get("/api/ml/", project=line.project)) == 1
    assert len(label_studio.get("/api/webhooks/", project=line.project)) == len({
        w["url"] for w in label_studio.get("/api/webhooks/", project=line.project)})


def test_2_import_video_makes_one_task_a_second_and_none_twice(line: Line, label_studio: LabelStudio) -> None:
    argus("import-video", line.video, "--project", line.project, "--fps", "1")
    frames = sorted((t["data"]["video_time"], t["data"]["frame_number"]) for t in line.tasks(label_studio).values())
    assert frames == [(float(second), FPS * second) for second in range(SECONDS)]
    argus("import-video", line.video, "--project", line.project, "--fps", "1")
    assert len(line.tasks(label_studio)) == SECONDS


def test_3_frames_are_embedded_by_themselves(line: Line) -> None:
    progress = argus("sync", "--project", line.project, "--wait", "--json")
    assert (progress["embedded"], progress["failed"]) == (SECONDS, 0)


def test_4_search_finds_the_part_and_makes_a_view(line: Line, label_studio: LabelStudio) -> None:
    answer = argus("search", "cpu", "--project", line.project, "--limit", "10", "--view", "CPU", "--json")
    assert answer["total"] == SECONDS
    assert answer["exact"] is True
    tasks = line.tasks(label_studio)
    line.found = [hit["task"] for hit in answer["hits"]]
    shown = [line.truth.shows(tasks[task]["data"]["frame_number"], "cpu") for task in line.found]
    assert sum(shown) >= 9
    similarities = [hit["similarity"] for hit in answer["hits"]]
    # Best first; half-precision vectors may differ from one plan to the next in the fifth digit.
    assert all(here >= after - 1e-4 for here, after in itertools.pairwise(similarities))
    views = label_studio.get("/api/dm/views/", project=line.project)
    (view,) = [v for v in views if v["data"]["title"].endswith("CPU (ranked)")]
    assert {item["value"] for item in view["data"]["filters"]["items"]} == set(line.found)
    assert {item["operator"] for item in view["data"]["filters"]["items"]} == {"equal"}


def test_5_annotate_gives_each_task_one_scored_prediction(line: Line, label_studio: LabelStudio) -> None:
    chosen = [f"--task={task}" for task in line.found]
    run = argus("annotate", "--project", line.project, *chosen, "--label", "cpu", "--json")
    assert (run["state"], run["requested"], run["done"], run["failed"]) == ("done", 10, 10, 0)
    tasks = line.tasks(label_studio)
    checked = {one["task"] for one in argus("review", "check-first", "--project", line.project, "--json")["suspicions"]}
    for task in line.found:
        (prediction,) = tasks[task]["predictions"]
        assert prediction["model_version"] == run["model_version"]
        boxes = [r for r in prediction["result"] if r["type"] == "rectanglelabels"]
        assert prediction["score"] == (0 if task in checked else min(r["score"] for r in boxes) if boxes else None)
    assert label_studio.project(line.project)["model_version"] == run["model_version"]
    labels = Counter(label for task in line.found for p in tasks[task]["predictions"] for r in p["result"]
                     for label in r["value"].get("rectanglelabels", []))
    assert set(labels) == {"cpu"}


def test_6_a_second_label_joins_the_same_prediction(line: Line, label_studio: LabelStudio) -> None:
    tasks = line.tasks(label_studio)
    frames = [tasks[task]["data"]["frame_number"] for task in line.found]
    second = max(LABELS[1:], key=lambda label: sum(line.truth.shows(frame, label) for frame in frames))
    argus("annotate", "--project", line.project, *(f"--task={task}" for task in line.found), "--label", second)
    tasks = line.tasks(label_studio)
    assert [len(tasks[task]["predictions"]) for task in line.found] == [1] * 10
    labels = {label for task in line.found for r in tasks[task]["predictions"][0]["result"]
              for label in r["value"].get("rectanglelabels", [])}
    assert labels == {"cpu", second}


def test_7_review_accepts_the_sure_ones_once_and_can_go_back(line: Line, label_studio: LabelStudio) -> None:
    before = argus("review", "status", "--project", line.project, "--json")
    assert sum(before["bands"].values()) + before["check_first"] == 10
    threshold = sorted(p["score"] for t in line.tasks(label_studio).values() for p in t["predictions"]
                       if p["score"])[3]  # whatever the scores are, some tasks are above and some below
    first = argus("review", "accept", "--project", line.project, "--min-score", threshold, "--yes", "--json")
    assert 0 < first["accepted_tasks"] < 10
    annotated = [t for t in line.tasks(label_studio).values() if t["annotations"]]
    assert len(annotated) == first["accepted_tasks"]
    assert all(p["score"] >= threshold for t in annotated for p in t["predictions"])
    again = argus("review", "accept", "--project", line.project, "--min-score", threshold, "--yes", "--json")
    assert again["accepted_tasks"] == 0
    argus("review", "undo", first["acceptance"])
    assert not any(t["annotations"] for t in line.tasks(label_studio).values())
    redone = argus("review", "accept", "--project", line.project, "--min-score", threshold, "--yes", "--json")
    assert redone["accepted_tasks"] == first["accepted_tasks"]


def test_8_export_as_coco_and_yolo(line: Line, label_studio: LabelStudio) -> None:
    boxes = sum(r["type"] == "rectanglelabels" for t in line.tasks(label_studio).values() for a in t["annotations"]
                for r in a["result"])
    coco_counts = argus("export", "--project", line.project, "--format", "coco", "-o", line.folder / "coco", "--json")
    yolo_counts = argus("export", "--project", line.project, "--format", "yolo", "-o", line.folder / "yolo", "--json")
    coco = COCO(str(line.folder / "coco" / "annotations.json"))
    assert boxes == len(coco.anns) == coco_counts["objects"] == yolo_counts["objects"] > 0
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == LABELS
    assert all(coco.annToMask(annotation).sum() > 0 for annotation in coco.anns.values())
    files = (line.folder / "yolo" / "labels").rglob("*.txt")
    lines = [row.split() for file in files for row in file.read_text().splitlines()]
    assert len(lines) == boxes
    assert all(len(row) == 5 and all(0 <= float(x) <= 1 for x in row[1:]) for row in lines)


@pytest.mark.parametrize(("command", "code", "said"), [
    (["search", "", "--project", "{project}"], 2, "empty"),
    (["search", "cpu", "--project", "999999"], 3, "999999"),
    (["annotate", "--project", "{project}", "--task", "{task}", "--label", "teapot"], 2, "teapot"),
    (["annotate", "--project", "{project}", "--search", " ", "--label", "cpu"], 2, "empty"),
    (["export", "--project", "999999", "--format", "coco", "-o", "{folder}/x"], 3, "999999"),
    (["import-video", "{folder}/truth.json", "--project", "{project}"], 6, "truth.json"),
    (["review", "status", "--project", "999999"], 3, "999999"),
])
def test_9_wrong_input_gets_a_sentence(line: Line, command: list[str], code: int, said: str) -> None:
    filled = [part.format(project=line.project, task=line.found[0], folder=line.folder) for part in command]
    message = argus(*filled, expect=code)
    assert said in message
    assert "Traceback" not in message
