"""Check first on a real Label Studio and database: what is suspected waits in no band, wherever one looks.

The detections are written here instead of by a model: a cpu and a fan that move to the right, on frames of one video.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus.db import connect
from argus.errors import ArgusError
from argus.images.measures import Measures
from argus.labelstudio import LabelStudio
from argus.labelstudio.filters import UNREVIEWED, of_version
from argus.labelstudio.listing import walk
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.bands import CHECKED_AT_FIRST
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from ml_backend.predictions.jobs import push_tasks
from ml_backend.runs import scheduling
from ml_backend.suspicion import store as suspicions
from search_service.review import check_first, service, suspicion_store, verdicts
from search_service.review.objects import histogram, shown
from search_service.review.verification import service as verification
from search_service.sync import annotations

pytestmark = pytest.mark.integration

WIDTH, HEIGHT, FRAMES = 1000, 500, 7
STEP, SIZE = 0.1, 0.12  # of the width
PLACES = {"cpu": (0.05, 100), "fan": (0.3, 300)}  # x of the left edge on the first frame, y of the upper one
WEAK, GONE = 2, 4  # the fan is detected with a low score there, and not at all


class Line:
    """A project with the frames of a video."""

    def __init__(self, project_id: int, ls: LabelStudio) -> None:
        self.id, self.ls = project_id, ls
        ls.request("POST", f"/api/projects/{project_id}/import", timeout=120, json=[
            {"image": f"http://localhost/{n}.jpg", "video": "line.mp4", "video_time": n} for n in range(FRAMES)])
        listed = list(ls.tasks(project_id, fields="task_only"))
        projects.remember_tasks(project_id, plan_for(projects.refresh(project_id)).image, listed)
        self.tasks: list[int] = sorted(task["id"] for task in listed)
        with connect() as connection:
            for number, task in enumerate(self.tasks):
                connection.execute("UPDATE task SET video = 'line.mp4', video_time = %s WHERE id = %s", (number, task))
            connection.execute("UPDATE project SET connected_at = now() WHERE id = %s", (project_id,))

    @property
    def version(self) -> str:
        return recipe_for(projects.load(self.id)).model_version

    def detect(self, *numbers: int) -> None:
        """Store what is found on frames, and deliver it."""
        recipe = recipe_for(projects.load(self.id))
        for number in numbers:
            detections.store(self.tasks[number], recipe, (WIDTH, HEIGHT),
                             {label: self._found(number, label) for label in PLACES})
        self.deliver(*numbers)

    def deliver(self, *numbers: int) -> None:
        assert set(delivery.push(self.id, [self.tasks[n] for n in numbers]).values()) == {"stored"}

    @staticmethod
    def _found(number: int, label: str) -> Detections:
        if (number, label) == (GONE, "fan"):
            return Detections.none()
        x, y = WIDTH * (PLACES[label][0] + STEP * number), PLACES[label][1]
        score = 0.2 if (number, label) == (WEAK, "fan") else 0.95
        box = [x, y, min(x + WIDTH * SIZE, WIDTH), y + 100]
        return Detections(np.array([score], np.float32), np.array([box], np.float32), [None])

    def settle(self) -> None:
        """Do what the background passes do until every score says what is suspected."""
        for _ in range(10):
            if not delivery.rescore(self.id):
                return
        raise AssertionError("scores never came into step")

    def in_tab(self, title: str) -> list[int]:
        """Return the numbers of the frames that a tab of Label Studio shows; empty without such a tab."""
        titles = {view["data"]["title"]: view["data"]["filters"] for view in self.ls.views(self.id)}
        if title not in titles:
            return []
        items = titles[title]["items"]
        return sorted(self.tasks.index(task["id"]) for page in walk(self.ls, self.id, items, fields="task_only")
                      for task in page)

    def prediction(self, number: int) -> tuple[float, dict[str, float]]:
        """Return a prediction's score in Label Studio, and the scores of its regions by label."""
        (task,) = [t for t in self.ls.tasks(self.id) if t["id"] == self.tasks[number]]
        (one,) = task["predictions"]
        return one["score"], {region["value"]["rectanglelabels"][0]: region["score"] for region in one["result"]
                              if "rectanglelabels" in region["value"]}


