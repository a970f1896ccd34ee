"""What a player shows of a file is what is imported: its stream, its turn, its clock; what is no video is told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from argus.errors import ArgusError
from search_service.frames.sampling import Damage, sample_frames
from search_service.frames.video_import import find_videos
from tests import videos

FFMPEG = shutil.which("ffmpeg")


def taken(path: Path, rate: str = "1", damage: Damage | None = None) -> list[tuple[int, float]]:
    return [(frame.number, round(frame.seconds, 2)) for frame in sample_frames(path, Fraction(rate), damage)]


def pictures(path: Path, rate: str = "5") -> list[NDArray[np.float64]]:
    return [small(frame.image()) for frame in sample_frames(path, Fraction(rate))]


def small(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image.convert("L").resize((8, 8), Image.Resampling.BOX), np.float64)


def by_ffmpeg(path: Path, folder: Path, rate: str = "5") -> list[NDArray[np.float64]]:
    """What FFmpeg's own command shows at each t = 0, 1/rate, …, counted from the first frame."""
    assert FFMPEG
    folder.mkdir()
    subprocess.run([FFMPEG, "-v", "error", "-i", f"file:{path}", "-vf",
                    f"setpts=PTS-STARTPTS,fps={rate}:round=up", str(folder / "%05d.png")], check=True)
    return [small(Image.open(file)) for file in sorted(folder.iterdir())]


def refusal(path: Path) -> str:
    with pytest.raises(ArgusError) as error:
        taken(path)
    assert error.value.code == "bad_video"
    return error.value.message


# The stream

def small_and_large(folder: Path) -> tuple[Path, Path, Path]:
    return (videos.write(folder / "small.mp4"), videos.write(folder / "large.mp4", first=20, size=(128, 96)),
            videos.write(folder / "thumb.mkv", 1, codec="mjpeg", size=(256, 256)))


@pytest.mark.parametrize(("order", "default", "cover", "shown"), [
    pytest.param("thumb small", 1, False, "small", id="a thumbnail as the first stream"),
    pytest.param("thumb small", 0, False, "small", id="a thumbnail that is the default stream"),
    pytest.param("thumb small", None, True, "small", id="an attached cover"),
    pytest.param("large small", 1, False, "small", id="the default stream is the second"),
    pytest.param("small large", None, False, "large", id="no default stream: the largest"),
    pytest.param("small large", 0, False, "small", id="the default stream is the first"),
])
def test_sample_frames__the_stream_that_a_player_shows(tmp_path: Path, order: str, default: int | None, cover: bool,
                                                       shown: str) -> None:
    sources = dict(zip(("small", "large", "thumb"), small_and_large(tmp_path), strict=True))
    path = videos.with_streams(tmp_path / ("both.mp4" if cover else "both.mkv"),
                               [sources[name] for name in order.split()], default, cover)
    assert taken(path) == [(0, 0.0), (25, 1.0)]
    width = next(iter(sample_frames(path, Fraction(1)))).image().width
    assert width == {"small": 64, "large": 128}[shown]


# Videos left before their end

LEFT_EARLY = """
import av, faulthandler, sys
from fractions import Fraction
from pathlib import Path
faulthandler.dump_traceback_later(240, exit=True)
from search_service.frames.sampling import sample_frames
for path in map(Path, sys.argv[1:] * 300):
    av.logging.set_level(av.logging.ERROR)
    next(iter(sample_frames(path, Fraction(1))))
    assert av.logging.get_level() is None
"""


def test_sample_frames__left_early_while_its_decoder_complains(tmp_path: Path) -> None:
    """Other libraries make FFmpeg log through Python. In a process of its own: such a hang stops pytest as well."""
    thumb, small = (videos.write(tmp_path / "thumb.mkv", 1, codec="mjpeg", size=(256, 256)),
                    videos.write(tmp_path / "small.mp4"))
    damaged = tmp_path / "damaged.ts"
    content = bytearray(videos.write(tmp_path / "whole.ts", 100, form="mpegts", size=(320, 240)).read_bytes())
    content[3000::500] = bytes(len(content[3000::500]))
    damaged.write_bytes(content)
    two = videos.with_streams(tmp_path / "two.mkv", [thumb, small], 1)
    subprocess.run([sys.executable, "-c", LEFT_EARLY, str(two), str(small), str(damaged)], check=True, timeout=300)


