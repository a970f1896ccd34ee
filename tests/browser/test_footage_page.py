"""From a video on somebody's disk to frames that are found, on the page alone, with a connection that breaks."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.stream import VideoStream
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from argus.labelstudio import LabelStudio
from demo.scenes import Split, make_scene, render_scene
from search_service.sync.progress import sync_progress
from search_service.uploads import files
from tests.browser.profiles import Profiles
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FRAMES = 6
PIECE = 4 * 2**20
SHOTS = os.environ.get("ARGUS_SHOTS")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of `FRAMES` seconds with another scene each second, in a file of three pieces and a half."""
    path = tmp_path_factory.mktemp("video") / "line 3 <b>.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(FRAMES):
            image, _ = render_scene(make_scene(Split.HELD_OUT, f"footage {number}"), 640)
            container.mux(stream.encode(av.VideoFrame.from_image(image.resize((640, 480)))))
        container.mux(stream.encode(None))
    rest = int(3.5 * PIECE) - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", rest, b"free") + b"\0" * (rest - 8))
    return path


@pytest.fixture
def page(profiles: Profiles, stack: Any, no_uploads: None) -> Iterator[Page]:
    made = profiles.open()
    made.on("dialog", lambda dialog: dialog.accept())  # leaving cuts an upload off: the browser asks
    yield made
    profiles.close(made.context)


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page, for who asked for some."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def no_violations(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_from_a_video_on_disk_to_frames_that_are_found(page: Page, make_project: Callable[..., int], video: Path,
                                                       label_studio: LabelStudio) -> None:
    project = make_project(["cpu", "fan"])
    offsets: list[int] = []
    broken = True

    def pieces(route: Route) -> None:
        offset = int(route.request.headers["upload-offset"])
        offsets.append(offset)
        if broken and offset >= PIECE:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*", lambda route: pieces(route) if route.request.method == "PATCH" else route.continue_())
    page.goto(f"/?project={project}&screen=search")
    expect(page.get_by_role("heading", name="Add videos or images")).to_be_visible()
    shot(page, "empty")
    page.locator("#footage-files").set_input_files(video)
    expect(page.locator(".footage-chosen")).to_contain_text("6 sec · about 6 frames")
    page.locator("#footage-fps").select_option("2")
    page.get_by_role("checkbox", name="Only when the picture changes").check()
    expect(page.get_by_text("At most 12 images will be added.")).to_be_visible()
    page.locator("#footage-fps").select_option("1")
    page.get_by_role("checkbox", name="Only when the picture changes").uncheck()
    no_violations(page)
    shot(page, "chosen")
    page.locator("#footage-start").press("Enter")
    row = page.locator(".footage-rows li")
    expect(row).to_contain_text("Stopped at 29%, tries again by itself")
    shot(page, "stopped")
    page.reload()
    expect(row).to_contain_text("Interrupted at 29%. Choose the same file again to continue.")
    shot(page, "interrupted")
    offsets.clear()
    broken = False
    page.locator("#footage-files").set_input_files(video)
    expect(page.locator(".footage-chosen")).to_contain_text("continues where it stopped")
    page.locator("#footage-start").click()
    expect(row).to_contain_text("Done: 6 images added. The file was deleted from the server.", timeout=60_000)
    assert offsets == [PIECE, 2 * PIECE, 3 * PIECE]
    expect(row.locator("img")).to_have_count(FRAMES, timeout=30_000)
    expect(page.get_by_text("This project has no images yet.")).to_have_count(0)
    expect(row.locator("strong")).to_have_text("line 3 <b>.mp4")
    expect(row.locator("img").first).to_have_js_property("complete", True)
    no_violations(page)
    shot(page, "done")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shot(page, "done-phone")
    assert len(list(label_studio.tasks(project, fields="task_only"))) == FRAMES
    assert not list(files.folder().iterdir())
    page.set_viewport_size({"width": 1300, "height": 900})
    wait_for(lambda: sync_progress(project).embedded == FRAMES, 120)  # they are searchable then
    page.locator("#search input").first.fill("cpu")
    page.keyboard.press("Enter")
    expect(page.locator(".hit, .card").first).to_be_visible(timeout=60_000)


def test_what_is_no_video_is_told_in_a_sentence_and_several_files_go_side_by_side(
        page: Page, make_project: Callable[..., int], tmp_path: Path) -> None:
    project = make_project(["cpu"])
    (text := tmp_path / "text.mp4").write_bytes(b"no video at all " * 100)
    (empty := tmp_path / "empty.mov").write_bytes(b"")
    render_scene(make_scene(Split.HELD_OUT, "an image"), 320)[0].save(image := tmp_path / "photo.png")
    page.goto(f"/?project={project}&screen=search&lang=ja")
    page.locator("#footage-files").set_input_files([text, empty, image])
    expect(page.locator("#message")).to_contain_text("empty.mov")
    expect(page.locator(".footage-chosen li")).to_have_count(2)
    page.locator("#footage-start").click()
    rows = page.locator(".footage-rows li")
    expect(rows.filter(has_text="text.mp4")).to_contain_text("text.mp4 is not a video that can be read.",
                                                            timeout=60_000)
    expect(rows.filter(has_text="photo.png")).to_contain_text("完了: 1 枚の画像を追加しました。", timeout=60_000)
    shot(page, "ja")
    no_violations(page)
    remove = rows.filter(has_text="text.mp4").get_by_role("button", name="削除")
    expect(remove).to_have_count(1)
    remove.press("Enter")
    expect(rows).to_have_count(1)
