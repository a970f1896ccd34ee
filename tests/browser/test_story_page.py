"""The story in Chromium on real servers: search, select, preview, annotate, review, accept, undo, export.

Also what goes wrong meanwhile: another person, a worker that dies, Label Studio that stops, a project without labels.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import read_labels
from search_service.sync.progress import sync_progress
from search_service.sync.tasks import sync_project
from tests.browser.profiles import Profiles
from tests.pictures import scene
from tests.resting import frozen
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
COUNT = 8


@pytest.fixture
def open_page(profiles: Profiles, stack: Any) -> Iterator[Callable[..., Page]]:
    """Return `open_page(width)`: a page with a browser profile of its own; script errors go to `page.complaints`."""
    contexts = []

    def make(width: int = 1440) -> Page:
        page = profiles.open({"width": width, "height": 950})
        contexts.append(page.context)
        page.complaints = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        return page

    yield make
    for context in contexts:
        profiles.close(context)


@pytest.fixture
def predicted(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio) -> Callable[..., int]:
    """Return `predicted(count)`: a project whose images have predictions for `cpu`."""
    def make(count: int = COUNT) -> int:
        from label_studio_config import projects
        from ml_backend.runs.runs import create_run, run_progress

        project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(count)])
        projects.set_check_first(project, [])  # every task is in the band of its score
        wait_for(lambda: sync_progress(project).embedded == count, 120)
        run = create_run(project, ["cpu"], [task["id"] for task in label_studio.tasks(project, fields="task_only")])
        wait_for(lambda: run_progress(run).state == "done", 240)
        return project

    return make


def annotated(ls: LabelStudio, project: int) -> list[int]:
    """Return the number of annotations of each task that has one."""
    return [task["total_annotations"] for task in ls.tasks(project) if task["total_annotations"]]


def labels_of(ls: LabelStudio, project: int) -> dict[int, tuple[str, ...]]:
    """Return the labels in each task's annotation."""
    return {task["id"]: tuple(sorted(set(read_labels(task["annotations"][0]["result"]))))
            for task in ls.tasks(project) if task["annotations"]}


def counts(page: Page) -> dict[str, int]:
    """Return the tasks in each band as the page shows them."""
    expect(page.locator(".band").first).to_be_visible(timeout=30_000)
    return {name: int(page.locator(f".band.{name} b").inner_text()) for name in (
        "high", "medium", "low", "nothing_found", "check_first")}


def axe_finds_nothing(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in found] == []


