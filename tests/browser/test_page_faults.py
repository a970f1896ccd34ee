"""What a new user found wrong on the page: each fault, and that it is gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from argus.db import connect as database
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from label_studio_config.connect import connect
from ml_backend.runs import recipes
from ml_backend.runs.runs import create_run, run_progress
from search_service.export import jobs
from search_service.sync import missing_projects
from search_service.sync.progress import sync_progress
from tests.integration.argus_cli.test_commands import argus
from tests.pictures import scene
from tests.refusing import out_of_memory, read_only
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
COUNT = 105  # more than the page loads at first
PROMPT = "この画面の右上にある赤い部品を探してください"  # more than SAM 3 reads
LONG = "a label that says everything that could be said " * 4 + "unbroken" * 20
LABELS = ["cpu", LONG, *(f"part {n}" for n in range(58))]
SCREENS = ("search", "annotate", "review", "export", "setup")


def make(labels: list[str], files: list[tuple[str, bytes]], title: str = "Faults") -> int:
    ls = get_label_studio()
    project = connect(ls, None, title=title, labels=labels).project_id
    assert project is not None
    for start in range(0, len(files), 50):
        ls.request("POST", f"/api/projects/{project}/import", timeout=120,
                   files=[(name, (name, data, "image/jpeg")) for name, data in files[start:start + 50]])
    return project


@pytest.fixture(scope="module")
def crowd(stack: Any) -> Iterator[int]:
    """Sixty labels, one of them very long, and more images than the page loads at first; some are predicted."""
    project = make(LABELS, [(f"{n}.jpg", scene(n % 3)) for n in range(COUNT)])
    wait_for(lambda: sync_progress(project).embedded == COUNT, 180)
    tasks = sorted(task["id"] for task in get_label_studio().tasks(project))
    run = create_run(project, ["cpu", LONG], tasks[:3])
    wait_for(lambda: run_progress(run).state == "done", 180)
    yield project
    get_label_studio().delete(f"/api/projects/{project}/")


@pytest.fixture
def empty(stack: Any) -> Iterator[int]:
    project = make(["cpu"], [], "Empty")
    yield project
    get_label_studio().delete(f"/api/projects/{project}/")


@pytest.fixture(scope="module")
def unreadable(stack: Any) -> Iterator[int]:
    """A project whose only file is no image."""
    project = make(["cpu"], [("broken.jpg", b"no image")], "Unreadable")
    wait_for(lambda: sync_progress(project).failed == 1, 120)
    yield project
    get_label_studio().delete(f"/api/projects/{project}/")


def found(page: Page) -> None:
    expect(page.locator(".hit").first).to_be_visible(timeout=20_000)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def forgive(page: Page) -> None:
    """Forget the browser's own complaint about an answer that a test wants to be refused."""
    page.complaints.clear()  # type: ignore[attr-defined]


def test_review__of_a_project_without_tasks(open_page: Callable[..., Page], empty: int) -> None:
    page = open_page(f"?project={empty}&screen=review")
    expect(page.locator(".empty")).to_contain_text("There is nothing to review yet", timeout=20_000)
    expect(page.locator("#message")).to_be_hidden()
    expect(page.locator(".screen .panel:visible")).to_have_count(1)  # no frame stands there empty
    argus("review", "status", "-p", empty)
    for screen in ("annotate", "export"):
        page.click(f"#nav-{screen}")
        expect(page.locator("#estimate, #e-preview ~ p").first).to_be_visible(timeout=20_000)
        expect(page.locator("#message")).to_be_hidden()
    forgive(page)  # there is nothing to estimate


