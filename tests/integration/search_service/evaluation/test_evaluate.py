"""An evaluation on the real Label Studio: annotations, predictions of two model versions, and a split of an export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from argus.client_evaluate import Evaluate
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus_cli.main import main
from search_service.api.app import create_app
from search_service.evaluation import job_store, jobs
from search_service.evaluation.service import Asked
from search_service.sync import tasks
from tests.resting import resting

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


@pytest.fixture(scope="module")
def project(servers: Any, ls: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[int]]]:
    """Five annotated videos of four frames, divided by an export; the tasks of `test` with predictions of two versions.

    Each frame shows a cpu, the first of `test` a fan, too. `good` finds all cpus; `bad` finds one, calls one a fan, and
    on the third frame finds a cpu where none is, surer of that than of anything; of the fourth it said nothing.
    """
    with resting(servers, "worker"):  # it would compute what is computed here
        yield from _project(ls, tmp_path_factory)


def _project(ls: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[int]]]:
    number: int = ls.post("/api/projects/", {"title": "Judged", "label_config": CONFIG})["id"]
    made = [{"data": {"image": f"/data/upload/{n}.jpg", "video": f"video {n // 4}", "video_time": float(n % 4)},
             "annotations": [{"result": [region("a", 10, "cpu")]}]} for n in range(20)]
    ls.post(f"/api/projects/{number}/import", made)
    tasks.sync_project(number)
    folder = tmp_path_factory.mktemp("export")
    done = CliRunner().invoke(main, ["export", "--project", str(number), "-o", str(folder / "out"), "--no-images",
                                     "--splits", "train=0.6,val=0.2,test=0.2"])
    assert done.exit_code == 0, done.output
    images = json.loads((folder / "out/annotations_test.json").read_text())["images"]
    test = sorted(image["task_id"] for image in images)
    assert len(test) == 4
    (annotation,) = ls.get(f"/api/tasks/{test[0]}/")["annotations"]
    ls.patch(f"/api/annotations/{annotation['id']}/", {"result": [region("a", 10, "cpu"), region("b", 60, "fan")]})
    for task in test:
        predict(ls, task, "good", region("p", 10, "cpu", 0.9))
    predict(ls, test[0], "bad", region("p", 10, "cpu", 0.9))
    predict(ls, test[1], "bad", region("p", 10, "fan", 0.8))
    predict(ls, test[2], "bad", region("p", 70, "cpu", 0.95))
    yield number, test
    ls.delete(f"/api/projects/{number}/")


def region(name: str, x: float, label: str, score: float | None = None) -> dict[str, Any]:
    return {"id": name, "from_name": "label", "to_name": "image", "type": "rectanglelabels", "original_width": 64,
            "original_height": 48, "value": {"x": x, "y": 10, "width": 20, "height": 20, "rotation": 0,
                                             "rectanglelabels": [label]}} | ({} if score is None else {"score": score})


def predict(ls: LabelStudio, task: int, version: str, *regions: dict[str, Any]) -> None:
    ls.post("/api/predictions/", {"task": task, "model_version": version, "result": list(regions), "score": 0.5})


def argus(project: int, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", "--project", str(project), *arguments])


def test_two_versions_on_the_test_set_by_hand(project: tuple[int, list[int]], ls: LabelStudio, tmp_path: Path) -> None:
    number, test = project
    done = argus(number, "--model-version", "good", "--against", "bad", "--json", "--markdown", str(tmp_path / "e.md"))
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    good, bad = found["model"], found["against"]
    assert (found["images"], found["locked"], found["division"]) == (4, 0, "test,train,val")
    assert found["model_versions"] == {"bad": 3, "good": 4} and found["skipped"] == [] and found["accepted"] == 0
    assert good["ap50"] == pytest.approx(0.5) and [one["ap50"] for one in good["labels"]] == pytest.approx([1, 0])
    # The false cpu is the surest: precision is 1/2 up to a recall of 1/4, 26 of COCO's 101 recalls.
    assert [one["ap50"] for one in bad["labels"]] == pytest.approx([13 / 101, 0])
    assert bad["confusion"]["rows"] == [[1, 1, 2], [0, 0, 1], [1, 0, 0]]
    assert bad["false_positives"]["tasks"] == [test[2]] and bad["confusions"]["tasks"] == [test[1]]
    assert sorted(bad["misses"]["tasks"]) == [test[0], test[2], test[3]] and bad["without_prediction"] == 1
    assert (found["resampling"]["over"], found["resampling"]["units"]) == ("blocks", 4)
    assert "the test set is not locked" in (tmp_path / "e.md").read_text()

    client = create_app().test_client()

    def send(model: Any, method: str, path: str, body: Any = None) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, json=body)
        assert answer.status_code == (201 if body else 200), answer.text
        if body:
            jobs.run_due()
        return model.model_validate_json(answer.data)

    assert Evaluate(send)(number, "good", against="bad").model_dump(mode="json") == found
    asked = client.get(f"/api/v1/projects/{number}/evaluation?model_version=good&against=bad")
    assert asked.json == found
    there = client.get(f"/api/v1/projects/{number}/evaluations").json
    assert set(there["model_versions"]) == {"good", "bad"}
    (listed,) = there["evaluations"]
    assert (listed["state"], listed["read"], listed["total"], "result" in listed) == ("done", 4, 4, False)
    with pytest.raises(ArgusError, match="has no split val"):
        Evaluate(send)(number, "good", on="val", splits="train,val")


def test_in_the_background__cancelled_killed_and_too_many(project: tuple[int, list[int]],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    number, _ = project
    progress = job_store.progress

    def cancels(job: int, read: int, total: int) -> bool:
        jobs.cancel(number, job)
        return progress(job, read, total)

    with monkeypatch.context() as patched:
        patched.setattr(job_store, "progress", cancels)
        dropped = jobs.ask(number, Asked("good"), None)
        jobs.run_due()
    now = jobs.describe(number, dropped.id)
    assert (now.state, now.result) == ("cancelled", None)
    killed = jobs.ask(number, Asked("good"), None)
    assert job_store.begin(killed.id)  # a worker that died at it
    with pytest.raises(ArgusError, match="3 evaluations"):
        for _ in range(3):
            jobs.ask(number, Asked("good"), None)
    jobs.run_due()
    assert jobs.describe(number, killed.id).result and not job_store.waiting(number)
    assert jobs.cancel(number, killed.id).state == "done"
    with pytest.raises(ArgusError, match="There is no evaluation"):
        jobs.describe(number, killed.id)


def test_a_view_of_what_was_missed_and_a_locked_test_set(project: tuple[int, list[int]], ls: LabelStudio) -> None:
    number, test = project
    assert CliRunner().invoke(main, ["splits", "lock", "--project", str(number)]).exit_code == 0
    done = argus(number, "--model-version", "bad", "--view", "misses", "--min-ap50", "0.1")
    assert done.exit_code == 1 and "AP50 is not 0.1 or more: it is 0.0644." in done.output
    assert "the test set is locked" in done.output and "view of 3 images: " in done.output
    (view,) = [view for view in ls.views(number) if view["data"]["title"].startswith("Search: misses of bad on test")]
    assert {item["value"] for item in view["data"]["filters"]["items"]} == {test[0], test[2], test[3]}
    none = argus(number, "--model-version", "good", "--view", "false-positives")
    assert none.exit_code == 0 and "no false positives: no view was made" in none.output


def test_what_cannot_be_judged_is_said(project: tuple[int, list[int]]) -> None:
    number, _ = project
    for arguments, told in ((["--on", "val"], "has no model version of its own"),
                            (["--model-version", "good", "--on", "val"], "has no prediction on an annotated image"),
                            (["--model-version", "good", "--splits", "train,val"], "has no split test")):
        done = argus(number, *arguments)
        assert done.exit_code and told in done.output, done.output
    every = argus(number, "--model-version", "bad", "--on", "all", "--only-predicted")
    assert every.exit_code == 0 and "all: 3 annotated images" in every.output
