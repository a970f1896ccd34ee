"""Telling a video from an image, by name and by the first bytes."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from argus.images.video_files import begins_as_video, file_name, named_as_video
from tests.videos import write

KINDS = {"mp4": "mpeg4", "mov": "mpeg4", "mkv": "mpeg4", "avi": "mpeg4", "ts": "mpeg2video", "mpg": "mpeg2video",
         "flv": "flv", "asf": "mpeg4"}


@pytest.mark.parametrize(("url", "name", "video"), [
    ("/data/upload/3/1a2b3c4d-line.mp4", "1a2b3c4d-line.mp4", True), ("https://host/a%20b.MOV?x=1", "a b.MOV", True),
    ("/data/local-files/?d=films/line.mkv", "line.mkv", True), ("s3://bucket/a/line.avi", "line.avi", True),
    ("/data/upload/3/line.jpg", "line.jpg", False), ("https://host/line.mp4/frame.png", "frame.png", False),
    ("https://host/show?file=line.mp4", "show", False), ("", "", False), ("https://[broken", "", False)])
def test_named_as_video(url: str, name: str, video: bool) -> None:
    assert (file_name(url), named_as_video(url)) == (name, video)


@pytest.mark.parametrize("suffix", KINDS)
def test_begins_as_video__every_container(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(KINDS[suffix], rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"  # type: ignore[union-attr]
        for _ in range(5):
            picture = av.VideoFrame.from_image(Image.new("RGB", (64, 64), "red"))
            container.mux(stream.encode(picture))  # type: ignore[union-attr]
        container.mux(stream.encode(None))  # type: ignore[union-attr]
    assert begins_as_video(path.read_bytes()[:1024])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM"])
def test_begins_as_video__no_image(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, kind)
    assert not begins_as_video(file.getvalue()[:1024])


@pytest.mark.parametrize("data", [b"", b"G", b"Gruss aus Bern" * 100, b"ftyp", b"RIFF\0\0\0\0WAVE", b"<html>"])
def test_begins_as_video__nothing_else(data: bytes) -> None:
    assert not begins_as_video(data)


def test_begins_as_video__our_own_fixture(tmp_path: Path) -> None:
    assert begins_as_video(write(tmp_path / "line.mp4", 5).read_bytes()[:1024])
