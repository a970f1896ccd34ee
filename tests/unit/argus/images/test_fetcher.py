"""The image fetcher against a real HTTP server on loopback, and decoding of the kinds of files people have."""

from __future__ import annotations

import contextlib
import errno
import http.server
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from argus.errors import ArgusError
from argus.images import fetcher as images_module
from argus.images import requests
from argus.images.fetcher import ImageFetcher, open_image, write_whole
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings

OWN = "/data/upload/3"  # the uploads of the task's project


class LabelStudioWithoutLogin:
    """Stands for the client: an address and a fixed header."""

    def __init__(self, url: str) -> None:
        self.url = url

    token = "known"

    def authorization(self) -> str:
        return f"Bearer {self.token}"

    def forget_access(self) -> None:
        self.token = "renewed"


def png(size: tuple[int, int] = (4, 3), colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        type(self).seen.append((self.path, self.headers.get("Authorization")))
        path = self.path.removeprefix(OWN)
        if path.startswith("/tasks/7/resolve/?to="):
            self.send_response(302)
            self.send_header("Location", self.path.split("=", 1)[1])
            self.end_headers()
        elif path == "/image.png":
            self.answer(200, png())
        elif path == "/hanging.png":
            time.sleep(1)
        elif path == "/large.png":
            self.answer(200, b"x" * 3000)
        elif path == "/endless":
            self.send_response(302)
            self.send_header("Location", f"{OWN}/endless")
            self.end_headers()
        elif path == "/slow.png":
            self.trickle()
        elif path == "/cut.png":
            self.send_response(200)
            self.send_header("Content-Length", "9000")
            self.end_headers()
            self.wfile.write(png())
        else:
            self.answer({"/secret.png": 403, "/expired.png": 401, "/proxy.png": 502, "/broken.png": 500,
                         "/busy.png": 429}.get(path, 404), b"")

    def trickle(self) -> None:
        """Send a byte now and then: never too late for a time-out, and without an end."""
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):  # the fetcher hangs up
            while True:
                self.wfile.write(b"x")
                time.sleep(0.1)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    handler = type("RecordingHandler", (Handler,), {"seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", handler.seen
        httpd.shutdown()


def fetcher(url: str, home: Path, **settings: object) -> ImageFetcher:
    return ImageFetcher(LabelStudioWithoutLogin(url), Settings(home=home, label_studio_url=url, **settings))  # type: ignore[arg-type]


def of_task(url: str) -> TaskImage:
    return TaskImage(3, 7, url)


def failure(images: ImageFetcher, url: str) -> ArgusError:
    with pytest.raises(ArgusError) as caught:
        images.fetch(of_task(url))
    return caught.value


def code_of(images: ImageFetcher, url: str) -> str:
    return failure(images, url).code


def test_fetch__relative_url_gets_label_studios_token_and_is_cached(server, tmp_path: Path) -> None:
    url, seen = server
    images = fetcher(url, tmp_path)
    assert images.fetch(of_task(f"{OWN}/image.png")).data == png()
    assert images.fetch(of_task(f"{url}{OWN}/image.png")).data == png()  # the same address: the same file in the cache
    assert seen == [(f"{OWN}/image.png", "Bearer known")]
    images.forget(of_task(f"{OWN}/image.png"))
    images.fetch(of_task(f"{OWN}/image.png"))
    assert len(seen) == 2


def test_fetch__what_one_task_has_in_the_cache_is_nobody_elses(server, tmp_path: Path) -> None:
    url, seen = server
    images = fetcher(url, tmp_path, image_origins="http://127.0.0.1:1")
    images.fetch(TaskImage(3, 7, f"{OWN}/image.png"))
    images.fetch(TaskImage(3, 7, "/tasks/7/resolve/?to=/data/upload/3/image.png"))
    for other, address in ((TaskImage(4, 8, f"{OWN}/image.png"), f"{OWN}/image.png"),
                           (TaskImage(3, 8, "/tasks/7/resolve/?to=/data/upload/3/image.png"), "/tasks/7/resolve/")):
        assert images.cached(other) is None
        with pytest.raises(ArgusError) as caught:
            images.fetch(other)
        assert (caught.value.code, address in caught.value.message) == ("image_forbidden", True)
        assert f"project {other.project_id}" in caught.value.hint
    assert len(seen) == 3, "no request was made for those"


def test_fetch__other_origins_get_no_token(server, tmp_path: Path) -> None:
    url, seen = server
    images = fetcher("http://127.0.0.1:1", tmp_path, image_origins=url)
    images.fetch(of_task(f"{url}/image.png"))
    assert seen == [("/image.png", None)]


def test_fetch__private_address_is_refused_unless_listed(server, tmp_path: Path) -> None:
    url, seen = server
    assert code_of(fetcher("http://127.0.0.1:1", tmp_path), f"{url}/image.png") == "image_forbidden"
    assert seen == []


def test_fetch__redirect_is_checked_like_a_first_address(server, tmp_path: Path) -> None:
    url, _ = server
    images = fetcher(url, tmp_path)
    to = "/tasks/7/resolve/?to="
    assert images.fetch(of_task(f"{to}{OWN}/image.png")).data == png()
    assert code_of(images, f"{to}http://127.0.0.1:9/metadata") == "image_forbidden"
    assert code_of(images, f"{to}file:///etc/hostname") == "image_forbidden"
    assert code_of(images, f"{6 * to}{OWN}/image.png") == "image_unreachable"


@pytest.mark.parametrize(("url", "code", "hint"), [
    (f"{OWN}/missing.png", "image_unreachable", "still there"),
    (f"{OWN}/broken.png", "image_unreachable", "tries again"), (f"{OWN}/busy.png", "image_unreachable", "tries again"),
    (f"{OWN}/endless", "image_unreachable", "at which the image appears"),
    (f"{OWN}/slow.png", "image_unreachable", "IMAGE_TIMEOUT"),
    ("http://[x", "image_unreachable", "Correct the address"),
    (f"{OWN}/secret.png", "image_forbidden", "token's owner"),
    (f"{OWN}/large.png", "image_too_large", "ARGUS_MAX_IMAGE_BYTES"),
    ("file:///etc/hostname", "image_forbidden", "Correct the address"), ("s3://b/x", "image_unreachable", "storage"),
    ("http://127.0.0.1:1/x.png", "image_forbidden", "ARGUS_IMAGE_ORIGINS"),
])
def test_fetch__each_failure_has_its_code_and_a_hint(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                     url: str, code: str, hint: str) -> None:
    # A fast clock for the whole of an image, and all patience with each of its pieces.
    monkeypatch.setattr(requests, "time", SimpleNamespace(monotonic=lambda: 100 * time.monotonic()))
    error = failure(fetcher(server[0], tmp_path, max_image_bytes=2000), url)
    assert error.code == code
    assert hint in error.hint


def test_fetch__what_is_refused_shows_no_credential(server, tmp_path: Path) -> None:
    images = fetcher(server[0], tmp_path)
    for url in ("http://somebody:hunter2@h/a.png", "http://h/a b.png?X-Amz-Signature=hunter2",
                "/data/upload/4/a.png?X-Amz-Signature=hunter2", "s3://key:hunter2@b/a.png"):
        error = failure(images, url)
        assert (error.code, "hunter2" in str(error.to_json()), bool(error.hint)) == ("image_forbidden", False, True)


def test_fetch__another_servers_no_is_not_label_studios(server, tmp_path: Path) -> None:
    images = fetcher("http://127.0.0.1:1", tmp_path, image_origins=server[0])
    error = failure(images, f"{server[0]}/secret.png")
    assert (error.code, error.hint.startswith("Let Label Studio presign")) == ("image_forbidden", True)
    assert code_of(images, f"{server[0]}/cut.png") == "image_unreachable"


@pytest.mark.parametrize("path", ["/proxy.png", "/hanging.png", "/cut.png"])
def test_fetch__label_studio_away_behind_a_proxy_is_no_bad_image(server, tmp_path: Path, path: str) -> None:
    assert code_of(fetcher(server[0], tmp_path, image_timeout=0.5), f"{OWN}{path}") == "label_studio_unreachable"


def test_fetch__no_server__label_studios_own_is_told_apart(tmp_path: Path) -> None:
    images = fetcher("http://127.0.0.1:1", tmp_path, image_origins="http://127.0.0.1:2")
    assert code_of(images, f"{OWN}/image.png") == "label_studio_unreachable"
    assert code_of(images, "http://127.0.0.1:2/image.png") == "image_unreachable"


def test_fetch__a_token_that_label_studio_refuses_is_renewed_once(server, tmp_path: Path) -> None:
    images = fetcher(server[0], tmp_path)
    assert code_of(images, f"{OWN}/expired.png") == "image_forbidden"
    assert [header for _, header in server[1]] == ["Bearer known", "Bearer renewed"]


def test_fetch__a_full_disk_costs_the_older_half_of_the_cache(server, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    images = fetcher(server[0], tmp_path)
    for age, name in enumerate(("old", "older", "oldest", "last")):
        path = tmp_path / "images" / "00" / name
        write_whole(path, bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    whole = images_module.write_whole

    def on_a_full_disk(path: Path, data: bytes) -> None:
        if len(list((tmp_path / "images").glob("??/*"))) > 2:
            raise OSError(errno.ENOSPC, "made up: the disk is full")
        whole(path, data)

    monkeypatch.setattr(images_module, "write_whole", on_a_full_disk)
    assert images.fetch(of_task(f"{OWN}/image.png")).data == png()
    kept = sorted(path.name for path in (tmp_path / "images").glob("??/*"))
    assert kept[-2:] == ["old", "older"] and len(kept) == 3


def test_write_whole__what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "taken", b"data")
    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_open_image__exif_orientation_turns_it() -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (0, 0, 10, 20))  # the left quarter
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to view: left becomes top
    turned = open_image(saved(image, "JPEG", exif=exif, quality=95))
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 4))[0] > 200
    assert turned.getpixel((10, 30))[0] < 50


