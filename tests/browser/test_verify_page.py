"""Verified acceptance on the page: judged item by item, certified, accepted, and what comes in between."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Locator, Page, expect

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.main import main
from label_studio_config import arm_store, projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.review import objects, trust_status, wall
from search_service.review import service as review_service
from search_service.review.calibration import arm
from search_service.review.verification import later, reports, service, store
from search_service.sync.tasks import sync_project
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SHOTS = os.environ.get("ARGUS_SCREENSHOTS")
SIZE = (200, 100)  # pixels
Make = Callable[..., tuple[int, list[int]]]


@pytest.fixture
def predicted(stack: Any, label_studio: LabelStudio) -> Iterator[Make]:
    """Return `make(scores, objects, fans, beside)`: a project with a task for each score, with so many objects of label
    cpu, or fan on the last so many tasks, and so many fans beside, which no model found; and its tasks. With a score of
    0 nothing was found."""
    made = []

    def make(scores: list[float], objects: int = 1, fans: int = 0, beside: int = 0) -> tuple[int, list[int]]:
        project = connect(label_studio, None, title="Verify", labels=["cpu", "fan"]).project_id
        assert project is not None
        made.append(project)
        label_studio.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
            (f"{n}.jpg", (f"{n}.jpg", plain((8 * n % 250, 90, 30), SIZE), "image/jpeg")) for n in range(len(scores))])
        listed = list(label_studio.tasks(project, fields="all"))
        row = projects.refresh(project)
        projects.remember_tasks(project, plan_for(row).image, listed)
        tasks = sorted(task["id"] for task in listed)
        boxes = np.array([[9.0 * n + 10, 10, 9.0 * n + 17, 60] for n in range(objects + beside)], np.float32)

        def detected(begin: int, end: int, score: float) -> Detections:
            shown = boxes[begin:end] if score else boxes[:0]
            return Detections(np.full(len(shown), score, np.float32), shown, [None] * len(shown))

        for task, score in zip(tasks, scores, strict=True):
            label = "fan" if task in tasks[len(tasks) - fans:] else "cpu"
            found = {label: detected(0, objects, score)}
            if beside or not score:
                found["fan"] = detected(objects, objects + beside, score)
            detections.store(task, recipe_for(row), SIZE, found)
        assert set(delivery.push(project, tasks).values()) == {"stored"}
        return project, tasks

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def place(page: Page) -> int:
    """Return the place of the item that is shown, once one is."""
    expect(page.locator(".judging")).to_be_visible(timeout=30_000)
    expect(page.locator(".judging")).to_have_attribute("data-place", re.compile(r"\d+"))
    return int(page.get_attribute(".judging", "data-place") or -1)


def press(page: Page, key: str) -> None:
    """Judge the item that is shown, and wait until something else is."""
    shown = place(page)
    page.keyboard.press(key)
    expect(page.locator(f".judging[data-place='{shown}']:visible")).to_have_count(0)


def press_until(page: Page, end: Locator) -> None:
    """Judge one item after the other as right, until `end` is there. Between two items the page shows neither."""
    item = page.locator(".judging:visible")
    while True:
        expect(item.or_(end).first).to_be_visible(timeout=30_000)
        if end.is_visible():
            return
        press(page, "a")


def checked(page: Page, folder: Path) -> str:
    """Download the certificate, check it without a server by the command that the page names, and return what that
    says."""
    with page.expect_download() as loaded:
        page.click("#verify-download")
    file = folder / loaded.value.suggested_filename
    loaded.value.save_as(file)
    expect(page.locator(".outcome code")).to_have_text(f"argus trust check {file.name}")
    answer = CliRunner().invoke(main, ["trust", "check", str(file)])
    assert answer.exit_code == 0, answer.output
    return answer.output


def line(page: Page, says: str) -> None:
    expect(page.locator("#verify-line")).to_contain_text(says, timeout=30_000)


def sample_in(page: Page) -> int:
    found = re.search(r"sample=(\d+)", page.url)
    assert found
    return int(found[1])


def fits(page: Page) -> None:
    """Nothing of the page lies beside the screen, and axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    report = Axe().run(page).response
    assert [f"{v['id']}: {[node['target'] for node in v['nodes']][:3]}" for v in report["violations"]
            if v["impact"] in ("serious", "critical")] == []


