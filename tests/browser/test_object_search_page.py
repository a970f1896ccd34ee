"""The search screen finds objects: crops as cards, the large picture with the object outlined, and what is like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from argus.settings import get_settings
from ml_backend.runs.runs import create_run, run_progress
from search_service.embedding import object_store
from search_service.sync.progress import sync_progress
from search_service.sync.tasks import sync_project
from tests.browser.profiles import Profiles
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def page(profiles: Profiles, stack: Any) -> Iterator[Page]:
    page = profiles.open()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    yield page
    profiles.close(page.context)


def test_objects_are_found_looked_at_and_asked_for_more(page: Page, make_project: Callable[..., int],
                                                        label_studio: Any) -> None:
    project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(6)])
    sync_project(project)
    wait_for(lambda: sync_progress(project).embedded == 6, 120, 1)
    address = f"{get_settings().search_service_url}/?project={project}&screen=search"
    page.goto(f"{address}&q=cpu&of=objects")
    expect(page.locator(".start .friendly")).to_contain_text("there are no objects to search", timeout=20_000)
    run = create_run(project, ["cpu", "fan"], [task["id"] for task in label_studio.tasks(project)])
    wait_for(lambda: run_progress(run).state == "done", 240, 1)
    wait_for(lambda: object_store.progress(project).waiting == 0, 120, 1)
    count = object_store.progress(project).embedded
    page.goto(f"{address}&q=cpu")
    expect(page.locator(".hit")).to_have_count(6, timeout=20_000)
    page.get_by_role("button", name="Objects", exact=True).click()
    expect(page.locator(".object-hit")).to_have_count(count, timeout=20_000)
    expect(page.locator("#grid")).to_be_hidden()
    expect(page.locator("#object-summary")).to_contain_text(f"{count} objects, best first")
    assert "of=objects" in page.url
    first = page.locator(".object-hit").first
    number = first.get_attribute("data-object")
    wait_for(lambda: page.evaluate("document.querySelector('.object-hit img').naturalWidth > 0"), 60)
    first.locator(".face").click()
    look = page.locator("dialog.look")
    expect(look.locator("svg path.line")).to_have_count(1)
    box = look.locator("svg path.line").get_attribute("d")
    assert box and re.fullmatch(r"M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+Z", box)
    look.get_by_role("button", name="More objects like this").click()
    expect(page.locator(".chip")).to_contain_text(f"like object {number}", timeout=20_000)
    expect(page.locator(".object-hit")).to_have_count(count - 1, timeout=20_000)
    expect(page.locator(f".object-hit[data-object='{number}']")).to_have_count(0)
    page.reload()
    expect(page.locator(".object-hit")).to_have_count(count - 1, timeout=20_000)
    page.get_by_role("button", name="Images", exact=True).click()
    expect(page.locator(".hit")).to_have_count(6, timeout=20_000)
    page.goto(f"{address}&q=cpu&of=objects&lang=ja")
    expect(page.locator("#object-summary")).to_contain_text("個の物体を類似度順に表示", timeout=20_000)
    assert page.complaints == []  # type: ignore[attr-defined]
