"""The command line, command by command, on the running product: what the page does is done here too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from argus.db import connect
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from argus_cli.main import main
from demo.draw import Split
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from label_studio_config.views import live_views
from ml_backend.detection import store
from ml_backend.predictions import delivery
from ml_backend.runs import runs
from search_service.search.query import SearchQuery
from search_service.search.search import find
from search_service.sync import progress
from search_service.sync import tasks as sync_tasks
from tests.integration.search_service.review.test_review_objects import (  # noqa: F401
    HEIGHT,
    WIDTH,
    Reviewed,
    found,
    reviewed,
)
from tests.pictures import scene
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


def argus(*arguments: object, exits: int = 0) -> str:
    """Run a command as a person does, and return what it printed."""
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == exits, done.output
    return done.stdout if exits == 0 else done.stderr


def answer(*arguments: object) -> Any:
    return json.loads(argus(*arguments, "--json"))


@pytest.fixture(scope="module")
def line(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[int], Path]]:
    """Four embedded scenes of a video and a file that is no image: `(project, task ids, file of the first)`."""
    from label_studio_config.connect import connect as connect_project

    ls = get_label_studio()
    project = connect_project(ls, None, title="Commands", labels=["cpu", "fan"]).project_id
    assert project is not None
    files = [(f"{n}.jpg", scene(f"commands {n}", 320, Split.VALIDATION)) for n in range(4)] + [("4.jpg", b"no image")]
    ls.request("POST", f"/api/projects/{project}/import",
               files=[(name, (name, data, "image/jpeg")) for name, data in files], timeout=60)
    for n, task in enumerate(sorted(ls.tasks(project), key=lambda task: task["id"])):
        ls.patch(f"/api/tasks/{task['id']}/", {"data": {**task["data"], "video": "line.mp4", "video_time": n / 2,
                                                        "captured_at": f"2026-01-01T10:00:0{n}"}})
    sync_tasks.sync_project(project, full=True)
    wait_for(lambda: (now := progress.sync_progress(project)).embedded == 4 and now.failed == 1, 90)
    picture = tmp_path_factory.mktemp("commands") / "first.jpg"
    picture.write_bytes(files[0][1])
    yield project, sorted(task["id"] for task in ls.tasks(project)), picture
    ls.delete(f"/api/projects/{project}/")


def tasks_of(result: dict[str, Any]) -> list[int]:
    return [hit["task"] for hit in result["hits"]]


def test_search__by_file_by_part_and_with_every_filter(line: tuple[int, list[int], Path]) -> None:
    project, tasks, picture = line
    best = answer("search", "--image", picture, "-p", project, "--limit", 1)["hits"][0]
    assert (best["task"], best["similarity"] > 0.99) == (tasks[0], True)
    part = answer("search", "-p", project, "--like", tasks[0], "--box", "0,0,0.5,0.5")
    wanted = SearchQuery.model_validate({"like": [{"task": tasks[0], "box": [0, 0, 0.5, 0.5]}]})
    assert tasks_of(part) == [hit.task for hit in find(project, wanted, record=False).hits]
    assert part["query"] == f"like part 0 0 50 50 % of task {tasks[0]}"
    cut = answer("search", "-p", project, "--image", picture, "--box", "0,0,0.5,0.5", "--limit", 1)["hits"][0]
    assert (cut["task"], cut["similarity"] < 0.99) == (tasks[0], True)
    later = answer("search", "cpu", "-p", project, "--captured-from", "2026-01-01T10:00:01", "--captured-to",
                   "2026-01-01T10:00:02")
    assert sorted(tasks_of(later)) == tasks[1:3]
    assert answer("search", "cpu", "-p", project, "--label", "fan", "--label-in", "annotations")["total"] == 0
    shown = argus("search", "cpu", "-p", project, "--video", "line.mp4", "--from", "0.5")
    assert "line.mp4" in shown and "3 hits of 3 ranked images, of 4 embedded" in shown
    assert f"Pictures: {get_settings().search_service_url}/?project={project}&q=cpu&" in shown
    assert "There is no project 987654" in argus("search", "cpu", "-p", 987654, exits=3)
    sheet = picture.parent / "hits.png"
    assert f"Contact sheet: {sheet}" in argus("search", "cpu", "-p", project, "--sheet", sheet)
    with Image.open(sheet) as drawn:
        assert drawn.size == (4 * 248 + 8, 268 + 8)
        cells = [drawn.crop((8 + 248 * n, 8, 248 + 248 * n, 248)) for n in range(4)]
        assert all(len(set(cell.convert("L").resize((16, 16)).tobytes())) > 20 for cell in cells)  # not grey
    assert "cannot be written" in argus("search", "cpu", "-p", project, "--sheet", picture.parent / "hits.x", exits=2)
    ids = argus("search", "cpu", "-p", project, "--limit", 3, "--ids")
    assert ids.split() == [str(task) for task in tasks_of(answer("search", "cpu", "-p", project, "--limit", 3))]


def test_search_history__is_listed_repeated_and_forgotten(line: tuple[int, list[int], Path]) -> None:
    project, _, _ = line
    argus("search-history", "delete", "--all", "-p", project)
    first = answer("search", "fan -cpu", "-p", project, "--unlabelled", "--limit", 3)
    (entry,) = answer("search-history", "list", "-p", project)["searches"]
    assert entry["query"] == "fan -cpu · labelled: no"
    assert entry["query"] in argus("search-history", "list", "-p", project)
    assert argus("search-history", "list", "-p", project, "--ids") == f"{entry['id']}\n"
    assert answer("search-history", "repeat", entry["id"], "-p", project, "--limit", 3)["hits"] == first["hits"]
    assert entry["query"] in argus("search-history", "repeat", entry["id"], "-p", project)
    assert len(argus("search-history", "repeat", entry["id"], "-p", project, "--ids", "--limit", 2).split()) == 2
    assert argus("search-history", "delete", entry["id"], "-p", project) == "forgot 4 entries\n"
    assert answer("search-history", "list", "-p", project)["searches"] == []
    argus("search-history", "delete", entry["id"], "-p", project, exits=3)


def test_saved_searches__from_save_to_delete(line: tuple[int, list[int], Path]) -> None:
    project, _, picture = line
    said = argus("search", "cpu", "-p", project, "--limit", 2, "--save", "Parts")
    (kept,) = answer("saved-searches", "list", "-p", project)["saved_searches"]
    assert (kept["name"], kept["keep_view"], kept["tasks"]) == ("Parts", True, 2)
    assert f"Saved as “Parts”: {kept['url']}" in said
    both = answer("search", "fan", "-p", project, "--limit", 2, "--save", "Both", "--view", "Both")
    assert both["views"] == both["saved"]["views"] != []
    saved = {one["name"]: one for one in answer("saved-searches", "list", "-p", project)["saved_searches"]}
    assert saved["Both"]["views"] == both["views"]  # still its own
    argus("saved-searches", "delete", saved["Both"]["id"], "-p", project)
    assert argus("saved-searches", "list", "-p", project, "--ids") == f"{kept['id']}\n"
    assert len(argus("saved-searches", "run", kept["id"], "-p", project, "--ids", "--limit", 2).split()) == 2
    assert "Parts" in argus("saved-searches", "list", "-p", project)
    fresh = answer("search", "cpu", "-p", project)
    assert answer("saved-searches", "run", kept["id"], "-p", project)["hits"] == fresh["hits"]
    assert "cpu" in argus("saved-searches", "run", kept["id"], "-p", project, "--limit", 1)
    changed = argus("saved-searches", "change", kept["id"], "-p", project, "--name", "Fans", "--query", "fan",
                    "--size", 3)
    assert "“Fans” searches for fan; its view shows 3 tasks" in changed
    (view,) = answer("saved-searches", "refresh", kept["id"], "-p", project)["views"]
    assert "Fans" in argus("saved-searches", "refresh", kept["id"], "-p", project)
    ls = get_label_studio()
    ls.patch(f"/api/dm/views/{view}/", {"project": project, "data": {**live_views(ls, project)[view],
                                                                     "title": "My fans"}})
    gone = argus("saved-searches", "delete", kept["id"], "-p", project)
    assert f"kept in Label Studio because somebody changed it there: view {view}" in gone
    assert live_views(ls, project)[view]["title"] == "My fans"
    ls.delete(f"/api/dm/views/{view}/")
    argus("saved-searches", "run", kept["id"], "-p", project, exits=3)
    assert "cannot be saved" in argus("search", "--image", picture, "-p", project, "--save", "File", exits=2)


def test_judgements__are_said_listed_measured_and_forgotten(line: tuple[int, list[int], Path]) -> None:
    project, tasks, _ = line
    assert argus("judgements", "add", "cpu", *tasks[:2], "-p", project) == "2 images judged for “cpu”\n"
    argus("judgements", "add", "cpu", tasks[2], "-p", project, "--wrong")
    argus("judgements", "add", "cpu", tasks[0], "-p", project, "--unsaid")
    assert answer("judgements", "list", "-p", project)["judgements"] == [
        {"query": "cpu", "task": tasks[1], "relevant": True}, {"query": "cpu", "task": tasks[2], "relevant": False}]
    assert "wrong" in argus("judgements", "list", "-p", project, "--query", "cpu")
    assert argus("judgements", "list", "-p", project, "--ids").split() == [str(task) for task in tasks[1:3]]
    assert answer("search-eval", "-p", project)["queries"][0]["judged"] == 2
    argus("judgements", "add", "cpu", tasks[0], 10**9, "-p", project, exits=3)
    assert argus("judgements", "delete", "-p", project, "--yes") == "forgot 2 judgements\n"
    assert answer("judgements", "list", "-p", project)["judgements"] == []


def test_views__are_made_listed_refreshed_and_removed(line: tuple[int, list[int], Path]) -> None:
    project, tasks, _ = line
    ls = get_label_studio()
    theirs = ls.post("/api/dm/views/", {"project": project, "data": {"title": "Theirs"}})["id"]
    (view,) = answer("views", "make", "-p", project, "--search", "cpu", "--limit", 2)["views"]
    assert f"tab={view}" in argus("views", "refresh", view, "-p", project)
    chosen = answer("views", "make", "-p", project, "--title", "Chosen", "--task", tasks[3])
    assert [item["value"] for item in live_views(ls, project)[chosen["views"][0]]["filters"]["items"]] == [tasks[3]]
    assert {one["id"] for one in answer("views", "list", "-p", project)["views"]} >= {view, *chosen["views"]}
    assert "Search: Chosen" in argus("views", "list", "-p", project)
    assert "Theirs" in argus("views", "list", "-p", project, "--all")
    assert str(theirs) in argus("views", "list", "-p", project, "--all", "--ids").split()
    assert str(theirs) not in argus("views", "list", "-p", project, "--ids").split()
    for ours in (view, *chosen["views"]):
        assert argus("views", "remove", ours, "-p", project) == f"removed view {ours}\n"
    assert set(live_views(ls, project)) == {theirs}
    argus("views", "remove", theirs, "-p", project, exits=3)
    ls.delete(f"/api/dm/views/{theirs}/")


def test_recipe_preview_and_a_run_that_is_cancelled_resumed_and_tried_again(
        stack: Any, line: tuple[int, list[int], Path]) -> None:
    project, tasks, _ = line
    looked = answer("preview", "-p", project, "-l", "fan", "--task", tasks[0], "--task", tasks[1])
    assert [(task["task"], task["state"]) for task in looked["tasks"]] == [(tasks[0], "done"), (tasks[1], "done")]
    assert "2 images looked at; thresholds: fan 0.4" in argus("preview", "-p", project, "-l", "fan", "--task",
                                                              tasks[0], "--task", tasks[1])
    with resting(stack, "sam3-worker", "worker"):
        run = answer("annotate", "-p", project, "-l", "cpu", "--all", "--no-wait")
        stopped = argus("runs", "cancel", run["id"])
        assert f"Run {run['id']} is cancelled" in stopped and "5 cancelled" in stopped
    argus("runs", "cancel", run["id"], exits=5)
    resumed = answer("runs", "resume", run["id"])
    assert (resumed["state"], resumed["done"], resumed["failed"]) == ("done", 4, 1)
    again = argus("runs", "retry", run["id"])
    assert f"Run {run['id']} is done" in again and "4 done, 1 failed" in again
    assert runs.run_progress(run["id"]).errors[0].task == tasks[4]

    changed = argus("recipe", "-p", project, "-l", "cpu", "--prompt", "cpu", "--prompt", "chip")
    assert "Changed: cpu" in changed and "cpu · chip" in changed
    older = answer("annotate", "-p", project, "-l", "cpu", "--task", tasks[0], "--outdated", "--estimate")
    assert older["tasks"] == 4
    assert "Changed: cpu" in argus("recipe", "-p", project, "-l", "cpu", "--reset")
    argus("recipe", "-p", project, "--reset", exits=2)


def test_runs__are_listed_and_shown(line: tuple[int, list[int], Path]) -> None:
    project, tasks, _ = line
    ids = "\n".join(map(str, tasks[:2]))
    piped = CliRunner().invoke(main, ["annotate", "-p", str(project), "-l", "cpu", "--task", "-", "--json"], input=ids)
    run = json.loads(piped.stdout)
    assert (run["state"], run["requested"]) == ("done", 2)
    assert answer("runs", "list", "-p", project)[0]["id"] == run["id"]
    assert argus("runs", "list", "-p", project, "--ids").splitlines()[0] == str(run["id"])
    assert len(argus("runs", "list", "-p", project, "--ids", "--limit", 1).splitlines()) == 1
    assert f"Run {run['id']} is done" in argus("runs", "show", run["id"], "--wait")
    assert answer("runs", "show", run["id"])["done"] == 2
    argus("runs", "show", 10**9, exits=3)
    # As over REST: where the tasks came from is kept, and a task of another project makes no run.
    assert (run["settings"]["source"], run["settings"].get("query")) == ("tasks", None)
    argus("annotate", "-p", project, "-l", "cpu", "--task", tasks[0], "--task", 10**9, exits=3)
    assert answer("runs", "list", "-p", project)[0]["id"] == run["id"]


def test_a_project_by_its_title__connected_with_labels_that_hold_commas_and_disconnected(stack: Any) -> None:
    title = "Press 3, left"
    made = answer("connect", "--title", title, "--labels", "cpu,fan", "--label", "screw, loose")
    assert made["labels"] == ["cpu", "fan", "screw, loose"]
    ls = get_label_studio()
    try:
        assert argus("runs", "list", "-p", title).startswith("No runs yet.")
        assert answer("connect", "-p", title)["project_id"] == made["project_id"]
        assert f"{made['project_id']} “{title}”" in argus("videos", "-p", "Press 3", exits=3)
        assert "removed: " in argus("disconnect", "-p", title)
        assert f"“{title}”" not in argus("videos", "-p", "Press 3", exits=3)
    finally:
        ls.delete(f"/api/projects/{made['project_id']}/")


def test_videos_task_and_status(line: tuple[int, list[int], Path]) -> None:
    project, tasks, _ = line
    assert answer("videos", "-p", project)["videos"] == [{"video": "line.mp4", "video_id": None, "name": "line.mp4",
                                                          "filter": "line.mp4", "frames": 5, "seconds": 2.0}]
    assert "0:02.000" in argus("videos", "-p", project)
    assert argus("videos", "-p", project, "--ids") == "line.mp4\n"
    assert answer("task", tasks[1], "-p", project)["video_time"] == 0.5
    assert f"task {tasks[1]}: embedded" in argus("task", tasks[1], "-p", project)
    argus("task", 10**9, "-p", project, exits=3)
    now = answer("status")
    assert {worker["role"] for worker in now["workers"]} == {"siglip", "sam3", "default", "export"}
    assert project in [one["id"] for one in now["projects"]]
    last = {queue["name"]: queue["last_job"] for queue in now["queues"]}
    assert datetime.now(UTC) - datetime.fromisoformat(last["siglip"]) < timedelta(hours=1)  # it embedded the images
    shown = argus("status")
    assert "Commands" in shown and last["siglip"][:16].replace("T", " ") in shown


def test_review__views_bands_histogram_objects_set_aside_and_added_labels(
        reviewed: Any, label_studio: LabelStudio) -> None:  # noqa: F811
    project: Reviewed = reviewed()
    assert set(answer("review", "views", "-p", project.id)["views"]) == {"high", "medium", "low", "nothing_found"}
    assert "tab=" in argus("review", "views", "-p", project.id)
    assert argus("review", "bands", "-p", project.id, "--high", 0.93) == (
        "high: 0.93 and above, medium: from 0.7, low: below\n")
    assert answer("review", "status", "-p", project.id)["bands"]["medium"] == 3
    argus("review", "bands", "-p", project.id, "--reset")
    argus("review", "bands", "-p", project.id, "--reset", "--high", 0.9, exits=2)
    spread = argus("review", "histogram", "-p", project.id)
    assert "0.95 to 1.00" in spread and "0.50 to 0.55" in spread and "Edges: high from 0.9, medium from 0.7." in spread
    assert sum(answer("review", "histogram", "-p", project.id)["tasks"]) == 5

    (least,) = answer("review", "objects", "-p", project.id, "--band", "medium", "--limit", 1)["objects"]
    low = argus("review", "objects", "-p", project.id, "--ids").split()
    assert low and set(low) <= {str(task) for task in project.tasks}
    assert least["score"] == 0.75 and "More: --after" in argus("review", "objects", "-p", project.id, "--limit", 1)
    task = ["-p", project.id, "--task", least["task"]]
    assert argus("review", "set-aside", *task, "--object", least["object"]) == "1 task set aside to be fixed\n"
    assert answer("review", "objects", "-p", project.id, "--band", "to_fix")["objects"][0]["verdict"] == "rejected"
    assert argus("review", "put-back", *task) == "0 tasks set aside to be fixed\n"

    assert "accepted 2 tasks with 3 objects" in argus("review", "accept", "-p", project.id, "--yes")
    recipe = recipe_for(projects.load(project.id))
    for task, score in zip(project.tasks[:2], (0.6, 0.97), strict=True):  # what a later run for another label stores
        store.store(task, recipe, (WIDTH, HEIGHT), {"fan": found((score,))})
    delivery.push(project.id, project.tasks[:2])
    added = argus("review", "add-labels", "-p", project.id, "--min-score", 0.5, "--max-score", 0.9, "--yes")
    assert "added 1 object to 1 annotation" in added
    with connect() as connection:
        row = connection.execute("SELECT max(id) AS id FROM acceptance WHERE project_id = %s",
                                 (project.id,)).fetchone()
    assert row is not None
    assert argus("review", "undo", row["id"]) == "took back 1 annotation\n"
    assert "added 2 objects to 2 annotations" in argus("review", "add-labels", "-p", project.id, "--min-score", 0.5,
                                                       "-y")
