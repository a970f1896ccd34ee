"""Review and export on known predictions, on a real Label Studio; no model and no ML backend take part."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pycocotools.coco import COCO

from argus import audit
from argus.answers.export import SkippedTasks
from argus.answers.review import Accepted, AdditionExample, LeftAnnotation, Undone
from argus.db import connect as database
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from label_studio_config.shapes import new_label_config
from search_service.api.app import create_app
from search_service.api.caller import HEADER
from search_service.api.requests import API
from search_service.export import count_images, export_project, preview_export
from search_service.review import acceptance as accepting
from search_service.review import records, service
from tests.people import sign_up
from tests.pictures import plain

pytestmark = pytest.mark.integration

VERSION = "sam3-00000000aa"
WIDTH, HEIGHT = 200, 100
SCORES = (0.95, 0.9, 0.89, 0.7, 0.5, None, None, 0.99)  # one above, one on and one below each edge


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
        config = new_label_config(["fan", "cpu"], masks=True)
        self.id: int = ls.post("/api/projects/", {"title": "Known", "label_config": config})["id"]
        with database() as connection:
            connection.execute("INSERT INTO project (id, model_version) VALUES (%s, %s)", (self.id, VERSION))
        for start in range(0, len(scores), 50):
            files = [(f"f{i}", (f"frame {i:03}.jpg", plain((i % 250, 90, 30), (WIDTH, HEIGHT)), "image/jpeg"))
                     for i in range(start, min(start + 50, len(scores)))]
            ls.request("POST", f"/api/projects/{self.id}/import", files=files)
        self.tasks: list[int] = [task["id"] for task in ls.tasks(self.id, fields="task_only")]
        self.predict(scores)

    def predict(self, scores: Sequence[float | None]) -> None:
        body = [{"task": task, "model_version": VERSION, "score": score,
                 "result": regions(task, score) if score else []}
                for task, score in zip(self.tasks, scores, strict=False)]
        self.ls.post(f"/api/projects/{self.id}/import/predictions", body)

    def record_deliveries(self) -> None:
        """Let our tables know the tasks and predictions, as after a run."""
        with database() as connection:
            for task in self.ls.tasks(self.id):
                connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '')",
                                   (task["id"], self.id))
                (prediction,) = task["predictions"]
                connection.execute(
                    "INSERT INTO prediction (task_id, model_version, project_id, channel, state, prediction_id, score, "
                    "regions) VALUES (%s, %s, %s, 'push', 'stored', %s, %s, %s)",
                    (task["id"], VERSION, self.id, prediction["id"], prediction["score"],
                     1 if prediction["result"] else 0))

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


@pytest.fixture(scope="module")
def ada(servers: Any) -> LabelStudio:
    """A second person in Label Studio."""
    settings = get_settings()
    return sign_up(LabelStudio(settings.label_studio_url, settings.access_token), "ada@example.com")


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
    found = service.review_status(project.id)
    assert found.bands == {"high": 3, "medium": 2, "low": 1, "nothing_found": 2}
    assert found.objects == {"high": 3, "medium": 2, "low": 1, "nothing_found": 0}  # box and mask are one object
    assert (found.left, found.total, found.reviewed) == (8, 8, 0)


def test_status__regions_come_from_the_record_of_deliveries_only_when_it_fits(known: Callable[..., Known]) -> None:
    project = known()
    with database() as connection:
        for task, score in zip(project.tasks, SCORES, strict=True):
            connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '')", (task, project.id))
            connection.execute(
                "INSERT INTO prediction (task_id, model_version, project_id, channel, state, score, regions) "
                "VALUES (%s, %s, %s, 'push', 'stored', %s, %s)", (task, VERSION, project.id, score, 10 if score else 0))
    project.annotate(0, [])
    service.accept(project.id, min_score=0.99)
    recorded = service.review_status(project.id).objects
    assert recorded == {"high": 10, "medium": 20, "low": 10, "nothing_found": 0}
    with database() as connection:
        connection.execute("UPDATE prediction SET model_version = 'sam3-old' WHERE task_id = %s", (project.tasks[4],))
    assert service.review_status(project.id).outdated == 1
    assert service.review_status(project.id).objects == {"high": 1, "medium": 2, "low": 1, "nothing_found": 0}


def test_status__tells_what_people_did_apart(known: Callable[..., Known]) -> None:
    project = known()
    service.accept(project.id, min_score=0.95)
    project.annotate(1, regions(project.tasks[1], 0.9))
    changed = regions(project.tasks[2], 0.89)
    changed[0]["value"]["x"] = 12
    project.annotate(2, changed)
    project.annotate(3, [], cancelled=True)
    found = service.review_status(project.id)
    assert found.model_dump(include={"accepted", "checked", "fixed", "skipped", "reviewed", "left"}) == {
        "accepted": 2, "checked": 1, "fixed": 1, "skipped": 1, "reviewed": 5, "left": 3}


def test_status__repairs_a_project_whose_scores_count_for_another_version(known: Callable[..., Known]) -> None:
    project = known()
    service.review_status(project.id)
    project.ls.patch(f"/api/projects/{project.id}/", {"model_version": ""})
    assert [task["predictions_score"] for task in project.ls.tasks(project.id)] == [None] * 8  # the trap itself
    assert service.review_status(project.id).bands["high"] == 3


def test_status__of_a_project_that_was_never_connected(servers: Any) -> None:
    with pytest.raises(ArgusError) as failure:
        service.review_status(10**8)
    assert failure.value.code == "unknown_project"


def test_accept__takes_the_range_and_nothing_else_and_only_once(known: Callable[..., Known]) -> None:
    project = known()
    first = service.accept(project.id, min_score=0.9)
    assert (first.accepted_tasks, first.accepted_objects, first.skipped) == (3, 3, 0)
    assert project.annotated() == [0, 1, 7]
    again = service.accept(project.id, min_score=0.9)
    assert again == Accepted(acceptance=None, accepted_tasks=0, accepted_objects=0, skipped=0, reasons={})
    middle = service.accept(project.id, min_score=0.7, max_score=0.89)  # the upper end is not part of it
    assert middle.accepted_tasks == 1
    assert project.annotated() == [0, 1, 3, 7]


def test_accept__records_what_label_studio_has(known: Callable[..., Known]) -> None:
    project = known()
    with audit.recorded(audit.Actor("ada@example.com", 7), "review.accept", project.id):
        report = service.accept(project.id, min_score=0.9)
    made = {a["parent_prediction"]: a for found in project.annotations() for a in found}
    recorded = items(report.acceptance)
    assert {item["prediction_id"] for item in recorded} == set(made)
    for item in recorded:  # its annotation's id is read only when a count did not settle it
        annotation = made[item["prediction_id"]]
        assert item["annotation_id"] in (None, annotation["id"])
        assert item["task_updated_at"] or item["updated_at"], "the moment that tells it from a later one"
        if item["updated_at"]:
            assert annotation["created_at"] == item["updated_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert {r["score"] for r in annotation["result"]} <= {0.9, 0.95, 0.99}
    (entry,) = records.acceptances(project.id)
    assert (entry.accepted_by, entry.state, entry.accepted) == ("ada@example.com", "done", 3)
    (row,) = audit.listing(project=project.id).entries
    assert (row.object, row.who) == (f"acceptance {report.acceptance}", "ada@example.com")


def test_accept__an_empty_selection_is_a_clean_zero(known: Callable[..., Known]) -> None:
    project = known(0.5, None)
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 0
    assert project.annotated() == []


def test_accept__nothing_found_is_a_group_of_its_own(known: Callable[..., Known]) -> None:
    project = known()
    assert service.accept(project.id, min_score=0).accepted_tasks == 6
    assert project.annotated() == [0, 1, 2, 3, 4, 7]
    report = service.accept(project.id, nothing_found=True)
    assert (report.accepted_tasks, report.accepted_objects) == (2, 0)
    assert [project.annotations()[index][0]["result"] for index in (5, 6)] == [[], []]


def test_accept__leaves_alone_what_a_person_annotated_or_skipped(known: Callable[..., Known]) -> None:
    project = known()
    project.annotate(0, [])
    project.annotate(1, [], cancelled=True)
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 1
    assert project.annotated() == [0, 1, 7]


def test_accept__a_task_with_two_predictions_of_one_version_is_left_out(known: Callable[..., Known]) -> None:
    project = known(0.95, 0.96)
    project.predict([0.97])
    report = service.accept(project.id, min_score=0.9)
    assert (report.accepted_tasks, report.skipped) == (1, 1)
    assert list(report.reasons) == ["more than one prediction of this version"]
    assert project.annotated() == [1]


def test_accept__predictions_of_another_version_do_not_count(known: Callable[..., Known]) -> None:
    project = known(0.5)
    project.ls.post(f"/api/projects/{project.id}/import/predictions",
                    [{"task": project.tasks[0], "model_version": "old", "score": 1.0, "result": []}])
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 0


def test_accept__two_processes_at_once_share_the_work_and_double_nothing(known: Callable[..., Known]) -> None:
    project = known(*[0.95] * 30)
    command = [sys.executable, "-m", "argus_cli", "review", "accept", "--project", str(project.id), "--json"]
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
    monkeypatch.setattr(accepting, "CHUNK", 2)
    with pytest.raises(ArgusError) as failure:
        service.accept(project.id, min_score=0.9, ls=CutOff(project.ls, 2, arrives=arrives))
    acceptance = failure.value.details["acceptance"]
    assert failure.value.details["accepted_tasks"] == accepted == len(project.annotated())
    assert state(acceptance) == "failed"
    assert [item["state"] for item in items(acceptance)] == ["accepted"] * accepted + ["skipped"] * (4 - accepted)
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 5 - accepted
    assert project.annotated() == list(range(5))
    assert service.undo(acceptance).undone == accepted


def test_accept__settles_what_a_killed_process_left_open(known: Callable[..., Known]) -> None:
    project = known(0.95, 0.95)
    service.review_status(project.id)
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
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 1
    assert state(row["id"]) == "failed"
    assert [item["state"] for item in items(row["id"])] == ["accepted", "skipped"]


def test_undo__takes_back_what_nobody_touched_and_it_can_be_accepted_again_once(known: Callable[..., Known]) -> None:
    project = known()
    first = service.accept(project.id, min_score=0.9)
    edited, drafted = project.annotations()[0][0], project.annotations()[1][0]
    project.ls.patch(f"/api/annotations/{edited['id']}/", {"result": []})
    project.ls.post(f"/api/tasks/{project.tasks[1]}/annotations/{drafted['id']}/drafts", {"result": [], "lead_time": 1})
    mine = project.annotate(4, [])
    report = service.undo(first.acceptance)
    assert report.undone == 1
    assert {item.annotation: item.reason for item in report.left} == {
        edited["id"]: "changed since", drafted["id"]: "somebody is changing it"}
    assert [a["id"] for found in project.annotations() for a in found] == [edited["id"], drafted["id"], mine]
    assert state(first.acceptance) == "undone"
    assert service.undo(first.acceptance).undone == 0
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 1
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 0
    assert project.annotated() == [0, 1, 4, 7]


def test_undo__that_was_asked_for_and_did_nothing_is_settled_once(known: Callable[..., Known]) -> None:
    project = known()
    first = service.accept(project.id, min_score=0.9).acceptance
    with database() as connection:  # as an undo leaves them whose first call Label Studio did not answer
        connection.execute("UPDATE acceptance_item SET undo_asked_at = now() WHERE acceptance_id = %s", (first,))
    before = project.annotated()
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 0
    with database() as connection:
        rows = connection.execute("SELECT state, undo_asked_at FROM acceptance_item WHERE acceptance_id = %s",
                                  (first,)).fetchall()
    assert {(row["state"], row["undo_asked_at"]) for row in rows} == {("accepted", None)}
    assert project.annotated() == before
    assert service.undo(first).undone == len(before)


def test_undo__of_an_acceptance_that_never_was(servers: Any) -> None:
    with pytest.raises(ArgusError) as failure:
        service.undo(10**8)
    assert failure.value.code == "not_found"


class Counting(LabelStudio):
    """The real server, with an account of how many tasks were read with all their regions."""

    def __init__(self, ls: LabelStudio) -> None:
        super().__init__(ls.url, ls._token)
        self.read = 0

    def get(self, path: str, **params: Any) -> Any:
        answer = super().get(path, **params)
        self.read += len(answer["tasks"]) if params.get("fields") == "all" else 0
        return answer


def test_accept_and_undo__what_is_on_record_needs_no_reading_of_masks(known: Callable[..., Known],
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    project = known()
    project.record_deliveries()
    monkeypatch.setattr(accepting, "CHUNK", 2)
    ls = Counting(project.ls)
    report = service.accept(project.id, min_score=0.9, ls=ls)
    assert (report.accepted_tasks, report.accepted_objects, ls.read) == (3, 3, 0)
    made = {a["task"]: a["parent_prediction"] for found in project.annotations() for a in found}
    recorded = items(report.acceptance)
    assert {item["task_id"]: item["prediction_id"] for item in recorded} == made
    assert {item["task_id"]: item["task_updated_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") for item in recorded} == {
        task["id"]: task["updated_at"] for task in project.ls.tasks(project.id) if task["annotations"]}
    assert service.undo(report.acceptance, ls=ls) == Undone(acceptance=report.acceptance, undone=3, left=[])
    assert ls.read == 0
    assert project.annotated() == []
    assert service.accept(project.id, min_score=0.9, ls=ls).accepted_tasks == 3
    assert service.accept(project.id, nothing_found=True, ls=ls).accepted_tasks == 2
    assert ls.read == 0


def test_accept__a_record_that_is_wrong_is_not_believed(known: Callable[..., Known]) -> None:
    project = known(0.95, 0.95, 0.95, 0.95, 0.5)
    project.record_deliveries()
    project.annotate(0, [])
    project.annotate(1, [], cancelled=True)
    project.ls.post(f"/api/projects/{project.id}/import/predictions",  # somebody else's, beside ours
                    [{"task": project.tasks[2], "model_version": "other", "score": 0.1, "result": []}])
    with database() as connection:
        connection.execute("UPDATE prediction SET score = 0.95 WHERE task_id = %s", (project.tasks[4],))
        connection.execute("DELETE FROM prediction WHERE task_id = %s", (project.tasks[3],))
    report = service.accept(project.id, min_score=0.9)
    assert (report.accepted_tasks, report.skipped) == (2, 0)
    assert project.annotated() == [0, 1, 2, 3]  # the first two are a person's
    assert service.undo(report.acceptance).undone == 2


def test_undo__of_what_is_on_record_leaves_every_change_and_every_draft(known: Callable[..., Known],
                                                                        ada: LabelStudio) -> None:
    project = known(*[0.95] * 5)
    project.record_deliveries()
    report = service.accept(project.id, min_score=0.9)
    first = [found[0]["id"] for found in project.annotations()]
    ada.patch(f"/api/annotations/{first[0]}/", {"result": []})
    ada.post(f"/api/tasks/{project.tasks[1]}/annotations/{first[1]}/drafts", {"result": [], "lead_time": 1})
    ada.post(f"/api/tasks/{project.tasks[2]}/drafts", {"result": [], "lead_time": 1})
    project.ls.delete(f"/api/annotations/{first[3]}/")
    undone = service.undo(report.acceptance)
    assert undone.undone == 2
    assert {item.task: item.reason for item in undone.left} == {
        project.tasks[0]: "changed since", project.tasks[1]: "somebody is changing it",
        project.tasks[3]: "deleted already"}
    assert project.annotated() == [0, 1]
    assert len(ada.get(f"/api/tasks/{project.tasks[2]}/drafts")) == 1  # her own work beside it is still there
    assert service.accept(project.id, min_score=0.9).accepted_tasks == 3


def test_accept__with_a_person_s_token_carries_their_name(known: Callable[..., Known], ada: LabelStudio) -> None:
    project = known(0.95, 0.5)
    report = service.accept(project.id, min_score=0.9, token=ada._token)
    her = ada.get("/api/current-user/whoami")
    assert [a["completed_by"] for found in project.annotations() for a in found] == [her["id"]]
    assert records.acceptances(project.id)[0].accepted_by == her["email"]
    with pytest.raises(ArgusError) as failure:
        service.accept(project.id, min_score=0.4, token="not.a.token")
    assert failure.value.code == "unauthorized"
    assert project.annotated() == [0]
    assert service.undo(report.acceptance).undone == 1
    client, path = create_app().test_client(), f"{API}/projects/{project.id}/review/accept"
    hers = {"headers": {HEADER: ada._token}}  # the token with which she may ask at all; the project is not hers
    assert client.post(path, json={"min_score": 0.9}, **hers).status_code == 403
    answer = client.post(path, json={"task_ids": [project.tasks[0]]}, **hers)
    assert answer.json is not None and answer.json["accepted_tasks"] == 1
    assert [a["completed_by"] for found in project.annotations() for a in found] == [her["id"]]


def test_additions__a_label_computed_later_joins_the_annotation_that_is_there(known: Callable[..., Known],
                                                                              ada: LabelStudio) -> None:
    project = known(*[0.95] * 5)
    project.record_deliveries()
    with database() as connection:  # the detections below have to count for the project's recipe
        connection.execute("UPDATE project SET label_config = %s WHERE id = %s",
                           (new_label_config(["fan", "cpu"], masks=True), project.id))
    hers = [ada.post(f"/api/tasks/{task}/annotations/", {"result": regions(task, 0.95)})["id"]
            for task in project.tasks[:4]]
    assert service.additions_plan(project.id, min_score=0).tasks == 0
    predictions = {task["id"]: task["predictions"][0]["id"] for task in project.ls.tasks(project.id)}
    recipe = recipe_for(projects.load(project.id))
    fan = next(concept for concept in recipe.concepts if concept.label == "fan")
    for task, score in zip(project.tasks, (0.97, 0.6, 0.97, 0.97, 0.97), strict=True):
        project.ls.patch(f"/api/predictions/{predictions[task]}/",  # what a later run does: "fan" joins the prediction
                         {"result": regions(task, 0.95) + regions(task + 10**6, score, "fan")})
        with database() as connection:
            connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) "
                               "VALUES (%s, 'fan', %s, 1, 1, '[]')", (task, recipe.concept_key(fan)))
    ada.patch(f"/api/annotations/{hers[2]}/", {"result": []})  # she has seen the new label and wants none of it
    ada.post(f"/api/tasks/{project.tasks[3]}/annotations/{hers[3]}/drafts", {"result": [], "lead_time": 1})
    plan = service.additions_plan(project.id, min_score=0)
    assert (plan.tasks, plan.objects) == (2, 2)
    assert {band: (found.tasks, found.objects) for band, found in plan.bands.items()} == {
        "high": (1, 1), "medium": (0, 0), "low": (1, 1)}
    assert plan.bands["low"].examples == [
        AdditionExample(task=project.tasks[1], label="fan", score=0.6, box=[0.1, 0.1, 0.3, 0.5])]
    report = service.add_labels(project.id, min_score=0.9)
    assert (report.added_tasks, report.added_objects, report.skipped) == (1, 1, 0)
    (first,), (second,), *_ = project.annotations()
    assert [r["id"] for r in first["result"]] == [
        r["id"] for r in regions(project.tasks[0], 0) + regions(project.tasks[0] + 10**6, 0, "fan")]
    assert (first["completed_by"], len(second["result"])) == (ada.get("/api/current-user/whoami")["id"], 2)
    assert project.annotated() == [0, 1, 2, 3]  # never a second annotation
    assert service.add_labels(project.id, min_score=0.9).acceptance is None
    assert service.review_status(project.id).added == 1
    assert records.acceptances(project.id)[0].accepted == 1
    assert service.undo(report.acceptance) == Undone(acceptance=report.acceptance, undone=1, left=[])
    assert len(project.annotations()[0][0]["result"]) == 2
    assert service.review_status(project.id).added == 0
    again = service.add_labels(project.id, min_score=0.5)
    assert again.added_tasks == 2
    ada.patch(f"/api/annotations/{hers[0]}/", {"result": regions(project.tasks[0], 0.95)})
    assert service.undo(again.acceptance).left == [
        LeftAnnotation(task=project.tasks[0], annotation=hers[0], reason="changed since")]


def test_band_views__show_what_status_counts(known: Callable[..., Known]) -> None:
    project = known()
    views = service.make_band_views(project.id)
    shown = {band: project.ls.get("/api/tasks/", view=view)["total"] for band, view in views.items()}
    assert shown == service.review_status(project.id).bands
    assert service.make_band_views(project.id) == views


def test_export__coco_and_yolo_hold_what_was_accepted_or_drawn(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    service.accept(project.id, min_score=0.9)
    drawn = regions(1, 0.5, "fan")[:1]  # a person's own box: no score, no id of ours
    drawn[0]["id"], drawn[0]["value"]["x"] = "aB3dE", 50
    del drawn[0]["score"]
    project.annotate(4, [*drawn, {**drawn[0], "id": "far", "value": drawn[0]["value"] | {"x": 150}}])
    project.annotate(5, [])
    project.annotate(6, [], cancelled=True)
    counts = export_project(project.id, "coco", tmp_path / "coco")
    assert (counts.images, counts.objects, counts.categories) == (5, 4, 2)
    assert counts.skipped == [SkippedTasks(reason="outside the image", count=1, tasks=[project.tasks[4]])]
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
    assert (yolo.images, yolo.objects) == (5, 4)
    texts = {path.name: path.read_text() for path in (tmp_path / "yolo" / "labels").iterdir()}
    assert texts["frame_005.txt"] == ""
    assert texts["frame_000.txt"] == "1 0.200000 0.300000 0.200000 0.400000\n"
    assert not list((tmp_path / "yolo" / "images").iterdir())
    assert not any("/" in line or "upload" in line for line in texts.values())


def test_export__predictions_when_asked_for(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    service.review_status(project.id)
    counts = export_project(project.id, "yolo", tmp_path / "out", masks=True, source="predictions")
    assert (counts.images, counts.objects) == (8, 6)
    lines = [line.split() for path in (tmp_path / "out" / "labels").iterdir() for line in path.read_text().splitlines()]
    assert {len(line) for line in lines} == {9}  # four corners each, and no box among them


def test_export__splits_keep_videos_together(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    for index, task in enumerate(project.ls.tasks(project.id)):
        project.ls.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {"video": f"v{index // 2}.mp4"}})
        project.annotate(index, [])
    counts = export_project(project.id, "coco", tmp_path / "out", splits={"train": 0.75, "val": 0.25})
    assert counts.splits == {"train": 6, "val": 2}
    train, val = (json.loads((tmp_path / "out" / f"annotations_{split}.json").read_text())["images"]
                  for split in ("train", "val"))
    assert not {image["video"] for image in train} & {image["video"] for image in val}


def test_export__one_broken_image_does_not_stop_the_rest(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known(0.95, 0.95)
    service.accept(project.id, min_score=0.9)
    first = next(project.ls.tasks(project.id))
    project.ls.patch(f"/api/tasks/{first['id']}/", {"data": {"image": f"/data/upload/{project.id}/none.jpg"}})
    counts = export_project(project.id, "coco", tmp_path / "out")
    assert counts.images == 1
    assert counts.skipped == [SkippedTasks(reason="image left out: image_unreachable", count=1, tasks=[first["id"]])]


def test_export__errors_are_sentences_and_leave_nothing_behind(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known(0.95)
    with pytest.raises(ArgusError) as unknown:
        export_project(project.id, "kitti", tmp_path / "out")
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


def test_export__predictions_fill_what_nobody_has_reviewed(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    service.accept(project.id, min_score=0.99)
    project.annotate(0, [])
    project.annotate(1, [], cancelled=True)
    steps: list[int] = []
    counts = export_project(project.id, "coco", tmp_path / "out", source="both", with_images=False,
                            progress=steps.append)
    assert (counts.images, counts.objects) == (7, 4)  # all but the skipped one; the first has no object any more
    assert steps == list(range(1, 8))
    assert count_images(project.id, "both") == 7
    images = json.loads((tmp_path / "out" / "annotations.json").read_text())["images"]
    assert [("annotation_id" in image) for image in images] == [True] * 2 + [False] * 5


def test_preview__counts_what_the_export_writes(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known()
    service.accept(project.id, min_score=0.9)
    project.annotate(5, [])
    splits = {"train": 0.5, "val": 0.5}
    found = preview_export(project.id, splits=splits)
    parts = found.splits.values()
    assert (found.images, found.videos, found.empty, found.objects, found.counted) == (4, 4, 1, {"fan": 0, "cpu": 3}, 4)
    assert [(part.images, part.videos) for part in parts] == [(2, 2), (2, 2)]
    assert sum(part.objects["cpu"] for part in parts) == 3
    counts = export_project(project.id, "yolo", tmp_path / "out", splits=splits, with_images=False)
    assert (counts.images, counts.objects, counts.splits) == (4, 3, {"train": 2, "val": 2})
    assert preview_export(project.id, source="predictions").images == 8
    with pytest.raises(ArgusError) as failure:
        preview_export(project.id, source="dreams")  # type: ignore[arg-type]
    assert failure.value.code == "bad_request"


def test_export__of_several_annotations_the_newest_counts_and_the_others_are_told(known: Callable[..., Known],
                                                                                   tmp_path: Path) -> None:
    project = known(0.95)
    project.annotate(0, regions(1, 0.5))
    project.annotate(0, regions(2, 0.5, "fan"))
    project.annotate(0, [], cancelled=True)
    counts = export_project(project.id, "coco", tmp_path / "out", with_images=False)
    assert (counts.images, counts.objects) == (1, 1)
    assert counts.skipped == [SkippedTasks(reason="older annotation of a task that has several", count=1,
                                           tasks=project.tasks)]
    document = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert document["annotations"][0]["category_id"] == 1


def test_export__linked_images_are_the_cache_s_files(known: Callable[..., Known], tmp_path: Path) -> None:
    project = known(0.95)
    service.accept(project.id, min_score=0.9)
    export_project(project.id, "coco", tmp_path / "copied")
    export_project(project.id, "coco", tmp_path / "linked", link_images=True)
    copied, linked = (tmp_path / kind / "images" / "frame_000.jpg" for kind in ("copied", "linked"))
    assert linked.read_bytes() == copied.read_bytes()
    assert copied.stat().st_nlink == 1
    cache = get_settings().home / "images"
    if cache.stat().st_dev == tmp_path.stat().st_dev:
        assert any(path.is_file() and path.samefile(linked) for path in cache.rglob("*"))


def test_round_trip__label_studio_to_coco_and_back_keeps_shapes(known: Callable[..., Known], tmp_path: Path) -> None:
    """Everything a region may be is exported, drawn again from the export, stored, exported again and compared."""
    from label_studio_sdk.converter import brush
    from numpy import hypot, mgrid, uint8

    project = known(None, None)
    rows, columns = mgrid[:HEIGHT, :WIDTH]
    ring = (hypot(columns - 50, rows - 50) < 30) & (hypot(columns - 50, rows - 50) > 12) | (columns > 190)
    base = {"to_name": "image", "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    turned = {"x": 60.1, "y": 20, "width": 10, "height": 30.3, "rotation": 33, "rectanglelabels": ["fan"]}
    plain = {"x": 3.37, "y": 41.9, "width": 17.77, "height": 13.03, "rotation": 0, "rectanglelabels": ["cpu"]}
    project.annotate(0, [
        base | {"id": "ring", "from_name": "mask", "type": "brushlabels",
                "value": {"format": "rle", "rle": brush.mask2rle(ring.astype(uint8) * 255), "brushlabels": ["cpu"]}},
        base | {"id": "turned", "from_name": "box", "type": "rectanglelabels", "value": turned},
        base | {"id": "plain", "from_name": "box", "type": "rectanglelabels", "value": plain}])
    first = _exported(project, tmp_path / "first")
    back = []
    for number, annotation in enumerate(first.anns.values()):
        label = first.cats[annotation["category_id"]]["name"]
        x, y, w, h = annotation["bbox"]
        if not is_box(annotation):
            mask = first.annToMask(annotation) * 255
            back.append(base | {"id": f"m{number}", "from_name": "mask", "type": "brushlabels", "value": {
                "format": "rle", "rle": brush.mask2rle(mask), "brushlabels": [label]}})
        else:
            back.append(base | {"id": f"b{number}", "from_name": "box", "type": "rectanglelabels", "value": {
                "x": x / WIDTH * 100, "y": y / HEIGHT * 100, "width": w / WIDTH * 100, "height": h / HEIGHT * 100,
                "rotation": 0, "rectanglelabels": [label]}})
    project.annotate(1, back)
    second = _exported(project, tmp_path / "second")
    before, after = ([a for a in second.anns.values() if a["image_id"] == image] for image in sorted(second.imgs))
    assert len(before) == len(after) == 3
    for old, new in zip(before, after, strict=True):
        assert old["category_id"] == new["category_id"]
        if not is_box(old):
            a, b = second.annToMask(old).astype(bool), second.annToMask(new).astype(bool)
            assert (a & b).sum() / (a | b).sum() >= 0.99
        else:
            assert max(abs(p - q) for p, q in zip(old["bbox"], new["bbox"], strict=True)) <= 0.5
    assert (second.annToMask(before[0]).astype(bool) == ring).all()
    assert before[1]["attributes"] == {"origin": "person", "rotation": 33}


def is_box(annotation: dict[str, Any]) -> bool:
    """Whether the outline is the four corners of the upright box."""
    x, y, w, h = annotation["bbox"]
    corners = [x, y, x + w, y, x + w, y + h, x, y + h]
    return isinstance(annotation["segmentation"], list) and annotation["segmentation"][0] == pytest.approx(corners)


def _exported(project: Known, folder: Path) -> COCO:
    export_project(project.id, "coco", folder, with_images=False)
    return COCO(str(folder / "annotations.json"))