def test_review__parts_wait_for_their_answer(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=search")
    page.route("**/review", lambda route: route.fulfill(
        status=502, content_type="application/problem+json",
        body='{"code": "label_studio_refused", "detail": "Refused. `argus doctor` says why.", "hint": ""}'))
    page.click("#nav-review")
    expect(page.locator("#message")).to_contain_text("Refused. argus doctor says why.", timeout=20_000)
    expect(page.locator("#message code")).to_have_text("argus doctor")
    expect(page.locator(".screen .panel:visible")).to_have_count(0)
    forgive(page)


def test_a_screen_chosen_while_the_page_loads__stays(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=setup")
    page.add_init_script("""(() => {
        const ask = window.fetch;
        let first = true;
        window.fetch = async (...given) => {
            const late = first && /\\/projects\\/\\d+$/.test(String(given[0].url ?? given[0]));
            if (late) first = false;
            const answer = await ask(...given);
            if (late) {
                await new Promise((done) => setTimeout(done, 1500));
                window.lateAnswer = true;
            }
            return answer;
        };
    })()""")
    page.goto(f"{get_settings().search_service_url}/?project={crowd}&q=cpu")
    page.click("#nav-review")
    wait_for(lambda: page.evaluate("window.lateAnswer === true"), 20)
    page.wait_for_timeout(300)
    expect(page.locator(".screen.review")).to_be_visible()
    expect(page.locator("#nav-review")).to_have_attribute("aria-current", "page")


def test_search_by_image__has_no_likely_hits_to_choose(open_page: Callable[..., Page], crowd: int) -> None:
    task = min(one["id"] for one in get_label_studio().tasks(crowd))
    page = open_page(f"?project={crowd}&like={task}")
    found(page)
    expect(page.locator("#likely")).to_be_hidden()
    expect(page.locator("#shown")).to_be_hidden()
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator("#likely")).to_be_visible(timeout=20_000)


def test_search__selects_what_is_shown_or_all_of_it(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&q=cpu")
    found(page)
    expect(page.locator("#all")).to_have_text("Select the 100 shown")
    expect(page.locator("#every")).to_have_text(f"Select all {COUNT}")
    page.click("#all")
    expect(page.locator("#chosen")).to_have_text("100 selected")
    page.click("#every")
    expect(page.locator("#chosen")).to_have_text(f"{COUNT} selected", timeout=20_000)
    page.locator("#grid .hit").nth(99).scroll_into_view_if_needed()
    expect(page.locator(".hit")).to_have_count(COUNT, timeout=20_000)
    expect(page.locator("#all")).to_have_text(f"Select all {COUNT}")
    expect(page.locator("#every")).to_be_hidden()
    expect(page.locator(".pick:checked")).to_have_count(COUNT)


def test_preview__says_how_many_labels_it_takes(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=annotate")
    expect(page.locator("#preview-text")).to_contain_text("up to 20 labels", timeout=20_000)
    page.click("#labels-all")
    page.click("#preview")
    expect(page.locator("#message")).to_contain_text("A preview takes at most 20 labels; 60 are ticked.")


def test_preview__over_rest_says_it_too(stack: Any, crowd: int) -> None:
    import requests

    answer = requests.post(f"{get_settings().search_service_url}/api/v1/projects/{crowd}/preview", timeout=30,
                           json={"all": True, "concepts": [{"label": label} for label in LABELS]})
    assert answer.json()["detail"] == "concepts: at most 20 are allowed, not 60."


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("screen", SCREENS)
def test_layout__holds_with_long_and_many_labels(open_page: Callable[..., Page], crowd: int, screen: str,
                                                 width: int) -> None:
    loaded = {"search": ".hit", "annotate": "#estimate:not(:empty)", "review": ".band", "export": "#e-preview ~ p",
              "setup": "#s-doctor ~ * li"}[screen]
    page = open_page(f"?project={crowd}&screen={screen}&q=cpu", viewport={"width": width, "height": 800})
    expect(page.locator(loaded).first).to_be_visible(timeout=60_000)
    assert fits(page)
    if screen == "search":
        page.click("#filter-toggle")
        assert fits(page)
    if screen == "setup":
        page.select_option("#connect-project", "new")
        page.fill("#connect-title", "Long")
        page.fill("#connect-labels", f"cpu, {LONG}")
        page.click("#connect-look")
        expect(page.locator("#connect-go")).to_be_enabled(timeout=20_000)
        assert fits(page)
    if screen == "annotate":
        page.click("#labels-all")
        expect(page.locator("#estimate")).to_contain_text("and 57 more", timeout=20_000)
        box = page.locator(".go").bounding_box()
        assert box and box["height"] < 800 * 0.3 and fits(page)
    if screen == "review":
        chips = page.locator(".edges .chips").bounding_box()
        assert chips and chips["height"] <= 82


def test_estimate__says_what_is_not_read_of_a_prompt(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=annotate")
    expect(page.locator("#estimate")).to_contain_text("cpu:", timeout=20_000)
    expect(page.locator("#estimate")).not_to_contain_text("does not read")
    recipes.change_recipe(crowd, [{"label": "cpu", "prompts": [PROMPT]}])
    page.reload()
    expect(page.locator("#estimate")).to_contain_text("SAM 3 does not read the end of “この画面", timeout=20_000)
    recipes.change_recipe(crowd, [{"label": "cpu"}])


def test_search__says_what_is_not_read_of_a_text(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&q={'+'.join(['fan'] * 63)}+elephant")
    found(page)
    expect(page.locator("#summary")).to_contain_text("too long, not read: “elephant”")


def test_typed__the_page_reads_lists_and_names_as_the_server_does(open_page: Callable[..., Page], crowd: int) -> None:
    from argus.typed_text import split_list

    lists = ["cpu、fan，hdd", " ＣＰＵ､ﾌｧﾝ ,", "heat–sink;x", "、", "a b,c"]
    page = open_page(f"?project={crowd}&screen=search")
    split = page.evaluate("""async lists => {
        const { splitList } = await import('/web/js/typed.js');
        return lists.map(splitList);
    }""", lists)
    assert split == [split_list(one) for one in lists]
    page.fill("#query", "ＰＡＲＴ ５７")
    expect(page.locator("#suggestions [role=option]", has_text="part 57")).to_be_visible(timeout=20_000)


def test_labels__many_can_be_filtered_and_ticked_together(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=annotate")
    page.fill("#label-filter", "ＰＡＲＴ 1", timeout=20_000)
    expect(page.locator(".label-row:visible")).to_have_count(11)  # 1 and 10 to 19
    page.click("#labels-none")
    page.click("#labels-all")
    expect(page.locator(".label-row input:checked")).to_have_count(12)  # and cpu, which was not shown
    page.fill("#label-filter", "")
    page.click("#labels-none")
    expect(page.locator(".label-row input:checked")).to_have_count(0)
    expect(page.locator("#estimate")).to_contain_text("Choose a label first")


def test_estimate__follows_a_preview_and_a_run(open_page: Callable[..., Page], stack: Any) -> None:
    project = make(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(2)])
    wait_for(lambda: sync_progress(project).embedded == 2, 60)
    page = open_page(f"?project={project}&screen=annotate")
    expect(page.locator("#estimate")).to_contain_text("2 images, 2 not processed yet", timeout=20_000)
    page.click("#preview")
    expect(page.locator("#estimate")).to_contain_text("all processed already", timeout=60_000)
    page.click("#annotate")
    expect(page.locator("#run-text")).to_contain_text("Done: 2 of 2 images", timeout=60_000)
    expect(page.locator("#estimate")).to_contain_text("all processed already")
    page.goto("about:blank")  # it goes on asking for its project
    get_label_studio().delete(f"/api/projects/{project}/")


def test_estimate__of_a_run_is_made_anew_when_it_is_done(open_page: Callable[..., Page], stack: Any) -> None:
    project = make(["fan"], [("0.jpg", scene(7))])
    wait_for(lambda: sync_progress(project).embedded == 1, 60)
    page = open_page(f"?project={project}&screen=annotate")
    expect(page.locator("#estimate")).to_contain_text("1 image, 1 not processed yet", timeout=20_000)
    page.click("#annotate")
    expect(page.locator("#estimate")).to_contain_text("all processed already", timeout=60_000)
    page.goto("about:blank")
    get_label_studio().delete(f"/api/projects/{project}/")


def test_connect__the_hint_goes_when_it_is_done(open_page: Callable[..., Page], stack: Any,
                                                label_studio: LabelStudio) -> None:
    page = open_page("?screen=setup")
    hint = page.get_by_text("Preview the changes to enable Connect.")
    page.select_option("#connect-project", "new", timeout=20_000)
    expect(hint).to_be_visible()
    page.fill("#connect-title", "Hinted")
    page.fill("#connect-labels", "cpu、fan")
    page.click("#connect-look")
    expect(page.locator("#connect-go")).to_be_enabled(timeout=20_000)
    expect(hint).to_be_hidden()
    page.fill("#connect-labels", "cpu、ﾌｧﾝ")
    expect(hint).to_be_visible()
    expect(page.locator("#connect-go")).to_be_disabled()
    page.click("#connect-look")
    page.click("#connect-go")
    expect(page.locator("#message")).to_have_text(re.compile("“Hinted” is connected. Next: add images or a video."),
                                                  timeout=20_000)
    expect(hint).to_be_hidden()
    (made,) = [p for p in label_studio.projects() if p["title"] == "Hinted"]
    config = label_studio.project(made["id"])["label_config"]
    assert 'value="cpu"' in config and 'value="ﾌｧﾝ"' in config
    label_studio.delete(f"/api/projects/{made['id']}/")


def test_review__what_was_done_is_not_said_of_another_band(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=review")
    band = page.locator(".band:not(.nothing_found):not(.to_fix)").filter(has_not=page.locator("b", has_text="0"))
    band.first.click(timeout=20_000)
    page.locator(".crop .face").first.click()
    page.press(".crop .face", "r")
    expect(page.locator("#review-text")).to_contain_text("set aside", timeout=20_000)
    page.click(".band.to_fix")
    expect(page.locator("#review-text")).to_be_empty()
    expect(page.locator(".crop").first).to_be_visible(timeout=20_000)
    page.locator(".crop .face").first.click()
    page.press(".crop .face", "b")
    expect(page.locator("#review-text")).to_contain_text("put back", timeout=20_000)
    page.click(".band.high")
    expect(page.locator("#review-text")).to_be_empty()


@pytest.mark.parametrize(("name", "data"), [("a.heic", b"\0\0\0\x18ftypheic"), ("empty.jpg", b""),
                                            ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")])
def test_search_by_image__a_file_that_is_none_leaves_a_way_on(open_page: Callable[..., Page], crowd: int, name: str,
                                                              data: bytes) -> None:
    page = open_page(f"?project={crowd}&screen=search")
    page.set_input_files("#upload", {"name": name, "mimeType": "image/jpeg", "buffer": data})
    expect(page.locator("#message")).to_contain_text("Choose another image to search by.", timeout=20_000)
    expect(page.locator("#message")).not_to_contain_text("task")
    expect(page.locator(".start .friendly")).to_contain_text("This search did not work.")
    page.locator(".start .friendly button", has_text="cpu").click()
    found(page)
    forgive(page)


def test_search__a_project_whose_images_cannot_be_read_says_so(open_page: Callable[..., Page], unreadable: int) -> None:
    page = open_page(f"?project={unreadable}&q=cpu")
    said = page.locator(".start .friendly")
    expect(said).to_contain_text("its only image could not be read", timeout=20_000)
    expect(said).not_to_contain_text("progress")
    expect(said).not_to_contain_text("`")
    expect(said.locator("code")).to_have_text(f"argus sync --project {unreadable}")
    said.get_by_role("link", name="Set-up").click()
    expect(page.locator(".failures li").first).to_be_visible(timeout=20_000)
    forgive(page)


def test_doctor__a_file_that_is_no_image_is_no_broken_joint(open_page: Callable[..., Page], unreadable: int) -> None:
    page = open_page(f"?project={unreadable}&screen=setup")
    checks = page.locator("section[aria-labelledby=s-doctor]")
    expect(checks.locator(".checks li").first).to_be_visible(timeout=60_000)
    expect(checks.locator("li.problem", has_text=f"project {unreadable}: image")).to_have_count(0)
    expect(checks.locator("li.ok", has_text=f"project {unreadable}: images")).to_contain_text("1 cannot be read")


def test_project__that_was_deleted_is_marked_everywhere(open_page: Callable[..., Page], stack: Any) -> None:
    project = make(["cpu"], [("0.jpg", scene(1))], "Deleted")
    wait_for(lambda: sync_progress(project).embedded == 1, 60)
    get_label_studio().delete(f"/api/projects/{project}/")
    missing_projects.note(project)
    page = open_page(f"?project={project}&q=cpu")
    found(page)
    expect(page.locator("#project option:checked")).to_have_text(f"{project} · Deleted (missing from Label Studio)")
    expect(page.locator("#missing")).to_contain_text("Missing from Label Studio since")
    expect(page.locator("#label-studio")).to_be_hidden()
    page.click("#nav-annotate")
    expect(page.locator("#missing")).to_be_visible()
    page.wait_for_load_state("networkidle")  # what the page asks of the project is refused now, and not later
    page.goto("about:blank")
    with database() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (project,))
    forgive(page)


def test_exports__that_differ_by_a_choice_look_different(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=export")
    expect(page.locator("#e-made ~ p")).to_contain_text("argus export go to a folder of your choice", timeout=20_000)
    made = [jobs.start(crowd, format="yolo", source="predictions", masks=masks, images=images, splits=splits).id
            for masks, images, splits in ((False, True, {}), (False, True, {"train": 0.7, "val": 0.2, "test": 0.1}),
                                          (True, True, {}), (False, False, {}), (False, True, {"train": 8, "val": 2}))]
    page.reload()
    names = page.locator(".exports > li strong")
    expect(names).to_have_count(len(made), timeout=20_000)
    told = names.all_inner_texts()
    assert len(set(told)) == len(made)
    assert any(name.endswith("train 70% / val 20% / test 10%") for name in told)
    assert any(name.endswith("outlines") for name in told)
    assert any(name.endswith("without image files") for name in told)
    for one in made:
        jobs.remove(one)


def test_phone__every_button_of_a_result_can_be_seen(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&q=cpu", viewport={"width": 390, "height": 740})
    found(page)
    page.locator(".hit .pick").first.click()
    for button in page.locator(".results-bar > :not(.acts):visible, .results-bar .acts > :visible").all():
        box = button.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390, button.inner_text()
    assert page.locator(".results-bar:visible").evaluate("bar => bar.scrollWidth <= bar.clientWidth")


def test_large_picture__its_tags_stay_in_it(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=search", viewport={"width": 390, "height": 740})
    page.wait_for_selector("#query")
    inside = page.evaluate("""async label => {
        const { drawObjects } = await import('/web/js/regions.js');
        const layer = Object.assign(document.createElement('div'), { className: 'regions' });
        const frame = document.createElement('div');
        frame.style.cssText = 'position: relative; width: 360px; height: 200px';
        frame.append(layer);
        document.querySelector('main').append(frame);
        const edges = [0, 0.3, 0.6, 0.74, 0.95];
        drawObjects(layer, edges.flatMap(x => ['loose screw', label].map(name =>
            ({ label: name, score: 0.41, box: [x, 0.4, Math.min(1, x + 0.05), 0.6] }))), [label]);
        const { left, right } = frame.getBoundingClientRect();
        return [...layer.querySelectorAll('.region-tag')].map(tag => tag.getBoundingClientRect()).map(
            box => box.left >= left - 0.5 && box.right <= right + 0.5);
    }""", LONG)
    assert inside == [True] * 10


def test_a_server_that_takes_no_writes_is_told_above_every_screen(open_page: Callable[..., Page], crowd: int) -> None:
    page = open_page(f"?project={crowd}&screen=search")
    line = page.locator("#refused")
    expect(line).to_be_hidden()
    with out_of_memory():
        expect(line).to_contain_text("The queue server is out of memory", timeout=60_000)
    expect(line).to_be_hidden(timeout=60_000)
    with read_only():
        expect(line).to_contain_text("The database is read-only: searching and looking work", timeout=60_000)
        page.goto(f"{get_settings().search_service_url}/?project={crowd}&screen=review")
        expect(line).to_be_visible()
    expect(line).to_be_hidden(timeout=60_000)
    page.complaints.clear()  # type: ignore[attr-defined]  # of what was refused meanwhile