@pytest.fixture
def line(new_project: Callable[[], int], label_studio: LabelStudio) -> Line:
    return Line(new_project(), label_studio)


Ask = Callable[..., Any]


@pytest.fixture
def ask(client: FlaskClient, line: Line) -> Ask:
    """Ask a route below `/projects/{id}/review`: of `GET`, of `POST` with a body, or of `PUT` with `put`."""
    def asked(path: str = "/check-first", body: Any = None, put: Any = None, status: int = 200) -> Any:
        address = f"/api/v1/projects/{line.id}/review{path}"
        answer = client.put(address, json=put) if put is not None else (
            client.get(address) if body is None else client.post(address, json=body))
        assert answer.status_code == status, answer.text
        return answer.json

    return asked


@pytest.fixture
def suspected(line: Line, ask: Ask) -> list[dict[str, Any]]:
    """All frames of a new project are detected; return the suspicions."""
    service.make_band_views(line.id, ls=line.ls)
    line.detect(*range(FRAMES))
    line.settle()
    found: list[dict[str, Any]] = ask()["suspicions"]
    return found


def test_what_is_suspected_waits_in_no_band_wherever_one_looks(line: Line, ask: Ask,
                                                               suspected: list[dict[str, Any]]) -> None:
    assert [(line.tasks.index(one["task"]), one["kind"], one["label"], one["score"]) for one in suspected] == [
        (WEAK, "below_threshold", "fan", 0.2), (GONE, "seen_around", "fan", None)]
    assert suspected[1]["box"] == pytest.approx([70, 60, 12, 20], abs=0.5)
    sure = [n for n in range(FRAMES) if n not in (WEAK, GONE)]
    status = ask("")
    assert (status["bands"], status["check_first"]) == ({"high": 5, "medium": 0, "low": 0, "nothing_found": 0}, 2)
    assert (status["left"], status["objects"]["high"]) == (7, 10)
    assert line.in_tab("Review: 90 % and above") == sure
    assert line.in_tab("Review: check first") == [WEAK, GONE]
    assert line.in_tab("Review: below 70 %") == []
    assert sum(histogram(line.id, ls=line.ls).tasks) == len(sure)
    assert service.accept_plan(line.id, min_score=0.0, ls=line.ls).tasks == len(sure)
    sample = verification.open_sample(line.id, (0.9,), ls=line.ls)
    assert (sample.tasks, sample.objects) == (5, 10)
    assert service.accept(line.id, ls=line.ls).accepted_tasks == len(sure)
    assert sorted(task["id"] for page in walk(line.ls, line.id, [of_version(line.version), *UNREVIEWED],
                                              fields="task_only") for task in page) == [
        line.tasks[WEAK], line.tasks[GONE]]


def test_a_new_project_asks_for_the_kinds_that_pay_and_an_older_one_is_offered_them(line: Line, ask: Ask) -> None:
    assert (projects.load(line.id)["check_first"], ask("")["check_first_chosen"]) == (list(CHECKED_AT_FIRST), True)
    projects.refresh(line.id)
    with connect() as connection:  # as it is after an upgrade
        connection.execute("UPDATE project SET check_first = NULL WHERE id = %s", (line.id,))
    projects.refresh(line.id)
    line.detect(*range(FRAMES))
    status = ask("")
    assert (status["bands"]["high"], status["check_first"], status["check_first_chosen"]) == (FRAMES, 0, False)
    said = CliRunner().invoke(main, ["review", "status", "--project", str(line.id)])
    assert "--kinds default" in said.output, said.output
    assert ask("/check-first/kinds", put={"on": None}) == {"on": list(CHECKED_AT_FIRST)}
    line.deliver(*range(FRAMES))  # as the job that this enqueued does
    line.settle()
    assert (ask("")["check_first"], ask("")["check_first_chosen"]) == (2, True)
    ask("/check-first/kinds", put={"on": []})
    assert ask("")["check_first_chosen"]


def test_what_is_suspected_later_is_not_accepted_by_the_score_it_was_delivered_with(line: Line, ask: Ask) -> None:
    line.detect(WEAK)
    line.detect(1, 3)
    assert line.prediction(WEAK)[0] == 0.95
    assert service.accept_plan(line.id, ls=line.ls).tasks == 2
    assert service.accept(line.id, ls=line.ls).accepted_tasks == 2
    line.settle()
    assert [line.tasks.index(one["task"]) for one in ask()["suspicions"]] == [WEAK]


