"""A file that a stranger may have made is cut in a process of its own: to the same frames, and to nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.frames import cut_apart, cut_child
from search_service.frames.cut_apart import ImageChecker
from search_service.frames.cutting import cut_frames
from search_service.frames.sampling import Damage
from tests.videos import write


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("video") / "a.mp4", 50)


def cut(path: Path, rate: int = 5, scene: float = 0.0, done: frozenset[int] = frozenset()) -> list[cut_apart.Cut]:
    return list(cut_apart.cut_apart(path, Fraction(rate), scene, done, Damage()))


@pytest.mark.parametrize(("scene", "done"), [(0.0, frozenset()), (0.0, frozenset({0, 10})), (0.1, frozenset({0}))])
def test_the_frames_are_those_of_an_import_here(video: Path, scene: float, done: frozenset[int]) -> None:
    here, apart = Damage(), Damage()
    assert list(cut_apart.cut_apart(video, Fraction(5), scene, done, apart)) == list(
        cut_frames(video, Fraction(5), scene, done, here))
    assert apart == here


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.mp4", b"this is no video at all\n" * 50, "not a video"), ("a.mp4", b"\0", "not a video"),
    ("a.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n", "not a video"),
    ("a.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", "not a video")])
def test_what_is_no_video_is_told(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (path := tmp_path / name).write_bytes(content)
    with pytest.raises(ArgusError, match=said) as caught:
        cut(path)
    assert caught.value.code == "bad_video"


def test_only_listed_formats_are_opened(tmp_path: Path, video: Path) -> None:
    path = write(tmp_path / "a.y4m", 5, codec="wrapped_avframe", form="yuv4mpegpipe")
    assert list(cut_frames(path, Fraction(5), 0, (), Damage())), "FFmpeg itself reads it"
    with pytest.raises(ArgusError, match="not a video"):
        cut(path)


def test_too_long_a_video_is_told_with_what_would_fit(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_UPLOAD_MAX_FRAMES", "6")
    get_settings.cache_clear()
    try:
        with pytest.raises(ArgusError, match="too long: at 5 frames per second it has about 10") as caught:
            cut(video)
        assert "up to 3" in caught.value.hint
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_the_child_has_no_secrets_and_limits(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_LABEL_STUDIO_TOKEN", "secret")
    with cut_apart._child() as answers:
        answers.ask({"kind": "video", "path": str(video), "fps": "5", "scene": 0, "done": [], "max_frames": 50})
        next(answers)  # its limits stand by then
        process = Path(f"/proc/{answers._process.pid}")
        assert "ARGUS" not in (process / "environ").read_text()
        assert os.readlink(process / "cwd") == "/"
        limits = {line[:25].strip(): line[26:46].strip() for line in (process / "limits").read_text().splitlines()}
        assert (limits["Max address space"], limits["Max file size"]) == (str(cut_child.MEMORY), "0")
        assert limits["Max cpu time"] == str(cut_child.CPU_SECONDS)


def test_a_child_that_dies_or_says_nothing_is_an_error_and_leaves_no_process(
        video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def instead(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(real(["/bin/sh", "-c", scripts[len(started)]], **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", instead)
    monkeypatch.setattr(cut_apart, "SILENT_SECONDS", 0.2)
    scripts = ["exit 3", "exec sleep 60"]
    for said in ("made its reader stop", "took too long"):
        with pytest.raises(ArgusError, match=said):
            cut(video)
    assert all(process.returncode is not None for process in started)


def test_images_are_told_by_their_content_and_one_process_reads_many(tmp_path: Path, video: Path) -> None:
    with ImageChecker() as images:
        for form, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
            Image.new("RGB", (8, 8)).save(path := tmp_path / form, form)
            assert images.ending(path) == ending
        assert images._answers
        process = images._answers._process
        Image.new("RGB", (8, 8)).save(path := tmp_path / "0", "TIFF")
        with pytest.raises(ArgusError, match="takes no TIFF"):
            images.ending(path)
        assert images.ending(video) is None
        assert images._answers and images._answers._process is process
        process.kill()  # as one would that runs out of memory
        with pytest.raises(ArgusError, match="made its reader stop"):
            images.ending(path)
        assert images.ending(tmp_path / "JPEG") == "jpg"
    assert process.returncode is not None


@pytest.fixture(autouse=True)
def no_settings_left() -> Iterator[None]:
    yield
    get_settings.cache_clear()