def test_story__from_a_query_to_an_export(open_page: Callable[..., Page], make_project: Callable[..., int],
                                          label_studio: LabelStudio, stack: Any) -> None:
    project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(COUNT)])
    wait_for(lambda: sync_progress(project).embedded == COUNT, 120)
    page = open_page()

    # Search and select.
    page.goto(f"/?project={project}&screen=search")
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator(".hit")).to_have_count(COUNT, timeout=20_000)
    for box in page.locator(".pick").all()[:6]:
        box.check()
    chosen = sorted(int(box.get_attribute("value") or 0) for box in page.locator(".pick:checked").all())
    page.click("#to-annotate")

    # Preview: boxes with scores, a live threshold, and nothing in Label Studio.
    expect(page.locator("input[name=source][value=tasks]")).to_be_checked(timeout=20_000)
    expect(page.locator("#estimate")).to_contain_text("6 images, 6 not processed yet", timeout=20_000)
    page.click("#preview")
    expect(page.locator("#preview-text")).to_contain_text("on 6 images", timeout=120_000)
    before = int(re.findall(r"\d+", page.inner_text("#preview-text"))[0])
    assert before > 0
    with frozen(stack, "sam3-worker"):  # no model takes part
        page.locator(".charts [role=slider]").press("End")
        expect(page.locator("#preview-text")).to_contain_text(re.compile(r"\b0 objects"), timeout=20_000)
        page.locator(".label-row button:visible").click()  # back to the config's threshold
        expect(page.locator("#preview-text")).to_contain_text(re.compile(rf"\b{before} object"), timeout=20_000)
    assert not any(task["total_predictions"] for task in label_studio.tasks(project))
    axe_finds_nothing(page)

    # Annotate.
    page.click("#annotate")
    expect(page.locator("#run-text")).to_contain_text("Done: 6 of 6 images", timeout=240_000)
    predicted = sorted(t["id"] for t in label_studio.tasks(project) if t["total_predictions"])
    assert predicted == chosen
    expect(page.locator(".runs li")).to_have_count(1)
    page.get_by_role("link", name="Review the result").click()

    # Review: the bands hold all, and their edges move here and in Label Studio.
    shown = counts(page)
    assert sum(shown.values()) == 6
    for _ in range(3):
        page.locator(".edge.high").press("ArrowLeft")
    expect(page.locator("#message")).to_contain_text("0.87", timeout=20_000)
    wait_for(lambda: any([item["value"] for item in view["data"]["filters"]["items"]][:1] == [0.87]
                         for view in label_studio.get("/api/dm/views/", project=project)), 20)
    expect(page.locator(".band.high")).to_contain_text("0.87")  # the counts come with it
    assert sum(counts(page).values()) == 6
    axe_finds_nothing(page)
    shown = counts(page)
    band = max(("high", "medium", "low"), key=lambda name: shown[name])
    page.click(f".band.{band}")
    expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true")

    # Reject one object: its task stays out of the bulk, and comes back.
    page.locator(".face").first.click()
    page.keyboard.press("r")
    expect(page.locator(".band.to_fix b")).to_have_text("1", timeout=20_000)
    assert shown[band] > 1  # or there is no bulk to stay out of
    page.click("#accept-band")
    expect(page.locator("dialog")).to_contain_text("1 task to fix is not included", timeout=20_000)
    page.click("dialog button[value=no]")
    page.click(".band.to_fix")
    page.locator(".face").first.click()
    page.keyboard.press("b")
    expect(page.locator("#review-text")).to_contain_text("put back", timeout=20_000)

    # Accept the band, undo, accept.
    page.click(f".band.{band}")
    for again in (False, True):
        page.click("#accept-band")
        expect(page.locator("dialog")).to_contain_text(f"Accept {shown[band]} task", timeout=20_000)
        page.click("dialog button[value=yes]")
        expect(page.locator("#review-text")).to_contain_text(f"Accepted {shown[band]} task", timeout=60_000)
        assert annotated(label_studio, project) == [1] * shown[band]
        if not again:
            page.click("#undo")
            expect(page.locator("#review-text")).to_contain_text(f"Took back {shown[band]} annotation", timeout=60_000)
            assert annotated(label_studio, project) == []
            expect(page.locator(f".band.{band} b")).to_have_text(str(shown[band]), timeout=20_000)
    expect(page.locator("#review-progress")).to_contain_text(f"{shown[band]} of 6", timeout=20_000)

    # Export what Label Studio has.
    page.click("#nav-export")
    page.click("#export-go")
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role("button", name="Download").click(timeout=120_000)
    with zipfile.ZipFile(download.value.path()) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".json") and "annotations" in name]
        exported = json.loads(archive.read(name))
    boxes = [r for task in label_studio.tasks(project) for a in task["annotations"] for r in a["result"]
             if r["type"] == "rectanglelabels"]
    assert (len(exported["images"]), len(exported["annotations"])) == (shown[band], len(boxes))
    assert page.complaints == []  # type: ignore[attr-defined]


def test_two_people_never_both_accept_and_see_each_other(open_page: Callable[..., Page],
                                                         predicted: Callable[..., int],
                                                         label_studio: LabelStudio) -> None:
    project = predicted(5)
    first, second = open_page(), open_page()
    for page in (first, second):
        page.goto(f"/?project={project}&screen=review")
    shown = counts(first)
    band = max(("high", "medium", "low"), key=lambda name: shown[name])
    for page in (first, second):
        counts(page)
        page.click(f".band.{band}")
        page.click("#accept-band")
        expect(page.locator("dialog")).to_contain_text(f"Accept {shown[band]} task", timeout=20_000)
    for page in (first, second):
        page.click("dialog button[value=yes]", no_wait_after=True)
    said = []
    for page in (first, second):
        expect(page.locator("#review-text")).to_contain_text(re.compile("Accepted [0-9]+ task"), timeout=90_000)
        said += [int(re.findall(r"Accepted (\d+)", page.inner_text("#review-text"))[0])]
    assert sorted(said) == [0, shown[band]]
    assert annotated(label_studio, project) == [1] * shown[band]
    # A person who takes one back in Label Studio itself is seen without a reload.
    (task, *_) = [t for t in label_studio.tasks(project) if t["total_annotations"]]
    label_studio.delete(f"/api/annotations/{task['annotations'][0]['id']}/")
    expect(first.locator(f".band.{band} b")).to_have_text("1", timeout=180_000)


