"""Labels brought into projects of a real Label Studio, and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from label_studio_config.shapes import new_label_config
from search_service.api.app import create_app
from search_service.label_import import importing, jobs, service, writing
from tests import warm
from tests.label_files import coco, picture, results, tasks_of
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
Make = Callable[..., int]
DIES = """
import os, signal, sys
from pathlib import Path
import importlib
module = importlib.import_module("search_service.label_import." + sys.argv[1])
before = getattr(module, sys.argv[2])
def die(*arguments, **options):
    if sys.argv[3] == "after":
        before(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, sys.argv[2], die)
from search_service.label_import import service, writing
service.import_labels(int(sys.argv[4]), Path(sys.argv[5]), images=Path(sys.argv[5]))
"""


def argus(*arguments: str) -> Any:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@pytest.fixture
def make(label_studio: LabelStudio) -> Iterator[Make]:
    """Return `make(names, masks)`: a project with these images."""
    made: list[int] = []

    def make(names: str, masks: bool = False) -> int:
        number: int = label_studio.post("/api/projects/", {
            "title": "Labels", "label_config": new_label_config(["cpu", "fan"], masks=masks)})["id"]
        made.append(number)
        files = [(name, (f"{name}.jpg", picture(n), "image/jpeg")) for n, name in enumerate(names)]
        if files:
            label_studio.request("POST", f"/api/projects/{number}/import", files=files, timeout=120)
        return number

    yield make
    for number in made:
        label_studio.delete(f"/api/projects/{number}/")


@pytest.fixture
def project(make: Make) -> int:
    return make("abcd")


def test_annotations__what_people_made_stays_and_the_same_twice_is_once(
        label_studio: LabelStudio, project: int, tmp_path: Path) -> None:
    tasks = tasks_of(label_studio, project)
    label_studio.post(f"/api/tasks/{tasks[0]['id']}/annotations/", {"result": []})
    label_studio.post(f"/api/tasks/{tasks[1]['id']}/annotations/", {"result": [], "was_cancelled": True})
    before = results(label_studio, project)
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "x.jpg"], ("cpu", "fan", "bolt"))
    body = json.loads((folder / "annotations.json").read_text())
    body["annotations"] += [{"image_id": 3, "category_id": 1, "bbox": [0, 0, 0, 0]},
                            {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4]}]
    (folder / "annotations.json").write_text(json.dumps(body))
    plan = argus("import-labels", str(folder), "--project", str(project), "--dry-run")
    assert results(label_studio, project) == before
    assert (plan["matched"], plan["tasks"], plan["objects"]) == ({"name": 4}, 1, {"cpu": 1, "fan": 1})
    assert {one["reason"]: one["examples"] for one in plan["left_alone"]} == {
        "its task is annotated": ["a.jpg"], "somebody skipped its task": ["b.jpg"],
        "none of its objects can be imported": ["c.jpg"], "no task has this name, and its image did not come along":
        ["x.jpg"]}
    assert plan["lacking"] == {"bolt": 1} and [one["entry"] for one in plan["problems"]] == ["annotations[5]"]
    told = CliRunner().invoke(main, ["import-labels", str(folder), "--project", str(project)], input="n\n")
    assert "'bolt', which the labelling config lacks" in told.output and results(label_studio, project) == before
    made = argus("import-labels", str(folder), "--project", str(project))
    assert (made["tasks"], made["objects"], made["missed"]) == (1, 2, 0)
    after = results(label_studio, project)
    assert after[:3] == before[:3] and after[3][2] == []
    ((first, second),) = after[3][1]
    assert first == ({"x": 12.5, "y": pytest.approx(100 / 6), "width": 25, "height": 25, "rotation": 0,
                      "rectanglelabels": ["cpu"]}, None) and second[0]["rectanglelabels"] == ["fan"]
    again = argus("import-labels", str(folder), "--project", str(project))
    assert (again["id"], again["plan"]["there_already"]) == (None, 1) and results(label_studio, project) == after
    (listed,) = argus("label-imports", "list", "--project", str(project))["imports"]
    assert (listed["tasks"], listed["objects"], listed["state"]) == (1, 2, "done")
    client = create_app().test_client()
    assert client.get(f"/api/v1/projects/{project}/label-imports").json["imports"] == [listed]
    undone = client.post(f"/api/v1/label-imports/{made['id']}/undo")
    assert (undone.status_code, undone.json["import_id"]) == (202, made["id"])
    importing.run_due()
    wait_for(lambda: client.get(undone.location).json["state"] == "undone", 30)
    assert client.get(undone.location).json["report"] == {"id": made["id"], "undone": 1, "images": 0, "left": []}
    assert argus("label-imports", "list", "--project", str(project))["imports"][0]["state"] == "undone"
    assert client.post("/api/v1/label-imports/999999/undo").status_code == 404
    assert results(label_studio, project) == before
    assert argus("import-labels", str(folder), "--project", str(project))["tasks"] == 1


def test_undo__what_was_changed_since_stays(label_studio: LabelStudio, project: int, tmp_path: Path) -> None:
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"])
    for n, name in enumerate("ef"):
        (folder / f"{name}.jpg").write_bytes(picture(10 + n))
    made = argus("import-labels", str(folder), "--project", str(project), "--images", str(folder))
    assert (made["tasks"], made["new_images"], made["plan"]["matched"]) == (6, 2, {"name": 4})
    tasks = tasks_of(label_studio, project)
    assert [len(task["annotations"]) for task in tasks] == [1] * 6
    changed, drafted, second, new = tasks[0], tasks[1], tasks[2], tasks[4]
    for task in (changed, new):
        label_studio.patch(f"/api/annotations/{task['annotations'][0]['id']}/", {"result": []})
    label_studio.post(f"/api/tasks/{drafted['id']}/annotations/{drafted['annotations'][0]['id']}/drafts",
                      {"result": [], "lead_time": 1})
    label_studio.post(f"/api/tasks/{second['id']}/annotations/", {"result": []})
    gone = argus("label-imports", "undo", str(made["id"]))
    assert (gone["undone"], gone["images"]) == (3, 1)
    assert {(one["task"], one["reason"]) for one in gone["left"]} == {
        (changed["id"], "changed since"), (new["id"], "changed since"), (drafted["id"], "somebody is changing it"),
        (new["id"], "somebody has worked on it")}
    assert [(task["id"], len(task["annotations"])) for task in tasks_of(label_studio, project)] == [
        (changed["id"], 1), (drafted["id"], 1), (second["id"], 1), (tasks[3]["id"], 0), (new["id"], 1)]


def test_predictions__with_scores_and_a_model_version(label_studio: LabelStudio, make: Make, tmp_path: Path) -> None:
    project = make("ab", masks=True)
    labels = tmp_path / "labels"
    labels.mkdir()
    (tmp_path / "classes.txt").write_text("CPU\nfan\n")
    (labels / "a.txt").write_text("0 .5 .5 .25 .25 .75\n1 .1 .1 .4 .1 .4 .4 .5\n")
    (labels / "b.txt").write_text("")
    label_studio.post(f"/api/tasks/{tasks_of(label_studio, project)[0]['id']}/annotations/", {"result": []})
    for bad in ("", "sam3-0123456789"):
        with pytest.raises(ArgusError, match="model version"):
            service.plan_import(project, tmp_path, taken="predictions", model_version=bad)
    how = ("import-labels", str(tmp_path), "--project", str(project), "--as", "predictions", "--model-version")
    made = argus(*how, "yolo")
    assert (made["tasks"], made["objects"]) == (2, 2)
    assert [one["reason"] for one in made["plan"]["losses"]] == ["an outline becomes a mask of whole pixels"]
    first, empty = tasks_of(label_studio, project)
    (one,) = first["predictions"]
    assert one["model_version"] == "yolo" and one["score"] == .5 and len(first["annotations"]) == 1
    assert [(r["type"], r["score"]) for r in one["result"]] == [
        ("rectanglelabels", .75), ("rectanglelabels", .5), ("brushlabels", .5)]
    assert [(p["score"], p["result"]) for p in empty["predictions"]] == [(None, [])]
    assert argus(*how, "yolo")["plan"]["there_already"] == 2
    (labels / "b.txt").write_text("0 .5 .5 .25 .25 .75\n")
    plan = argus(*how, "yolo", "--dry-run")
    assert [one["reason"] for one in plan["left_alone"]] == ["its task has another prediction of this model version"]
    other = argus(*how, "yolo 2")
    assert argus("label-imports", "undo", str(made["id"]))["undone"] == 2
    assert [[p["model_version"] for p in task["predictions"]] for task in tasks_of(label_studio, project)] == [
        ["yolo 2"], ["yolo 2"]]
    label_studio.patch(f"/api/predictions/{tasks_of(label_studio, project)[0]['predictions'][0]['id']}/",
                       {"result": []})
    assert [one["reason"] for one in argus("label-imports", "undo", str(other["id"]))["left"]] == ["changed since"]


def test_matching__by_digest_where_names_do_not_tell(label_studio: LabelStudio, project: int, tmp_path: Path) -> None:
    from argus.db import connect
    from argus.images.fetcher import get_images
    from argus.labelstudio.task_data import TaskImage
    from search_service.sync import tasks

    tasks.sync_project(project)
    with connect() as connection:  # as the embedding worker notes it
        for task in tasks_of(label_studio, project):
            digest = get_images().fetch(TaskImage(project, task["id"], task["data"]["image"])).sha256
            connection.execute("UPDATE task SET content_hash = %s WHERE id = %s", (digest, task["id"]))
    folder = coco(tmp_path / "set", ["other.jpg", "one/b.jpg", "two/b.jpg"])
    (folder / "other.jpg").write_bytes(picture(0))
    plan = service.plan_import(project, folder)
    assert plan.matched == {"digest": 1} and plan.tasks == 1
    second = tasks_of(label_studio, project)[1]["id"]
    assert [(one.count, one.examples) for one in plan.left_alone] == [
        (2, [f"one/b.jpg: task {second}", f"two/b.jpg: task {second}"])]


def test_what_goes_wrong_meanwhile(label_studio: LabelStudio, project: int, tmp_path: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    folder, annotate = coco(tmp_path / "set", ["a.jpg", "b.jpg"]), writing._annotate
    before, first = results(label_studio, project), tasks_of(label_studio, project)[0]["id"]

    def refuse(*arguments: Any) -> None:
        raise ArgusError("label_studio_unreachable", "Label Studio does not answer.")

    def late(*arguments: Any) -> None:
        label_studio.post(f"/api/tasks/{first}/annotations/", {"result": []})
        annotate(*arguments)

    monkeypatch.setattr(writing, "_annotate", refuse)
    with pytest.raises(ArgusError, match="does not answer") as failed:
        service.import_labels(project, folder)
    (one,) = jobs.listing(project).imports
    assert one.id == failed.value.details["import"] and one.state == "failed" and one.error
    assert results(label_studio, project) == before
    monkeypatch.setattr(writing, "_annotate", late)
    done = service.import_labels(project, folder)
    assert (done.id, done.tasks, done.missed) == (one.id, 1, 1)
    assert [(len(made), predicted) for _, made, predicted in results(label_studio, project)] == [
        (1, []), (1, []), (0, []), (0, [])]
    assert service.undo(one.id).undone == 1 and len(results(label_studio, project)[0][1]) == 1


def test_splits__are_kept_for_exports_and_taken_back(label_studio: LabelStudio, make: Make, tmp_path: Path) -> None:
    project, shares = make("abcdefghij"), ("--splits", "train=0.6,val=0.4")
    for split, names in (("train", "adgjbe"), ("val", "cfhi")):
        coco(tmp_path / split, [f"{name}.jpg" for name in names])
        (tmp_path / split / "annotations.json").rename(tmp_path / f"annotations_{split}.json")
        (tmp_path / split).rmdir()
    made = argus("import-labels", str(tmp_path), "--project", str(project), "--keep-splits")
    assert made["splits"] == {"train": 6, "val": 4} and made["tasks"] == 10
    argus("export", "--project", str(project), "-o", str(tmp_path / "out"), "--no-images", *shares)
    for split, names in (("train", "abdegj"), ("val", "cfhi")):
        body = json.loads((tmp_path / "out" / f"annotations_{split}.json").read_text())
        assert sorted(image["file_name"][0] for image in body["images"]) == list(names)
    argus("label-imports", "undo", str(made["id"]))
    assert argus("splits", "list", "--project", str(project))["divisions"] == []


@pytest.mark.parametrize(("module", "function", "when"), [
    ("writing", "_annotate", "before"), ("writing", "_annotate", "after"), ("service", "clean_up", "before"),
    ("images", "make_tasks", "before"), ("images", "make_tasks", "after"), ("service", "write", "before")])
def test_killed_in_the_middle__the_same_again_completes_it_or_undo_leaves_nothing(
        label_studio: LabelStudio, project: int, tmp_path: Path, module: str, function: str, when: str) -> None:
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "n.jpg"])
    (folder / "n.jpg").write_bytes(picture(20))
    before = results(label_studio, project)
    complete = []
    for _ in range(2):
        killed = warm.run(DIES, module, function, when, project, folder)
        assert killed.status == -9, killed.said
        if not complete:
            assert service.import_labels(project, folder, images=folder).id is not None
            complete = results(label_studio, project)
            assert [(len(one[1]), one[2]) for one in complete] == [(1, []), (1, []), (0, []), (0, []), (1, [])]
        (made,) = [one for one in jobs.listing(project).imports if one.state != "undone"]
        service.undo(made.id)
        assert results(label_studio, project) == before


def test_killed_and_left__it_is_taken_back_and_the_same_again_imports_it(label_studio: LabelStudio, project: int,
                                                                          tmp_path: Path) -> None:
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "n.jpg"])
    (folder / "n.jpg").write_bytes(picture(20))
    before = results(label_studio, project)
    killed = warm.run(DIES, "writing", "_annotate", "after", project, folder)
    assert killed.status == -9, killed.said
    wait_for(lambda: jobs.listing(project).imports[0].images == 1, 10)
    assert results(label_studio, project) != before and service.withdraw_abandoned(60) == 0  # a retry may follow
    wait_for(lambda: service.withdraw_abandoned(0) == 1, 60)  # its lock goes when PostgreSQL notices
    assert results(label_studio, project) == before and service.withdraw_abandoned(0) == 0
    (left,) = jobs.listing(project).imports
    assert (left.state, left.tasks, left.images, left.withdrawn_at is None) == ("failed", 0, 0, False)
    again = service.import_labels(project, folder, images=folder)
    assert (again.id, again.tasks) == (left.id, 3) and jobs.listing(project).imports[0].withdrawn_at is None
