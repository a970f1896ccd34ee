"""Verified acceptance on a real Label Studio and database: samples through REST, and what may come in between.

The detections are written here instead of by a model, so that the truth is known: the reviewer is scripted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus import audit
from argus.answers.trust import LaterCorrections
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.project_shape import shape_of
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.export.source import read_tasks
from search_service.review import objects, trust_status, verdicts
from search_service.review import service as review_service
from search_service.review.verification import certificate as certificates
from search_service.review.verification import certificate_store, later, reports, service, store
from search_service.review.verification.thresholds import count
from search_service.sync import tasks as sync
from tests.predicted import Predicted, ask

pytestmark = pytest.mark.integration


def judge(sample: int, verdicts: Sequence[Any], begin: int = 0) -> Any:
    return service.judge(sample, [(begin + n, verdict, None) for n, verdict in enumerate(verdicts)])


def test_twenty_samples_through_rest_certify_a_bad_list_seldom(predicted: Callable[[int], Predicted],
                                                               client: FlaskClient) -> None:
    """16 of 300 objects are wrong, 5.3 %: a right bound certifies more than 5 of 20 once in 3,000 runs of this test."""
    project, false = predicted(300), 0
    for _ in range(20):
        tasks = project.predict(15, objects=20)
        sample = ask(client, f"/projects/{project.id}/trust/samples", {"new": True}, 201)
        assert (sample["objects"], sample["tasks"], sample["continued"]) == (300, 15, False)
        listed = sorted((one.task, one.name) for one in store.whole(store.head(sample["id"])).objects)
        assert {task for task, _ in listed} == set(tasks)
        wrong, found = set(listed[::19]), set()
        while not sample["steps"][0]["certified"] and sample["steps"][0]["judged"] < 240:
            items = ask(client, f"/trust/samples/{sample['id']}/claim", {"limit": 16})["items"]
            said = [{"place": item["place"], "verdict": "wrong" if (item["task"], item["object"]) in wrong else "right"}
                    for item in items]
            found |= {(item["task"], item["object"]) for item in items} & wrong
            sample = ask(client, f"/trust/samples/{sample['id']}/judgements", {"judgements": said})
        step = sample["steps"][0]
        assert (step["wrong"], step["judged"], len(wrong)) == (len(found), sample["judgements"], 16)
        accepted = {one for one in listed if one[0] not in {task for task, _ in found}}
        assert step["accepted"] == len(accepted)
        false += step["certified"] and len(accepted & wrong) > 0.05 * len(accepted)
    assert false <= 5


def test_the_whole_way__from_a_sample_to_a_certificate_that_holds_and_back(
        predicted: Callable[[int], Predicted], client: FlaskClient, tmp_path: Path) -> None:
    project = predicted(101)
    tasks = project.predict(100)
    assert ask(client, "/trust/samples/999999", status=404)["code"] == "not_found"
    sample = ask(client, f"/projects/{project.id}/trust/samples", {"edges": [0.9]}, 201)["id"]
    assert ask(client, f"/trust/samples/{sample}/accept", {"edge": 0.9}, 409)["code"] == "not_certified"
    assert project.annotated() == set()
    items = ask(client, f"/trust/samples/{sample}/claim", {"limit": 50})["items"]
    assert ask(client, f"/trust/samples/{sample}/course?edge=0.9")["points"][0]["judged"] == 0
    assert ask(client, f"/trust/samples/{sample}/course?edge=0.7", status=400)["code"] == "bad_request"
    (spoilt,) = [item["task"] for item in items if item["place"] == 3]
    verdicts = ["right"] * 3 + ["unsure"] + ["right"] * 76
    state = ask(client, f"/trust/samples/{sample}/judgements",
                {"judgements": [{"place": place, "verdict": said} for place, said in enumerate(verdicts)]})
    assert state["state"] == "certified" and state["steps"][0]["wrong"] == 1
    went = ask(client, f"/trust/samples/{sample}/course?edge=0.9")["points"]
    assert went[-1] == {"judged": 80, "wrong": 1, "least_right": state["steps"][0]["least_right"]}
    project.predict(1)  # arrives later: not on the list
    done = ask(client, f"/trust/samples/{sample}/accept", {"edge": 0.9})
    assert (done["accepted_tasks"], done["accepted_objects"]) == (99, 99)
    assert project.annotated() == set(tasks) - {spoilt}
    assert trust_status.status(project.id).certificates[0].sentence == done["certificate"]["sentence"]

    certificate = ask(client, f"/acceptances/{done['acceptance']}/certificate")
    by_number = f"/trust/certificates/{done['certificate']['id']}"
    assert ask(client, by_number) == certificate
    told = done["certificate"]
    assert (told["accepted_objects"], told["judged"], told["wrong"], told["people"], told["confidence"]) == (
        99, 80, 1, [""], 0.95) and told["least_right"] == certificate["least_right"]
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(certificate), "utf-8")
    assert CliRunner().invoke(main, ["trust", "check", str(file)]).exit_code == 0
    shown = CliRunner().invoke(main, ["trust", "certificates", "--project", str(project.id), "--out", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    (written,) = tmp_path.glob("certificate-*.json")
    assert certificates.problems(certificates.read(written.read_bytes())) == []
    status = CliRunner().invoke(main, ["trust", "status", "--project", str(project.id)])
    assert "certified" in status.output and "not verified" in status.output
    (listed,) = ask(client, f"/projects/{project.id}/review/acceptances")["acceptances"]
    assert listed["verified"] is True

    assert client.post(f"/api/v1/acceptances/{done['acceptance']}/undo").status_code == 200
    gone = ask(client, f"/acceptances/{done['acceptance']}/certificate", status=409)
    assert gone["code"] == "not_certified" and "taken back" in gone["detail"]
    assert "taken back" in ask(client, by_number, status=409)["detail"]
    assert ask(client, "/trust/certificates/999999", status=404)["code"] == "not_found"
    again = ask(client, f"/projects/{project.id}/trust/samples", {"edges": [0.9]}, 201)
    assert (again["id"], again["continued"], again["judgements"]) == (sample, True, 80)
    assert ask(client, f"/trust/samples/{sample}/accept", {"edge": 0.9})["accepted_tasks"] == 99
    assert [one["state"] for one in ask(client, f"/projects/{project.id}/trust")["certificates"]] == ["valid", "void"]


def test_counts_are_those_of_the_whole_list(predicted: Callable[[int], Predicted]) -> None:
    """What the database counts is what the offline check counts."""
    project = predicted(60)
    for score in (0.95, 0.88, 0.83):
        project.predict(20, objects=2, score=score)
    sample = service.open_sample(project.id, [0.9, 0.85, 0.8])
    rng = np.random.default_rng(1)
    service.judge(sample.id, [(place, "wrong" if rng.random() < 0.1 else "right", None)
                              for place in sorted(rng.permutation(120)[:110].tolist())])
    head = store.head(sample.id)
    by_place = certificates.combined_by_place(store.judgements(sample.id))
    assert store.counts(head) == count(store.whole(head).order(), by_place, head.edges)


def test_the_first_of_each_label_come_first__and_count_when_it_is_their_turn(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(84)
    project.predict(80)
    rare = set(project.predict(4, label="fan"))
    sample = ask(client, f"/projects/{project.id}/trust/samples", {"edges": [0.9]}, 201)["id"]
    order = [listed.task for listed in store.whole(store.head(sample)).order()]
    fans = [place for place, task in enumerate(order) if task in rare]
    cpus = [place for place in range(84) if place not in fans]
    first = sorted([*fans, *cpus[:15]])
    served = [item["place"] for item in ask(client, f"/trust/samples/{sample}/claim", {"limit": 50})["items"]]
    assert served == [*first, *[place for place in range(84) if place not in first]][:50]

    def labels() -> dict[str, tuple[int, int, int]]:
        return {one["label"]: (one["first"], one["judged"], one["wrong"])
                for one in ask(client, f"/trust/samples/{sample}/course?edge=0.9")["labels"]}

    assert labels() == {"cpu": (15, 0, 0), "fan": (4, 0, 0)}
    step = judge_places(sample, fans, "wrong").steps[0]
    assert labels() == {"cpu": (15, 0, 0), "fan": (4, 4, 4)}
    alone = next((n for n, place in enumerate(fans) if place != n), 4)  # those at the very beginning
    assert (step.judged, step.wrong) == (alone, alone)
    gap = next(place for place in range(84) if place not in first)
    step = judge_places(sample, [place for place in first if place not in fans], "right").steps[0]
    assert (step.judged, step.wrong) == (gap, sum(place < gap for place in fans))
    assert labels() == {"cpu": (15, 15, 0), "fan": (4, 4, 4)}


def judge_places(sample: int, places: Sequence[int], verdict: Any) -> Any:
    return service.judge(sample, [(place, verdict, None) for place in places])


def test_two_people__share_out_the_items_and_a_doubt_of_one_counts(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(40)
    project.predict(40)
    sample = service.open_sample(project.id, [0.9]).id
    audit.act_as("ann@example.com", 101)
    first = service.claim(sample).items
    assert service.claim(sample).with_others == 0
    assert [item.place for item in first] == list(range(8))
    assert service.claim(sample).items == first  # the same person, the same screen
    audit.act_as("bob@example.com", 102)
    hers = service.claim(sample)
    assert ([item.place for item in hers.items], hers.with_others) == (list(range(8, 16)), 8)
    assert judge(sample, ["right"] * 8, begin=8).steps[0].judged == 0  # not past the first that is open
    audit.act_as("ann@example.com", 101)
    assert judge(sample, ["right"] * 8).steps[0].judged == 16
    assert judge(sample, ["right"] * 8).judgements == 16  # the same again
    audit.act_as("bob@example.com", 102)
    assert judge(sample, ["unsure"], begin=2).steps[0].wrong == 1
    with pytest.raises(ArgusError, match="no judgement of yours"):
        service.take_back(sample, 0)  # Ann's
    assert service.take_back(sample).steps[0].wrong == 0  # Bob's last
    assert {one.who for one in store.judgements(sample)} == {"ann@example.com", "bob@example.com"}


def test_no_object_reaches_the_highest_threshold__the_next_one_is_served_and_certifies(
        predicted: Callable[[int], Predicted]) -> None:
    project = predicted(20)
    project.predict(20, score=0.87)
    sample = service.open_sample(project.id, [0.9, 0.85])
    assert [step.objects for step in sample.steps] == [0, 20]
    served = service.claim(sample.id)
    assert (served.edge, len(served.items)) == (0.85, 8)
    told = judge(sample.id, ["right"] * 20)
    assert told.state == "certified" and [step.certified for step in told.steps] == [False, True]
    assert service.accept(sample.id, 0.85).accepted_objects == 20
    (issued,) = reports.certificates(project.id).certificates
    assert certificates.problems(issued.certificate) == []


def test_taking_back_in_the_middle__opens_the_item_and_puts_its_task_back(
        predicted: Callable[[int], Predicted]) -> None:
    project = predicted(30)
    project.predict(30)
    sample = service.open_sample(project.id, [0.9]).id
    assert judge(sample, ["right"] * 4 + ["wrong"] + ["right"] * 5).steps[0].judged == 10
    assert review_service.review_status(project.id).set_aside == 1
    back = service.take_back(sample, 4)
    assert (back.steps[0].judged, back.steps[0].wrong, back.judgements) == (4, 0, 9)
    assert review_service.review_status(project.id).set_aside == 0
    assert service.claim(sample).items[0].place == 4
    with connect() as connection:  # nothing that was said is gone
        assert connection.execute("SELECT count(*) AS n FROM verdict WHERE sample_id = %s",
                                  (sample,)).fetchone() == {"n": 10}


def test_a_changed_recipe__makes_the_sample_void_and_nothing_is_lost(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(20)
    project.predict(20)
    sample = service.open_sample(project.id, [0.9]).id
    judge(sample, ["right"] * 20)
    projects.set_version(project.id, "another")
    shown = reports.describe(sample)
    assert (shown.state, shown.judgements) == ("void", 20) and "recipe" in shown.reason
    for change in (lambda: judge(sample, ["right"]), lambda: service.take_back(sample),
                   lambda: service.claim(sample), lambda: service.accept(sample, 0.9)):
        with pytest.raises(ArgusError) as refused:
            change()
        assert refused.value.code == "conflict"
    assert project.annotated() == set()


def test_what_happens_to_tasks_in_the_middle__accepted_is_part_of_the_list(
        predicted: Callable[[int], Predicted]) -> None:
    """Deleted, annotated, set aside, relabelled, with an object more than listed: none is accepted or vouched for."""
    project = predicted(60)
    tasks = project.predict(60)
    sample = service.open_sample(project.id, [0.9]).id
    judge(sample, ["right"] * 60)
    deleted, annotated, aside, grown, relabelled = tasks[:5]
    project.ls.delete(f"/api/tasks/{deleted}/")
    project.ls.post(f"/api/tasks/{annotated}/annotations/", {"result": []})
    from search_service.review.set_aside import set_aside
    set_aside(project.id, aside, "fix")
    (named,) = objects.shown(project.id, recipe_for(projects.load(project.id)).model_version, [relabelled])
    verdicts.say(project.id, relabelled, "relabelled", object_id=named.name, label="fan")
    more = Detections(np.array([0.97], np.float32), np.array([[1, 1, 5, 9]], np.float32), [None])
    detections.store(grown, recipe_for(projects.load(project.id)), (10, 100), {"fan": more})
    delivery.push(project.id, [grown])
    done = service.accept(sample, 0.9)
    assert project.annotated() - {annotated} == set(tasks[5:])
    (issued,) = reports.certificates(project.id).certificates
    assert set(issued.certificate.accepted_tasks) == set(tasks[5:]) and done.accepted_objects == 55
    assert len(issued.certificate.objects) == 60 and certificates.problems(issued.certificate) == []
    assert review_service.accept(project.id).accepted_tasks == 2  # in bulk: the one that grew, and the relabelled one

    # What people correct afterwards counts against it: all 60 were looked at, so none of the 55 can be wrong.
    (made,) = project.ls.get(f"/api/tasks/{tasks[5]}/annotations/")
    (region,) = made["result"]

    def changed(**value: Any) -> tuple[str, str]:
        project.ls.patch(f"/api/annotations/{made['id']}/", {"result": [
            {**region, "value": {**region["value"], **value}}]})
        sync.sync_project(project.id)
        assert later.follow(project.id) == 1 and later.follow(project.id) == 0
        (issued,) = reports.certificates(project.id).certificates
        return issued.state, issued.reason

    sync.sync_project(project.id)
    assert later.follow(project.id) == 0  # nobody changed anything
    assert changed(x=region["value"]["x"] + 10) == ("valid", "")  # still the same object
    exported = list(read_tasks(project.ls, project.id, shape_of(project.ls.project(project.id)), "annotations"))
    (number,) = {one.id for one in certificate_store.summaries(project.id)}
    assert {task.id for task in exported if task.origin.get("accepted_under") == number} == set(tasks[5:])
    assert [task.id for task in exported if "accepted_under" not in task.origin] == [
        annotated, grown, relabelled]
    assert changed(rectanglelabels=["fan"]) == (
        "refuted", "1 of its 55 objects were corrected after the acceptance; it says that at most 0 are wrong.")
    (summary,) = certificate_store.summaries(project.id)
    assert summary.later == LaterCorrections(corrected=1, allowed=0, tasks=[tasks[5]])
    assert review_service.review_status(project.id).refuted == 1
    with pytest.raises(ArgusError, match="is refuted"):
        reports.certificate_of(done.acceptance or 0)
    assert service.accept(sample, 0.9).certificate.state == "refuted"  # nothing makes it anew
    assert changed(width=1)[0] == "refuted"
    assert changed() == ("valid", "")
    assert (certificate_store.summaries(project.id)[0].later, review_service.review_status(project.id).refuted) == (
        None, 0)
    changed(rectanglelabels=["fan"])
    review_service.undo(done.acceptance or 0)
    assert [one.state for one in reports.certificates(project.id).certificates] == ["void"]


def test_label_studio_away__judging_goes_on_and_acceptance_is_done_once(
        predicted: Callable[[int], Predicted], monkeypatch: pytest.MonkeyPatch) -> None:
    project = predicted(30)
    project.predict(30)
    sample = service.open_sample(project.id, [0.9]).id
    away = LabelStudio("http://127.0.0.1:9", "nobody")
    with monkeypatch.context() as patch:
        patch.setattr("search_service.review.candidates.get_label_studio", lambda: away)
        assert judge(sample, ["right"] * 30).state == "certified"
        with pytest.raises(ArgusError) as refused:
            service.accept(sample, 0.9)
        assert refused.value.code == "label_studio_unreachable"
    assert project.annotated() == set() and not reports.certificates(project.id).certificates

    def stop(_: Any) -> None:
        raise ArgusError("internal", "stopped")

    with monkeypatch.context() as patch:  # the process ends after the acceptance, before the certificate
        patch.setattr(certificate_store, "keep_certificate", stop)
        with pytest.raises(ArgusError, match="stopped"):
            service.accept(sample, 0.9)
    assert len(project.annotated()) == 30 and not reports.certificates(project.id).certificates
    done = service.accept(sample, 0.9)
    assert (done.acceptance, done.accepted_tasks) == (None, 0)
    (issued,) = reports.certificates(project.id).certificates
    assert len(issued.certificate.accepted_tasks) == 30
    assert service.accept(sample, 0.9).certificate.id == done.certificate.id  # nothing twice
    assert all(task["total_annotations"] == 1 for task in project.ls.tasks(project.id, fields="task_only"))


def test_an_object_is_on_one_list_only_and_terms_are_fixed(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(30)
    with pytest.raises(ArgusError) as refused:
        service.open_sample(project.id, [0.9])
    assert refused.value.code == "nothing_selected"
    project.predict(20)
    first = service.open_sample(project.id, [0.9])
    assert service.open_sample(project.id).id == first.id
    for terms in ({"edges": [0.8]}, {"target": 0.9}, {"confidence": 0.99}):
        with pytest.raises(ArgusError) as refused:
            service.open_sample(project.id, **terms)
        assert refused.value.code == "conflict"
    for terms in ({"edges": [0.8, 0.9]}, {"target": 0.2}, {"confidence": 0.97}):
        with pytest.raises(ArgusError) as refused:
            service.open_sample(project.id, **terms)
        assert refused.value.code == "bad_request"
    with pytest.raises(ArgusError, match="on no list yet"):
        service.open_sample(project.id, [0.9], new=True)
    later = set(project.predict(10))
    second = service.open_sample(project.id, [0.9], new=True)
    assert second.id != first.id and {one.task for one in store.whole(store.head(second.id)).objects} == later
    with pytest.raises(ArgusError, match="no place 20"):
        judge(first.id, ["right"], begin=20)
    with pytest.raises(ArgusError, match="not on the ladder"):
        service.accept(first.id, 0.5)


def test_bulk_acceptance_says_nothing_of_any_object(predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(10)
    tasks = project.predict(10, objects=2)
    done = ask(client, f"/projects/{project.id}/review/accept", {"min_score": 0.9})
    assert done["accepted_tasks"] == 10
    assert ask(client, f"/projects/{project.id}/review/verdicts")["verdicts"] == []
    assert ask(client, f"/acceptances/{done['acceptance']}/certificate", status=404)["code"] == "not_found"
    (listed,) = ask(client, f"/projects/{project.id}/review/acceptances")["acceptances"]
    assert listed["verified"] is False and tasks


def test_verdicts_of_the_page__are_stored_when_given_replaced_and_taken_back(
        predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(2)
    task, = project.predict(1, objects=2)
    path = f"/projects/{project.id}/review/verdicts"
    names = sorted(one["object"] for one in ask(
        client, f"/projects/{project.id}/review/objects?band=high")["objects"])
    for verdict, more in (("right", {}), ("wrong", {}), ("unsure", {}), ("relabelled", {"label": "fan"}),
                          ("moved", {"box": [0.1, 0.1, 0.4, 0.6]})):
        said = ask(client, path, {"task": task, "object": names[0], "verdict": verdict, **more})
        (kept,) = ask(client, f"{path}?task={task}")["verdicts"]
        assert kept == said and (kept["verdict"], kept["label"]) == (verdict, "cpu")
    ask(client, path, {"task": task, "verdict": "added", "label": "fan", "box": [0, 0, 0.5, 0.5]})
    ask(client, path, {"task": task, "verdict": "added", "label": "fan", "box": [0.5, 0, 1, 0.5]})
    assert len(ask(client, path)["verdicts"]) == 3
    for wrong, code in (({"object": "gone", "verdict": "right"}, "not_found"),
                        ({"object": names[1], "verdict": "relabelled", "label": "cat"}, "unknown_label"),
                        ({"object": names[1], "verdict": "relabelled"}, "unknown_label"),
                        ({"object": names[1], "verdict": "moved", "box": [0.5, 0.1, 0.5, 0.6]}, "bad_request"),
                        ({"object": names[1], "verdict": "moved", "box": [0.5, 0.1, 1.5, 0.6]}, "bad_request"),
                        ({"object": names[1], "verdict": "moved"}, "bad_request"),
                        ({"verdict": "right"}, "bad_request"), ({"verdict": "added", "label": "fan"}, "bad_request"),
                        ({"object": names[1], "verdict": "added", "label": "fan", "box": [0, 0, 1, 1]}, "bad_request"),
                        ({"task": project.tasks[1] + 10**6, "object": names[1], "verdict": "right"}, "unknown_task")):
        answer = client.post(f"/api/v1{path}", json={"task": task, **wrong})
        assert answer.status_code >= 400 and answer.json["code"] == code, (wrong, answer.text)
    assert len(ask(client, path)["verdicts"]) == 3
    assert len(ask(client, f"{path}/take-back", {"task": task})["verdicts"]) == 2
    assert len(ask(client, f"{path}/take-back", {"task": task, "object": names[0]})["verdicts"]) == 1
    assert ask(client, f"{path}/take-back", {"task": task, "object": names[0]}, 404)["code"] == "not_found"
