"""Which model looks for the labels, chosen on the page; and the classes of a detector, given to labels."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ml_backend.runs.engine_choice import describe_engine
from search_service.sync import tasks as sync_tasks
from tests import tiny_detectors
from tests.pictures import plain

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PHONE = {"viewport": {"width": 375, "height": 780}}


@pytest.fixture
def folder(servers: Any) -> Iterator[Path]:
    """Where detectors are looked for; empty."""
    folder: Path = servers.settings.detectors_dir
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_a_detector_is_chosen_and_its_classes_are_given_to_labels(
        folder: Path, make_project: Callable[..., int], open_page: Callable[..., Page]) -> None:
    project = make_project(("cpu", "fan", "screw"), [("1.jpg", plain((30, 90, 30)))])
    sync_tasks.sync_project(project)
    address = f"?project={project}&screen=annotate&from=all"
    page = open_page(address)
    expect(page.locator("#estimate")).to_contain_text("1 image")
    expect(page.locator(".engine")).to_be_hidden()

    tiny_detectors.save(folder / "parts", "yolos", ["CPU", "blower", "label"])
    (folder / "broken").mkdir()
    page.reload()
    model = page.locator("#engine")
    expect(model).to_have_value("")
    expect(model.locator("option")).to_have_text(["SAM 3", "broken (cannot be used)", "parts"])
    model.select_option("parts")
    expect(page.locator(".engine-classes")).to_contain_text("because no class stands for them: fan, screw.")
    page.get_by_text("3 classes of the detector").click()
    expect(page.get_by_label("Label for the class CPU")).to_have_value("cpu")
    page.get_by_label("Label for the class blower").select_option("fan")
    expect(page.locator(".engine-classes")).to_contain_text("because no class stands for them: screw.")
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []
    page.locator("#engine-keep").press("Enter")
    rows = page.locator(".label-row")
    expect(rows.nth(1)).to_contain_text("blower")
    expect(rows.nth(2)).to_contain_text("no class")
    expect(rows.nth(2).locator("input[type=checkbox]")).to_be_disabled()
    expect(rows.locator("input[type=text]")).to_have_count(0)
    expect(page.locator("#estimate")).to_contain_text("cpu, fan: 1 image")
    now = describe_engine(project)
    assert (now.engine, now.detector, now.unused_classes) == ("detector", "parts", ["label"])
    assert [(one.label, one.classes, one.changed) for one in now.mapping] == [
        ("cpu", ["CPU"], False), ("fan", ["blower"], True), ("screw", [], False)]

    phone = open_page(address, **PHONE)
    expect(phone.locator("#engine")).to_have_value("parts")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.locator("#engine").select_option("")
    phone.locator("#engine-keep").click()
    expect(phone.locator(".label-row input[type=text]")).to_have_count(3)
    assert describe_engine(project).engine == "sam3"
