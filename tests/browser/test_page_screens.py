"""The page's frame and the screens search, export and set-up in a real Chromium, for everybody.

Keyboard, both languages, both themes, addresses that can be kept, and what axe-core finds.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from argus.db import connect as database
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.stack.ports import free_port
from label_studio_config.connect import connect
from ml_backend.runs import recipes
from ml_backend.runs.runs import create_run, run_progress
from search_service.export import jobs
from search_service.export.versions import service
from search_service.label_import.service import import_labels, undo
from search_service.search.filters import Filters
from search_service.search.search import search
from search_service.sync.progress import sync_progress
from search_service.views.search_views import make
from tests.pictures import scene
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
COUNT = 8
SCREENS = ("home", "search", "annotate", "review", "export", "setup")
CHAPTERS = {"home": "home", "search": "search", "annotate": "auto-annotate", "review": "review", "export": "export",
            "setup": "set-up-and-health"}  # of the help; tests/unit/deploy/test_help.py looks them up there
# What each screen shows once it has its answers.
LOADED = {"home": ".sample img", "search": ":is(.hit, .start .friendly):visible", "annotate": "#estimate",
          "review": ".band", "export": ".exports, #e-made ~ p", "setup": "#s-doctor ~ * li"}


@pytest.fixture(scope="module")
def project(stack: Any) -> Iterator[int]:
    """One project for all: eight images, all embedded, three predicted, two of those annotated."""
    settings = get_settings()
    ls = LabelStudio(settings.label_studio_url, settings.access_token)
    made = connect(ls, None, title="Screens", labels=["cpu", "fan"]).project_id
    assert made is not None
    files = [(f"{n}.jpg", (f"{n}.jpg", scene(n), "image/jpeg")) for n in range(COUNT)]
    ls.request("POST", f"/api/projects/{made}/import", files=files, timeout=120)
    wait_for(lambda: sync_progress(made).embedded == COUNT, 120)
    tasks = sorted(task["id"] for task in ls.tasks(made))[:3]
    run = create_run(made, ["cpu"], tasks)
    wait_for(lambda: run_progress(run).state == "done", 180)
    for task in tasks[:2]:
        (prediction,) = ls.get(f"/api/tasks/{task}/")["predictions"]
        ls.post(f"/api/tasks/{task}/annotations/", {"result": prediction["result"]})
    yield made
    ls.delete(f"/api/projects/{made}/")


def held(page: Page) -> dict[str, str]:
    """Return what the address of a page holds."""
    return dict(parse_qsl(page.evaluate("location.search.slice(1)")))


def address(url: str) -> str:
    """Return what `open_page` takes for the address of a page."""
    return url.removeprefix(get_settings().search_service_url + "/")


def found(page: Page) -> None:
    expect(page.locator(".hit")).to_have_count(COUNT, timeout=20_000)


def serious(page: Page) -> list[str]:
    report = Axe().run(page).response
    return [f"{v['id']}: {v['help']} {[node['target'] for node in v['nodes']][:3]}" for v in report["violations"]
            if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("language", "theme"), [("en-GB", "light"), ("ja-JP", "dark")])
def test_every_screen__axe_finds_nothing_serious(open_page: Callable[..., Page], project: int, language: str,
                                                 theme: str) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu", locale=language, color_scheme=theme, bypass_csp=True)
    found(page)
    seen = {}
    for screen in SCREENS:
        page.click(f"#nav-{screen}")
        expect(page.locator(f".screen.{screen} h1")).to_have_count(1)
        expect(page.locator(LOADED[screen]).first).to_be_visible(timeout=60_000)
        expect(page.locator("#help")).to_have_attribute("href", f"/help/page.html#{CHAPTERS[screen]}")
        seen[screen] = serious(page)
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search&q=cpu")
    found(page)
    page.click("#filter-toggle")
    seen["filters"] = serious(page)
    page.locator(".hit .open").first.click()
    expect(page.locator("#hit-preview .objects, #hit-preview section, #hit-preview p")).not_to_have_count(0)
    seen["preview"] = serious(page)
    assert {screen: problems for screen, problems in seen.items() if problems} == {}


def test_words__both_languages_have_every_message_and_the_page_uses_no_other(open_page: Callable[..., Page],
                                                                            project: int) -> None:
    page = open_page(f"?project={project}&screen=search")
    words = page.evaluate("""async () => {
        const { WORDS } = await import('/web/js/i18n.js');
        return Object.fromEntries(Object.entries(WORDS).map(([room, all]) =>
            [room, Object.fromEntries(Object.entries(all).map(([language, told]) => [language, Object.keys(told)]))]));
    }""")
    known = set()
    for room, languages in words.items():
        if room != "problems":  # English has the server's own sentences
            assert set(languages["en"]) == set(languages["ja"]), room
        known |= {f"{room}.{key}" for key in languages["ja"]}
    from argus.errors import CATALOGUE

    assert set(words["problems"]["ja"]) == set(CATALOGUE)
    web = Path(__file__).parents[2] / "search_service" / "web" / "js"
    used = {key for file in web.rglob("*.js") for key in re.findall(r"\bt\(\s*\"([a-z]+\.[\w.]+)\"", file.read_text())}
    assert len(used) > 100
    assert used - known == set()
    from search_service.api.rights import ACTIONS

    assert {f"setup.act_{action.name}" for action in ACTIONS.values() if action.name} - known == set()


def test_language__is_the_browsers_until_the_person_chooses(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search", locale="ja-JP")
    expect(page.locator("#nav-review")).to_have_text("レビュー")
    assert page.get_attribute("html", "lang") == "ja"
    page.select_option("#language", "en")
    expect(page.locator("#nav-review")).to_have_text("Review")
    page.reload()
    expect(page.locator("#nav-review")).to_have_text("Review")


def test_addresses__every_state_comes_back(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu")
    found(page)
    page.fill("#query", "fan")
    page.press("#query", "Enter")
    expect(page).to_have_url(re.compile("q=fan"))
    found(page)
    task = page.locator(".hit").first.get_attribute("data-task")
    page.locator(".hit .open").first.click()
    expect(page.locator("#hit-preview")).to_be_visible()
    assert f"task={task}" in page.url
    kept = page.url
    page.go_back()
    expect(page.locator("#hit-preview")).to_be_hidden()
    page.click("#nav-export")
    expect(page.locator("#export")).to_be_visible()
    page.go_back()
    expect(page.locator("#query")).to_have_value("fan")
    page.go_back()
    expect(page.locator("#query")).to_have_value("cpu")
    found(page)

    again = open_page(address(kept))
    expect(again.locator("#hit-preview h2")).to_have_text(f"Task {task}", timeout=20_000)


def test_addresses__of_a_search_holds_which_hits_are_shown(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu&show=none-such")
    found(page)
    expect(page.locator("#shown")).to_have_value("unlikely")
    likely = page.locator(".hit:has(.relevance.likely)").count()
    page.select_option("#shown", "likely")
    expect(page).to_have_url(re.compile("show=likely"))
    expect(page.locator(".hit:visible")).to_have_count(likely)
    again = open_page(address(page.url))
    found(again)
    expect(again.locator("#shown")).to_have_value("likely")
    expect(again.locator(".hit:visible")).to_have_count(likely)
    again.select_option("#shown", "unlikely")
    expect(again).not_to_have_url(re.compile("show="))
    expect(again.locator(".hit:visible")).to_have_count(COUNT)


def test_addresses__of_auto_annotate_hold_what_was_chosen_and_typed(
        open_page: Callable[..., Page], project: int, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: recipes.change_recipe(project, [{"label": "fan"}]))
    recipes.change_recipe(project, [{"label": "fan", "threshold": 0.425}])  # between two steps of the page's slider
    others = [hit.task for hit in search(project, "fan", 2, record=False).hits]
    make(project, "One", None, others[:1], 1)
    view = str(make(project, "Two", None, others, 2).views[0])  # not the first one of the project
    page = open_page(f"?project={project}&screen=annotate&from=all")
    expect(page.locator("#estimate")).to_contain_text(f"{COUNT} images", timeout=20_000)
    page.fill("#source-query", "red fan")
    page.fill("#source-limit", "5")
    page.check(".labels [value=fan]")
    prompts, threshold = "What SAM 3 looks for, for the label {}", "Lowest score shown, for the label {}"
    page.get_by_label(prompts.format("fan")).fill("fan, blower")
    page.get_by_label(threshold.format("cpu")).fill("0.6")
    wait_for(lambda: json.loads(held(page).get("recipe", "{}")) == {
        "cpu": {"threshold": 0.6}, "fan": {"prompts": "fan, blower"}}, 10)
    assert [held(page)[name] for name in ("from", "q", "hits", "labels")] == ["search", "red fan", "5", "cpu|fan"]

    again = open_page(address(page.url))
    expect(again.locator("[name=source][value=search]")).to_be_checked(timeout=20_000)
    expect(again.locator("#source-query")).to_have_value("red fan")
    expect(again.locator("#estimate")).to_contain_text("cpu, fan: 5 images", timeout=20_000)
    expect(again.get_by_label(prompts.format("fan"))).to_have_value("fan, blower")
    expect(again.get_by_label(threshold.format("cpu"))).to_have_value("0.6")
    again.select_option("#source-view", view)
    again.uncheck(".labels [value=cpu]")
    again.uncheck(".labels [value=fan]")
    wait_for(lambda: [held(again).get(name) for name in ("from", "view", "labels", "q", "hits")] == [
        "view", view, "|", None, None], 10)
    again.reload()
    expect(again.locator("#source-view")).to_have_value(view)
    expect(again.locator("#estimate")).to_have_text("Choose a label first.")

    wrong = open_page(f"?project={project}&screen=annotate&from=view&view=999999&labels=cpu|%25&recipe={{oops")
    expect(wrong.locator("#estimate")).to_have_text("Choose a label first.", timeout=20_000)
    wrong.check(".labels [value=cpu]")
    expect(wrong.locator("#estimate")).to_contain_text("Choose images first")  # and not another view's


def test_addresses__of_an_export_hold_its_shares(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=export&splits=two&shares=1,2,3")
    expect(page.locator(".shares input")).to_have_count(2)
    assert [share.input_value() for share in page.locator(".shares input").all()] == ["80", "20"]
    page.check("[name=format][value=yolo]")
    page.check("[name=masks]")
    page.check("[name=splits][value=three]")
    for name, share in {"train": "50", "val": "30", "test": "20"}.items():
        page.fill(f"[name=share-{name}]", share)
    page.uncheck("[name=images]")
    expect(page).to_have_url(re.compile("shares=50%2C30%2C20.*images=no"))
    again = open_page(address(page.url))
    expect(again.locator("[name=share-test]")).to_have_value("20")
    assert [share.input_value() for share in again.locator(".shares input").all()] == ["50", "30", "20"]
    expect(again.locator("[name=masks]")).to_be_checked()
    expect(again.locator("[name=images]")).not_to_be_checked()
    again.check("[name=splits][value=two]")
    expect(again).not_to_have_url(re.compile("shares="))


def test_keyboard__search_move_choose_look_and_go_on(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search")
    expect(page.locator("#query")).to_be_visible()
    page.locator("#nav-search").focus()
    page.keyboard.press("/")
    page.keyboard.type("cp")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    found(page)
    first, second = (page.locator(".hit").nth(n).get_attribute("data-task") for n in (0, 1))
    page.locator(".hit .open").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_have_text("2 selected")
    page.keyboard.press("Enter")
    expect(page.locator("#hit-preview h2")).to_have_text(f"Task {second}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#hit-preview h2")).to_have_text(f"Task {first}")
    page.keyboard.press("Escape")
    expect(page.locator("#hit-preview")).to_be_hidden()
    expect(page.locator(f".hit[data-task='{first}'] .open")).to_be_focused()  # once the dialog's closing is told


def test_choosing__by_shift_by_drag_and_all_likely(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu")
    found(page)
    picks = page.locator(".pick")
    picks.nth(1).click()
    picks.nth(4).click(modifiers=["Shift"])
    expect(page.locator(".pick:checked")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator(".pick:checked")).to_have_count(0)

    start, end = page.locator(".hit").nth(0).bounding_box(), page.locator(".hit").nth(2).bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 40, start["y"] + 60)
    page.mouse.down()
    page.mouse.move(end["x"], end["y"] + 70, steps=6)
    expect(page.locator(".band-select")).to_be_visible()
    page.mouse.move(end["x"] + 20, end["y"] + 80)
    page.mouse.up()
    expect(page.locator(".pick:checked")).to_have_count(3)
    expect(page.locator("#hit-preview")).to_be_hidden()

    page.click("#likely")
    likely = page.locator(".hit:has(.relevance.likely)").count()
    assert 0 < likely <= COUNT
    expect(page.locator(".pick:checked")).to_have_count(likely)


def test_preview__draws_what_was_predicted(open_page: Callable[..., Page], project: int) -> None:
    with database() as connection:
        row = connection.execute("SELECT task_id, regions FROM prediction WHERE project_id = %s AND regions > 0 "
                                 "ORDER BY regions DESC LIMIT 1", (project,)).fetchone()
    assert row is not None
    page = open_page(f"?project={project}&screen=search&q=cpu&task={row['task_id']}")
    expect(page.locator(".regions .line")).to_have_count(row["regions"], timeout=20_000)
    expect(page.locator(".region-tag").first).to_contain_text("cpu")
    page.locator("#preview-threshold").fill("1")
    expect(page.locator(".regions .line")).to_have_count(0)
    link = page.locator("#hit-preview a").get_attribute("href") or ""
    assert link.startswith(get_settings().public_label_studio_url)
    assert link.endswith(f"/data?task={row['task_id']}")


def test_search__by_a_dropped_image_a_pasted_one_and_by_what_it_is_not_like(
        open_page: Callable[..., Page], project: int, label_studio: LabelStudio) -> None:
    page = open_page(f"?project={project}&screen=search")
    page.wait_for_selector("#query")
    page.evaluate("""data => {
        const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'part.jpg', { type: 'image/jpeg' }));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    }""", base64.b64encode(scene(3)).decode())
    found(page)
    expect(page.locator(".chip")).to_contain_text("part.jpg")
    best = int(page.locator(".hit").first.get_attribute("data-task") or 0)
    assert label_studio.get(f"/api/tasks/{best}/")["data"]["image"].endswith("3.jpg")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    png = io.BytesIO()
    Image.open(io.BytesIO(scene(5))).save(png, "PNG")
    page.evaluate("""async data => {
        const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
        const image = new Blob([bytes], { type: 'image/png' });
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
    }""", base64.b64encode(png.getvalue()).decode())
    page.locator("#query").press("Control+V")
    expect(page.locator(".chip")).to_contain_text("image.png")
    expect(page.locator(".chip")).to_have_count(1)
    wait_for(lambda: page.locator(".hit").count() == COUNT and label_studio.get(
        f"/api/tasks/{page.locator('.hit').first.get_attribute('data-task')}/")["data"]["image"].endswith("5.jpg"), 20)
    best = int(page.locator(".hit").first.get_attribute("data-task") or 0)

    page.locator(".hit").first.hover()
    page.locator(".hit .similar").first.click()
    expect(page).to_have_url(re.compile(f"like={best}"))
    expect(page.locator(".hit")).to_have_count(COUNT - 1, timeout=20_000)  # the example itself is not among them
    other = page.locator(".hit").first.get_attribute("data-task")
    page.locator(".hit").first.hover()
    page.locator(".hit .notSimilar").first.click()
    expect(page).to_have_url(re.compile(f"unlike={other}"))
    expect(page.locator(".chip")).to_have_count(2)
    page.locator(".chip button").first.click()
    page.locator(".chip button").first.click()
    expect(page.locator(".chip")).to_have_count(0)


def predicted(project: int) -> int:
    return search(project, "cpu", filters=Filters(predicted=True), record=False).total


def test_search__filters_saved_searches_and_judgements(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu")
    found(page)
    page.click("#filter-toggle")
    page.select_option("#filter-predicted", "yes")
    expect(page).to_have_url(re.compile("predicted=yes"))
    # Label Studio asks for a prediction whenever somebody opens a task, so how many there are may grow meanwhile.
    assert 0 < predicted(project) < COUNT
    wait_for(lambda: 0 < page.locator(".hit").count() <= predicted(project), 20)
    page.click("#save")
    page.fill("#saved-name", "Predicted CPUs")
    page.click("dialog button[value=yes]")
    expect(page.locator("#message")).to_contain_text("Predicted CPUs")
    page.locator(".hit").first.hover()
    thumb = page.locator(".hit .good").first
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    page.route("**/saved-searches", lambda route: None)  # held: they come when somebody looks already
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
    page.click("#query")
    expect(page.locator("#suggestions [role=option]").first).to_be_visible()
    page.unroute("**/saved-searches")  # which lets go what is held
    page.get_by_role("option", name="Predicted CPUs").click()
    expect(page.locator(".hit").first).to_be_visible()
    assert 0 < predicted(project) < COUNT
    assert page.locator(".hit").count() <= predicted(project)
    expect(page.locator(".hit .good").first).to_have_attribute("aria-pressed", "true", timeout=10_000)
    page.locator(".hit .good").first.click()
    expect(page.locator(".hit .good").first).to_have_attribute("aria-pressed", "false")


@contextmanager
def another(stack: Any, port: int, **settings: str) -> Iterator[str]:
    """A second search service in front of the same project, with other settings (`ARGUS_…`)."""
    url = f"http://127.0.0.1:{port}"
    env = {**stack.env, **settings, "ARGUS_SEARCH_SERVICE_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "search_service"], env=env, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(f"{url}/health"), 60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def test_token__is_asked_for_and_asked_again_when_it_has_expired(browser: Browser, stack: Any, project: int) -> None:
    page, port = browser.new_page(locale="en-GB"), free_port()
    with another(stack, port, ARGUS_API_TOKEN="first") as url:
        page.goto(f"{url}/?project={project}&screen=search&q=cpu")
        page.fill("#token", "wrong")
        page.press("#token", "Enter")
        expect(page.locator("dialog label")).to_contain_text("That token was refused")
        page.fill("#token", "first")
        page.press("#token", "Enter")
        found(page)
        wait_for(lambda: page.evaluate("[...document.querySelectorAll('.hit img')].every(i => i.naturalWidth)"), 20)
    with another(stack, port, ARGUS_API_TOKEN="second"):  # the page looks every few seconds how far the embedding is
        page.fill("#token", "second")
        page.press("#token", "Enter")
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.fill("#query", "fan")
        page.press("#query", "Enter")
        expect(page).to_have_url(re.compile("q=fan"))
        found(page)
    page.close()


def test_label_studio__is_linked_where_a_browser_reaches_it(browser: Browser, stack: Any, project: int) -> None:
    public, page = "https://label.example.org/studio", browser.new_page(locale="en-GB")
    with another(stack, free_port(), ARGUS_LABEL_STUDIO_PUBLIC_URL=f"{public}/") as url:
        page.goto(f"{url}/?project={project}&screen=search&q=cpu")
        found(page)
        expect(page.locator("#label-studio")).to_have_attribute("href", f"{public}/projects/{project}/data")
        page.locator(".hit .open").first.click()
        expect(page.locator("#hit-preview a")).to_have_attribute(
            "href", re.compile(rf"^{re.escape(public)}/projects/{project}/data\?task="), timeout=20_000)
        task = int(page.locator(".hit").first.get_attribute("data-task") or 0)
        made = requests.post(f"{url}/api/v1/projects/{project}/views", timeout=60,
                             json={"title": "Elsewhere", "task_ids": [task]})
        assert made.json()["url"].startswith(f"{public}/projects/{project}/data?tab="), made.text
        requests.put(f"{url}/api/v1/projects/{project}/review/bands", json={}, timeout=60).raise_for_status()
        page.goto(f"{url}/?project={project}&screen=review&band=low")
        expect(page.locator(".band-head a")).to_have_attribute(
            "href", re.compile(rf"^{re.escape(public)}/projects/{project}/data\?tab="), timeout=20_000)
        for screen in SCREENS:  # and nothing leads to the address that only the services know
            page.goto(f"{url}/?project={project}&screen={screen}")
            expect(page.locator(f".screen.{screen} h1")).to_have_count(1, timeout=20_000)
            expect(page.locator(LOADED[screen]).first).to_be_visible(timeout=60_000)
            page.wait_for_load_state("networkidle")
            links = page.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.href)")
            assert [link for link in links if link.startswith(get_settings().label_studio_url)] == [], screen
    page.close()


def test_search__nothing_found_is_a_friendly_answer(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=search&q=cpu&video=none.mp4")
    expect(page.locator(".friendly")).to_contain_text("No image passes these filters", timeout=20_000)
    expect(page.locator("#message")).to_be_hidden()


def test_export__counts_then_a_file(open_page: Callable[..., Page], project: int) -> None:
    page = open_page(f"?project={project}&screen=export")
    expect(page.locator(".big")).to_contain_text("2 images", timeout=30_000)
    page.check("input[name=format][value=yolo]")
    page.check("input[name=splits][value=two]")
    for name in ("train", "val"):  # of two images four to one, one split would be empty, and is refused
        page.fill(f"input[name=share-{name}]", "50")
        page.press(f"input[name=share-{name}]", "Tab")
    expect(page).to_have_url(re.compile("shares=50"))
    expect(page.locator(".splits li")).to_have_count(2, timeout=30_000)
    assert "format=yolo" in page.url and "splits=two" in page.url
    page.click("#export-go")
    with page.expect_download(timeout=60_000) as download:
        page.locator(".exports .done button.primary").first.click(timeout=60_000)
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len([name for name in archive.namelist() if name.startswith("images/")]) == 2
        assert {"leaks/report.json", "leaks/01.jpg"} <= set(archive.namelist())
        assert "data.yaml" in archive.namelist()


def test_export__reviewed_predicted_or_both_hold_what_the_preview_counts(open_page: Callable[..., Page],
                                                                         project: int) -> None:
    page = open_page(f"?project={project}&screen=export&images=no")
    images = {}
    for source in ("predictions", "annotations", "both"):
        page.check(f"input[name=source][value={source}]")
        expect(page).to_have_url(re.compile(f"source={source}"))
        expect(page.locator(".big")).to_be_visible()
        counted = [int(number) for number in re.findall(r"\d+", page.inner_text(".big"))]
        page.click("#export-go")
        name = page.inner_text("#export-source :checked ~ span strong")
        done = page.locator(".exports li.done").filter(has_text=f"COCO · {name}")
        with page.expect_download(timeout=60_000) as download:
            done.first.get_by_role("button", name="Download").click(timeout=60_000)
        with zipfile.ZipFile(download.value.path()) as archive:
            made = json.loads(archive.read("annotations.json"))
        assert [len(made["images"]), len(made["annotations"])] == counted
        images[source] = len(made["images"])
    assert images["annotations"] == 2 and images["predictions"] == images["both"] >= 3  # a task that is opened gets one
    assert {("annotation_id" in image, "model_version" in image) for image in made["images"]} == {
        (True, False), (False, True)}


def test_export__versions_are_compared_and_deleted_after_a_warning(open_page: Callable[..., Page],
                                                                      project: int) -> None:
    page = open_page(f"?project={project}&screen=export&images=no")
    versions = page.locator(".versions > li")
    for source in ("annotations", "both"):
        page.check(f"input[name=source][value={source}]")
        expect(page.locator("#export-source :checked")).to_have_value(source)
        expect(page.locator(".big")).to_be_visible()
        page.fill("#export-note", f"From {source}.")
        page.click("#export-go")
        expect(versions.first.locator(".version-note")).to_have_text(f"From {source}.", timeout=60_000)
    newest = int(versions.first.get_attribute("data-version") or 0)
    versions.first.locator("select").select_option(str(newest - 1))
    added = page.locator(".changes li.added")
    expect(added.first.locator(".outline.now").first).to_be_visible(timeout=20_000)
    expect(page.locator(".differences h3")).to_have_text(f"From version {newest - 1} to {newest}")
    versions.first.get_by_role("button", name="Delete").click()
    expect(page.locator("dialog.ask")).to_contain_text("Nobody can download it")
    page.locator("dialog.ask").get_by_role("button", name="Cancel").click()
    expect(page.locator(f"[data-version='{newest}']")).to_be_visible()
    versions.first.get_by_role("button", name="Delete").click()
    page.locator("dialog.ask").get_by_role("button", name="OK").click()
    expect(page.locator(f"[data-version='{newest}']")).to_have_count(0)
    assert service.listing(project).versions[0].version == newest - 1


def test_export__imported_labels_are_listed_and_taken_back(open_page: Callable[..., Page], project: int,
                                                           tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(json.dumps({
        "images": [{"id": 0, "file_name": "7.jpg", "width": 320, "height": 180}],
        "categories": [{"id": 1, "name": "fan"}],
        "annotations": [{"image_id": 0, "category_id": 1, "bbox": [8, 8, 16, 12], "score": .5}]}))
    how: Any = {"taken": "predictions", "model_version": "yolo"}
    assert import_labels(project, tmp_path / "labels.json", **how).tasks == 1
    page = open_page(f"?project={project}&screen=export", locale="ja-JP", bypass_csp=True)
    entry = page.locator("[data-import]")
    expect(entry).to_contain_text("yolo の予測として · 画像 1 枚、物体 1 個 · 完了")
    assert serious(page) == []
    entry.get_by_role("button").press("Enter")
    page.locator("dialog.ask button.danger").press("Enter")
    expect(entry).to_contain_text("取り消し済み")
    expect(entry.get_by_role("button")).to_have_count(0)
    expect(page.locator("[aria-labelledby=e-label-imports]")).to_contain_text("画像 1 枚で取り消しました。")
    again = import_labels(project, tmp_path / "labels.json", **how)
    assert again.id and again.tasks == undo(again.id).undone == 1  # it was gone: the same came in again


def test_evaluate__figures_then_what_was_wrong_as_pictures_and_as_a_view(open_page: Callable[..., Page], project: int,
                                                                         label_studio: LabelStudio) -> None:
    first, second = sorted(task["id"] for task in label_studio.tasks(project) if task["total_annotations"])
    wrong = {"id": "w", "from_name": "label", "to_name": "image", "type": "rectanglelabels", "score": 0.9,
             "original_width": 640, "original_height": 480,
             "value": {"x": 1, "y": 1, "width": 4, "height": 4, "rotation": 0, "rectanglelabels": ["fan"]}}
    made = [label_studio.post("/api/predictions/", {"task": task, "model_version": "worse", "result": result})["id"]
            for task, result in ((first, [wrong]), (second, []))]
    try:
        page = open_page(f"?project={project}&screen=export", bypass_csp=True)
        panel = page.locator("section[aria-labelledby=e-evaluate]")
        panel.get_by_label("Images").select_option("all")
        page.click("#evaluate-go")
        figures = panel.get_by_role("table", name="Figures")
        expect(figures.locator("tbody tr").first).to_contain_text("1.000", timeout=30_000)  # accepted as they were
        expect(panel).to_contain_text("accepted as they were")
        panel.get_by_label("Model version").select_option("worse")
        page.click("#evaluate-go")
        expect(figures.locator("tbody tr").first).to_contain_text("0.000", timeout=30_000)
        expect(panel.get_by_role("table", name="Confusions")).to_contain_text("missed")
        errors = panel.locator("[data-kind=false_positives]")
        errors.locator("summary").click()
        expect(errors.locator("li")).to_contain_text(f"0.90 fan task {first}", ignore_case=True)
        wait_for(lambda: errors.locator("img").evaluate("image => image.naturalWidth") > 0, 20)
        assert serious(page) == []
        with page.expect_popup() as opened:
            errors.get_by_role("button", name="Open 1 image as view").click()
        opened.value.wait_for_url(lambda url: "/projects/" in url or "login" in url, timeout=60_000)
        (view,) = [one["data"] for one in label_studio.views(project) if "False positives" in one["data"]["title"]]
        assert [item["value"] for item in view["filters"]["items"]] == [first]
        page.reload()  # the last one is kept
        expect(figures.locator("tbody tr").first).to_contain_text("0.000", timeout=30_000)
        expect(panel).to_contain_text("worse, evaluated")
        panel.get_by_label("Images").select_option("test")
        page.click("#evaluate-go")
        expect(page.locator("#message")).to_contain_text("has no split test", timeout=30_000)
        page.complaints.clear()  # type: ignore[attr-defined]  # the browser's own, of the answer 404
    finally:
        for prediction in made:
            label_studio.delete(f"/api/predictions/{prediction}/")


def test_export__is_cancelled_before_it_is_made(open_page: Callable[..., Page], project: int, stack: Any) -> None:
    with resting(stack, "export-worker"):  # nobody makes it meanwhile
        page = open_page(f"?project={project}&screen=export")
        expect(page.locator(".exports, #e-made ~ p")).to_be_visible(timeout=20_000)
        before = page.locator(".exports > li").count()
        page.click("#export-go")
        waiting = page.locator(".exports li.queued")
        expect(waiting.locator("progress")).to_be_visible(timeout=20_000)
        expect(page.locator(".exports > li")).to_have_count(before + 1)
        waiting.get_by_role("button", name="Cancel").click()
        expect(waiting).to_have_count(0)
        expect(page.locator(".exports > li")).to_have_count(before)
        assert [one for one in jobs.listing(project) if one.state == "queued"] == []


def test_setup__shows_what_runs_and_connects_a_project(open_page: Callable[..., Page], project: int,
                                                       label_studio: LabelStudio) -> None:
    page = open_page(f"?project={project}&screen=setup")
    expect(page.locator(".checks .ok").first).to_be_visible(timeout=30_000)
    expect(page.locator("section[aria-labelledby=s-doctor] .checks li").first).to_be_visible(timeout=60_000)
    page.select_option("#connect-project", "new")
    page.fill("#connect-title", "Made on the page")
    page.fill("#connect-labels", "cpu, fan")
    expect(page.locator("#connect-go")).to_be_disabled()
    page.click("#connect-look")
    expect(page.locator("#connect-go")).to_be_enabled(timeout=30_000)
    assert not [p for p in label_studio.projects() if p["title"] == "Made on the page"]
    page.click("#connect-go")
    expect(page.locator("#message")).to_contain_text("Made on the page", timeout=30_000)
    (made,) = [p for p in label_studio.projects() if p["title"] == "Made on the page"]
    expect(page.locator(f"#project option[value='{made['id']}']")).to_have_count(1)
    assert "BrushLabels" not in label_studio.project(made["id"])["label_config"]
    page.select_option("#connect-project", str(made["id"]))  # and masks later
    page.check("#connect-masks")
    page.click("#connect-look")
    expect(page.locator("section[aria-labelledby=s-connect]")).to_contain_text("masks for cpu, fan", timeout=30_000)
    with page.expect_response("**/label-studio/connect", timeout=30_000) as answer:
        page.click("#connect-go")
    assert answer.value.ok
    assert "BrushLabels" in label_studio.project(made["id"])["label_config"]
    page.close()
    label_studio.delete(f"/api/projects/{made['id']}/")


@pytest.mark.parametrize("screen", SCREENS)
def test_phone__nothing_is_wider_than_the_screen(open_page: Callable[..., Page], project: int, screen: str) -> None:
    page = open_page(f"?project={project}&screen={screen}&q=cpu", viewport={"width": 360, "height": 740})
    expect(page.locator(f".screen.{screen} h1")).to_have_count(1, timeout=20_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