# The display matrix

@pytest.mark.parametrize(("matrix", "size", "corner"), [
    ((-1, 0, 0, 1), (64, 48), "right top"), ((1, 0, 0, -1), (64, 48), "left bottom"),
    ((0, 1, 1, 0), (48, 64), "left top"), ((0, -1, -1, 0), (48, 64), "right bottom"),
    ((0, 1, -1, 0), (48, 64), "right top"), ((0, -1, 1, 0), (48, 64), "left bottom"),
    ((-1, 0, 0, -1), (64, 48), "right bottom"), ((2, 0, 0, 2), (64, 48), "left top"),
    ((-0.5, 0, 0, 0.5), (64, 48), "right top"), ((0, 0, 0, 0), (64, 48), "left top"),
])
def test_image__is_turned_and_mirrored_as_the_matrix_says(tmp_path: Path, matrix: tuple[float, float, float, float],
                                                          size: tuple[int, int], corner: str) -> None:
    path = videos.with_matrix(tmp_path / "shown.mp4", videos.write(tmp_path / "plain.mp4", 3), matrix)
    image = next(iter(sample_frames(path, Fraction(1)))).image()
    assert image.size == size
    corners = {"left top": (0.25, 0.25), "right top": (0.75, 0.25), "left bottom": (0.25, 0.75),
               "right bottom": (0.75, 0.75)}
    red = [name for name, (x, y) in corners.items()
           if image.getpixel((int(x * size[0]), int(y * size[1])))[0] > 150]  # type: ignore[index]
    assert red == [corner]


@pytest.mark.skipif(not FFMPEG, reason="needs the ffmpeg command")
@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0), (0, 1, -1, 0)])
def test_image__is_as_ffmpeg_shows_it(tmp_path: Path, matrix: tuple[float, float, float, float]) -> None:
    path = videos.with_matrix(tmp_path / "shown.mp4", videos.write(tmp_path / "plain.mp4", 10), matrix)
    for ours, theirs in zip(pictures(path), by_ffmpeg(path, tmp_path / "ffmpeg"), strict=True):
        assert np.abs(ours - theirs).max() < 6


# The clock

Maker = Callable[[Path], Path]


def two_joined(suffix: str, form: str | None = None, codec: str = "libx264", start: float = 0) -> Maker:
    def make(folder: Path) -> Path:
        first = videos.write(folder / f"first{suffix}", form=form, codec=codec)
        second = videos.write(folder / f"second{suffix}", form=form, codec=codec, first=50, start=start)
        return videos.joined(folder / f"joined{suffix}", [first, second])
    return make


JOINED = {"MPEG-TS": two_joined(".ts", "mpegts"), "MPEG-2 in MPEG-TS": two_joined(".ts", "mpegts", "mpeg2video"),
          "MPEG-TS, an hour later": two_joined(".ts", "mpegts", start=3600)}


@pytest.mark.parametrize("name", JOINED)
def test_sample_frames__a_clock_that_starts_again_loses_no_frame(tmp_path: Path, name: str) -> None:
    damage = Damage()
    found = taken(JOINED[name](tmp_path), "1", damage)
    assert found == [(0, 0.0), (25, 1.0), (50, 2.0), (75, 3.0)]
    assert damage.sentences() == []


@pytest.mark.skipif(not FFMPEG, reason="needs the ffmpeg command")
@pytest.mark.parametrize("name", JOINED)
def test_sample_frames__a_clock_that_starts_again_is_read_as_ffmpeg_reads_it(tmp_path: Path, name: str) -> None:
    path = JOINED[name](tmp_path)
    ours, theirs = pictures(path), by_ffmpeg(path, tmp_path / "ffmpeg")
    assert len(ours) == len(theirs) == 20
    assert max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True)) < 6


