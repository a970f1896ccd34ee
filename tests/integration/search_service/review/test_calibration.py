"""What verdicts say of scores, on a real Label Studio and database: which count, with what weight, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus.answers.calibration import LabelTrust
from argus.db import connect
from argus.errors import ArgusError
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from search_service.review import objects, trust_status, verdicts
from search_service.review import service as review_service
from search_service.review.calibration import recall
from search_service.review.verification import service
from tests.predicted import Predicted, ask

pytestmark = pytest.mark.integration


def of_cpu(project: Predicted) -> LabelTrust:
    return next(one for one in trust_status.status(project.id).labels if one.label == "cpu")


def version(project: Predicted) -> str:
    return str(projects.load(project.id)["model_version"])


def names(project: Predicted, tasks: list[int]) -> list[tuple[int, str]]:
    return sorted((one.task, one.name) for one in objects.shown(project.id, version(project), tasks))


def say(project: Predicted, what: list[tuple[int, str]], verdict: Any = "right", label: str = "") -> None:
    for task, name in what:
        verdicts.say(project.id, task, verdict, object_id=name, label=label)


def test_judgements_of_a_sample_count__in_drawn_order_and_for_what_they_stand_for(
        predicted: Callable[[int], Predicted]) -> None:
    project = predicted(60)
    project.predict(40)
    project.predict(20, score=0.86)
    sample = service.open_sample(project.id, [0.9, 0.85])
    assert of_cpu(project).outcomes == 0 and of_cpu(project).curve == []  # a score, and no chance
    places = [item.place for item in service.claim(sample.id, 50, edge=0.9).items][:20]
    service.judge(sample.id, [(place, "wrong" if place == places[0] else "right", None) for place in places])
    service.judge(sample.id, [(places[-1] + 25, "right", None)]) if places[-1] + 25 < 60 else None
    told = of_cpu(project)
    assert (told.outcomes, told.right, told.left_out) == (20, 19, 0)
    high = next(one for one in told.classes if one.start == 0.95)
    assert high.share == pytest.approx(0.95) and high.low < 0.9 and told.curve
    assert "19" not in told.line and "95 % interval" in told.line


def test_the_page_counts_when_a_class_was_looked_at_in_full(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(30)
    tasks = project.predict(25, objects=1, score=0.75)
    project.predict(5, score=0.97)
    shown = names(project, tasks)
    say(project, shown[:24])
    assert (of_cpu(project).outcomes, of_cpu(project).left_out) == (0, 24)
    say(project, shown[24:], "wrong")
    told = of_cpu(project)
    assert (told.outcomes, told.right, told.left_out) == (25, 24, 0)
    say(project, shown[24:], "relabelled", "fan")  # in place of what was said before
    say(project, shown[:1], "unsure")
    assert (of_cpu(project).outcomes, of_cpu(project).right) == (25, 23)
    verdicts.take_back(project.id, *shown[0])
    assert of_cpu(project).left_out == 24  # no longer in full


def test_bulk_acceptance_is_no_outcome_and_ten_verdicts_are_ten(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(60)
    project.predict(50)
    (ten,) = [project.predict(10, score=0.75)]
    review_service.accept(project.id, min_score=0.9, ls=project.ls)
    assert of_cpu(project).outcomes == 0
    say(project, names(project, ten))
    assert of_cpu(project).outcomes == 10


def test_outcomes_stay_when_a_threshold_changes_and_end_when_the_prompts_do(
        predicted: Callable[[int], Predicted]) -> None:
    project = predicted(12)
    say(project, names(project, project.predict(12, score=0.93)))
    assert of_cpu(project).outcomes == 12
    before = recipe_for(projects.load(project.id)).model_version
    projects.set_overrides(project.id, {"cpu": {"threshold": 0.55}})
    assert recipe_for(projects.load(project.id)).model_version != before
    assert of_cpu(project).outcomes == 12
    projects.set_overrides(project.id, {"cpu": {"prompts": ["something else"]}})
    assert of_cpu(project).outcomes == 0


def test_frames_of_ten_seconds_and_near_duplicates_count_as_one(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(24)
    tasks = project.predict(24, score=0.93)
    with connect() as connection:
        for place, task in enumerate(tasks):
            connection.execute("UPDATE task SET video = 'line', video_time = %s WHERE id = %s", (place * 2.0, task))
        connection.execute("UPDATE task SET duplicate_of = %s WHERE id = %s", (tasks[0], tasks[-1]))
    say(project, names(project, tasks))
    seen = next(one for one in of_cpu(project).classes if one.start == 0.9)
    assert of_cpu(project).outcomes == 24 and seen.outcomes == pytest.approx(4.8, abs=0.3)  # 5 times ten seconds


def test_sweep__tells_what_is_proven_from_what_it_looks_like(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(100)
    project.predict(60)
    project.predict(40, score=0.86)
    assert trust_status.status(project.id).sweeps == []
    sample = service.open_sample(project.id, [0.9, 0.85])
    items = service.claim(sample.id, 50, edge=0.9).items[:40]
    service.judge(sample.id, [(item.place, "right", None) for item in items])
    (told,) = trust_status.status(project.id).sweeps
    assert (told.sample, told.label) == (sample.id, None)
    steps = {step.edge: step for step in told.steps}
    assert [step.edge for step in told.steps if step.on_ladder] == [0.9, 0.85]
    assert (steps[0.9].objects, steps[0.9].kept, steps[0.9].judged, steps[0.9].certified) == (60, 0.6, 40, True)
    assert (steps[0.93].share, steps[0.93].certified, steps[0.93].least_right) == (1.0, False, None)
    assert not steps[0.85].certified and steps[0.85].kept == 1.0
    assert steps[0.97].objects == 0 and steps[0.97].share is None


def test_recall__through_rest__the_result_comes_after_the_last_frame(predicted: Callable[[int], Predicted],
                                                                     client: FlaskClient) -> None:
    project = predicted(12)
    assert ask(client, f"/projects/{project.id}/trust/recall", {}, 422)["code"] == "nothing_selected"
    tasks = project.predict(10)
    path = f"/projects/{project.id}/trust/recall"
    sample = ask(client, path, {"frames": 8}, 201)
    assert (sample["frames"], sample["of_frames"], sample["checked"], sample["continued"]) == (8, 10, 0, False)
    assert ask(client, path, {"frames": 9}, 409)["code"] == "conflict"  # their number is fixed
    drawn = [one["task"] for one in sample["next"]]
    assert len(set(drawn)) == 8 and set(drawn) <= set(tasks)
    project.predict(2)  # arrives later: not in this sample
    for task in drawn[:-1]:
        told = ask(client, f"{path}/checks", {"task": task, "found": 1, "missing": int(task in drawn[:5])})
        assert told["result"] is None and "after the last" in told["line"]
    left_out = next(task for task in tasks if task not in drawn)
    assert ask(client, f"{path}/checks", {"task": left_out, "found": 1, "missing": 0}, 404)["code"] == "not_found"
    assert ask(client, path, {"frames": 8}, 201)["id"] == sample["id"]
    told = ask(client, f"{path}/checks", {"task": drawn[-1], "found": 1, "missing": 0})
    result = told["result"]
    assert (result["found"], result["missing"], result["lacking"]) == (8, 5, 5)
    assert result["recall"] == pytest.approx(8 / 13) and result["low"] < result["recall"] < result["high"]
    assert ask(client, f"{path}/checks", {"task": drawn[0], "found": 1, "missing": 0}, 404)["code"] == "not_found"
    assert [one["checked"] for one in ask(client, path)["samples"]] == [8]


def test_recall__a_changed_recipe_begins_anew(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(4)
    project.predict(4)
    first = recall.open_sample(project.id, 2)
    projects.set_version(project.id, "another")
    with pytest.raises(ArgusError, match="no open sample"):
        recall.check(project.id, first.next[0].task, 1, 0)


def test_the_command_line_shows_labels_frames_and_work(predicted: Callable[[int], Predicted]) -> None:
    project = predicted(30)
    say(project, names(project, project.predict(30, score=0.93)))
    run = CliRunner().invoke
    shown = run(main, ["trust", "status", "--project", str(project.id)])
    assert shown.exit_code == 0, shown.output
    assert "cpu: of objects scored 0.9 to 0.95, between " in shown.output
    assert "fan: nobody has judged objects of it yet" in shown.output and "Actions so far: 30." in shown.output
    asked = ["trust", "recall", "--project", str(project.id)]
    shown = run(main, [*asked, "--frames", "1"])
    assert shown.exit_code == 0 and "0 of 1 frames checked" in shown.output, shown.output
    task = recall.samples(project.id).samples[0].next[0].task
    shown = run(main, [*asked, "--checked", str(task), "1", "0"])
    assert shown.exit_code == 0 and "Too few frames lack something" in shown.output, shown.output


def test_labour__counts_actions_and_no_minutes(predicted: Callable[[int], Predicted], client: FlaskClient) -> None:
    project = predicted(12)
    project.predict(10)
    say(project, names(project, project.predict(2, score=0.75)))
    review_service.accept(project.id, min_score=0.9, ls=project.ls)
    told = ask(client, f"/projects/{project.id}/trust/labour")
    assert told["actions"] == {"judgements": 0, "verdicts": 2, "acceptances": 1, "set_aside": 0}
    assert (told["total"], told["accepted_objects"], told["minutes_saved"]) == (3, 10, None)
    assert "minute" not in told["line"]
