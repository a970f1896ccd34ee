"""A detector of one's own beside SAM 3, on the real stack: chosen, mapped, run, compared, given back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from argus.db import connect
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from demo.draw import Split
from search_service.sync import tasks as sync_tasks
from tests import tiny_detectors
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
NAME = "parts"


class Project:
    """A project and the API's answers about it."""

    def __init__(self, stack: Any, ls: LabelStudio, number: int) -> None:
        self.url, self.ls, self.id = f"{stack.settings.search_service_url}/api/v1", ls, number

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = requests.request(method, f"{self.url}{path}", json=body, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.json()

    def engine(self, status: int = 200, **body: Any) -> Any:
        return self.ask("PUT" if body else "GET", f"/projects/{self.id}/engine", body or None, status)

    def run(self, *labels: str) -> Any:
        """Run over everything and return the run at its end."""
        number = self.ask("POST", f"/projects/{self.id}/runs", {"labels": labels, "all": True}, 201)["id"]
        wait_for(lambda: self.ask("GET", f"/runs/{number}")["state"] == "done", 120)
        return self.ask("GET", f"/runs/{number}")

    def versions(self) -> list[list[str]]:
        """Return the model versions of each task's predictions, as Label Studio has them."""
        return [sorted(p["model_version"] for p in task["predictions"])
                for task in self.ls.tasks(self.id, fields="all")]

    def shown(self) -> str:
        return str(self.ls.project(self.id)["model_version"])


@pytest.fixture
def folder(servers: Any) -> Iterator[Path]:
    """The detector's folder, where every process looks for detectors."""
    folder = servers.settings.detectors_dir / NAME
    tiny_detectors.save(folder, "rt_detr", ["CPU", "blower", "screw"])
    yield folder
    shutil.rmtree(folder.parent)


@pytest.fixture
def project(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio, folder: Path) -> Project:
    number = make_project(("cpu", "fan"), [(f"{i}.jpg", scene(f"own {i}", 320, Split.VALIDATION)) for i in range(4)])
    sync_tasks.sync_project(number)
    return Project(stack, label_studio, number)


def test_a_detector_from_its_folder_to_what_it_disagrees_about(project: Project, folder: Path) -> None:
    assert project.run("cpu", "fan")["done"] == 4
    before = project.engine()
    assert (before["engine"], before["detector"], before["other_version"]) == ("sam3", "", "")
    assert [(one["name"], one["classes"], one["error"]) for one in before["detectors"]] == [
        (NAME, ["CPU", "blower", "screw"], None)]
    sam3 = project.shown()

    # How it would be: the class of the label's name, and none is guessed. Nothing is changed by asking.
    would = project.engine(engine="detector", detector=NAME, dry_run=True)
    assert [(one["label"], one["classes"]) for one in would["mapping"]] == [("cpu", ["CPU"]), ("fan", [])]
    assert (would["unused_classes"], would["again"]) == (["blower", "screw"], 4)
    assert project.engine() == before
    for classes, said in (({"fan": ["fan"]}, "no class 'fan'"), ({"fan": ["CPU"], "cpu": ["CPU"]}, "two labels")):
        problem = project.engine(400, engine="detector", detector=NAME, classes=classes)
        assert said in problem["detail"] and project.engine() == before
    assert project.engine(400, engine="detector", detector="none")["code"] == "bad_request"
    assert project.engine(422, engine="detector", detector=NAME, classes={"hdd": []})["code"] == "unknown_label"

    only = project.engine(engine="detector", detector=NAME)
    body = {"labels": ["fan"], "all": True}
    refused = project.ask("POST", f"/projects/{project.id}/runs/estimate", body, 422)
    assert refused["code"] == "unknown_label" and NAME in refused["detail"]
    assert project.ask("POST", f"/projects/{project.id}/runs/estimate", body | {"labels": ["cpu"]})["to_compute"] == 4
    mapped = project.engine(engine="detector", classes={"fan": ["blower"]})
    assert [one["classes"] for one in mapped["mapping"]] == [["CPU"], ["blower"]]
    assert mapped["model_version"] != only["model_version"]

    done = project.run("cpu", "fan")
    assert (done["done"], done["failed"], done["model_version"]) == (4, 0, mapped["model_version"])
    assert done["settings"]["recipe"]["engine"] == NAME
    wait_for(lambda: project.versions() == [sorted([sam3, mapped["model_version"]])] * 4, 30)
    assert project.shown() == mapped["model_version"]
    with connect() as connection:
        found = connection.execute(
            "SELECT d.label, sum(jsonb_array_length(d.items::jsonb)) AS n FROM detection d JOIN task t "
            "ON t.id = d.task_id WHERE t.project_id = %s GROUP BY d.label, d.concept_key", (project.id,)).fetchall()
    assert len(found) == 4 and sum(row["n"] for row in found) > 10

    _disagreements(project)
    _masks(project)
    _and_back(project, sam3, mapped["model_version"])
    _broken(project, folder)


def _disagreements(project: Project) -> None:
    kinds = ["only_other", "only_here", "other_label"]
    path = f"/projects/{project.id}/review/check-first"
    project.ask("PUT", f"{path}/kinds", {"on": kinds})
    wait_for(lambda: project.ask("GET", path)["suspicions"], 30)
    told = project.ask("GET", path)["suspicions"]
    assert {one["kind"] for one in told} <= set(kinds) and "only_here" in {one["kind"] for one in told}
    assert all(bool(one["said"]) == (one["kind"] == "other_label") for one in told)
    assert all(one["lacking"] == (one["kind"] == "only_other") for one in told)
    one = next(one for one in told if one["kind"] == "only_here")
    project.ask("POST", path, {"suspicion": one["id"], "verdict": "nothing_there"})
    assert one["id"] not in {left["id"] for left in project.ask("GET", path)["suspicions"]}


def _masks(project: Project) -> None:
    """With masks by SAM 3 another version looks, and its boxes are the same. What the masks are like is told elsewhere:
    these boxes of random weights have no object in them."""
    plain = _previewed(project)
    said = CliRunner().invoke(main, ["engine", "-p", str(project.id), "--masks", "--json"])
    assert said.exit_code == 0, said.output
    masked = json.loads(said.stdout)
    assert masked["masks"] and masked["engine"] == "detector" and masked["again"] == 4
    assert _previewed(project) == plain and plain
    project.engine(engine="detector", masks=False)


def _previewed(project: Project) -> list[tuple[str, list[float]]]:
    """Return label and box of what a preview of the first task shows."""
    task = next(iter(project.ls.tasks(project.id, fields="task_only")))["id"]
    body = {"concepts": [{"label": "cpu"}, {"label": "fan"}], "task_ids": [task]}
    path = f"/projects/{project.id}/preview"
    wait_for(lambda: project.ask("POST", path, body)["ready"], 60)
    (seen,) = project.ask("POST", path, body)["tasks"]
    assert seen["state"] == "done", seen
    return [(one["label"], one["box"]) for one in seen["objects"]]


def _and_back(project: Project, sam3: str, own: str) -> None:
    """The other model's predictions are there, and count again at once."""
    assert project.engine(engine="sam3")["model_version"] == sam3
    assert project.shown() == sam3
    assert project.versions() == [sorted([sam3, own])] * 4
    assert project.run("cpu", "fan")["computed"] == 0
    assert project.versions() == [sorted([sam3, own])] * 4


def _broken(project: Project, folder: Path) -> None:
    """A folder that cannot be loaded any more fails the tasks that need it, in a sentence, and nothing else."""
    project.engine(engine="detector")
    (folder / "model.safetensors").write_bytes(b"nothing")
    failed = project.run("cpu")
    assert (failed["done"], failed["failed"]) == (0, 4)
    assert {error["code"] for error in failed["errors"]} == {"model_broken"}
    assert NAME in failed["errors"][0]["message"]
    shutil.rmtree(folder)
    assert project.engine()["detectors"] == [] and project.engine()["detector"] == NAME
    assert project.engine(engine="sam3")["engine"] == "sam3"
