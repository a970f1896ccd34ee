"""Frames are taken at exact times from real files: constant and variable rate, turned, damaged, cut short."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from argus.errors import ArgusError
from search_service.frames.frame_rate import parse_fps
from search_service.frames.sampling import Damage, sample_frames
from search_service.frames.scene_changes import SceneChanges, cells, difference
from search_service.frames.video_import import find_videos, video_digest


def write_video(path: Path, times: list[Fraction], *, codec: str = "libx264", size: tuple[int, int] = (64, 48),
                rate: int = 25) -> Path:
    """Write a video whose frame n is shown at times[n] and has a grey level of 4 n; its left top quarter is red."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = 5
        for number, at in enumerate(times):
            picture = np.full((size[1], size[0], 3), 4 * number % 256, np.uint8)
            picture[: size[1] // 2, : size[0] // 2] = (250, 0, 0)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(at * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def steady(count: int, rate: int = 25) -> list[Fraction]:
    return [Fraction(n, rate) for n in range(count)]


def taken(path: Path, rate: str, damage: Damage | None = None) -> list[tuple[int, float]]:
    return [(frame.number, frame.seconds) for frame in sample_frames(path, Fraction(rate), damage)]


@pytest.fixture(scope="module")
def two_seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "two.mp4", steady(50))


def test_sample_frames__one_a_second_has_the_exact_frames(two_seconds: Path) -> None:
    assert taken(two_seconds, "1") == [(0, 0.0), (25, 1.0)]


def test_sample_frames__between_two_frames_the_one_that_is_shown_is_taken(two_seconds: Path) -> None:
    # 3 a second: t = 1/3 lies in the interval of frame 8 (0.32 to 0.36), 2/3 in that of frame 16 (0.64 to 0.68).
    assert taken(two_seconds, "3") == [(0, 0.0), (8, 0.32), (16, 0.64), (25, 1.0), (33, 1.32), (41, 1.64)]


def test_sample_frames__the_picture_is_the_one_of_its_number(two_seconds: Path) -> None:
    for sampled in sample_frames(two_seconds, Fraction(5)):
        corner = np.asarray(sampled.image())[-4, -4]
        assert abs(int(corner[1]) - 4 * sampled.number % 256) <= 8


def test_sample_frames__a_rate_above_the_videos_gives_each_frame_once(two_seconds: Path) -> None:
    assert [number for number, _ in taken(two_seconds, "60")] == list(range(50))


def test_sample_frames__variable_rate_and_pauses(tmp_path: Path) -> None:
    times = [Fraction(0), Fraction(1, 10), Fraction(22, 10), Fraction(23, 10), Fraction(31, 10)]
    path = write_video(tmp_path / "vfr.mkv", times)
    # Frame 1 stays on screen from 0.1 to 2.2 and covers t = 1 and 2: it is one task, not two.
    assert taken(path, "1") == [(0, 0.0), (1, 0.1), (3, 2.3)]


def test_sample_frames__times_count_from_the_first_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "late.mkv", [Fraction(7) + at for at in steady(30)])
    assert taken(path, "1") == [(0, 0.0), (25, 1.0)]


@pytest.mark.parametrize(("degrees", "matrix"), [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))])
def test_image__is_turned_as_the_file_says(tmp_path: Path, degrees: int, matrix: tuple[int, int, int, int]) -> None:
    path = write_video(tmp_path / "turned.mp4", steady(3))
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # version 0: 40 bytes from the flags to the matrix
    a, b, c, d = (value * 65536 for value in matrix)
    content[at:at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    image = np.asarray(next(iter(sample_frames(path, Fraction(1)))).image())
    assert image.shape[:2] == ((64, 48) if degrees != 180 else (48, 64))
    height, width = image.shape[:2]
    quarters = {"left top": (0.25, 0.25), "right top": (0.25, 0.75), "left bottom": (0.75, 0.25),
                "right bottom": (0.75, 0.75)}
    red = [name for name, (y, x) in quarters.items() if image[int(y * height), int(x * width), 0] > 150]
    assert red == [{90: "right top", 180: "right bottom", 270: "left bottom"}[degrees]]  # clockwise, as players show it


def test_sample_frames__damage_in_the_middle_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "damaged.mp4", steady(200))
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    middle, length = (start + end) // 2, (end - start) // 8
    content[middle:middle + length] = np.random.default_rng(1).bytes(length)
    path.write_bytes(content)
    damage = Damage()
    times = [seconds for _, seconds in taken(path, "5", damage)]
    assert 20 <= len(times) <= 40
    assert times == sorted(set(times))
    assert times[-1] > 7  # what comes after the damage is there
    assert "damaged packet" in damage.sentences()[0]


