"""What a person presses on Auto-annotate and Review, beside the story: two projects, each walked through once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from argus.answers.runs import Run
from argus.db import connect as database
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from ml_backend.runs import recipes, runs
from search_service.search.search import search
from search_service.sync.progress import sync_progress
from search_service.views.search_views import make
from tests.people import sign_up
from tests.pictures import plain, scene
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SCENES = 5
SIZE = (200, 100)  # pixels
# The scores of the objects on each task, by label. The bands begin at 0.7 and 0.9.
FOUND: tuple[dict[str, tuple[float, ...]], ...] = (
    {"cpu": (0.95,)}, {"cpu": (0.97,), "fan": (0.92,)}, {"cpu": (0.95,)}, {"cpu": (0.75,)}, {"fan": (0.8,)},
    {"cpu": (0.5,)}, {}, {})


def import_files(ls: LabelStudio, title: str, files: dict[str, bytes]) -> tuple[int, list[int]]:
    """Return a connected project with the labels cpu and fan, and its tasks in the order of the files."""
    project = connect(ls, None, title=title, labels=["cpu", "fan"]).project_id
    assert project is not None
    ls.request("POST", f"/api/projects/{project}/import", timeout=120,
               files=[(name, (name, data, "image/jpeg")) for name, data in files.items()])
    tasks = sorted(ls.tasks(project), key=lambda task: list(files).index(task["data"]["image"].split("-")[-1]))
    return project, [task["id"] for task in tasks]


@pytest.fixture
def scenes(stack: Any, label_studio: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """A project of five scenes that are embedded and of one file that is no image, and its tasks."""
    files = {f"{n}.jpg": scene(n) for n in range(SCENES)} | {"broken.jpg": b"no image"}
    project, tasks = import_files(label_studio, "Actions", files)
    wait_for(lambda: ((now := sync_progress(project)).seen, now.embedded) == (len(files), SCENES), 120)
    yield project, tasks
    label_studio.delete(f"/api/projects/{project}/")


@pytest.fixture
def predicted(stack: Any, label_studio: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """A project with the predictions of `FOUND`, delivered as the product does but found by no model, and its tasks."""
    project, tasks = import_files(label_studio, "Review", {f"{n}.jpg": plain((25 * n, 90, 30), SIZE)
                                                           for n in range(len(FOUND))})
    row = projects.refresh(project)
    projects.remember_tasks(project, plan_for(row).image, list(label_studio.tasks(project, fields="all")))
    for task, found in zip(tasks, FOUND, strict=True):
        store.store(task, recipe_for(row), SIZE, {label: objects(label, found.get(label, ()))
                                                       for label in ("cpu", "fan")})
    assert set(delivery.push(project, tasks).values()) == {"stored"}
    yield project, tasks
    label_studio.delete(f"/api/projects/{project}/")


def objects(label: str, scores: tuple[float, ...]) -> Detections:
    left = {"cpu": 10.0, "fan": 110.0}[label]
    boxes = [[left + 40 * n, 10.0, left + 30 + 40 * n, 60.0] for n in range(len(scores))]
    return Detections(np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4), [None] * len(scores))


def newest_run(project: int) -> tuple[Run, set[int]]:
    """Return the project's newest run and its tasks."""
    run = runs.list_runs(project)[0]
    with database() as connection:
        rows = connection.execute("SELECT task_id FROM run_task WHERE run_id = %s", (run.id,)).fetchall()
    return run, {row["task_id"] for row in rows}


AWAY = """() => {
  window.told = [];
  window.Notification = class extends EventTarget {
    static permission = "granted";
    constructor(_, { body }) { super(); window.told.push(body); }
  };
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
}"""  # the person looks at another tab; a headless browser shows no notifications
BACK = """() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); }"""


def ended(page: Page, text: str) -> None:
    expect(page.locator("#run-text")).to_contain_text(text, timeout=120_000)