def test_a_task_that_becomes_suspect_is_not_accepted_by_its_sample(line: Line, ask: Ask) -> None:
    ask("/check-first/kinds", put={"on": []})
    line.detect(0, 1, 2, 5, 6)
    sample = verification.open_sample(line.id, (0.9,), ls=line.ls)
    ask("/check-first/kinds", put={"on": ["below_threshold", "seen_around"]})
    line.detect(3, GONE)
    line.settle()
    assert ask("")["check_first"] == 2
    verification.judge(sample.id, [(place, "right", None) for place in range(sample.objects)])
    done = verification.accept(sample.id, 0.9, ls=line.ls)
    assert done.accepted_tasks == 4


def test_an_object_that_is_added_is_part_of_the_prediction_and_of_its_annotation(
        line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    assert line.prediction(WEAK) == (0.0, {"cpu": 0.95})
    added = ask(body={"suspicion": suspected[0]["id"], "verdict": "add"})
    assert (added["left"], added["suspicion"]["verdict"]) == (0, "add")
    assert line.prediction(WEAK) == (0.95, {"cpu": 0.95, "fan": 1.0})
    ask(body={"suspicion": suspected[1]["id"], "verdict": "add", "box": [71, 60, 12, 20]})
    assert line.prediction(GONE) == (0.95, {"cpu": 0.95, "fan": 1.0})
    status = ask("")
    assert (status["bands"]["high"], status["check_first"], status["objects"]["high"]) == (7, 0, 14)
    assert line.in_tab("Review: 90 % and above") == list(range(FRAMES))
    done = service.accept(line.id, ls=line.ls)
    assert (done.accepted_tasks, done.accepted_objects) == (7, 14)


def test_many_are_answered_together_or_none_and_a_weak_one_keeps_no_task_waiting(
        line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    with connect() as connection:
        connection.execute("UPDATE suspicion SET strength = 0.1 WHERE id = %s", (suspected[1]["id"],))
    assert [one["id"] for one in ask()["suspicions"]] == [suspected[0]["id"]]
    wall = ask("/check-first/wall?limit=200")
    ids = [one["id"] for one in wall["suspicions"]]
    assert (ids[0], wall["left"]) == (suspected[0]["id"], len(ids)) and suspected[1]["id"] in ids
    assert ids == [one["id"] for one in sorted(wall["suspicions"], key=lambda one: (-one["strength"], one["id"]))]
    weak = [{"suspicion": suspected[1]["id"], "verdict": "add"}]
    ask("/check-first/answers", body={"answers": [*weak, {"suspicion": suspected[0]["id"], "verdict": "reject"}]},
        status=400)
    ask("/check-first/answers", body={"answers": [*weak, *weak]}, status=400)
    assert ask("/check-first/wall")["left"] == len(ids)
    given = [*weak, *({"suspicion": one, "verdict": "nothing_there"} for one in ids if one != suspected[1]["id"])]
    assert ask("/check-first/answers", body={"answers": given}) == {
        "answered": len(ids), "tasks": len({one["task"] for one in wall["suspicions"]})}
    assert (ask("/check-first/wall")["left"], ask("")["check_first"]) == (0, 0)
    assert line.prediction(GONE) == (0.95, {"cpu": 0.95, "fan": 1.0})
    assert line.prediction(WEAK) == (0.95, {"cpu": 0.95})
    kinds = {one["kind"]: (one["right"], one["wrong"]) for one in ask()["kinds"]}
    assert (kinds["seen_around"], kinds["below_threshold"]) == ((0, 0), (0, 1))  # weak ones say nothing of their kind


def test_an_answer_is_taken_back_exactly(line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    before = detections.load(line.tasks, recipe_for(projects.load(line.id)))
    for one in suspected:
        ask(body={"suspicion": one["id"], "verdict": "add"})
    for one in reversed(suspected):
        assert ask("/check-first/undo", body={"suspicion": one["id"]})["left"] == 1
    after = detections.load(line.tasks, recipe_for(projects.load(line.id)))
    for task in line.tasks:
        for label in PLACES:
            assert detections.to_items(after[task][label].detections) == detections.to_items(
                before[task][label].detections)
    assert line.in_tab("Review: check first") == [WEAK, GONE]
    assert [one["id"] for one in ask()["suspicions"]] == [one["id"] for one in suspected]
    ask("/check-first/undo", body={"suspicion": suspected[0]["id"]}, status=409)


def test_nothing_there_is_not_asked_again(line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    assert ask(body={"suspicion": suspected[0]["id"], "verdict": "nothing_there"})["left"] == 0
    line.detect(*range(FRAMES))  # the model says the same once more
    line.settle()
    found = ask()
    assert [one["id"] for one in found["suspicions"]] == [suspected[1]["id"]]
    assert [one["id"] for one in found["answered"]] == [suspected[0]["id"]]
    assert line.in_tab("Review: 90 % and above") == [n for n in range(FRAMES) if n != GONE]
    ask(body={"suspicion": suspected[1]["id"], "verdict": "add"})
    kinds = {kind["kind"]: (kind["open"], kind["right"], kind["wrong"]) for kind in ask()["kinds"]}
    assert (kinds["below_threshold"], kinds["seen_around"]) == ((0, 0, 1), (0, 1, 0))


def test_frames_that_arrive_change_what_is_suspected_of_those_before(line: Line, ask: Ask) -> None:
    ask("/check-first/kinds", put={"on": ["seen_around"]})
    line.detect(0, 1, 2, 3)
    line.settle()
    assert ask()["suspicions"] == []
    line.detect(GONE)
    line.settle()
    first = {one["task"]: one["strength"] for one in ask()["suspicions"]}
    line.detect(5, 6)
    line.settle()
    then = {one["task"]: one["strength"] for one in ask()["suspicions"]}
    assert then.keys() == {line.tasks[GONE]}
    assert then[line.tasks[GONE]] > first[line.tasks[GONE]]


def test_a_kind_that_is_switched_off_holds_nothing_back(line: Line, ask: Ask,
                                                        suspected: list[dict[str, Any]]) -> None:
    assert ask("/check-first/kinds", put={"on": ["seen_around"]}) == {"on": ["seen_around"]}
    line.settle()
    assert line.in_tab("Review: check first") == [GONE]
    assert [one["id"] for one in ask()["suspicions"]] == [suspected[1]["id"]]
    assert ask("/check-first/kinds", put={"on": []}) == {"on": []}
    line.settle()
    assert line.in_tab("Review: 90 % and above") == list(range(FRAMES))
    assert "Review: check first" not in [view["data"]["title"] for view in line.ls.views(line.id)]
    status = ask("")
    assert (status["bands"]["high"], status["check_first"]) == (7, 0)
    ask("/check-first/kinds", put={"on": ["smell"]}, status=400)


@pytest.mark.parametrize(("body", "status"), [
    ({"verdict": "reject"}, 400), ({"verdict": "add", "box": [95, 60, 12, 20]}, 400),
    ({"verdict": "add", "box": [10, 60, 0, 20]}, 400), ({"verdict": "add", "label": "gpu"}, 422),
    ({"verdict": "perhaps"}, 400)])
def test_an_answer_that_does_not_fit_changes_nothing(line: Line, ask: Ask, suspected: list[dict[str, Any]],
                                                     body: dict[str, Any], status: int) -> None:
    ask(body={"suspicion": suspected[0]["id"], **body}, status=status)
    assert [one["id"] for one in ask()["suspicions"]] == [one["id"] for one in suspected]
    assert line.prediction(WEAK) == (0.0, {"cpu": 0.95})


def test_a_suspicion_is_answered_once(line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    ask(body={"suspicion": suspected[0]["id"], "verdict": "nothing_there"})
    ask(body={"suspicion": suspected[0]["id"], "verdict": "add"}, status=409)
    ask(body={"suspicion": 2**40, "verdict": "add"}, status=404)


def test_two_people_label_studio_away_and_a_changed_recipe_lose_no_answer_and_double_none(
        line: Line, ask: Ask, suspected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(number: int, verdict: suspicion_store.Verdict, ls: LabelStudio) -> str:
        try:
            return check_first.decide(line.id, number, verdict, ls=ls).suspicion.verdict or ""
        except ArgusError as error:
            return error.code

    weak, gone = (one["id"] for one in suspected)
    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(answered, [weak] * 2, ["add"] * 2, [line.ls] * 2)) == ["add", "conflict"]
    assert line.prediction(WEAK) == (0.95, {"cpu": 0.95, "fan": 1.0})
    away = LabelStudio("http://127.0.0.1:9", "nobody")
    with monkeypatch.context() as patch:
        for module in ("ml_backend.predictions.delivery", "label_studio_config.projects"):
            patch.setattr(f"{module}.get_label_studio", lambda: away)
        assert answered(gone, "add", away) == "add"
    assert line.prediction(GONE) == (0.0, {"cpu": 0.95})
    line.settle()
    assert line.prediction(GONE) == (0.95, {"cpu": 0.95, "fan": 1.0})
    projects.set_threshold(line.id, ["fan"], 0.5)
    projects.refresh(line.id)
    ask("/check-first/undo", body={"suspicion": weak}, status=409)  # it is about predictions of another recipe
    line.deliver(*range(FRAMES))
    line.settle()
    assert ask("")["check_first"] == 0
    done = service.accept(line.id, ls=line.ls)
    assert (done.accepted_tasks, done.accepted_objects) == (FRAMES, 2 * FRAMES)
    assert service.undo(done.acceptance or 0, ls=line.ls).undone == FRAMES
    assert service.accept(line.id, ls=line.ls).accepted_objects == 2 * FRAMES


def test_an_odd_object_is_rejected_and_put_back(line: Line, ask: Ask) -> None:
    ask("/check-first/kinds", put={"on": ["two_labels"]})
    recipe = recipe_for(projects.load(line.id))
    boxes = np.array([[100, 100, 220, 200]], np.float32)
    detections.store(line.tasks[0], recipe, (WIDTH, HEIGHT), {
        "cpu": Detections(np.array([0.97], np.float32), boxes, [None]),
        "fan": Detections(np.array([0.95], np.float32), boxes + 2, [None])})
    line.deliver(0)
    line.settle()
    (found,) = ask()["suspicions"]
    assert (found["kind"], found["label"], found["lacking"]) == ("two_labels", "fan", False)
    ask(body={"suspicion": found["id"], "verdict": "add"}, status=400)
    ask(body={"suspicion": found["id"], "verdict": "reject"})
    assert (ask("")["check_first"], ask("")["set_aside"]) == (0, 1)
    ask("/check-first/undo", body={"suspicion": found["id"]})
    assert (ask("")["check_first"], ask("")["set_aside"]) == (1, 0)


def test_a_label_that_was_not_looked_for_is_not_missed(line: Line, ask: Ask) -> None:
    ask("/check-first/kinds", put={"on": ["seen_around", "nothing_found"]})
    line.detect(*[n for n in range(FRAMES) if n != 3])
    recipe = recipe_for(projects.load(line.id))
    detections.store(line.tasks[3], recipe, (WIDTH, HEIGHT), {"cpu": line._found(3, "cpu")})
    line.deliver(3)
    line.settle()
    assert line.tasks[3] not in {one["task"] for one in ask()["suspicions"]}


def test_the_command_lists_answers_and_switches(line: Line, ask: Ask, suspected: list[dict[str, Any]]) -> None:
    run = CliRunner().invoke(main, ["review", "check-first", "--project", str(line.id)])
    assert run.exit_code == 0, run.output
    assert "2 tasks" in run.output and "below_threshold" in run.output
    number = str(suspected[0]["id"])
    run = CliRunner().invoke(main, ["review", "check-first", "--project", str(line.id), "--add", number])
    assert run.exit_code == 0, run.output
    assert line.prediction(WEAK)[1] == {"cpu": 0.95, "fan": 1.0}
    run = CliRunner().invoke(main, ["review", "check-first", "--project", str(line.id), "--take-back", number])
    assert run.exit_code == 0, run.output
    run = CliRunner().invoke(main, ["review", "check-first", "--project", str(line.id), "--kinds", "none"])
    assert run.exit_code == 0, run.output
    line.settle()
    assert ask("")["check_first"] == 0


def test_a_failure_to_tell_suspicions_keeps_no_prediction_back(line: Line, ask: Ask,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    ask("/check-first/kinds", put={"on": ["seen_around"]})

    def fails(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(suspicions, "frames", fails)
    line.detect(*range(FRAMES))
    assert ask("")["bands"]["high"] == FRAMES


def test_a_judged_task_with_an_open_suspicion_is_not_accepted_with_the_judged(
        line: Line, suspected: list[dict[str, Any]]) -> None:
    for number in (0, WEAK):
        for one in shown(line.id, line.version, [line.tasks[number]]):
            verdicts.say(line.id, line.tasks[number], "right", object_id=one.name)
    done = service.accept(line.id, judged=True, ls=line.ls)
    assert done.accepted_tasks == 1
    assert line.tasks[WEAK] in [one.task for one in check_first.listing(line.id, ls=line.ls).suspicions]


def test_a_dark_frame_is_told_by_what_was_measured_when_it_was_detected(line: Line, ask: Ask) -> None:
    ask("/check-first/kinds", put={"on": ["dark", "blurred", "frozen"]})
    recipe = recipe_for(projects.load(line.id))
    for number, task in enumerate(line.tasks):
        detections.store(task, recipe, (WIDTH, HEIGHT), {"cpu": line._found(number, "cpu")},
                         measures=Measures(0.03 if number == 3 else 0.8, 0.5))
    line.deliver(*range(FRAMES))
    line.settle()
    (found,) = ask()["suspicions"]
    assert (found["task"], found["kind"], found["label"], found["box"]) == (line.tasks[3], "dark", "", None)
    ask(body={"suspicion": found["id"], "verdict": "reject"})
    assert (ask("")["check_first"], ask("")["set_aside"]) == (0, 1)


def test_what_a_person_drew_is_looked_for_on_the_frames_around(line: Line, ask: Ask, suspected: list[dict[str, Any]],
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """One that no model found is asked about on its neighbours, moved as everything moves; a fan that was deleted
    suggests nothing any more."""
    assert {one["label"] for one in suspected if one["kind"] == "seen_around"} == {"fan"}
    monkeypatch.setattr(scheduling, "enqueue_check", lambda project, tasks: push_tasks(project, list(tasks)))
    middle, size = GONE - 1, {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    drawn = [{"type": "rectanglelabels", "from_name": "label", "to_name": "image", **size, "id": f"made{n}",
              "value": {"x": x, "y": y, "width": 12, "height": 20, "rotation": 0, "rectanglelabels": ["cpu"]}}
             for n, (x, y) in enumerate([(5 + 10 * middle, 20), (60, 75)])]
    made = line.ls.post(f"/api/tasks/{line.tasks[middle]}/annotations/", {"result": drawn})
    poll(line)
    found = [one for one in ask()["suspicions"] if one["label"] == "cpu"]
    assert {line.tasks.index(one["task"]): [round(value) for value in one["box"]] for one in found} == {
        number: [60 + 10 * (number - middle), 75, min(12, 40 - 10 * (number - middle)), 20]
        for number in range(FRAMES) if number != middle}
    assert {(one["kind"], one["other"]) for one in found} == {("seen_around", line.tasks[middle])}

    line.ls.request("DELETE", f"/api/annotations/{made['id']}/")
    poll(line)
    assert [{**one, "id": 0} for one in ask()["suspicions"]] == [{**one, "id": 0} for one in suspected]


def test_what_is_accepted_as_it_was_predicted_is_no_evidence(line: Line, ask: Ask, suspected: list[dict[str, Any]],
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever accepts in bulk has looked at nothing: nothing is more likely, and no further task waits."""
    told: list[int] = []
    monkeypatch.setattr(scheduling, "enqueue_check",
                        lambda project, tasks: told.extend(tasks) or push_tasks(project, list(tasks)))
    accepted = service.accept(line.id, ls=line.ls).accepted_tasks
    assert accepted > 2
    poll(line)
    assert len(told) == accepted
    assert ask()["suspicions"] == suspected


def poll(line: Line) -> None:
    """What a poll of the project does when annotations were changed."""
    annotations.refresh(line.ls, line.id, full=True)
    line.settle()
