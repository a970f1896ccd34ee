"""Who one is on the page, and who changed what: as people of a real Label Studio, with and without an account asked
for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from argus import audit
from argus.labelstudio import LabelStudio
from argus.labelstudio.users import identify
from argus.settings import get_settings
from argus_cli.stack.ports import free_port
from tests.browser.test_page_screens import another
from tests.people import sign_up
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def hedy(stack: Any) -> LabelStudio:
    from argus.labelstudio import get_label_studio

    return sign_up(get_label_studio(), "hedy@people.example")


@pytest.fixture(scope="module")
def project(stack: Any) -> Iterator[int]:
    """A project of two embedded images, made by the service's account."""
    from argus.labelstudio import get_label_studio
    from label_studio_config.connect import connect
    from search_service.sync.progress import sync_progress

    ls = get_label_studio()
    number = connect(ls, None, title="People", labels=["cpu"]).project_id
    assert number is not None
    ls.request("POST", f"/api/projects/{number}/import", timeout=60,
               files=[(f"{n}.jpg", (f"{n}.jpg", scene(f"people {n}"), "image/jpeg")) for n in range(2)])
    wait_for(lambda: sync_progress(number).embedded == 2, 120)
    yield number
    ls.delete(f"/api/projects/{number}/")


def sign_in(page: Page, token: str) -> None:
    page.fill("#person-token", token)
    page.press("#person-token", "Enter")


def pictures_loaded(page: Page) -> bool:
    return bool(page.evaluate("[...document.querySelectorAll('.hit img')].length > 0 && "
                              "[...document.querySelectorAll('.hit img')].every(i => i.naturalWidth)"))


def test_where_an_account_is_asked_for_the_whole_page_is_ones_own(browser: Browser, stack: Any, project: int,
                                                                  hedy: LabelStudio) -> None:
    page, port = browser.new_page(locale="en-GB"), free_port()
    with another(stack, port, ARGUS_API_TOKEN="shared", ARGUS_REQUIRE_PERSON="true") as url:
        page.goto(f"{url}/?project={project}&screen=search&q=cpu")
        sign_in(page, "made up")
        expect(page.locator("dialog .bad")).to_contain_text("does not know this personal access token")
        sign_in(page, hedy._token)
        expect(page.locator("#person")).to_have_text("hedy@people.example")
        expect(page.locator(".hit")).to_have_count(2)
        wait_for(lambda: pictures_loaded(page), 30)
        page.click("#nav-setup")
        expect(page.locator("section[aria-labelledby=s-audit]")).to_contain_text("Only people who manage the project")
        page.get_by_role("button", name="Disconnect").first.click()
        page.click("dialog button.danger")
        expect(page.locator("#message")).to_contain_text("This is for those who manage project")
        page.click("#person")
        expect(page.locator("dialog strong")).to_have_text("Signed in as hedy@people.example")
        page.click("#sign-out")
        expect(page.locator("#person-token")).to_be_visible()
        sign_in(page, get_settings().access_token)
        expect(page.locator("section[aria-labelledby=s-audit] .audit li").first).to_contain_text(
            "Project disconnected", timeout=30_000)
        expect(page.locator(".audit li").first).to_contain_text("hedy@people.example")
        expect(page.locator(".audit li").first.locator(".bad")).to_have_count(1)
    page.close()


@pytest.mark.parametrize(("language", "shown"), [
    ("en-GB", ("Run started", "Shared token", "Refused: forbidden")),
    ("ja-JP", ("実行を開始", "共有トークン", "この操作は許可されていません"))])
@pytest.mark.parametrize("width", [1300, 360])
def test_who_changed_what_is_shown_newest_first_page_by_page(open_page: Callable[..., Page], project: int,
                                                             hedy: LabelStudio, language: str, shown: tuple[str, ...],
                                                             width: int) -> None:
    her = identify(hedy)
    for number in range(45):
        audit.write(audit.Entry("run.start", project, f"run {number}"),
                    audit.Actor(her.email, her.id, "192.0.2.7") if number % 2 else audit.Actor("service"))
    audit.write(audit.Entry("export.start", project, "", "forbidden"), audit.Actor(her.email, her.id))
    page = open_page(f"?project={project}&screen=setup", locale=language, viewport={"width": width, "height": 800})
    lines = page.locator(".audit li")
    expect(lines).to_have_count(20, timeout=30_000)
    expect(lines.first).to_contain_text(shown[2])
    expect(lines.nth(1)).to_contain_text("run 44")
    for text in shown[:2]:
        expect(lines.nth(1)).to_contain_text(text)
    page.click("#audit-older")
    expect(lines.first).to_contain_text("run 25")
    page.click("#audit-older")
    expect(lines.first).to_contain_text("run 5")
    page.click("#audit-newer")
    expect(lines.first).to_contain_text("run 25")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