def test_sample_frames__a_file_cut_short_says_how_far_it_could_be_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cut.mp4", steady(250))
    content = path.read_bytes()
    moov = content.index(b"moov") - 4  # the index at the end moves to the front, so that the cut leaves it readable
    index = bytearray(content[moov:])
    start = content.index(b"mdat") - 4
    offset = index.index(b"stco")
    count = struct.unpack(">I", index[offset + 8:offset + 12])[0]
    for entry in range(count):
        place = offset + 12 + 4 * entry
        old = struct.unpack(">I", index[place:place + 4])[0]
        index[place:place + 4] = struct.pack(">I", old + len(index))
    whole = content[:start] + bytes(index) + content[start:moov]
    path.write_bytes(whole[:start + len(index) + (moov - start) // 2])
    damage = Damage()
    frames = taken(path, "1", damage)
    assert 0 < len(frames) < 10
    assert damage.duration == pytest.approx(10, abs=0.1)
    assert "readable only up to" in damage.sentences()[-1]


@pytest.mark.parametrize("content", [b"", b"hello", b"#EXTM3U\n/etc/passwd\n",
                                     b"ffconcat version 1.0\nfile other.mp4\n"])
def test_sample_frames__a_file_that_is_no_video_is_bad_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.mp4"
    path.write_bytes(content)
    with pytest.raises(ArgusError, match=r"file\.mp4") as error:
        taken(path, "1")
    assert error.value.code == "bad_video"


def test_video_digest__a_missing_file_is_bad_video(tmp_path: Path) -> None:
    with pytest.raises(ArgusError) as error:
        video_digest(tmp_path / "none.mp4")
    assert error.value.code == "bad_video"


@pytest.mark.parametrize(("given", "rate"), [(1, Fraction(1)), (0.5, Fraction(1, 2)), ("1/5", Fraction(1, 5)),
                                             ("29.97", Fraction(2997, 100))])
def test_parse_fps(given: float | str, rate: Fraction) -> None:
    assert parse_fps(given) == rate


@pytest.mark.parametrize("given", [0, -1, "x", "1/0", 1e9, float("nan")])
def test_parse_fps__refuses(given: float | str) -> None:
    with pytest.raises(ArgusError) as error:
        parse_fps(given)
    assert error.value.code == "bad_request"


def test_find_videos__folders_by_name_each_file_once_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "sub/c.mov", ".cache/d.mp4", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_videos([tmp_path / "b.mp4", tmp_path, tmp_path / "notes.txt"])
    assert [path.name for path in found] == ["b.mp4", "a.MKV", "c.mov", "notes.txt"]


@pytest.mark.parametrize("name", ["nothing.mp4", "empty"])
def test_find_videos__what_is_not_there_is_bad_video(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArgusError, match=name) as error:
        find_videos([tmp_path / name])
    assert error.value.code == "bad_video"


def still(part_at: int | None = None, light: int = 0) -> Image.Image:
    """A grey belt, with a dark part at a place of 320 pixels, under more or less light."""
    image = Image.new("RGB", (320, 180), (120 + light,) * 3)
    if part_at is not None:
        ImageDraw.Draw(image).rectangle((part_at, 70, part_at + 50, 110), fill=(40 + light,) * 3)
    return image


def test_difference__a_part_counts_and_light_does_not() -> None:
    empty = cells(still())
    assert difference(empty, empty) == 0
    assert difference(empty, cells(still(light=40))) < 0.01
    assert difference(empty, cells(still(100))) > 0.1
    assert difference(cells(still(100)), cells(still(104))) < difference(cells(still(100)), cells(still(200)))


def test_scene_changes__the_first_frame_a_cut_and_a_drift_that_has_added_up() -> None:
    changes = SceneChanges(0.1)
    assert [changes.takes(still(at)) for at in (None, None, 100, 100, None)] == [True, False, True, False, True]
    drift = SceneChanges(0.15)
    taken = [at for at in range(0, 240, 4) if drift.takes(still(at))]
    assert taken[0] == 0
    assert 2 <= len(taken) <= 20