def test_runs__cancelled_resumed_tried_again_and_with_other_prompts(
        open_page: Callable[..., Page], scenes: tuple[int, list[int]], label_studio: LabelStudio, stack: Any) -> None:
    project, tasks = scenes
    chosen = [*tasks[:2], tasks[-1]]  # the last one is no image
    view = make(project, "Three of them", None, chosen, 3).views[0]
    with resting(stack, "sam3-worker"):  # or the run may end before it is cancelled
        page = open_page(f"?project={project}&screen=annotate")
        page.select_option("#source-view", str(view))
        expect(page.locator("[name=source][value=view]")).to_be_checked()
        expect(page.locator("#estimate")).to_contain_text("3 images", timeout=20_000)
        page.click("#annotate")
        page.click("#run-cancel")
        ended(page, "Cancelled: 0 of 3 images · 3 not done")
        expect(page.locator("#run-cancel")).to_be_hidden()
        expect(page.locator("#run-retry")).to_be_hidden()
        page.click("#run-resume")
        expect(page.locator("#run-cancel")).to_be_visible(timeout=20_000)
        expect(page.locator("#run-resume")).to_be_hidden()
        page.evaluate(AWAY)
    ended(page, "2 of 3 images · 1 failed")
    assert [text for text in page.evaluate("told") if "2 of 3 images" in text] == page.evaluate("told")[-1:]
    assert page.title().startswith("✓ ")
    page.evaluate(BACK)
    assert not page.title().startswith("✓ ")
    run, tried = newest_run(project)
    assert (run.settings["source"], run.settings["view"], tried) == ("view", view, set(chosen))
    expect(page.locator(".errors a")).to_have_attribute("href", re.compile(rf"/data\?task={tasks[-1]}$"))

    # The image is put right in Label Studio, and what failed is tried again.
    good = label_studio.get(f"/api/tasks/{tasks[0]}/")["data"]
    label_studio.patch(f"/api/tasks/{tasks[-1]}/", {"data": good})
    wait_for(lambda: sync_progress(project).embedded == SCENES + 1, 60)
    page.click("#run-retry")
    ended(page, "Done: 3 of 3 images")
    expect(page.locator(".errors li")).to_have_count(0)
    expect(page.locator("#run-retry")).to_be_hidden()

    # Other prompts, for the hits of a search: what follows is said, and what the old ones predicted comes along.
    hits = {hit.task for hit in search(project, "fan", 2, record=False).hits}
    page = open_page(f"?project={project}&screen=annotate&from=search&q=fan&hits=2&labels=cpu")
    expect(page.locator("#estimate")).to_contain_text("cpu: 2 images", timeout=20_000)
    page.get_by_label("What SAM 3 looks for, for the label cpu").fill("cpu, processor")
    for answer in ("no", "yes"):
        page.click("#annotate")
        question = page.locator("dialog")
        expect(question).to_contain_text("This also saves your changes to cpu for the whole project.")
        expect(question).to_contain_text("3 tasks predicted with the old prompts will be processed again.")
        page.click(f"dialog button[value={answer}]")
        expect(question).to_have_count(0)
        if answer == "no":
            assert recipes.describe_recipe(project).concepts[0].prompts == ["cpu"]
            assert newest_run(project)[0].id == run.id
    wanted = hits | set(chosen)
    assert wanted > hits
    ended(page, f"Done: {len(wanted)} of {len(wanted)} images")
    run, taken = newest_run(project)
    assert taken == wanted
    assert {name: run.settings[name] for name in ("source", "query", "limit", "outdated")} == {
        "source": "search", "query": "fan", "limit": 2, "outdated": 3}
    assert recipes.outdated_tasks(project) == []
    expect(page).not_to_have_url(re.compile("recipe="))  # it is the project's now
    expect(page.locator(".runs li").first).to_contain_text("search “fan”")
    expect(page.locator(".runs li").nth(1)).to_contain_text(f"view {view}")

    # A threshold alone needs no model, and nothing is looked at again.
    page.get_by_label("Lowest score shown, for the label cpu").fill("0.9")
    page.click("#annotate")
    expect(page.locator("dialog")).to_contain_text(
        f"The predictions of {len(wanted)} tasks will be updated without running the model.")
    expect(page.locator("dialog")).not_to_contain_text("old prompts")
    page.click("dialog button[value=yes]")
    ended(page, "Done: 2 of 2 images")
    assert (newest_run(project)[0].computed, newest_run(project)[1]) == (0, hits)


