"""Samples of one label, and of frames in which nothing was found, on a real Label Studio and database through REST."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus import audit
from argus.errors import ArgusError
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.project_shape import shape_of
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.export.source import read_tasks
from search_service.review import objects, trust_status, wall
from search_service.review import service as review_service
from search_service.review.set_aside import open_tasks
from search_service.review.verification import certificate as certificates
from search_service.review.verification import later, reports, service, store
from search_service.sync import tasks as sync
from tests.predicted import Predicted, ask

pytestmark = pytest.mark.integration
MIXED = {"cpu": 1, "fan": 2}


def draw(client: FlaskClient, project: Predicted, **terms: Any) -> Any:
    return ask(client, f"/projects/{project.id}/trust/samples", terms, 201)


def judge_all(client: FlaskClient, sample: int, wrong: Iterable[int] = ()) -> Any:
    """Judge every item of a sample; those at the places `wrong` are wrong."""
    said = [{"place": place, "verdict": "wrong" if place in wrong else "right"}
            for place in range(ask(client, f"/trust/samples/{sample}")["objects"])]
    return ask(client, f"/trust/samples/{sample}/judgements", {"judgements": said})


def order(sample: int) -> list[int]:
    """Return the task of each place."""
    return [listed.task for listed in store.whole(store.head(sample)).order()]


def check(body: Any, folder: Path) -> int:
    file = folder / "certificate.json"
    file.write_text(json.dumps(body), "utf-8")
    return CliRunner().invoke(main, ["trust", "check", str(file)]).exit_code


def origins(project: Predicted) -> dict[int, Any]:
    shape = shape_of(project.ls.project(project.id))
    return {task.id: task.origin for task in read_tasks(project.ls, project.id, shape, "annotations")}


def test_one_label__its_objects_are_judged_and_the_certificate_speaks_of_them_alone(
        predicted: Callable[[int], Predicted], client: FlaskClient, tmp_path: Path) -> None:
    project = predicted(45)
    mixed, fans, cpus = project.predict_labels(30, MIXED), project.predict(10, label="fan"), project.predict(5)
    sample = draw(client, project, label="cpu", edges=[0.9])
    assert [sample[name] for name in ("kind", "labels", "objects", "tasks", "others")] == [
        "objects", ["cpu"], 35, 35, 60]
    number = sample["id"]
    assert set(order(number)) == {*mixed, *cpus}
    items = ask(client, f"/trust/samples/{number}/claim", {"limit": 50})["items"]
    assert {item["label"] for item in items} == {"cpu"} and len(items) == 35
    spoilt = next(item for item in items if item["task"] in mixed)
    judged = judge_all(client, number, [spoilt["place"]])
    assert judged["state"] == "certified"
    step = judged["steps"][0]
    assert (step["accepted"], step["others"], step["wrong"]) == (34, 58, 1)
    assert [one["label"] for one in ask(client, f"/trust/samples/{number}/course?edge=0.9")["labels"]] == ["cpu"]

    done = ask(client, f"/trust/samples/{number}/accept", {"edge": 0.9})
    assert (done["accepted_tasks"], done["accepted_objects"]) == (34, 92)  # with those of other labels
    assert project.annotated() == {*mixed, *cpus} - {spoilt["task"]}
    told = done["certificate"]
    assert (told["accepted_objects"], told["other_objects"], told["labels"], told["kind"]) == (
        34, 58, ["cpu"], "objects")
    assert told["sentence"].startswith("Of the 34 objects of cpu accepted here, at least 100.0 % are right")
    assert told["sentence"].endswith("Nothing is said of the 58 objects of other labels on the same frames that were "
                                     "accepted with them.")
    body = ask(client, f"/acceptances/{done['acceptance']}/certificate")
    assert {row[0] for row in body["objects"]} == {*mixed, *cpus} and len(body["objects"]) == 35
    assert check(body, tmp_path) == 0
    for change in ({"labels": ["fan"]}, {"other_objects": 0}, {"version": 1}, {"kind": "nothing_found"}):
        changed = {**body, **change}
        assert check(changed, tmp_path) != 0
        assert check({**changed, "digest": certificates.body_digest(changed)}, tmp_path) != 0

    shown = CliRunner().invoke(main, ["trust", "status", "--project", str(project.id)])
    assert "35 objects of cpu on 35 tasks (with 60 objects of other labels, not verified)" in shown.output
    written = CliRunner().invoke(main, ["trust", "certificates", "--project", str(project.id), "--out", str(tmp_path)])
    assert written.exit_code == 0, written.output
    (file,) = tmp_path.glob("certificate-*.json")
    assert certificates.problems(certificates.read(file.read_bytes())) == []
    (listed,) = ask(client, f"/projects/{project.id}/review/acceptances")["acceptances"]
    assert (listed["verified"], listed["verified_labels"]) == (False, ["cpu"])
    (origin, *others) = origins(project).values()
    assert origin["labels_accepted_under"] == {"cpu": told["id"]} and "accepted_under" not in origin
    assert all(other["labels_accepted_under"] == {"cpu": told["id"]} for other in others)
    known = trust_status.status(project.id)
    assert {one.label: one.outcomes for one in known.labels} == {"cpu": 35, "fan": 0}
    (sweep,) = known.sweeps
    assert (sweep.sample, sweep.label) == (number, "cpu") and all(step.objects <= 35 for step in sweep.steps)
    assert [step.certified for step in sweep.steps if step.on_ladder].count(True) >= 1

    assert client.post(f"/api/v1/acceptances/{done['acceptance']}/undo").status_code == 200
    assert "taken back" in ask(client, f"/trust/certificates/{told['id']}", status=409)["detail"]
    again = draw(client, project, label="cpu")
    assert (again["id"], again["continued"], again["judgements"]) == (number, True, 35)
    assert fans and origins(project) == {}


def test_an_object_is_on_one_list_only__of_its_label_or_of_all(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(20)
    mixed, fans = project.predict_labels(6, MIXED), project.predict(4, label="fan")
    path = f"/projects/{project.id}/trust/samples"
    assert ask(client, path, {"label": "cat"}, 422)["code"] == "unknown_label"
    assert "all labels" in ask(client, path, {"kind": "nothing_found", "label": "cpu"}, 400)["detail"]
    assert "no score" in ask(client, path, {"kind": "nothing_found", "edges": [0.9]}, 400)["detail"]
    assert ask(client, path, {"kind": "nothing_found"}, 422)["code"] == "nothing_selected"
    assert ask(client, path, {"kind": "tasks"}, 400)["code"] == "bad_request"
    cpu = draw(client, project, label="cpu")
    every = draw(client, project)  # all objects of a task, or none: cpu's tasks are on a list
    assert set(order(every["id"])) == set(fans) and every["labels"] == []
    fan = draw(client, project, label="fan")
    assert set(order(fan["id"])) == set(mixed) and fan["objects"] == 12 and fan["others"] == 6
    for terms in ({}, {"label": "cpu"}, {"label": "fan"}):
        refused = ask(client, path, {**terms, "new": True}, 422)
        assert refused["code"] == "nothing_selected" and "on one list only" in refused["detail"]
    seeds = {one["id"]: store.head(one["id"]).seed for one in (cpu, every, fan)}
    judge_all(client, fan["id"])
    for terms, sample in (({"label": "cpu"}, cpu), ({}, every), ({"label": "fan"}, fan)):
        again = draw(client, project, **terms)
        assert again["id"] == sample["id"] and again["continued"]
        assert store.head(again["id"]).seed == seeds[again["id"]]
    assert ask(client, path, {"label": "cpu", "target": 0.9}, 409)["code"] == "conflict"
    later_tasks = project.predict_labels(3, MIXED)
    assert set(order(draw(client, project, label="cpu", new=True)["id"])) == set(later_tasks)


def test_two_labels_of_the_same_tasks__each_has_its_certificate_and_its_corrections(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(30)
    tasks = project.predict_labels(30, MIXED)
    cpu, fan = (draw(client, project, label=label, edges=[0.9])["id"] for label in ("cpu", "fan"))
    judge_all(client, cpu)
    judge_all(client, fan, [0])
    spoilt = order(fan)[0]
    other = next(one for one in tasks if one != spoilt)  # it has as many fans as were listed, and not the same ones
    elsewhere = np.array([[10, 70, 15, 90], [20, 70, 25, 90]], np.float32)
    detections.store(other, recipe_for(projects.load(project.id)), (30, 100), {
        "fan": Detections(np.full(2, 0.97, np.float32), elsewhere, [None] * 2)})
    assert set(delivery.push(project.id, [other]).values()) == {"stored"}
    done = ask(client, f"/trust/samples/{cpu}/accept", {"edge": 0.9})
    assert project.annotated() == set(tasks) - {spoilt}  # set aside by what was said of its fan
    assert draw(client, project, label="fan")["id"] == fan  # nothing left to accept, and no certificate yet
    second = ask(client, f"/trust/samples/{fan}/accept", {"edge": 0.9})
    assert (second["acceptance"], second["accepted_tasks"]) == (None, 0)
    assert second["certificate"]["acceptances"] == [done["acceptance"]]
    assert second["certificate"]["sentence"].startswith("Of the 56 objects of fan accepted here")
    assert all(certificates.problems(one.certificate) == []
               for one in reports.certificates(project.id).certificates)
    numbers = {"cpu": done["certificate"]["id"], "fan": second["certificate"]["id"]}
    under = {task: origin["labels_accepted_under"] for task, origin in origins(project).items()}
    assert under.pop(other) == {"cpu": numbers["cpu"]} and all(one == numbers for one in under.values())
    (listed,) = ask(client, f"/projects/{project.id}/review/acceptances")["acceptances"]
    assert (listed["verified"], listed["verified_labels"]) == (False, ["cpu", "fan"])

    def states() -> dict[str, str]:
        return {(one.certificate.labels or [""])[0]: one.state
                for one in reports.certificates(project.id).certificates}

    task = next(one for one in tasks if one not in (spoilt, other))
    (made,) = project.ls.get(f"/api/tasks/{task}/annotations/")
    kept = [one for one in made["result"] if one["value"].get("rectanglelabels") != ["fan"]]
    project.ls.patch(f"/api/annotations/{made['id']}/", {"result": kept})
    sync.sync_project(project.id)
    assert later.follow(project.id) == 2 and later.follow(project.id) == 0  # once for each certificate
    assert states() == {"cpu": "valid", "fan": "refuted"}
    assert origins(project)[task]["labels_accepted_under"] == {"cpu": numbers["cpu"]}
    project.ls.patch(f"/api/annotations/{made['id']}/", {"result": made["result"]})
    sync.sync_project(project.id)
    later.follow(project.id)
    assert states() == {"cpu": "valid", "fan": "valid"}
    review_service.undo(done["acceptance"])
    assert states() == {"cpu": "void", "fan": "void"}


def test_one_label__a_task_that_changed_is_not_accepted_whichever_label_it_was(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(40)
    tasks = project.predict_labels(40, MIXED)
    number = draw(client, project, label="cpu", edges=[0.9])["id"]
    judge_all(client, number)
    annotated, grown, relabelled = tasks[:3]
    project.ls.post(f"/api/tasks/{annotated}/annotations/", {"result": []})
    more = Detections(np.full(3, 0.97, np.float32), np.array([[1, 1, 5, 9], [11, 1, 15, 9], [20, 60, 25, 90]],
                                                             np.float32), [None] * 3)
    detections.store(grown, recipe_for(projects.load(project.id)), (30, 100), {"fan": more})
    delivery.push(project.id, [grown])
    fan = next(one for one in objects.shown(project.id, projects.load(project.id)["model_version"] or recipe_for(
        projects.load(project.id)).model_version, [relabelled]) if one.label == "fan")
    wall.judge(project.id, "relabelled", [(relabelled, fan.name)], "cpu")
    done = ask(client, f"/trust/samples/{number}/accept", {"edge": 0.9})
    assert project.annotated() - {annotated} == set(tasks[3:])
    assert done["certificate"]["accepted_objects"] == 37 and done["certificate"]["other_objects"] == 74


def test_nothing_found__frames_are_judged_accepted_as_empty_and_the_wrong_ones_are_to_be_fixed(
        predicted: Callable[[int], Predicted], client: FlaskClient, tmp_path: Path) -> None:
    project = predicted(45)
    empty, full = project.predict_labels(40, {"cpu": 0, "fan": 0}), project.predict(4)
    sample = draw(client, project, kind="nothing_found")
    number = sample["id"]
    assert [sample[name] for name in ("kind", "labels", "objects", "tasks", "others")] == [
        "nothing_found", ["cpu", "fan"], 40, 40, 0]
    assert [step["edge"] for step in sample["steps"]] == [1.0] and set(order(number)) == set(empty)
    item = ask(client, f"/trust/samples/{number}/claim", {"limit": 50})["items"][0]
    assert (item["place"], item["object"], item["label"], item["score"], item["box"]) == (0, "", "", None, [0, 0, 1, 1])
    assert ask(client, f"/trust/samples/{number}/accept", {"edge": 1}, 409)["code"] == "not_certified"
    judge_all(client, number, [2])
    wrong = order(number)[2]
    review = review_service.open_review(project.id)
    assert open_tasks(review) == [wrong]
    assert [(one.task, one.object, one.box, one.verdict) for one in objects.band_objects(project.id, "to_fix").objects
            ] == [(wrong, "", None, "fix")]
    ask(client, f"/trust/samples/{number}/take-back", {"place": 2})
    assert open_tasks(review) == []
    judged = ask(client, f"/trust/samples/{number}/judgements", {"judgements": [{"place": 2, "verdict": "wrong"}]})
    assert judged["state"] == "certified" and "hold nothing" in judged["steps"][0]["line"]

    done = ask(client, f"/trust/samples/{number}/accept", {"edge": 1})
    assert (done["accepted_tasks"], done["accepted_objects"]) == (39, 0)
    assert project.annotated() == set(empty) - {wrong} and open_tasks(review) == [wrong]
    told = done["certificate"]
    assert told["sentence"].startswith("Of the 39 frames accepted here as empty, at least 100.0 % hold none of the "
                                       "labels cpu, fan as somebody")
    body = ask(client, f"/trust/certificates/{told['id']}")
    assert check(body, tmp_path) == 0
    for change in ({"labels": ["cpu"]}, {"kind": "objects"}, {"accepted_tasks": [*body["accepted_tasks"], full[0]]},
                   {"accepted_tasks": [*body["accepted_tasks"], wrong]}):
        changed = {**body, **change}
        assert check({**changed, "digest": certificates.body_digest(changed)}, tmp_path) != 0
    assert {task: one.get("accepted_under") for task, one in origins(project).items()} == {
        task: told["id"] for task in empty if task != wrong}
    (listed,) = ask(client, f"/projects/{project.id}/review/acceptances")["acceptances"]
    assert listed["verified"] is True
    shown = CliRunner().invoke(main, ["trust", "status", "--project", str(project.id)])
    assert "40 frames in which nothing was found" in shown.output
    assert {one.outcomes for one in trust_status.status(project.id).labels} == {0}

    # Somebody finds an object in one of them: all 40 were looked at, so none of the 39 can hold any.
    task = next(one for one in empty if one != wrong)
    (made,) = project.ls.get(f"/api/tasks/{task}/annotations/")
    region = {"id": "drawn", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": 100,
              "original_height": 100, "value": {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["fan"]}}
    for result, state in (([region], "refuted"), ([], "valid")):
        project.ls.patch(f"/api/annotations/{made['id']}/", {"result": result})
        sync.sync_project(project.id)
        assert later.follow(project.id) == 1
        (issued,) = reports.certificates(project.id).certificates
        assert issued.state == state
        assert state == "valid" or issued.reason.startswith("1 of its 39 frames were corrected")
    review_service.undo(done["acceptance"])
    assert [one.state for one in reports.certificates(project.id).certificates] == ["void"]
    assert project.annotated() == {task}  # somebody changed it
    assert draw(client, project, kind="nothing_found")["id"] == number  # continued, never drawn anew
    project.predict_labels(1, {"cpu": 0, "fan": 0})
    assert draw(client, project, kind="nothing_found", new=True)["objects"] == 1


def test_nothing_found__two_people_share_it_a_changed_recipe_ends_it(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(30)
    project.predict_labels(30, {"cpu": 0, "fan": 0})
    number = service.open_sample(project.id, kind="nothing_found").id
    audit.act_as("ann@example.com", 101)
    assert [item.place for item in service.claim(number).items] == list(range(8))
    audit.act_as("bob@example.com", 102)
    assert [item.place for item in service.claim(number).items] == list(range(8, 16))
    told = service.judge(number, [(place, "right", None) for place in range(8, 30)])
    assert told.steps[0].judged == 0  # not past the first that is open
    audit.act_as("ann@example.com", 101)
    told = service.judge(number, [(place, "right", None) for place in range(8)])
    assert told.steps[0].judged == 30
    audit.act_as("bob@example.com", 102)
    assert service.judge(number, [(3, "unsure", None)]).steps[0].wrong == 1  # two that differ
    before = projects.load(project.id)["model_version"]
    projects.set_version(project.id, "another")
    assert reports.describe(number).state == "void"
    with pytest.raises(ArgusError) as refused:
        service.accept(number, 1.0)
    assert refused.value.code == "conflict" and project.annotated() == set()
    projects.set_version(project.id, before)
    assert service.accept(number, 1.0).certificate.people == ["ann@example.com", "bob@example.com"]
    assert len(project.annotated()) == 29
