"""Images that do not come, that crash the decoder, that do not fit into memory: the rest of the load goes on."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from argus.labelstudio import LabelStudio
from benchmarks.soak.counts import whole
from demo.draw import Split
from ml_backend.runs import runs
from search_service.embedding import scheduling
from search_service.sync import progress as sync_progress
from tests.faults import table
from tests.faults.breaking import replaced
from tests.faults.load import Load, pictures, show_nearly_all
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(900)]
FIRST, ARRIVING = 24, 6
PATIENCE = 2.0  # seconds that the workers of these tests wait for an image


def picture(number: int) -> bytes:
    return scene(f"fault {number}", 320, Split.VALIDATION)


class Origin(BaseHTTPRequestHandler):
    """Of ten requests one is answered by 503, one hangs, one is cut off in the middle, while `bad`."""

    asked = failed = 0
    bad = True
    lock, closing = threading.Lock(), threading.Event()

    def do_GET(self) -> None:
        kind = type(self)
        with kind.lock:
            kind.asked += 1
            number = kind.asked % 10 if kind.bad else 0
            kind.failed += number in (1, 4, 7)
        data = picture(int(self.path.strip("/").removesuffix(".jpg")))
        if number == 4:
            kind.closing.wait(5 * PATIENCE)
            return
        self.send_response(503 if number == 1 else 200)
        self.send_header("Content-Length", str(0 if number == 1 else len(data)))
        self.end_headers()
        if number != 1:
            self.wfile.write(data[:len(data) // 2] if number == 7 else data)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def image_origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Origin) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Origin.closing.set()
        server.shutdown()


def test_three_of_ten_images_do_not_come(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio,
                                         tmp_path: Path) -> None:
    with image_origin() as origin, replaced(stack, tmp_path, ("siglip", "sam3", "default"), ARGUS_IMAGE_ORIGINS=origin,
                                            ARGUS_IMAGE_TIMEOUT=str(PATIENCE)):
        project = make_project(("cpu", "fan"))
        label_studio.post(f"/api/projects/{project}/import",
                          [{"image": f"{origin}/{number}.jpg"} for number in range(FIRST)])
        show_nearly_all(project)
        began = time.monotonic()
        load = Load(project, label_studio, [f"{origin}/{FIRST + n}.jpg" for n in range(ARRIVING)], ARRIVING)
        load.finish(400)
        seconds = time.monotonic() - began
        assert Origin.failed >= 0.25 * Origin.asked
        left = runs.run_progress(load.run).failed + sync_progress.sync_progress(project).failed
        assert {error.code for error in runs.run_progress(load.run).errors} <= {"image_unreachable"}
        Origin.bad = False  # what had bad luck five times says so, and is there when a person asks again
        runs.retry_failed(load.run)
        scheduling.retry_failed(project)
        wait_for(lambda: runs.run_progress(load.run).done == FIRST and whole(project), 120, pause=1)
    counts = load.account()
    assert (counts.embedded, counts.given_up) == (counts.tasks, 0)
    table.record("three of ten fetches of an image fail, hang or are cut off",
                 f"{counts}; {Origin.failed} of {Origin.asked} fetches failed, {left} images were given up and asked "
                 f"for again; {load.refused()}", seconds)


def test_an_image_that_crashes_the_decoder_is_given_up(stack: Any, make_project: Callable[..., int],
                                                       label_studio: LabelStudio, tmp_path: Path) -> None:
    poison = io.BytesIO()
    Image.open(io.BytesIO(picture(99))).save(poison, "JPEG", comment=b"poison")
    files = [(f"{number}.jpg", picture(number)) for number in range(FIRST)]
    with replaced(stack, tmp_path, ("siglip", "sam3"), "poison") as lines:
        project = make_project(("cpu", "fan"), [*files[:5], ("poison.jpg", poison.getvalue()), *files[5:]])
        show_nearly_all(project)
        good = [image for image in pictures(label_studio, project) if "poison" not in image]
        began = time.monotonic()
        load = Load(project, label_studio, good, ARRIVING)
        load.finish(600)
        seconds = time.monotonic() - began
    counts, progress = load.account(), runs.run_progress(load.run)
    deaths = {role: len(list(tmp_path.glob(f"died {role} *"))) for role in ("siglip", "sam3")}
    assert all(1 <= number <= 5 for number in deaths.values())
    assert any("was killed by SIGSEGV; starting it again" in line for line in lines)
    assert (counts.given_up, counts.embedded) == (1, counts.tasks - 1)
    assert (progress.done, progress.failed) == (FIRST, 1)
    errors = [*progress.errors, *sync_progress.sync_progress(project).errors]
    assert [error.code for error in errors] == ["internal", "bad_image"]
    assert len({error.task for error in errors}) == 1
    died = " and ".join(f"{number} deaths of the {role} worker" for role, number in deaths.items())
    table.record("an image that crashes the decoder", f"{counts}; it is given up after {died}; {load.refused()}",
                 seconds)


def test_the_engine_runs_out_of_memory(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio,
                                       tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.touch()
    project = make_project(("cpu", "fan"), [(f"{number}.jpg", picture(number)) for number in range(FIRST)])
    show_nearly_all(project)
    with replaced(stack, tmp_path, ("sam3",), "short of memory"):
        began = time.monotonic()
        load = Load(project, label_studio, pictures(label_studio, project), ARRIVING)
        wait_for((tmp_path / "out of memory 1").exists, 120)  # even one image alone did not fit
        assert runs.run_progress(load.run).failed == 0
        short.unlink()
        load.finish(400)
        seconds = time.monotonic() - began
    counts, progress = load.account(), runs.run_progress(load.run)
    assert (progress.done, progress.failed, progress.errors) == (FIRST, 0, [])
    table.record("the engine runs out of memory", f"{counts}; while not even one image fits, tasks wait and "
                 f"are tried again; {load.refused()}", seconds)