def shows(page: Page, **counts: int) -> None:
    """Wait until the bands and the parts of the progress bar hold these numbers of tasks."""
    for name, count in counts.items():
        expect(page.locator(f".band.{name} b, .legend .{name} b")).to_have_text(str(count), timeout=30_000)


def choose_band(page: Page, band: str) -> None:
    page.click(f".band.{band}")
    expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true")
    expect(page.locator(f".band.{band}")).to_be_focused()  # for the keys, though the counts are drawn anew


def say_yes(page: Page, question: str, answer: str) -> None:
    expect(page.locator("dialog")).to_contain_text(question, timeout=20_000)
    page.click("dialog button[value=yes]")
    expect(page.locator("#review-text")).to_contain_text(answer, timeout=60_000)


def test_review__filtered_edges_dragged_and_every_way_to_decide(
        open_page: Callable[..., Page], predicted: tuple[int, list[int]], label_studio: LabelStudio) -> None:
    project, tasks = predicted
    page = open_page(f"?project={project}&screen=review&label=none-such")
    shows(page, high=3, medium=2, low=1, nothing_found=2, left=8, accepted=0)
    expect(page.locator(".stacked")).to_have_attribute("aria-label", re.compile("accepted in bulk 0.*left 8$"))
    expect(page.locator(".stacked .left")).to_be_visible()
    expect(page.locator(".crop")).to_have_count(4)

    # One label, which the address holds.
    page.click("[data-label=fan]")
    expect(page.locator(".crop")).to_have_count(1)
    choose_band(page, "medium")
    expect(page.locator(".crop")).to_contain_text("fan")
    again = open_page(page.url.removeprefix(get_settings().search_service_url + "/"))
    expect(again.locator("[data-label=fan]")).to_have_attribute("aria-pressed", "true", timeout=20_000)
    expect(again.locator(".band.medium")).to_have_attribute("aria-current", "true")
    expect(again.locator(".crop")).to_have_count(1)
    again.get_by_role("button", name="All labels").click()
    expect(again.locator(".crop")).to_have_count(2)
    assert "label=" not in again.url and "band=medium" in again.url

    # An edge dragged by the pointer: counted at once, kept when it is let go, here and in Label Studio.
    page = again
    plot, knob = page.locator(".edges .plot").bounding_box(), page.locator(".edge.high").bounding_box()
    assert plot and knob
    page.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.94 * plot["width"], plot["y"] + 20, steps=5)
    expect(page.locator("#edge-sums")).to_contain_text(
        "High: 2 tasks, 2 objects · Medium: 3 tasks, 4 objects · Low: 1 task, 1 object")
    shows(page, high=3)
    page.mouse.up()
    expect(page.locator("#message")).to_contain_text("0.70 and 0.94", timeout=20_000)
    shows(page, high=2, medium=3, left=8)
    wait_for(lambda: any([item["value"] for item in view["data"].get("filters", {}).get("items", [])][:1] == [0.94]
                         for view in label_studio.get("/api/dm/views/", project=project)), 20)
    page.get_by_role("button", name="Reset thresholds").click()
    shows(page, high=3, medium=2)

    # Some of a band, chosen one by one.
    choose_band(page, "high")
    for task in (tasks[0], tasks[2]):
        page.check(f"[data-object^='{task}/'] input")
    expect(page.locator(".toolbar:visible")).to_contain_text("2 selected")
    page.click("#accept")
    say_yes(page, "Accept 2 tasks with 2 objects?", "Accepted 2 tasks with 2 objects.")
    shows(page, high=1, left=6, accepted=2)
    assert annotated(label_studio, project) == {tasks[0]: 1, tasks[2]: 1}

    # What nothing was found on.
    choose_band(page, "nothing_found")
    expect(page.locator(".crop")).to_have_count(2)
    page.click("#accept-band")
    say_yes(page, "Accept 2 tasks as showing nothing?", "Accepted 2 tasks")
    shows(page, nothing_found=0, left=4, accepted=4)
    assert annotated(label_studio, project) == {tasks[0]: 1, tasks[2]: 1, tasks[6]: 0, tasks[7]: 0}

    # One that is to be fixed.
    choose_band(page, "low")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.locator(".face").click()
    with page.context.expect_page() as opened:
        page.keyboard.press("f")
    opened.value.wait_for_url(re.compile("^http"))
    assert asked[0] == f"{get_settings().public_label_studio_url}/projects/{project}/data?task={tasks[5]}"
    opened.value.close()
    expect(page.locator("#review-text")).to_have_text("1 task set aside. Nothing was deleted.", timeout=20_000)
    shows(page, to_fix=1, low=0, left=4)
    expect(page.locator("#accept-band")).to_have_count(0)  # it is in no band
    choose_band(page, "to_fix")
    expect(page.locator(".crop")).to_contain_text("to fix")
    expect(page.locator("#accept-band")).to_have_count(0)
    assert tasks[5] not in annotated(label_studio, project)

    in_a_persons_name(page, project, tasks, label_studio)


