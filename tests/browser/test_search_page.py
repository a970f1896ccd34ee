"""The page in a real Chromium: search, annotate, review, and text from outside that stays text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

import pytest
from playwright.sync_api import Page, Route, expect

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.stack.stack import Stack
from label_studio_config.connect import connect
from ml_backend.runs.runs import create_run, run_progress
from search_service.pictures.store import captured_between
from search_service.search.query import SearchQuery
from search_service.search.search import find
from search_service.sync.progress import sync_progress
from search_service.sync.videos import list_videos
from tests.browser.profiles import Profiles
from tests.pictures import scene
from tests.resting import frozen
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
COUNT = 6


@pytest.fixture
def page(profiles: Profiles, stack: Any) -> Iterator[Page]:
    """A page on the search service; everything the browser complains about is collected in `page.complaints`."""
    page = profiles.open()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.complaints = complaints  # type: ignore[attr-defined]
    yield page
    profiles.close(page.context)


@pytest.mark.parametrize("token", [False, True])
def test_page__a_picture_that_has_to_wait_comes_later(page: Page, make_project: Callable[..., int],
                                                      token: bool) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(2)])
    wait_for(lambda: sync_progress(project).embedded == 2, 120)
    refused: list[str] = []

    def busy(route: Route) -> None:
        if refused.count(route.request.url) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, content_type="application/problem+json", headers={"Retry-After": "2"},
                          body='{"code": "busy", "detail": "Too many large pictures.", "status": 503}')
        else:
            route.continue_()

    page.route("**/api/v1/images/*", busy)
    if token:  # which an <img> cannot carry: its picture is fetched
        page.add_init_script("sessionStorage.setItem('argus-token', 'any')")
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator(".hit")).to_have_count(2, timeout=20_000)
    wait_for(lambda: page.evaluate(
        "[...document.querySelectorAll('.hit img')].every(image => image.complete && image.naturalWidth > 0)"), 60)
    expect(page.locator(".hit.broken")).to_have_count(0)
    assert len(refused) >= 4


def test_page__a_search_is_repeated_until_all_images_are_embedded(page: Page, make_project: Callable[..., int],
                                                                  label_studio: LabelStudio, stack: Stack) -> None:
    with frozen(stack, "siglip-worker"):
        project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(2)])
        page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search&q=cpu")
        told = page.locator(".start .friendly")
        expect(told).to_contain_text("This page repeats the search by itself.", timeout=20_000)
    expect(page.locator(".hit")).to_have_count(2, timeout=60_000)
    expect(page.locator("#message")).to_be_hidden()
    with frozen(stack, "siglip-worker"):  # the words of the query are known by now
        more = [(f"{n}.jpg", (f"{n}.jpg", scene(n), "image/jpeg")) for n in range(2, 4)]
        label_studio.request("POST", f"/api/projects/{project}/import", files=more, timeout=120)
        wait_for(lambda: sync_progress(project).waiting == 2, 60)
        page.reload()
        expect(page.locator("#summary")).to_contain_text("2 images not embedded yet", timeout=20_000)
        page.locator(".hit").first.locator("input").check()
    wait_for(lambda: sync_progress(project).embedded == 4, 120)
    page.wait_for_timeout(5_000)
    expect(page.locator(".hit")).to_have_count(2)  # one is selected: nothing moves under the hand
    page.keyboard.press("Escape")
    expect(page.locator(".hit")).to_have_count(4, timeout=30_000)
    expect(page.locator("#summary")).not_to_contain_text("not embedded")
    assert page.evaluate("document.activeElement.closest('.hit') !== null")  # the focus is where it was


def test_page__from_a_query_to_accepted_annotations(page: Page, make_project: Callable[..., int],
                                                    label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(COUNT)])
    wait_for(lambda: sync_progress(project).embedded == COUNT, 120)
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    expect(page.locator("#sync")).to_have_text(f"{COUNT} of {COUNT} images embedded", timeout=20_000)
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator(".hit")).to_have_count(COUNT, timeout=20_000)
    # Not `wait_for_function`: it needs `eval`, which the page's policy forbids.
    wait_for(lambda: page.evaluate(
        "[...document.querySelectorAll('.hit img')].every(image => image.complete && image.naturalWidth > 0)"), 20)
    similarities = [float(text) for text in page.locator(".hit .score").all_inner_texts()]
    assert similarities == sorted(similarities, reverse=True)

    for box in page.locator(".pick").all()[:3]:
        box.check()
    chosen = sorted(int(box.get_attribute("value") or 0) for box in page.locator(".pick:checked").all())
    with page.expect_popup() as popup:
        page.click("#view")
    popup.value.wait_for_url(lambda url: "/projects/" in url or "login" in url, timeout=30_000)
    (view,) = [v for v in label_studio.get("/api/dm/views/", project=project)
               if v["data"]["title"] == "Search: cpu (ranked)"]
    assert sorted(item["value"] for item in view["data"]["filters"]["items"]) == chosen

    page.click("#to-annotate")
    page.click("#annotate")
    expect(page.locator("#run-text")).to_contain_text("Done: 3 of 3 images", timeout=240_000)
    predicted = sorted(t["id"] for t in label_studio.tasks(project) if t["total_predictions"])
    assert predicted == chosen
    page.click("#nav-review")
    bands = page.locator(".band:not(.all)")
    expect(bands).to_have_count(5, timeout=30_000)
    counts = [int(text) for text in bands.locator("b").all_inner_texts()]
    assert sum(counts) == 3
    if counts[0]:
        page.click(".band.high")
        page.click("#accept-band")
        page.click("dialog button[value=yes]")
        expect(page.locator("#review-text")).to_contain_text(f"{counts[0]} task", timeout=60_000)
        assert sum(bool(t["total_annotations"]) for t in label_studio.tasks(project)) == counts[0]
    assert page.complaints == []  # type: ignore[attr-defined]


def test_page__more_like_a_region_drawn_on_the_picture(page: Page, make_project: Callable[..., int]) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(3)])
    wait_for(lambda: sync_progress(project).embedded == 3, 120)
    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu")
    expect(page.locator(".hit")).to_have_count(3, timeout=20_000)
    task = int(page.locator(".hit").first.get_attribute("data-task") or 0)

    def asked() -> list[float]:
        """The box of the address."""
        (like,) = parse_qs(urlsplit(page.url).query).get("like", [""])
        name, *box = like.split(":")
        assert int(name) == task
        return [float(side) for side in box]

    def found_like(box: list[float]) -> None:
        """The hits are those that the service finds for this part."""
        like = SearchQuery.model_validate({"like": [{"task": task, "box": box}]})
        expected = [str(hit.task) for hit in find(project, like, record=False).hits]
        expect(page.locator(".hit").first).to_have_attribute("data-task", expected[0], timeout=20_000)
        assert [hit.get_attribute("data-task") for hit in page.locator(".hit").all()] == expected
        expect(page.locator(".chip")).to_contain_text(f"like a part of task {task}")

    page.locator(".hit .open").first.click()
    picture = page.locator("#hit-preview .frame img")
    wait_for(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), 20)
    page.wait_for_load_state("networkidle")  # what is told of the picture moves it
    sides = picture.bounding_box()
    assert sides is not None
    expect(page.locator("#like-region")).to_be_hidden()
    page.mouse.move(sides["x"] + sides["width"] * 0.2, sides["y"] + sides["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(sides["x"] + sides["width"] * 0.7, sides["y"] + sides["height"] * 0.1, steps=4)
    page.mouse.up()
    page.click("#like-region")
    expect(page.locator(".chip")).to_have_count(1, timeout=20_000)
    assert asked() == pytest.approx([0.2, 0.1, 0.7, 0.6], abs=0.01)
    drawn = asked()
    found_like(drawn)
    page.reload()
    found_like(drawn)

    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    kept = page.locator("[role=option]", has_text=f"like part 20 10 70 60 % of task {task}")

    def suggested() -> int:
        """Type as often as it takes until the history has arrived."""
        page.fill("#query", "")
        page.fill("#query", "like part")
        return kept.count()

    wait_for(suggested, 20)
    kept.first.click()  # the history keeps the part
    expect(page.locator(".chip")).to_have_count(1, timeout=20_000)
    found_like(drawn)

    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu&task={task}")
    expect(page.locator("#hit-preview a")).to_be_visible()  # the side is drawn anew with it
    page.locator("#choose-region").press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("#like-region")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1, timeout=20_000)
    assert asked() == pytest.approx([0.23, 0.25, 0.73, 0.77])
    found_like(asked())
    page.locator(".chip button").click()
    expect(page.locator(".chip")).to_have_count(0)

    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu&task={task}")
    expect(page.locator("#hit-preview a")).to_be_visible()
    page.locator("#choose-region").press("Enter")
    page.click("#unlike-region")
    expect(page.locator(".chip")).to_have_text(re.compile(f"not like a part of task {task}"))
    assert parse_qs(urlsplit(page.url).query)["unlike"] == [f"{task}:0.25:0.25:0.75:0.75"]
    unlike = SearchQuery.model_validate({"text": "cpu", "unlike": [{"task": task, "box": [0.25, 0.25, 0.75, 0.75]}]})
    expected = [str(hit.task) for hit in find(project, unlike, record=False).hits]
    expect(page.locator(".hit")).to_have_count(len(expected))
    assert [hit.get_attribute("data-task") for hit in page.locator(".hit").all()] == expected
    assert page.complaints == []  # type: ignore[attr-defined]


def test_page__narrows_by_time_of_capture_and_by_where_a_label_stands(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(3)])
    tasks = sorted(label_studio.tasks(project), key=lambda task: task["id"])
    for hour, task in enumerate(tasks):
        label_studio.patch(f"/api/tasks/{task['id']}/",
                           {"data": task["data"] | {"captured_at": f"2026-11-01T{hour:02}:30:12Z"}})
    wait_for(lambda: sync_progress(project).embedded == 3
             and captured_between(project) == tuple(
                 datetime(2026, 11, 1, hour, 30, 12, tzinfo=UTC) for hour in (0, 2)), 60)
    page = open_page(f"?project={project}&q=cpu&captured_from=2026-11-01T00:30:12.000",
                     timezone_id="Asia/Tokyo")
    expect(page.locator(".hit")).to_have_count(3)
    page.click("#filter-toggle")
    expect(page.locator("#filter-captured_from")).to_have_value("2026-11-01T09:30:12")  # the person's clock
    expect(page.locator("#filter-label_in")).to_be_hidden()  # there is no label for it yet
    page.select_option("#filter-labelled", "no")
    expect(page).to_have_url(re.compile("captured_from=2026-11-01T00%3A30%3A12.000&|captured_from=2026-11-01T00%3A30%3A12.000$"))
    page.fill("#filter-captured_from", "2026-11-01T10:30")
    expect(page).to_have_url(re.compile("captured_from=2026-11-01T01%3A30%3A00"))
    expect(page.locator(".hit")).to_have_count(2)
    page.fill("#filter-captured_to", "2026-11-01T10:31")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator(".hit")).to_have_attribute("data-task", str(tasks[1]["id"]))
    label_studio.post(f"/api/tasks/{tasks[1]['id']}/annotations/", {"result": [
        {"from_name": "label", "to_name": "image", "type": "rectanglelabels",
         "value": {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["cpu"]}}]})
    labelled = SearchQuery.model_validate({"text": "cpu", "filters": {"label": "cpu"}})
    wait_for(lambda: find(project, labelled).total == 1, 60)
    page.select_option("#filter-labelled", "")
    page.select_option("#filter-label", "cpu")
    expect(page.locator(".hit")).to_have_count(1)
    page.select_option("#filter-label_in", "predictions")
    expect(page.locator(".hit")).to_have_count(0)
    page.click("text=Reset filters")
    expect(page.locator(".hit")).to_have_count(3)
    expect(page.locator("#filter-captured_to")).to_have_value("")


def test_page__what_comes_from_outside_is_shown_as_text(page: Page, make_project: Callable[..., int],
                                                        label_studio: LabelStudio) -> None:
    evil = '<img src=x onerror="document.title=1">'
    project = make_project(["cpu"], [("0.jpg", scene(0))])
    (task,) = label_studio.tasks(project)
    label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {"video": evil, "video_time": 1.5}})
    label_studio.patch(f"/api/projects/{project}/", {"title": f"T {evil}"[:50]})

    def synced() -> bool:
        from argus.db import connect

        with connect() as connection:
            row = connection.execute("SELECT video, state FROM task WHERE id = %s", (task["id"],)).fetchone()
        return row is not None and row["video"] == evil and row["state"] == "embedded"

    wait_for(synced, 60)
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    page.fill("#query", evil)
    page.press("#query", "Enter")
    expect(page.locator(".hit")).to_have_count(1, timeout=20_000)
    expect(page.locator(".hit .text")).to_contain_text(evil)
    assert page.title() == "Search · Argus"
    assert page.locator("main img[src=x]").count() == 0


def test_page__two_videos_of_one_name_and_what_was_left_out(page: Page, make_project: Callable[..., int],
                                                            label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(3)])
    ids = ["1111aaaa1111aaaa", "1111aaaa1111aaaa", "2222bbbb2222bbbb"]
    for n, task in enumerate(sorted(label_studio.tasks(project), key=lambda task: task["id"])):
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {
            "video": "0001.mp4", "video_id": ids[n], "video_time": float(n), "frame_number": n or 1700000000000}})
    wait_for(lambda: len(list_videos(project)) == 2 and sync_progress(project).embedded == 3, 120)
    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu")
    expect(page.locator(".hit")).to_have_count(3, timeout=20_000)
    page.click("#filter-toggle")
    expect(page.locator("#filter-video option")).to_have_text(
        ["any", "0001.mp4 (1111aaaa) (2, 0:01)", "0001.mp4 (2222bbbb) (1, 0:02)"])
    page.select_option("#filter-video", "0001.mp4 (2222bbbb)")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator(".hit .text")).to_contain_text("0001.mp4 (2222bbbb)")
    page.select_option("#filter-video", "0001.mp4 (1111aaaa)")
    expect(page.locator(".hit")).to_have_count(2)
    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu&video=2222bbbb2222bbbb")  # an id will do
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator("#filter-video")).to_have_value("0001.mp4 (2222bbbb)")
    first = min(task["id"] for task in label_studio.tasks(project))
    page.goto(f"{get_settings().search_service_url}/?project={project}&q=cpu&task={first}")
    expect(page.locator("dialog[open]")).to_contain_text("1700000000000 is not from 0 to", timeout=20_000)


@pytest.mark.timeout(1200)  # a picture that cannot be had is tried several times, by the sync and by the run
def test_page__names_of_labels_and_files_are_shown_as_text(page: Page, make_project: Callable[..., int],
                                                           label_studio: LabelStudio) -> None:
    evil = '<img src=x onerror="document.title=1">'
    project = make_project(["cpu"], [("0.jpg", scene(0))])
    label_studio.patch(f"/api/projects/{project}/", {"label_config": (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        f'<Label value="cpu" alias={quoteattr(evil)} model_score_threshold="0"/></RectangleLabels></View>')})
    assert connect(label_studio, project).labels == [evil]
    label_studio.post(f"/api/projects/{project}/import", [{"image": f"s3://parts/{evil}.jpg"}])
    wait_for(lambda: (sync_progress(project).embedded, sync_progress(project).failed) == (1, 1), 300)
    run = create_run(project, [evil], [task["id"] for task in label_studio.tasks(project, fields="task_only")])
    wait_for(lambda: run_progress(run).state not in ("queued", "running"), 480)
    address = f"{get_settings().search_service_url}/?project={project}&screen=search"
    page.goto(f"{address}&screen=annotate&run={run}")
    expect(page.locator(".label-row .name")).to_have_text(evil, timeout=60_000)
    expect(page.locator(".run h2")).to_contain_text(evil, timeout=60_000)
    expect(page.locator(".run .errors li")).to_contain_text(f"{evil}.jpg", timeout=60_000)
    page.goto(f"{address}&screen=review")
    page.locator(".band:not(.nothing_found):not(.to_fix)", has=page.locator("b", has_text="1")).first.click(
        timeout=60_000)
    expect(page.locator(".crop .facts").first).to_contain_text(evil, timeout=60_000)
    assert page.title() == "Review · Argus"
    page.goto(f"{address}&screen=setup")
    expect(page.locator(".failures li", has_text=f"{evil}.jpg").first).to_be_visible(timeout=60_000)
    assert page.title() != "1"
    assert page.locator("img[src=x]").count() == 0


def test_page__says_what_is_wrong(page: Page, make_project: Callable[..., int]) -> None:
    project = make_project(["cpu"])
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    expect(page.locator("#sync")).to_contain_text("0 of 0 images", timeout=20_000)
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator("#message")).to_contain_text("has no images yet", timeout=20_000)


@pytest.mark.parametrize("width", [360, 800, 1900])
def test_page__fits_every_width(page: Page, make_project: Callable[..., int], width: int) -> None:
    project = make_project(["cpu", "a label with a rather long name"], [("0.jpg", scene(1))])
    wait_for(lambda: sync_progress(project).embedded == 1, 60)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator(".hit")).to_have_count(1, timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