def begin(open_page: Callable[..., Page], project: int, **options: Any) -> Page:
    """Return a page that went from the review's high band to its sample."""
    page = open_page(f"?project={project}&screen=review&band=high", **options)
    page.click("#verify-band")
    expect(page.locator(".judging")).to_be_visible(timeout=30_000)
    return page


def test_the_whole_way__judged_certified_accepted_and_the_certificate_checked_without_a_server(
        open_page: Callable[..., Page], predicted: Make, label_studio: LabelStudio, tmp_path: Path) -> None:
    project, tasks = predicted([0.95] * 20 + [0.87] * 10)
    page = open_page(f"?project={project}&screen=review&band=high")
    expect(page.locator(".band-head")).to_contain_text("not verified", timeout=30_000)
    page.click("#verify-band")
    line(page, "0 looked at, 0 wrong")
    expect(page.locator("#nav-review")).to_have_attribute("aria-current", "page")
    expect(page.locator("#help")).to_have_attribute("href", "/help/page.html#verify-and-accept")
    expect(page.locator("#verify-question")).to_have_text("Is this “cpu”, and does the box fit?")
    expect(page.locator("#verify-note")).to_contain_text("Only 20 objects from 0.90 up: look at all of them.")
    expect(page.locator(".item-picture img")).to_have_js_property("complete", True)
    assert page.evaluate("document.querySelector('.item-picture img').naturalWidth") > 0
    fits(page)
    for key in ("a", "ArrowRight"):
        press(page, key)
    line(page, "2 looked at, 0 wrong")
    shown = place(page)
    page.click("#verify-right")  # by touch
    expect(page.locator(f".judging[data-place='{shown}']:visible")).to_have_count(0)
    for _ in range(13):
        press(page, "a")
    expect(page.locator(".outcome h2")).to_have_text("95 % is certified from 0.90 up")
    expect(page.locator(".outcome h2")).to_be_focused()
    line(page, "16 looked at, 0 wrong: at least 95.0 % are right.")
    expect(page.locator(".bound .curve")).to_have_count(1)
    expect(page.locator(".go-on")).to_contain_text("10 objects more, about")
    assert not label_studio.get(f"/api/projects/{project}/")["num_tasks_with_annotations"]
    fits(page)

    page.click("#verify-accept")
    expect(page.locator("#verify-promise")).to_contain_text(
        "Of the 20 objects accepted here, at least 95.0 % are right (label, IoU ≥ 0.5)", timeout=60_000)
    done = {task["id"] for task in label_studio.tasks(project, fields="task_only") if task["total_annotations"]}
    assert done == set(tasks[:20])
    fits(page)
    assert "The certificate holds" in checked(page, tmp_path)

    # Down the ladder, with the same items.
    page.click("#verify-go-on")
    expect(page).to_have_url(re.compile("edge=0.85"))
    press_until(page, page.get_by_role("heading", name="95 % is certified from 0.85 up"))
    page.click("#verify-accept")
    expect(page.locator("#verify-promise")).to_contain_text("Of the 30 objects", timeout=60_000)
    page.get_by_role("link", name="All certificates of this project").click()
    expect(page.locator(".certificates li")).to_have_count(2)
    expect(page.locator(".certificates li").first).to_contain_text("Of the 30 objects")
    fits(page)

    # What scores mean: classes with an interval, and thresholds; what is certified apart from what looks like it.
    scores = page.locator("#verify-scores")
    expect(scores.locator("tbody tr").first).to_contain_text(re.compile(r"0\.95 to 1\.00.*too few.* – 100\.0 %"))
    expect(scores.locator(".sweep circle.certified")).to_have_count(4)  # the default ladder

    # Taken back in Review: the certificates say so.
    assert review_service.review_status(project).left == 0
    for one in trust_status.status(project).certificates[0].acceptances:
        review_service.undo(one)
    page.reload()
    expect(page.locator(".certificates .failed")).to_have_count(2)
    expect(page.locator(".certificates li").first).to_contain_text("promises nothing any more")


@pytest.mark.parametrize(("locale", "head", "told", "noted"), [
    ("en-GB", "Certificate {} is refuted", "2 of its 20 objects were corrected after the acceptance. By its sentence, "
     "no more than 0 may be wrong.", "1 certificate is refuted by corrections made after the acceptance."),
    ("ja-JP", "証明書 {} は反証されました", "承認した 20 個の物体のうち 2 個が、承認のあとで修正されました。"
     "証明書の文によれば、間違いは 0 個までのはずです。", "承認後の修正により反証された証明書が 1 件あります。")])
