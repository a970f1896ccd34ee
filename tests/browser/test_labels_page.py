"""Labels from a file on somebody's disk to annotations, on the page alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from tests.label_files import coco, picture, results

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SHOTS = os.environ.get("ARGUS_SHOTS")


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page, for who asked for some."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def no_violations(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def narrow(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_labels_from_disk__checked_imported_and_taken_back(
        open_page: Callable[..., Page], stack: Any, make_project: Callable[..., int], label_studio: LabelStudio,
        tmp_path: Path) -> None:
    project = make_project(("cpu", "fan"), [(f"{name}.jpg", picture(n)) for n, name in enumerate("abc")])
    before = results(label_studio, project)
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "x.jpg"], ("cpu", "bolt"))
    body = json.loads((folder / "annotations.json").read_text())
    body["annotations"] += [{"image_id": 1, "category_id": 0, "bbox": [0, 0, 0, 0]},
                            {"image_id": 1, "category_id": 0, "bbox": [4, 4, 9, 9], "score": 0.7}]
    (labels := tmp_path / "line 3 <b>.json").write_text(json.dumps(body))
    page = open_page(f"?project={project}&screen=export", bypass_csp=True)
    panel = page.locator("[aria-labelledby=e-label-imports]")
    panel.locator("summary").press("Enter")
    panel.get_by_label("File with labels").set_input_files(labels)
    no_violations(page)
    shot(page, "labels-form")
    page.locator("#labels-check").press("Enter")
    job = panel.locator("[data-job]")
    expect(job).to_contain_text("2 objects to 2 images", timeout=30_000)
    expect(panel.get_by_label("Annotations")).to_be_checked()
    expect(job).to_contain_text("COCO: 3 images in the file · 2 found by name")
    expect(job.locator("summary")).to_have_text([
        "Not read: 1 entry", "Left out: 1 object of labels that the project lacks", "Left alone: 1 image"])
    job.locator("[data-told=problems] summary").press("Enter")
    expect(job.locator("[data-told=problems]")).to_contain_text("annotations[3]")
    expect(job.locator("[data-told=problems]")).to_contain_text("bbox has the size 0 × 0")
    job.locator("[data-told=left] summary").press("Enter")
    expect(job.locator("[data-told=left]")).to_contain_text("x.jpg")
    no_violations(page)
    shot(page, "labels-plan")
    narrow(page)
    no_violations(page)
    shot(page, "labels-plan-phone")
    assert results(label_studio, project) == before
    page.reload()  # the plan waits for whoever comes back
    job.get_by_role("button", name="Import: line 3 <b>.json").press("Enter")
    made = panel.locator("[data-import]")
    expect(made).to_contain_text("as annotations · 2 images, 2 objects · done", timeout=60_000)
    expect(job).to_have_count(0)
    expect(panel.locator("> [role=status]")).to_contain_text("is done: 2 objects on 2 images.")
    assert [len(one[1]) for one in results(label_studio, project)] == [1, 1, 0]
    made.get_by_role("button", name="Undo").press("Enter")
    page.locator("dialog.ask button.danger").press("Enter")
    expect(made).to_contain_text("undone")
    assert results(label_studio, project) == before


def test_predictions_in_japanese_on_a_phone__refused_then_checked_and_dropped(
        open_page: Callable[..., Page], stack: Any, make_project: Callable[..., int], tmp_path: Path) -> None:
    project = make_project(("cpu", "fan"), [("a.jpg", picture(0))])
    page = open_page(f"?project={project}&screen=export", locale="ja-JP", bypass_csp=True)
    narrow(page)
    panel = page.locator("[aria-labelledby=e-label-imports]")
    panel.locator("summary").press("Enter")
    panel.get_by_label("予測").check()
    panel.get_by_label("モデルバージョン").fill("yolo11-m")
    panel.get_by_label("プロジェクトにない画像をタスクにする").check()
    (torn := tmp_path / "torn.json").write_text("{")
    panel.get_by_label("ラベルのファイル").set_input_files(torn)
    narrow(page)
    no_violations(page)
    shot(page, "labels-phone-ja")
    page.locator("#labels-check").click()
    job = panel.locator("[data-job]")
    expect(job).to_contain_text("torn.json（yolo11-m の予測として）", timeout=30_000)
    expect(job.locator(".bad")).to_contain_text("torn.json", timeout=30_000)
    shot(page, "labels-failed-ja")
    job.get_by_role("button", name="削除").click()
    expect(job).to_have_count(0)
    labels = coco(tmp_path / "set", ["a.jpg"], score=0.7) / "annotations.json"
    panel.get_by_label("予測").check()
    panel.get_by_label("モデルバージョン").fill("yolo11-m")
    panel.get_by_label("ラベルのファイル").set_input_files(labels)
    page.locator("#labels-check").click()
    expect(job).to_contain_text("画像 1 枚に物体 1 個", timeout=30_000)
    narrow(page)
    job.get_by_role("button", name="中止").click()
    expect(job).to_have_count(0)


def test_a_folder_is_packed_and_read(open_page: Callable[..., Page], stack: Any, make_project: Callable[..., int],
                                     tmp_path: Path) -> None:
    """A YOLO dataset as it lies on the disk, with the images that are no tasks yet."""
    project = make_project(("cpu", "fan"), [("a.jpg", picture(0))])
    for name, seed in (("a", 0), ("ファン", 1)):
        for kind in ("labels", "images"):
            (tmp_path / "line" / kind / "train").mkdir(parents=True, exist_ok=True)
        (tmp_path / "line" / "labels" / "train" / f"{name}.txt").write_text("0 0.5 0.5 0.25 0.25\n")
        (tmp_path / "line" / "images" / "train" / f"{name}.jpg").write_bytes(picture(seed))
    (tmp_path / "line" / "data.yaml").write_text("names: [cpu, fan]\n")
    (tmp_path / "line" / "notes.pdf").write_bytes(b"left out")
    page = open_page(f"?project={project}&screen=export", bypass_csp=True)
    panel = page.locator("[aria-labelledby=e-label-imports]")
    panel.locator("summary").press("Enter")
    panel.get_by_label("Or a folder").set_input_files(tmp_path / "line")
    expect(panel.get_by_label("File with labels")).to_be_disabled()
    panel.get_by_label("Make tasks of images").check()
    narrow(page)
    no_violations(page)
    shot(page, "labels-folder-phone")
    page.locator("#labels-check").press("Enter")
    job = panel.locator("[data-job]")
    expect(job).to_contain_text("line.zip, as annotations", timeout=30_000)
    expect(job).to_contain_text("2 objects to 2 images", timeout=30_000)
    expect(job).to_contain_text("YOLO: 2 images in the file · 1 found by name · 1 new image")
