"""Review and export on known predictions, on a real Label Studio; no model and no ML backend take part."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pycocotools.coco import COCO

from argus.db import connect as database
from argus.errors import ArgusError
from argus.export import export_project
from argus.labelstudio import LabelStudio
from label_studio_config.concepts import default_label_config
from ml_backend import review

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

VERSION = "sam3-00000000aa"
WIDTH, HEIGHT = 200, 100
SCORES = (0.95, 0.9, 0.89, 0.7, 0.5, None, None, 0.99)  # one above, one on and one below each edge


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (shade, 90, 30)).save(file, "JPEG")
    return file.getvalue()


def regions(name: int, score: float, label: str = "cpu") -> list[dict[str, Any]]:
    """Box and mask of one object at (20, 10)-(60, 50) pixels."""
    from label_studio_sdk.converter import brush
    from numpy import uint8, zeros

    mask = zeros((HEIGHT, WIDTH), uint8)
    mask[10:50, 20:60] = 255
    base = {"to_name": "image", "origin": "prediction", "original_width": WIDTH, "original_height": HEIGHT,
            "image_rotation": 0, "score": score}
    box = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": [label]}
    return [base | {"id": f"{name:012x}-b", "from_name": "box", "type": "rectanglelabels", "value": box},
            base | {"id": f"{name:012x}-m", "from_name": "mask", "type": "brushlabels",
                    "value": {"format": "rle", "rle": brush.mask2rle(mask), "brushlabels": [label]}}]


class Known:
    """A project with one image and one prediction per score; the first task carries the first score."""

    def __init__(self, ls: LabelStudio, scores: Sequence[float | None] = SCORES) -> None:
        self.ls = ls
        config = default_label_config(["fan", "cpu"])
        self.id: int = ls.post("/api/projects/", {"title": "Known", "label_config": config})["id"]
        with database() as connection:
            connection.execute("INSERT INTO project (id, model_version) VALUES (%s, %s)", (self.id, VERSION))
        for start in range(0, len(scores), 50):
            files = [(f"f{i}", (f"frame {i:03}.jpg", picture(i % 250), "image/jpeg"))
                     for i in range(start, min(start + 50, len(scores)))]
            ls.request("POST", f"/api/projects/{self.id}/import", files=files)
        self.tasks: list[int] = [task["id"] for task in ls.tasks(self.id, fields="task_only")]
        self.predict(scores)

    def predict(self, scores: Sequence[float | None]) -> None:
        body = [{"task": task, "model_version": VERSION, "score": score,
                 "result": regions(task, score) if score else []}
                for task, score in zip(self.tasks, scores, strict=False)]
        self.ls.post(f"/api/projects/{self.id}/import/predictions", body)

    def annotate(self, index: int, result: list[Any], *, cancelled: bool = False) -> int:
        answer = self.ls.post(f"/api/tasks/{self.tasks[index]}/annotations/",
                              {"result": result, "was_cancelled": cancelled})
        return int(answer["id"])

    def annotations(self) -> list[list[dict[str, Any]]]:
        return [task["annotations"] for task in self.ls.tasks(self.id)]

    def annotated(self) -> list[int]:
        """Return the indexes of the tasks that have an annotation, once for each."""
        return [index for index, found in enumerate(self.annotations()) for _ in found]


@pytest.fixture
def known(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[..., Known]]:
    made: list[Known] = []

    def make(*scores: float | None) -> Known:
        made.append(Known(label_studio, scores or SCORES))
        return made[-1]

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project.id}/")


def items(acceptance: int) -> list[dict[str, Any]]:
    with database() as connection:
        return connection.execute("SELECT * FROM acceptance_item WHERE acceptance_id = %s ORDER BY task_id",
                                  (acceptance,)).fetchall()


def state(acceptance: int) -> str:
    with database() as connection:
        row = connection.execute("SELECT state FROM acceptance WHERE id = %s", (acceptance,)).fetchone()
    assert row is not None
    return str(row["state"])


def test_status__counts_each_task_in_its_band(known: Callable[..., Known]) -> None:
    project = known()
    found = review.review_status(project.id)
    assert found["bands"] == {"high": 3, "medium": 2, "low": 1, "nothing_found": 2}
    assert found["regions"] == {"high": 3, "medium": 2, "low": 1, "nothing_found": 0}  # box and mask are one object
    assert (found["left"], found["total"], found["reviewed"]) == (8, 8, 0)


def test_status__regions_come_from_the_record_of_deliveries_only_when_it_fits(known: Callable[..., Known]) -> None:
    project = known()
    with database() as connection:
        for task, score in zip(project.tasks, SCORES, strict=True):
            connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '')", (task, project.id))
            connection.execute(
                "INSERT INTO prediction (task_id, model_version, project_id, channel, state, score, regions) "
                "VALUES (%s, %s, %s, 'push', 'stored', %s, %s)", (task, VERSION, project.id, score, 10 if score else 0))
    project.annotate(0, [])
    review.accept(project.id, min_score=0.99)
    recorded = review.review_status(project.id)["regions"]
    assert recorded == {"high": 10, "medium": 20, "low": 10, "nothing_found": 0}
    with database() as connection:
        connection.execute("UPDATE prediction SET model_version = 'sam3-old' WHERE task_id = %s", (project.tasks[4],))
    assert review.review_status(project.id)["outdated"] == 1
    assert review.review_status(project.id)["regions"] == {"high": 1, "medium": 2, "low": 1, "nothing_found": 0}


def test_status__tells_what_people_did_apart(known: Callable[..., Known]) -> None:
    project = known()
    review.accept(project.id, min_score=0.95)
    project.annotate(1, regions(project.tasks[1], 0.9))
    changed = regions(project.tasks[2], 0.89)
    changed[0]["value"]["x"] = 12
    project.annotate(2, changed)
    project.annotate(3, [], cancelled=True)
    found = review.review_status(project.id)
    assert {key: found[key] for key in ("accepted", "checked", "fixed", "skipped", "reviewed", "left")} == {
        "accepted": 2, "checked": 1, "fixed": 1, "skipped": 1, "reviewed": 5, "left": 3}


def test_status__repairs_a_project_whose_scores_count_for_another_version(known: Callable[..., Known]) -> None:
    project = known()
    review.review_status(project.id)
    project.ls.patch(f"/api/projects/{project.id}/", {"model_version": ""})
    assert [task["predictions_score"] for task in project.ls.tasks(project.id)] == [None] * 8  # the trap itself
    assert review.review_status(project.id)["bands"]["high"] == 3


def test_status__of_a_project_that_was_never_connected(servers: Any) -> None:
    with pytest.raises(ArgusError) as failure:
        review.review_status(10**8)
    assert failure.value.code == "unknown_project"


def test_accept__takes_the_range_and_nothing_else_and_only_once(known: Callable[..., Known]) -> None:
    project = known()
    first = review.accept(project.id, min_score=0.9, accepted_by="ada")
    assert (first["accepted_tasks"], first["accepted_regions"], first["skipped"]) == (3, 3, 0)
    assert project.annotated() == [0, 1, 7]
    again = review.accept(project.id, min_score=0.9)
    assert again == {"acceptance": None, "accepted_tasks": 0, "accepted_regions": 0, "skipped": 0, "reasons": {}}
    middle = review.accept(project.id, min_score=0.7, max_score=0.89)  # the upper end is not part of it
    assert middle["accepted_tasks"] == 1
    assert project.annotated() == [0, 1, 3, 7]


def test_accept__records_what_label_studio_has(known: Callable[..., Known]) -> None:
    project = known()
    report = review.accept(project.id, min_score=0.9, accepted_by="ada")
    made = {a["id"]: a for found in project.annotations() for a in found}
    recorded = items(report["acceptance"])
    assert {item["annotation_id"] for item in recorded} == set(made)
    for item in recorded:
        annotation = made[item["annotation_id"]]
        assert annotation["parent_prediction"] == item["prediction_id"]
        assert annotation["updated_at"] == item["updated_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert {r["score"] for r in annotation["result"]} <= {0.9, 0.95, 0.99}
    (entry,) = review.acceptances(project.id)
    assert (entry["accepted_by"], entry["state"], entry["accepted"]) == ("ada", "done", 3)


def test_accept__an_empty_selection_is_a_clean_zero(known: Callable[..., Known]) -> None:
    project = known(0.5, None)
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 0
    assert project.annotated() == []


def test_accept__nothing_found_is_a_group_of_its_own(known: Callable[..., Known]) -> None:
    project = known()
    assert review.accept(project.id, min_score=0)["accepted_tasks"] == 6
    assert project.annotated() == [0, 1, 2, 3, 4, 7]
    report = review.accept(project.id, nothing_found=True)
    assert (report["accepted_tasks"], report["accepted_regions"]) == (2, 0)
    assert [project.annotations()[index][0]["result"] for index in (5, 6)] == [[], []]


def test_accept__leaves_alone_what_a_person_annotated_or_skipped(known: Callable[..., Known]) -> None:
    project = known()
    project.annotate(0, [])
    project.annotate(1, [], cancelled=True)
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 1
    assert project.annotated() == [0, 1, 7]


def test_accept__a_task_with_two_predictions_of_one_version_is_left_out(known: Callable[..., Known]) -> None:
    project = known(0.95, 0.96)
    project.predict([0.97])
    report = review.accept(project.id, min_score=0.9)
    assert (report["accepted_tasks"], report["skipped"]) == (1, 1)
    assert list(report["reasons"]) == ["more than one prediction of this version"]
    assert project.annotated() == [1]


def test_accept__predictions_of_another_version_do_not_count(known: Callable[..., Known]) -> None:
    project = known(0.5)
    project.ls.post(f"/api/projects/{project.id}/import/predictions",
                    [{"task": project.tasks[0], "model_version": "old", "score": 1.0, "result": []}])
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 0


def test_accept__two_processes_at_once_share_the_work_and_double_nothing(known: Callable[..., Known]) -> None:
    project = known(*[0.95] * 30)
    command = [sys.executable, "-m", "argus.cli", "review", "accept", "--project", str(project.id), "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    reports = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert sorted(report["accepted_tasks"] for report in reports) == [0, 0, 30]
    assert project.annotated() == list(range(30))


class CutOff(LabelStudio):
    """The real server behind a line that breaks at the n-th bulk accept, before or after the server got it."""

    def __init__(self, ls: LabelStudio, at: int, *, arrives: bool) -> None:
        super().__init__(ls.url, ls._token)
        self.left, self.arrives = at, arrives

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        if path.startswith("/api/dm/actions"):
            self.left -= 1
            if not self.left:
                if self.arrives:
                    super().post(path, body, **options)
                raise ArgusError("label_studio_unreachable", "The line broke.")
        return super().post(path, body, **options)


@pytest.mark.parametrize(("arrives", "accepted"), [(False, 2), (True, 4)])
def test_accept__a_failure_in_the_middle_leaves_a_true_record(known: Callable[..., Known], arrives: bool, accepted: int,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    project = known(*[0.95] * 5)
    monkeypatch.setattr(review, "CHUNK", 2)
    with pytest.raises(ArgusError) as failure:
        review.accept(project.id, min_score=0.9, ls=CutOff(project.ls, 2, arrives=arrives))
    acceptance = failure.value.details["acceptance"]
    assert failure.value.details["accepted_tasks"] == accepted == len(project.annotated())
    assert state(acceptance) == "failed"
    assert [item["state"] for item in items(acceptance)] == ["accepted"] * accepted + ["skipped"] * (4 - accepted)
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 5 - accepted
    assert project.annotated() == list(range(5))
    assert review.undo(acceptance)["undone"] == accepted


def test_accept__settles_what_a_killed_process_left_open(known: Callable[..., Known]) -> None:
    project = known(0.95, 0.95)
    review.review_status(project.id)
    predictions = [task["predictions"][0]["id"] for task in project.ls.tasks(project.id)]
    with database() as connection:
        row = connection.execute("INSERT INTO acceptance (project_id, model_version) VALUES (%s, %s) RETURNING id",
                                 (project.id, VERSION)).fetchone()
        assert row is not None
        for task, prediction in zip(project.tasks, predictions, strict=True):
            connection.execute("INSERT INTO acceptance_item (acceptance_id, task_id, prediction_id) "
                               "VALUES (%s, %s, %s)", (row["id"], task, prediction))
    project.ls.post(f"/api/dm/actions?id=predictions_to_annotations&project={project.id}",
                    {"selectedItems": {"all": False, "included": project.tasks[:1]}, "model_version": VERSION})
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 1
    assert state(row["id"]) == "failed"
    assert [item["state"] for item in items(row["id"])] == ["accepted", "skipped"]


def test_undo__takes_back_what_nobody_touched_and_it_can_be_accepted_again_once(known: Callable[..., Known]) -> None:
    project = known()
    first = review.accept(project.id, min_score=0.9)
    edited, drafted = project.annotations()[0][0], project.annotations()[1][0]
    project.ls.patch(f"/api/annotations/{edited['id']}/", {"result": []})
    project.ls.post(f"/api/tasks/{project.tasks[1]}/annotations/{drafted['id']}/drafts", {"result": [], "lead_time": 1})
    mine = project.annotate(4, [])
    report = review.undo(first["acceptance"])
    assert report["undone"] == 1
    assert {item["annotation"]: item["reason"] for item in report["left"]} == {
        edited["id"]: "changed since", drafted["id"]: "somebody is changing it"}
    assert [a["id"] for found in project.annotations() for a in found] == [edited["id"], drafted["id"], mine]
    assert state(first["acceptance"]) == "undone"
    assert review.undo(first["acceptance"])["undone"] == 0
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 1
    assert review.accept(project.id, min_score=0.9)["accepted_tasks"] == 0
    assert project.annotated() == [0, 1, 4, 7]


def test_undo__of_an_acceptance_that_never_was(servers: Any) -> None:
    with pytest.raises(ArgusError) as failure:
        review.undo(10**8)
    assert failure.value.code == "not_found"


def test_band_views__show_what_status_counts(known: Callable[..., Known]) -> None:
    project = known()
    views = review.make_band_views(project.id)
    shown = {band: project.ls.get("/api/tasks/", view=view)["total"] for band, view in views.items()}
    assert shown == review.review_status(project.id)["bands"]
    assert review.make_band_views(project.id) == views


def test_export__coco_and_yolo_hold_what_was_accepted_or_drawn(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    review.accept(project.id, min_score=0.9)
    drawn = regions(1, 0.5, "fan")[:1]  # a person's own box: no score, no id of ours
    drawn[0]["id"], drawn[0]["value"]["x"] = "aB3dE", 50
    del drawn[0]["score"]
    project.annotate(4, [*drawn, {**drawn[0], "id": "far", "value": drawn[0]["value"] | {"x": 150}}])
    project.annotate(5, [])
    project.annotate(6, [], cancelled=True)
    counts = export_project(project.id, "coco", tmp_path / "coco")
    assert (counts["images"], counts["objects"], counts["categories"]) == (5, 4, 2)
    assert counts["skipped"] == [{"reason": "outside the image", "count": 1, "tasks": [project.tasks[4]]}]
    coco = COCO(str(tmp_path / "coco" / "annotations.json"))
    assert {c["id"]: c["name"] for c in coco.cats.values()} == {1: "fan", 2: "cpu"}
    assert [image["file_name"] for image in coco.imgs.values()] == [f"frame_00{i}.jpg" for i in (0, 1, 4, 5, 7)]
    by_task = {coco.imgs[a["image_id"]]["task_id"]: a for a in coco.anns.values()}
    sure, hand = by_task[project.tasks[0]], by_task[project.tasks[4]]
    assert (sure["bbox"], sure["category_id"], sure["score"]) == ([20, 10, 40, 40], 2, 0.95)
    assert coco.annToMask(sure).sum() == sure["area"] == 1600
    assert (hand["bbox"], hand["category_id"], "score" in hand) == ([100, 10, 40, 40], 1, False)
    for image in coco.imgs.values():
        with Image.open(tmp_path / "coco" / "images" / image["file_name"]) as file:
            assert file.size == (image["width"], image["height"]) == (WIDTH, HEIGHT)
    yolo = export_project(project.id, "yolo", tmp_path / "yolo", with_images=False)
    assert (yolo["images"], yolo["objects"]) == (5, 4)
    texts = {path.name: path.read_text() for path in (tmp_path / "yolo" / "labels").iterdir()}
    assert texts["frame_005.txt"] == ""
    assert texts["frame_000.txt"] == "1 0.200000 0.300000 0.200000 0.400000\n"
    assert not list((tmp_path / "yolo" / "images").iterdir())
    assert not any("/" in line or "upload" in line for line in texts.values())


def test_export__predictions_when_asked_for(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    review.review_status(project.id)
    counts = export_project(project.id, "yolo", tmp_path / "out", masks=True, source="predictions")
    assert (counts["images"], counts["objects"]) == (8, 6)
    lines = [line.split() for path in (tmp_path / "out" / "labels").iterdir() for line in path.read_text().splitlines()]
    assert {len(line) for line in lines} == {9}  # four corners each, and no box among them


def test_export__splits_keep_videos_together(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    for index, task in enumerate(project.ls.tasks(project.id)):
        project.ls.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {"video": f"v{index // 2}.mp4"}})
        project.annotate(index, [])
    counts = export_project(project.id, "coco", tmp_path / "out", splits={"train": 0.75, "val": 0.25})
    assert counts["splits"] == {"train": 6, "val": 2}
    train, val = (json.loads((tmp_path / "out" / f"annotations_{split}.json").read_text())["images"]
                  for split in ("train", "val"))
    assert not {image["video"] for image in train} & {image["video"] for image in val}


def test_export__one_broken_image_does_not_stop_the_rest(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known(0.95, 0.95)
    review.accept(project.id, min_score=0.9)
    first = next(project.ls.tasks(project.id))
    project.ls.patch(f"/api/tasks/{first['id']}/", {"data": {"image": "/data/upload/1/none.jpg"}})
    counts = export_project(project.id, "coco", tmp_path / "out")
    assert counts["images"] == 1
    assert counts["skipped"] == [{"reason": "image left out: image_unreachable", "count": 1, "tasks": [first["id"]]}]


def test_export__errors_are_sentences_and_leave_nothing_behind(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known(0.95)
    with pytest.raises(ArgusError) as unknown:
        export_project(project.id, "voc", tmp_path / "out")
    with pytest.raises(ArgusError) as nobody:
        export_project(10**8, "coco", tmp_path / "out")
    with pytest.raises(ArgusError) as unreviewed:
        export_project(project.id, "coco", tmp_path / "out")
    project.ls.delete(f"/api/tasks/{project.tasks[0]}/")
    with pytest.raises(ArgusError) as empty:
        export_project(project.id, "coco", tmp_path / "out")
    assert [failure.value.code for failure in (unknown, nobody, unreviewed, empty)] == [
        "unknown_format", "unknown_project", "nothing_selected", "nothing_selected"]
    assert "annotated" in unreviewed.value.message
    assert "no tasks" in empty.value.message
    assert list(tmp_path.iterdir()) == []