@pytest.mark.parametrize("make", [two_joined(".mpg", "mpeg", "mpeg2video"), JOINED["MPEG-TS"]])
def test_sample_frames__every_frame_of_joined_recordings_is_there(tmp_path: Path, make: Maker) -> None:
    found = taken(make(tmp_path), "200")
    assert [number for number, _ in found] == list(range(100))
    assert [seconds for _, seconds in found] == sorted({seconds for _, seconds in found})


def test_sample_frames__three_recordings_in_one_file(tmp_path: Path) -> None:
    parts = [videos.write(tmp_path / f"{n}.ts", 25, form="mpegts", first=25 * n) for n in range(3)]
    assert [number for number, _ in taken(videos.joined(tmp_path / "all.ts", parts), "5")] == list(range(0, 75, 5))


@pytest.mark.skipif(FFMPEG is None, reason="needs FFmpeg's command")
@pytest.mark.parametrize(("codec", "options"), [
    ("libx264", {"bf": "2"}), ("libx264", {"bf": "3", "b_strategy": "0"}), ("libx264", {"bf": "0"}),
    ("mpeg4", {"bf": "2"})])
@pytest.mark.parametrize("rate", ["1", "2", "25"])
def test_sample_frames__avi_has_as_many_as_ffmpeg_shows(tmp_path: Path, codec: str, options: dict[str, str],
                                                        rate: str) -> None:
    avi = videos.write(tmp_path / "a.avi", codec=codec, options=options)
    shown, ours = by_ffmpeg(avi, tmp_path / "shown", rate), pictures(avi, rate)
    assert len(ours) == len(shown)
    # FFmpeg itself shows such frames one late: a step of 4 grey levels in 3/4 of the picture.
    np.testing.assert_allclose(ours, shown, atol=12)


def test_sample_frames__frames_out_of_order_or_without_times_are_all_there(tmp_path: Path) -> None:
    # AVI has no times of presentation; with B-frames what stands for them goes forth and back.
    avi = videos.write(tmp_path / "b.avi", options={"bf": "2"})
    assert [number for number, _ in taken(avi, "200")] == list(range(50))
    assert taken(avi, "25") == [(number, round(number / 25, 2)) for number in range(50)]
    raw = videos.write(tmp_path / "raw.h264", form="h264")
    assert taken(raw, "1") == [(0, 0.0), (25, 1.0)]
    lost = videos.with_padding_times_removed(tmp_path / "lost.ts", videos.write(tmp_path / "whole.ts", form="mpegts"))
    assert taken(lost, "1") == [(0, 0.0), (25, 1.0)]


def test_sample_frames__frames_that_come_faster_than_the_files_rate_keep_their_times(tmp_path: Path) -> None:
    path = tmp_path / "burst.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, milliseconds in enumerate([0, 1000, 1005, 1010, 1015, 2000]):
            frame = av.VideoFrame.from_ndarray(videos.picture(number), format="rgb24")
            frame.pts, frame.time_base = milliseconds, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert [frame.seconds for frame in sample_frames(path, Fraction(240))] == [0, 1, 1.005, 1.01, 1.015, 2]


# Files whose beginning is missing

@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_sample_frames__a_recording_that_begins_between_two_key_frames_is_told(tmp_path: Path, codec: str) -> None:
    whole = videos.write(tmp_path / "whole.ts", 100, codec=codec, form="mpegts", gop=50)
    damage = Damage()
    found = taken(videos.without_beginning(tmp_path / "rest.ts", whole, 0.2, videos.TS_PACKET), "5", damage)
    assert 0 < len(found) < 20
    assert damage.headless == damage.left_out > 0
    assert damage.sentences()[0].startswith(f"its beginning is missing: the first {damage.headless} frames")