def in_a_persons_name(page: Page, project: int, tasks: list[int], ls: LabelStudio) -> None:
    her_email = f"grace-{project}@example.com"  # another attempt is another person
    grace = sign_up(ls, her_email)
    choose_band(page, "medium")
    expect(page.locator("#person")).to_have_text("Sign in")
    page.click("#person")
    page.fill("#person-token", "not a token")
    page.press("#person-token", "Enter")
    expect(page.locator("dialog")).to_contain_text("does not know this personal access token")
    (complaint,) = page.complaints  # type: ignore[attr-defined]
    assert "400" in complaint and "/people/me" in complaint
    page.complaints.clear()  # type: ignore[attr-defined]
    page.fill("#person-token", grace._token)
    with page.expect_event("load"):  # it loads itself anew for another person
        page.press("#person-token", "Enter")
    expect(page.locator("#person")).to_have_text(her_email, timeout=20_000)
    page.reload()
    expect(page.locator("#person")).to_have_text(her_email, timeout=20_000)
    page.locator(f"[data-object^='{tasks[3]}/'] .face").click()
    page.keyboard.press("a")
    expect(page.locator("#review-text")).to_contain_text("Accepted 1 task with 1 object", timeout=60_000)
    expect(page.locator(".acceptances li").first).to_contain_text(her_email)
    shows(page, medium=1, left=3)
    page.click("#accept-band")
    page.locator("dialog").get_by_role("button", name="Accept").click()
    expect(page.locator("#message")).to_contain_text("Accepting in bulk is for those who manage the project")
    (complaint,) = page.complaints  # type: ignore[attr-defined]
    assert "403" in complaint and "/review/accept" in complaint
    page.complaints.clear()  # type: ignore[attr-defined]
    page.click("#person")
    page.click("#sign-out")
    expect(page.locator("#person")).to_have_text("Sign in")
    page.locator(f"[data-object^='{tasks[4]}/'] .face").click()
    page.keyboard.press("a")
    shows(page, medium=0, left=2)
    authors = {task["id"]: task["annotations"][0]["completed_by"] for task in ls.tasks(project) if task["annotations"]}
    me, her = (who.get("/api/current-user/whoami")["id"] for who in (ls, grace))
    assert me != her and [authors[tasks[3]], authors[tasks[4]]] == [her, me]


def annotated(ls: LabelStudio, project: int) -> dict[int, int]:
    """Return the number of regions in the annotation of each task that has one."""
    return {task["id"]: len(task["annotations"][0]["result"]) for task in ls.tasks(project) if task["annotations"]}