def test_open_image__alpha_lies_on_white() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 255))
    opened = open_image(saved(image, "PNG"))
    assert opened.mode == "RGB"
    assert [opened.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 0, 255)]


def test_open_image__16_bit_grey_is_scaled_not_clipped() -> None:
    image = Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))
    opened = open_image(saved(image, "PNG"))
    assert [opened.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


def test_open_image__cmyk_and_palette_become_rgb() -> None:
    assert open_image(saved(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")).getpixel((4, 4)) == (255, 255, 255)
    assert open_image(saved(Image.new("P", (8, 8)), "GIF")).mode == "RGB"


@pytest.mark.parametrize("data", [b"", b"not an image", png()[:40], b"<svg/>"])
def test_open_image__damaged(data: bytes) -> None:
    with pytest.raises(ArgusError) as caught:
        open_image(data)
    assert caught.value.code == "bad_image"
    assert " at 0x" not in caught.value.message


def test_open_image__programs_and_documents_are_no_pictures() -> None:
    """Pillow would hand an EPS to an interpreter; a polyglot is read as the picture it begins as, and no more."""
    eps = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(eps, "EPS")
    for data in (eps.getvalue(), b"%PDF-1.7\n" + png(), b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"):
        with pytest.raises(ArgusError) as caught:
            open_image(data)
        assert caught.value.code == "bad_image"
    assert open_image(png() + b"<script>alert(1)</script>").size == (4, 3)


@pytest.mark.slow
def test_open_image__too_many_pixels() -> None:
    with pytest.raises(ArgusError) as caught:
        open_image(saved(Image.new("1", (20_000, 20_000)), "PNG"))
    assert caught.value.code == "image_too_large"


def test_open_image__draft_decodes_less_but_enough() -> None:
    data = saved(Image.new("RGB", (1600, 1200), "green"), "JPEG")
    assert open_image(data, max_side=256).size in {(400, 300), (800, 600)}