def test_labels_computed_later_join_the_annotations_and_leave_them_again(open_page: Callable[..., Page],
                                                                         predicted: Callable[..., int],
                                                                         label_studio: LabelStudio) -> None:
    from ml_backend.runs.runs import create_run, run_progress
    from search_service.review.service import accept

    project = predicted(8)
    accept(project, min_score=0)
    accept(project, nothing_found=True)
    before = labels_of(label_studio, project)
    assert len(before) == 8 and set(before.values()) == {("cpu",), ()}
    run = create_run(project, ["fan"], list(before))
    wait_for(lambda: run_progress(run).state == "done", 240)
    page = open_page()
    page.goto(f"/?project={project}&screen=review")
    rows = page.locator("#additions li")
    expect(rows.first).to_be_visible(timeout=30_000)
    # Not `complete`: an image without an address is that, too.
    wait_for(lambda: rows.locator(".addable img").first.evaluate("image => image.naturalWidth > 0"), 20)
    axe_finds_nothing(page)
    offered = {row.get_attribute("data-band"): int(re.findall(r"on (\d+) task", row.inner_text())[0])
               for row in rows.all()}
    rows.first.locator(".add").click()
    first = next(iter(offered))
    expect(page.locator("dialog")).to_contain_text(f"annotations of {offered[first]} task", timeout=20_000)
    page.click("dialog button[value=yes]")
    expect(page.locator("#review-text")).to_contain_text(f"to {offered[first]} annotation", timeout=60_000)
    after = labels_of(label_studio, project)
    assert sum("fan" in labels for labels in after.values()) == offered[first]
    assert annotated(label_studio, project) == [1] * len(before)  # never a second annotation
    expect(page.locator(f"#additions li[data-band={first}]")).to_have_count(0, timeout=20_000)
    expect(page.locator(".notes")).to_contain_text(f"{offered[first]} annotated task", timeout=20_000)
    expect(page.locator(".acceptances li").first).to_contain_text("labels added")
    page.click("#undo")
    expect(page.locator("#review-text")).to_contain_text(f"Took back {offered[first]}", timeout=60_000)
    assert labels_of(label_studio, project) == before
    expect(page.locator(f"#additions li[data-band={first}]")).to_have_count(1, timeout=20_000)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_objects_are_accepted_one_by_one_by_keyboard(open_page: Callable[..., Page], predicted: Callable[..., int],
                                                     label_studio: LabelStudio) -> None:
    project = predicted(4)
    page = open_page(390)
    page.goto(f"/?project={project}&screen=review&lang=ja")
    shown = counts(page)
    band = max(("high", "medium", "low"), key=lambda name: shown[name])
    page.click(f".band.{band}")
    expect(page.locator(".crop").first).to_be_visible(timeout=20_000)
    page.locator(".face").first.click()
    left = page.locator(".crop:not(.right)")
    while remaining := left.count():
        left.first.locator(".face").focus()
        page.keyboard.press("a")
        expect(left).not_to_have_count(remaining, timeout=20_000)
    wait_for(lambda: annotated(label_studio, project) == [1] * shown[band], 60)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("html").get_attribute("lang") == "ja"
    axe_finds_nothing(page)