def test_sample_frames__a_container_without_its_beginning_is_told(tmp_path: Path) -> None:
    mp4 = videos.without_beginning(tmp_path / "rest.mp4", videos.write(tmp_path / "a.mp4", 100), 0.3)
    assert refusal(mp4) == "rest.mp4 cannot be read, its beginning is missing: copied incompletely?"
    whole = videos.write(tmp_path / "a.mkv", 400, size=(320, 240), rate=20)
    assert "its beginning is missing" in refusal(videos.without_beginning(tmp_path / "rest.mkv", whole, 0.3))
    damage = Damage()
    avi = videos.write(tmp_path / "a.avi", 400, codec="mpeg4")
    assert taken(videos.without_beginning(tmp_path / "rest.avi", avi, 0.3), "1", damage)
    assert damage.sentences()[0].startswith("its beginning is missing")


# Any container, and what is none

@pytest.mark.parametrize(("name", "form", "codec"), [("camera.swf", None, "flv"), ("list.nut", None, "libx264"),
                                                     ("board.0001", "mpegts", "libx264"),
                                                     ("line 1:2.mp4", None, "mpeg4"),
                                                     ("no suffix", "matroska", "libx264")])
def test_sample_frames__any_container_under_any_name(tmp_path: Path, name: str, form: str | None, codec: str) -> None:
    made = videos.write(tmp_path / f"made{Path(name).suffix or '.mkv'}", 30, form=form, codec=codec)
    path = made.rename(tmp_path / name)
    assert [number for number, _ in taken(path)] == [0, 25]
    assert find_videos([tmp_path]) == [path]


@pytest.mark.parametrize("name", ["photo.png", "photo.jpg", "photo.tiff", "photo.webp", "photo.gif", "photo.avif",
                                  "photo.ico", "photo.bmp"])
def test_sample_frames__an_image_is_told_as_one(tmp_path: Path, name: str) -> None:
    assert refusal(videos.still(tmp_path / name)) == f"{name} is an image, not a video."


def test_sample_frames__an_image_under_a_videos_name(tmp_path: Path) -> None:
    assert refusal(videos.still(tmp_path / "photo.mp4", form="jpeg")) == "photo.mp4 is an image, not a video."


def test_sample_frames__pictures_that_move_are_videos(tmp_path: Path) -> None:
    steps = [Image.new("RGB", (40, 20), (0, 0, 25 * n)) for n in range(10)]
    for suffix in ("gif", "png"):
        path = tmp_path / f"moving.{suffix}"
        steps[0].save(path, save_all=True, append_images=steps[1:], duration=200)
        assert len(taken(path, "5")) == 10


def test_sample_frames__empty_cut_off_sound_cover_and_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "zero.mp4").touch()
    assert refusal(tmp_path / "zero.mp4") == "zero.mp4 is empty."
    whole = videos.write(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:len(whole) // 2])
    assert refusal(tmp_path / "cut.mp4") == "cut.mp4 cannot be read, its index is missing: copied incompletely?"
    (tmp_path / "head.mov").write_bytes(whole[:40])
    assert "its index is missing" in refusal(tmp_path / "head.mov")
    thumb = videos.write(tmp_path / "thumb.mkv", 1, codec="mjpeg")
    assert refusal(videos.with_streams(tmp_path / "song.mp4", [thumb], cover=True)) == \
        "song.mp4 contains no video, only a cover picture."
    (tmp_path / "notes.txt").write_text("one\ntwo\n" * 50)
    assert refusal(tmp_path / "notes.txt") == "notes.txt is not a video that can be read."


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.ffconcat"])
def test_sample_frames__a_list_of_other_files_opens_none_of_them(tmp_path: Path, name: str) -> None:
    videos.write(tmp_path / "other.ts", form="mpegts")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / name).write_text("ffconcat version 1.0\nfile other.ts\n" if "ff" in name else playlist)
    assert refusal(tmp_path / name) == f"{name} is not a video that can be read."


def test_find_videos__a_folders_images_and_texts_are_left_out(tmp_path: Path) -> None:
    videos.still(tmp_path / "board.png")
    (tmp_path / "notes.txt").write_text("one\n" * 100)
    videos.write(tmp_path / "recording.bin", form="mpegts")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert [path.name for path in find_videos([tmp_path])] == ["broken.mp4", "recording.bin"]
