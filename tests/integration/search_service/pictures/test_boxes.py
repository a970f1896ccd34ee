"""The objects that thumbnails show, on the real Label Studio and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argus.db import connect
from argus.labelstudio import LabelStudio, get_label_studio
from search_service.api.app import create_app
from search_service.sync import tasks as sync_tasks
from tests.predicted import Predicted, ask
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan" background="red"/></RectangleLabels></View>')


@pytest.fixture(scope="module")
def project(servers: Any) -> Iterator[Predicted]:
    ls = get_label_studio()
    number = ls.post("/api/projects/", {"title": "Boxes", "label_config": CONFIG})["id"]
    yield Predicted(number, ls, 4)
    ls.delete(f"/api/projects/{number}/")


def annotate(ls: LabelStudio, task: int, *labels: str) -> int:
    result = [{"id": f"r{n}", "from_name": "label", "to_name": "image", "type": "rectanglelabels",
               "original_width": 200, "original_height": 100,
               "value": {"x": 10 * n, "y": 10, "width": 10, "height": 20, "rectanglelabels": [label]}}
              for n, label in enumerate(labels)]
    return int(ls.post(f"/api/tasks/{task}/annotations/", {"result": result})["id"])


def test_boxes__predicted_until_somebody_annotates(project: Predicted) -> None:
    client = create_app().test_client()
    first, second = project.predict(2, objects=2, score=0.9)
    project.predict(1, objects=1, score=0.1)  # below the threshold: the prediction shows nothing
    tasks = f"{second},{first},{','.join(map(str, project.tasks[2:]))},987654"

    found = ask(client, f"/projects/{project.id}/boxes?tasks={tasks}")["tasks"]
    assert [(one["task"], one["annotated"]) for one in found] == [(second, False), (first, False)]
    assert found[0] | {"objects": found[0]["objects"][:1]} == {
        "task": second, "annotated": False, "width": 20, "height": 100,
        "objects": [{"label": "cpu", "score": 0.9, "box": [0.0, 0.1, 0.45, 0.6]}]}
    assert len(found[0]["objects"]) == 2

    annotation = annotate(project.ls, first, "fan", "cpu")
    sync_tasks.sync_project(project.id, full=False)
    found = ask(client, f"/projects/{project.id}/boxes?tasks={first}")["tasks"]
    assert found == [{"task": first, "annotated": True, "width": 200, "height": 100, "objects": [
        {"label": "fan", "score": None, "box": [0.0, 0.1, 0.1, 0.3]},
        {"label": "cpu", "score": None, "box": [0.1, 0.1, 0.2, 0.3]}]}]

    project.ls.delete(f"/api/annotations/{annotation}/")
    sync_tasks.sync_project(project.id, full=True)
    found = ask(client, f"/projects/{project.id}/boxes?tasks={first}")["tasks"]
    assert [one["annotated"] for one in found] == [False]
    with connect() as connection:
        assert connection.execute("SELECT count(*) AS n FROM annotated_boxes WHERE task_id = %s",
                                  (first,)).fetchone() == {"n": 0}


def test_boxes__of_other_projects_tasks_nothing(project: Predicted) -> None:
    client = create_app().test_client()
    with project_of_rows() as other:
        assert ask(client, f"/projects/{other}/boxes?tasks={project.tasks[0]}") == {"tasks": []}
    assert ask(client, f"/projects/{project.id}/boxes?tasks=") == {"tasks": []}


@pytest.mark.parametrize("tasks", ["a", "1;2", "-1", "1.5", "9" * 19, ",".join(["1"] * 501)])
def test_boxes__what_is_no_list_of_ids_is_refused(project: Predicted, tasks: str) -> None:
    answer = create_app().test_client().get(f"/api/v1/projects/{project.id}/boxes", query_string={"tasks": tasks})
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request"), answer.text


def test_project__says_the_colours_of_its_labels(project: Predicted) -> None:
    about = ask(create_app().test_client(), f"/projects/{project.id}")
    assert about["colours"] == {"cpu": "#bf72b0", "fan": "#ff0000"}