def test_verdicts_that_are_given_while_the_objects_load_stay(open_page: Callable[..., Page],
                                                             predicted: Callable[..., int]) -> None:
    project = predicted(4)
    page = open_page()
    page.goto(f"/?project={project}&screen=review")
    shown = counts(page)
    page.click(f".band.{max(('high', 'medium', 'low'), key=lambda name: shown[name])}")
    band = page.locator('.band[aria-current="true"]')
    one = page.locator(".crop:has(.muted)").first  # of several: its task stays when it is judged
    expect(one).to_be_visible(timeout=20_000)
    crop = page.locator(f'[data-object="{one.get_attribute("data-object")}"]')
    held: list[Any] = []

    def judge() -> None:
        crop.locator(".face").focus()
        page.keyboard.press("a")

    def wait_until_held(count: int) -> None:
        wait_for(lambda: page.evaluate("1") and len(held) == count, 20)  # Playwright needs its turn

    page.route("**/review/verdicts", lambda route: held.append(route), times=1)
    judge()
    wait_until_held(1)
    with page.expect_response("**/review/objects?*"):
        band.click()
    held[0].continue_()
    expect(crop).to_have_class(re.compile("right"), timeout=20_000)

    page.route("**/review/objects?*", lambda route: held.append((route, route.fetch())), times=1)
    band.click()
    wait_until_held(2)
    with page.expect_response("**/review/verdicts/take-back"):
        judge()
    route, stale = held[1]
    route.fulfill(response=stale)
    page.wait_for_load_state("networkidle")
    expect(crop).not_to_have_class(re.compile("right"))
    assert page.complaints == []  # type: ignore[attr-defined]


def test_a_worker_killed_in_mid_run_loses_nothing(open_page: Callable[..., Page], make_project: Callable[..., int],
                                                  label_studio: LabelStudio, stack: Any) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(12)])
    wait_for(lambda: sync_progress(project).embedded == 12, 120)
    page = open_page()
    page.route("**/events", lambda route: route.abort())  # progress comes by asking now and then, too
    page.goto(f"/?project={project}&screen=annotate&from=all")
    expect(page.locator("#estimate")).to_contain_text("12 images", timeout=20_000)
    page.click("#annotate")
    expect(page.locator("#run-text")).not_to_be_empty(timeout=60_000)
    from ml_backend.runs.runs import list_runs

    # Not by the page, which asks every second and a half: the run may be over by then.
    wait_for(lambda: list_runs(project)[0].state == "running", 60, 0.02)
    stack.kill("sam3-worker")
    expect(page.locator("#run-text")).to_contain_text("Done: 12 of 12 images", timeout=240_000)
    assert [task["total_predictions"] for task in label_studio.tasks(project)] == [1] * 12
    assert page.complaints == []  # type: ignore[attr-defined]


def test_without_labels_the_page_says_what_to_do(open_page: Callable[..., Page], label_studio: LabelStudio,
                                                 stack: Any) -> None:
    bare = label_studio.post("/api/projects/", {"title": "No labels", "label_config": (
        '<View><Image name="image" value="$image"/>'
        '<Choices name="kind" toName="image"><Choice value="good"/><Choice value="bad"/></Choices></View>'
    )})["id"]
    try:
        sync_project(bare)
        page = open_page()
        page.goto(f"/?project={bare}&screen=annotate")
        expect(page.locator(".empty")).to_contain_text("no labels that Argus can fill", timeout=20_000)
        page.click("#nav-review")
        expect(page.locator(".empty")).to_contain_text("no labels that Argus can fill", timeout=20_000)
        assert page.complaints == []  # type: ignore[attr-defined]
    finally:
        label_studio.delete(f"/api/projects/{bare}/")


def test_label_studio_stopped_and_started(open_page: Callable[..., Page], predicted: Callable[..., int],
                                          label_studio: LabelStudio, stack: Any) -> None:
    project = predicted(3)
    page = open_page()
    page.goto(f"/?project={project}&screen=review")
    shown = counts(page)
    band = max(("high", "medium", "low"), key=lambda name: shown[name])
    page.click(f".band.{band}")
    expect(page.locator("#accept-band")).to_be_visible()
    stack.stop("label-studio")
    try:
        page.click("#accept-band")
        expect(page.locator("#message")).to_contain_text("Label Studio does not answer", timeout=30_000)
    finally:
        stack.start("label-studio")
    page.click("#accept-band")
    page.click("dialog button[value=yes]")
    expect(page.locator("#review-text")).to_contain_text(f"Accepted {shown[band]} task", timeout=60_000)
    assert annotated(label_studio, project) == [1] * shown[band]