def test_a_refuted_certificate_says_by_what__and_what_to_do(
        open_page: Callable[..., Page], predicted: Make, label_studio: LabelStudio, locale: str, head: str, told: str,
        noted: str) -> None:
    project, tasks = predicted([0.95] * 20)
    sample = service.open_sample(project)
    service.judge(sample.id, [(place, "right", None) for place in range(20)])
    certificate = service.accept(sample.id, 0.9).certificate.id
    sync_project(project)
    page = open_page(f"?project={project}&screen=review", locale=locale)
    expect(page.locator("#review-progress")).to_contain_text("20", timeout=30_000)
    expect(page.locator(".notes .refuted")).to_have_count(0)
    for task in tasks[3:5]:
        (made,) = label_studio.get(f"/api/tasks/{task}/annotations/")
        label_studio.patch(f"/api/annotations/{made['id']}/", {"result": []})
    wait_for(lambda: (sync_project(project), later.follow(project),
                      review_service.review_status(project).refuted)[-1] == 1, 60)
    page.reload()
    note = page.locator(".notes .refuted")
    expect(note).to_contain_text(noted, timeout=30_000)
    shot(page, f"refuted-review-{locale}")
    note.get_by_role("link").click()
    panel = page.locator(".panel.refuted")
    expect(panel.get_by_role("heading")).to_have_text(head.format(certificate), timeout=30_000)
    expect(panel).to_contain_text(told)
    links = [f"{get_settings().label_studio_url}/projects/{project}/data?task={task}" for task in tasks[3:5]]
    found = panel.locator("a[target=_blank]").evaluate_all("all => all.map((one) => one.href)")
    assert [link.split("//")[1].split("/", 1)[1] for link in found] == [
        link.split("//")[1].split("/", 1)[1] for link in links]
    shot(page, f"refuted-{locale}")
    fits(page)
    panel.locator("a[href*='sample=']").click()  # what was judged: it cannot be accepted once more
    expect(page.locator("#verify-outcome")).to_have_text(head.format(certificate), timeout=30_000)
    expect(page.locator(".refuted-text")).to_contain_text(told)
    expect(page.locator("#verify-accept")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 800})
    fits(page)


@pytest.mark.parametrize(("locale", "actions", "timed", "waits", "off"), [
    ("en-GB", "0 actions so far. Nothing is accepted yet.", "Timed so far: 0 with predictions, 0 without. Minutes are "
     "told from 5 of each.", "to be labelled without predictions. Open in Label Studio", "none"),
    ("ja-JP", "これまでの操作 0 回。承認したものはまだありません。", "計測済み: 予測あり 0 件、予測なし 0 件。"
     "それぞれ 5 件から時間を表示します。", "予測なしのラベル付けを待つタスクが", "なし")])
