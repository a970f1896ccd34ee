"""What people type, through every door: searches, tabs, labels, prompts and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from argus.answers.search import Judgement
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from demo.draw import Split
from label_studio_config import projects
from label_studio_config.views import live_views
from ml_backend.runs import recipes, runs
from search_service.health.doctor.project import Project as DoctorProject
from search_service.search import evaluation
from search_service.search.query import SearchQuery
from search_service.search.search import find
from search_service.sync import progress
from search_service.sync import tasks as sync_tasks
from search_service.views import saved_searches
from tests.integration.argus_cli.test_commands import answer, argus
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
LONG = "この画面の右上にある赤い部品を探してください"  # more than 32 tokens


@pytest.fixture(scope="module")
def line(stack: Any) -> Iterator[int]:
    """A project with the labels `ＣＰＵ` and `ﾌｧﾝ` and four embedded scenes."""
    from label_studio_config.connect import connect

    ls = get_label_studio()
    project = connect(ls, None, title="Typed", labels=["ＣＰＵ", "ﾌｧﾝ"]).project_id
    assert project is not None
    files = [(f"{n}.jpg", (f"{n}.jpg", scene(f"commands {n}", 320, Split.VALIDATION), "image/jpeg")) for n in range(4)]
    ls.request("POST", f"/api/projects/{project}/import", files=files, timeout=60)
    sync_tasks.sync_project(project, full=True)
    wait_for(lambda: progress.sync_progress(project).embedded == 4, 90)
    yield project
    ls.delete(f"/api/projects/{project}/")


def ranking(project: int, text: str) -> list[tuple[int, float]]:
    return [(hit.task, hit.similarity) for hit in find(project, SearchQuery(text=text), record=False).hits]


@pytest.mark.parametrize(("typed", "plain"), [("ＣＰＵ", "cpu"), ("ﾌｧﾝ", "ファン"), ("cpu －fan", "cpu -fan"),
                                              ("cpu -“fan", 'cpu -"fan"'), ("ＣＰＵ　ーﾌｧﾝ", "cpu -ファン")])
def test_search__finds_what_is_meant(line: int, typed: str, plain: str) -> None:
    assert ranking(line, typed) == ranking(line, plain)


def test_search__says_what_the_model_does_not_read(line: int) -> None:
    assert find(line, SearchQuery(text="cpu"), record=False).unread == []
    long = find(line, SearchQuery(text="fan " * 63 + "elephant"), record=False)
    assert long.unread == ["elephant"]
    assert find(line, SearchQuery(text="cpu -\"" + "fan " * 63 + 'elephant"'), record=False).unread == ["elephant"]
    assert "does not read “elephant”" in argus("search", "fan " * 63 + "elephant", "-p", line)


def test_tabs__the_question_mark_of_a_japanese_keyboard_asks(line: int, label_studio: LabelStudio) -> None:
    made = {title: label_studio.post("/api/dm/views/", {"project": line, "data": {"title": title}})["id"]
            for title in ("？ ＣＰＵ", "search：ﾌｧﾝ", "? " + "fan " * 63 + "elephant")}

    def titles() -> dict[str, str]:
        live = live_views(label_studio, line)
        return {title: live[id_]["title"] for title, id_ in made.items() if live[id_].get("filters")}

    wait_for(lambda: len(titles()) == len(made), 60)
    assert titles()["？ ＣＰＵ"].startswith("？ ＣＰＵ") and titles()["search：ﾌｧﾝ"].startswith("search：ﾌｧﾝ")
    assert any(title.endswith("⚠ not read: elephant") for title in titles().values())


@pytest.mark.parametrize(("typed", "labels"), [("cpu、fan，hdd", ["cpu", "fan", "hdd"]),
                                               ("ＣＰＵ､ﾌｧﾝ", ["ＣＰＵ", "ﾌｧﾝ"]),
                                               ("heat–sink, “fan”", ["heat–sink", "“fan”"])])
def test_connect__labels_are_separated_by_any_comma_and_kept_as_they_are(stack: Any, typed: str,
                                                                         labels: list[str]) -> None:
    assert answer("connect", "--title", "Any", "--labels", typed, "--dry-run")["labels"] == labels


def test_recipe__a_label_is_found_in_another_spelling_and_its_prompts_are_folded(line: int) -> None:
    found = {c.label: c.prompts for c in recipes.describe_recipe(line).concepts}
    assert found == {"ＣＰＵ": ["CPU"], "ﾌｧﾝ": ["ファン"]}
    argus("recipe", "-p", line, "--label", "ファン", "--prompt", "ｆａｎ")
    argus("recipe", "-p", line, "--label", "ﾌｧﾝ", "--threshold", "0.5")
    fan = recipes.describe_recipe(line).concepts[1]
    assert (fan.label, fan.prompts, fan.threshold) == ("ﾌｧﾝ", ["fan"], 0.5)
    argus("recipe", "-p", line, "--label", "ファン", "--reset")


def test_recipe__a_prompt_that_is_longer_than_the_model_reads_is_told(line: int) -> None:
    told = recipes.change_recipe(line, [{"label": "cpu", "prompts": ["cpu", LONG]}], dry_run=True).unread
    assert [one.prompt for one in told] == [LONG] and LONG.endswith(told[0].unread) and told[0].unread
    said = argus("recipe", "-p", line, "--label", "cpu", "--prompt", LONG, "--dry-run")
    assert f"of “{LONG}” it does not read “{told[0].unread}”" in said
    assert recipes.describe_recipe(line).unread == []
    recipes.change_recipe(line, [{"label": "cpu", "prompts": [LONG]}])
    try:
        assert recipes.describe_recipe(line).unread == told
        tasks = [task["id"] for task in get_label_studio().tasks(line)]
        assert runs.estimate(line, ["ＣＰＵ"], tasks).unread == told
        assert runs.estimate(line, ["ﾌｧﾝ"], [1]).unread == []
        assert "it does not read" in argus("annotate", "-p", line, "--all", "--label", "cpu", "--estimate")
    finally:
        recipes.change_recipe(line, [{"label": "cpu"}])


@pytest.mark.parametrize("threshold", ["0", "0.05", "0.099"])
def test_threshold__below_what_is_stored_is_refused_at_each_door(line: int, threshold: str) -> None:
    before = projects.load(line)["overrides"]
    for door in (("recipe", "--label", "cpu"), ("annotate", "--all", "--label", "cpu"), ("annotate", "--all")):
        assert "must be from 0.1 to 1" in argus(*door, "-p", line, "--threshold", threshold, exits=2)
    assert projects.load(line)["overrides"] == before and runs.list_runs(line) == []


def test_threshold__of_a_labelling_config_below_what_is_stored_is_told(stack: Any,
                                                                       make_project: Callable[..., int]) -> None:
    project = make_project()
    ls = get_label_studio()
    config = ls.project(project)["label_config"].replace('value="cpu"', 'value="cpu" model_score_threshold="0.02"')
    ls.patch(f"/api/projects/{project}/", {"label_config": config})
    said = "The threshold of cpu is below 0.1"
    look = answer("connect", "-p", project, "--dry-run")
    assert any(said in warning for warning in look["warnings"]) and not any(said in note for note in look["notes"])
    assert f"warning: {said}" in " ".join(argus("connect", "-p", project).split())
    (mine,) = [one for one in answer("status")["projects"] if one["id"] == project]
    assert said in mine["warnings"][0] and said in argus("status")
    (finding,) = DoctorProject(get_settings(), ls, projects.load(project))._tags(ls.project(project))
    assert finding.state == "problem" and said in finding.detail


def test_connect__tells_a_prompt_that_is_longer_than_the_model_reads(stack: Any,
                                                                     make_project: Callable[..., int]) -> None:
    project = make_project()
    ls = get_label_studio()
    config = ls.project(project)["label_config"].replace('value="cpu"', f'value="cpu" predicted_values="{LONG}"')
    ls.patch(f"/api/projects/{project}/", {"label_config": config})
    told = [warning for warning in answer("connect", "-p", project, "--dry-run")["warnings"] if LONG in warning]
    assert len(told) == 1 and "it does not read" in told[0]
    made = requests.post(f"{get_settings().search_service_url}/api/v1/label-studio/connect", timeout=60,
                         json={"project": project, "dry_run": True})
    assert told[0] in made.json()["warnings"]


def test_saved_search__a_name_too_long_for_rest_is_too_long_for_all(line: int) -> None:
    with pytest.raises(ArgusError, match="at most 100") as caught:
        saved_searches.create(line, "n" * 101, SearchQuery(text="cpu"))
    assert caught.value.code == "bad_request" and saved_searches.listing(line) == []


def test_review__of_a_project_without_tasks(stack: Any, make_project: Callable[..., int]) -> None:
    """Label Studio refuses to filter by scores there."""
    project = make_project()
    status = answer("review", "status", "-p", project)
    assert (status["total"], status["left"], status["all_tasks"]) == (0, 0, 0)
    views = set(answer("review", "views", "-p", project)["views"])
    assert views == {"high", "medium", "low", "nothing_found", "check_first"}
    for band in ("high", "nothing_found"):
        assert answer("review", "objects", "-p", project, "--band", band)["objects"] == []
    (view, *_) = answer("review", "views", "-p", project)["views"].values()
    assert "no task to annotate" in argus("annotate", "-p", project, "--view", view, "--estimate", exits=2)


def test_judgements__one_query_in_two_spellings_is_one(line: int) -> None:
    task = find(line, SearchQuery(text="cpu"), record=False).hits[0].task
    evaluation.judge(line, "ＣＰＵ　fan", task, True)
    assert evaluation.judgements(line, "CPU fan") == [Judgement(query="CPU fan", task=task, relevant=True)]
    for query in ("c" * 1001, "cpu \x07", "-fan"):
        with pytest.raises(ArgusError):
            evaluation.judge(line, query, task, True)
    assert evaluation.forget_judgements(line) == 1