def test_work_is_in_actions_until_a_control_arm_is_chosen(
        open_page: Callable[..., Page], predicted: Make, label_studio: LabelStudio, locale: str, actions: str,
        timed: str, waits: str, off: str) -> None:
    project, _ = predicted([0.95] * 2)
    page = open_page(f"?project={project}&screen=verify", locale=locale)
    work = page.locator("#verify-work")
    expect(work.locator(".work-line")).to_have_text([actions], timeout=30_000)
    page.select_option("#arm-share", label="10 %")
    expect(work.locator(".work-line")).to_have_text([actions, timed], timeout=30_000)
    label_studio.post(f"/api/projects/{project}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(80)])
    sync_project(project)
    assert arm.follow(project) == 0
    page.reload()
    expect(page.locator("#arm-waiting")).to_contain_text(waits, timeout=30_000)
    expect(page.locator("#arm-waiting a")).to_have_attribute("href", re.compile(rf"/projects/{project}/data\?tab=\d+"))
    expect(page.locator("#arm-share")).to_have_value("0.1")
    shot(page, f"work-{locale}")
    page.set_viewport_size({"width": 390, "height": 800})
    fits(page)
    page.select_option("#arm-share", label=off)
    expect(page.locator("#arm-waiting")).to_have_count(0, timeout=30_000)
    assert arm_store.waiting(project) == []


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page, for who asked for some."""
    for width in (390, 1440) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


def test_a_wrong_one_waits_to_be_fixed__and_back_and_a_reload_lose_nothing(
        open_page: Callable[..., Page], predicted: Make) -> None:
    project, _ = predicted([0.95] * 20)
    page = begin(open_page, project)
    press(page, "a")
    wrong = place(page)
    press(page, "r")
    line(page, "2 looked at, 1 wrong")
    assert review_service.review_status(project).set_aside == 1
    page.keyboard.press("z")
    expect(page.locator(f".judging[data-place='{wrong}']")).to_be_visible()
    line(page, "1 looked at, 0 wrong")
    assert review_service.review_status(project).set_aside == 0
    press(page, "u")
    press(page, "a")
    line(page, "3 looked at, 1 wrong")
    here, sample = place(page), sample_in(page)

    page.reload()
    line(page, "3 looked at, 1 wrong")
    assert (place(page), sample_in(page)) == (here, sample)
    page.keyboard.press("z")  # the last one, which this page knows nothing of
    line(page, "2 looked at, 1 wrong")
    assert place(page) == here - 1
    for _ in range(3):
        press(page, "a")
    page.go_back()  # to Review, and on again: continued, never drawn anew
    page.click("#verify-band")
    line(page, "5 looked at, 1 wrong")
    assert sample_in(page) == sample
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=verify")
    page.get_by_role("link", name=f"Sample {sample}: 20 objects on 20 tasks").click()
    line(page, "5 looked at, 1 wrong")
    press_until(page, page.locator(".outcome", has_text="1 object was judged wrong or unsure"))
    expect(page.locator("#verify-accept")).to_have_text("Accept 19 objects")
    page.get_by_role("link", name="To fix").click()
    expect(page.locator(".crop")).to_have_count(1, timeout=30_000)


def test_nothing_to_take_back_and_a_server_that_is_away__are_told_and_the_item_stays(
        open_page: Callable[..., Page], predicted: Make) -> None:
    project, _ = predicted([0.95] * 12)
    page = begin(open_page, project)
    first = place(page)
    page.keyboard.press("z")
    expect(page.locator("#message")).to_have_text(re.compile("There is no judgement of yours to take back"))
    page.route("**/judgements", lambda route: route.abort())
    page.keyboard.press("a")
    expect(page.locator("#message[role=alert]")).to_be_visible()
    assert place(page) == first
    page.unroute("**/judgements")
    press(page, "a")
    line(page, "1 looked at, 0 wrong")
    page.keyboard.down("a")
    page.keyboard.down("a")  # held down: nobody looks so fast
    page.keyboard.up("a")
    line(page, "2 looked at, 0 wrong")
    assert store.judgements(sample_in(page))[-1].place == first + 1
    complaints = page.complaints  # type: ignore[attr-defined]
    assert all("404" in said or "ERR_FAILED" in said for said in complaints)
    complaints.clear()


def test_a_changed_recipe_in_the_middle__is_told_with_the_way_on(
        open_page: Callable[..., Page], predicted: Make) -> None:
    project, _ = predicted([0.95] * 12)
    page = begin(open_page, project)
    press(page, "a")
    sample, version = sample_in(page), reports.describe(sample_in(page)).model_version
    projects.set_version(project, "another")
    page.keyboard.press("a")
    expect(page.locator(".outcome h2")).to_have_text("This sample is void")
    expect(page.locator(".outcome")).to_contain_text("predictions are of another version now")
    assert len(store.judgements(sample)) == 1
    fits(page)
    page.click("#verify-draw-new")  # nothing was predicted anew yet
    expect(page.locator("#message")).to_contain_text("No object from")
    page.complaints.clear()  # type: ignore[attr-defined]
    projects.set_version(project, version)
    page.reload()
    line(page, "1 looked at, 0 wrong")


def test_two_people__share_the_items_out_and_see_what_the_other_judges(
        open_page: Callable[..., Page], predicted: Make) -> None:
    project, _ = predicted([0.95] * 20)
    ann, bob = begin(open_page, project), begin(open_page, project)
    assert sample_in(ann) == sample_in(bob)
    first, second = place(ann), place(bob)
    assert (first, second) == (0, 8)
    expect(bob.locator("#verify-note")).to_contain_text("8 objects are with other people just now.")
    press(bob, "a")
    line(bob, "0 looked at")  # the bound does not move past what Ann has
    for _ in range(8):
        press(ann, "a")
    line(ann, "9 looked at, 0 wrong")
    line(bob, "9 looked at, 0 wrong")  # by itself
    for _ in range(7):
        press(ann if place(ann) < place(bob) else bob, "a")
    for page in (ann, bob):
        expect(page.locator(".outcome h2")).to_have_text("95 % is certified from 0.90 up", timeout=30_000)
    ann.click("#verify-accept")
    for page in (ann, bob):
        expect(page.locator("#verify-promise")).to_contain_text("Of the 20 objects", timeout=60_000)


@pytest.mark.parametrize(("language", "width"), [("en-GB", 1300), ("ja-JP", 360)])
def test_what_passes_the_budget__says_so_and_what_to_do(open_page: Callable[..., Page], predicted: Make, language: str,
                                                        width: int) -> None:
    project, _ = predicted([0.95] * 20, objects=20)
    page = begin(open_page, project, locale=language, viewport={"width": width, "height": 800}, bypass_csp=True)
    fits(page)
    sample = sample_in(page)
    service.judge(sample, [(n, "wrong" if n % 5 == 4 else "right", None) for n in range(40)])
    says = {"en-GB": ("95 % cannot be shown from 0.90 up", "8 wrong of 40", "Look at all 400"),
            "ja-JP": ("判定数の上限内で 95 % を示せません", "40 個中 8 個が間違い", "400 個すべてを確認")}[language]
    expect(page.locator(".outcome h2")).to_contain_text(says[0], timeout=30_000)
    line(page, says[1])
    fits(page)
    page.get_by_role("button", name=says[2]).click()
    press(page, "a")
    line(page, "41")


@pytest.mark.parametrize("language, width", [("en-GB", 1300), ("ja-JP", 360)])
def test_the_first_of_each_label_and_what_corrections_suggest__are_shown(
        open_page: Callable[..., Page], predicted: Make, language: str, width: int) -> None:
    project, tasks = predicted([0.95] * 20, fans=3)
    page = begin(open_page, project, locale=language, viewport={"width": width, "height": 800}, bypass_csp=True)
    labels = page.locator(".first-of-labels li")
    expect(labels).to_have_count(2)
    expect(labels.nth(1)).to_contain_text(re.compile("fan.*3"))
    fans = 0
    for _ in range(18):
        is_fan = "fan" in (page.text_content("#verify-question") or "")
        fans += is_fan
        press(page, "r" if is_fan else "a")
    assert fans == 3  # whatever their places: they are among the first 15 of each label
    press_until(page, page.locator(".outcome h2:visible"))
    expect(labels.nth(1)).to_have_class("many-wrong")
    expect(labels.nth(1)).to_contain_text({"en-GB": "3 of its first 3 looked at, 3 wrong",
                                           "ja-JP": "最初の 3 個のうち 3 個を確認、間違い 3 個"}[language])
    fits(page)
    shown = objects.shown(project, projects.load(project)["model_version"], tasks[:5])
    wall.judge(project, "relabelled", [(one.task, one.name) for one in shown], "fan")
    page.goto(page.url.split("&sample")[0])
    expect(page.locator("#correction-hints li")).to_have_text([{
        "en-GB": "cpu: 5 objects relabelled fan. Choose prompts that tell the two apart.",
        "ja-JP": "cpu: 5 個が fan に変更されました。両者を区別できるプロンプトにしてください。"}[language]])
    fits(page)


@pytest.mark.parametrize("language, width", [("en-GB", 1440), ("ja-JP", 390)])
def test_one_label__is_chosen_judged_and_certified__and_what_comes_along_is_told(
        open_page: Callable[..., Page], predicted: Make, language: str, width: int) -> None:
    project, _ = predicted([0.95] * 20, beside=2)
    page = open_page(f"?project={project}&screen=review&band=high", locale=language,
                     viewport={"width": width, "height": 844}, bypass_csp=True)
    english = language == "en-GB"
    choice = page.locator(".band-head .verify-choice")
    expect(choice).to_have_value("", timeout=30_000)
    choice.select_option(label="Only cpu" if english else "cpu のみ")
    fits(page)
    page.click("#verify-band")
    expect(page.locator("#verify-only")).to_contain_text(
        "Only cpu is judged and certified here. Accepting takes whole tasks: 40 objects of other labels on them come "
        "along, not verified." if english else "検証されないまま承認されます", timeout=30_000)
    expect(page.locator("#verify-question")).to_contain_text("cpu")
    fits(page)
    place(page)
    press(page, "r")
    press_until(page, page.locator(".outcome h2:visible"))
    expect(page.locator("#verify-accept")).to_have_text(
        "Accept 19 objects of cpu and 38 of other labels" if english else
        "cpu の物体 19 個とほかのラベルの 38 個を承認")
    fits(page)
    page.click("#verify-accept")
    promise = page.locator("#verify-promise")
    expect(promise).to_contain_text("Of the 19 objects of cpu accepted here, at least" if english else
                                    "ここで承認した cpu の 19 個の物体のうち", timeout=60_000)
    expect(promise).to_contain_text("Nothing is said of the 38 objects of other labels" if english else
                                    "ほかのラベルの物体 38 個については何も述べません")
    fits(page)
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=review&band=to_fix")
    expect(page.locator(".acceptances")).to_contain_text("verified: cpu only" if english else "cpu のみ検証済み",
                                                         timeout=30_000)
    assert review_service.review_status(project).set_aside == 1
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=verify")
    expect(page.locator(".samples")).to_contain_text("20 objects of cpu on 20 tasks" if english else
                                                     "cpu の物体 20 個（タスク 20 件）", timeout=30_000)
    fits(page)


@pytest.mark.parametrize("language, width", [("en-GB", 1440), ("ja-JP", 390)])
def test_nothing_found__whole_frames_are_judged_and_accepted_as_empty(
        open_page: Callable[..., Page], predicted: Make, label_studio: LabelStudio, tmp_path: Path, language: str,
        width: int) -> None:
    project, tasks = predicted([0.0] * 18 + [0.95])
    page = open_page(f"?project={project}&screen=review&band=nothing_found", locale=language,
                     viewport={"width": width, "height": 844}, bypass_csp=True)
    english = language == "en-GB"
    expect(page.locator(".band-head")).to_contain_text("not verified" if english else "未検証", timeout=30_000)
    expect(page.locator(".band-head .verify-choice")).to_have_count(0)
    page.click("#verify-band")
    expect(page.locator("#verify-question")).to_have_text(
        "Does this picture hold nothing of these: cpu, fan?" if english else
        "この画像には次のどれもありませんか？ cpu、fan", timeout=30_000)
    line(page, "0 looked at, 0 wrong" if english else "0 枚を確認")
    expect(page.locator(".item-picture img")).to_have_js_property("complete", True)
    assert page.evaluate("document.querySelector('.item-picture img').naturalWidth") == SIZE[0]  # the whole frame
    expect(page.locator(".item-picture .regions path")).to_have_count(0)
    expect(page.locator(".ladder")).to_be_hidden()
    fits(page)
    press(page, "ArrowRight")
    wrong = place(page)
    press(page, "ArrowLeft")
    assert review_service.review_status(project).set_aside == 1
    page.keyboard.press("z")
    expect(page.locator(f".judging[data-place='{wrong}']")).to_be_visible()
    assert review_service.review_status(project).set_aside == 0
    press(page, "r")
    page.reload()
    line(page, "2 looked at, 1 wrong" if english else "2 枚を確認、間違い 1 枚")
    press_until(page, page.locator(".outcome h2:visible"))
    expect(page.locator("#verify-accept")).to_have_text("Accept 17 frames as empty" if english else
                                                        "画像 17 枚を空として承認")
    fits(page)
    page.click("#verify-accept")
    expect(page.locator("#verify-promise")).to_contain_text(
        "Of the 17 frames accepted here as empty, at least" if english else
        "ここで空として承認した 17 枚の画像のうち", timeout=60_000)
    fits(page)
    done = [task for task in label_studio.tasks(project, fields="task_only") if task["total_annotations"]]
    assert len(done) == 17 and tasks[18] not in {task["id"] for task in done}
    assert "hold none of the labels cpu, fan" in checked(page, tmp_path)
    page.locator(".outcome p a[href*='to_fix']").click()
    expect(page.locator(".band.to_fix b")).to_have_text("1", timeout=30_000)
    expect(page.locator(".crop.fix")).to_have_count(1)  # the whole frame, to be opened and corrected
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=verify")
    expect(page.locator(".certificates li")).to_contain_text("17", timeout=30_000)
    page.locator(".verify-choice").select_option(label="Nothing found" if english else "検出なし")
    page.click("#verify-start")
    expect(page.locator("#message")).to_contain_text("No frame in which nothing was found is left")
    page.complaints.clear()  # type: ignore[attr-defined]
