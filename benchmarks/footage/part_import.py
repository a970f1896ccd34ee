"""A video into Label Studio's tasks: beside ffmpeg writing JPEG files, beside the baseline, and in memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from argus.labelstudio import LabelStudio

KEYS = ("import_to_ffmpeg_ratio", "import_ratio_before", "import_rss_growth_mb")
PAIRS, BUILD_PAIRS, HOURS = 7, 3, 4
CLIP_SECONDS, CLIP_FPS = 80, 2


def measure() -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="argus-footage-") as name:
        folder = Path(name)
        return {KEYS[0]: _to_ffmpeg(folder), KEYS[2]: _growth(folder), KEYS[1]: _before(folder)}


def _to_ffmpeg(folder: Path) -> float:
    """Return the median ratio of an import's seconds to those of ffmpeg writing the same frames as JPEG files."""
    from benchmarks.accept import servers
    from benchmarks.footage.clips import make_clip
    from benchmarks.footage.page import write

    clip = folder / "clip.avi"
    make_clip(clip, CLIP_SECONDS, size=(768, 576), fps=10, codec="mpeg4", form="avi")
    ours, theirs = [], []
    with servers():
        from argus.labelstudio.client import get_label_studio
        from search_service.frames.video_import import import_video

        ls = get_label_studio()
        for number in range(PAIRS):
            project = new_project(ls, f"Import {number}")
            theirs.append(_seconds(lambda: subprocess.run(
                ["ffmpeg", "-loglevel", "error", "-y", "-i", str(clip), "-vf", f"fps={CLIP_FPS}",
                 str(folder / "%05d.jpg")], check=True)))
            ours.append(_seconds(lambda at=project: import_video(clip, at, CLIP_FPS, ls=ls)))  # type: ignore[misc]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    version = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    write("ffmpeg", [
        f"A clip of 768 × 576, 10 frames a second, MPEG-4 in AVI, {CLIP_SECONDS} s, at {CLIP_FPS} frames a second: "
        f"{CLIP_SECONDS * CLIP_FPS} frames become tasks in Label Studio. ffmpeg {version} writes as many JPEG files "
        f"(`-vf fps={CLIP_FPS}`, its own choice of threads, {os.cpu_count()} processors). {PAIRS} pairs.", "",
        "| | seconds, median | least to most |", "|---|---|---|",
        _row("ffmpeg, to files", theirs), _row("Argus, to tasks", ours), _row("ratio of a pair", ratios)])
    return round(statistics.median(ratios), 3)


def _before(folder: Path) -> float:
    """Return the median ratio of this build's seconds to the baseline's, for 10 minutes of 1080p."""
    from benchmarks.footage.page import write
    from benchmarks.frame_way.footage import make_video
    from benchmarks.side_by_side.__main__ import refuse_the_same
    from benchmarks.side_by_side.build import HERE, Build, baseline_tree

    video = folder / "belt.mp4"
    make_video(video, 600)
    builds = [Build(name, tree, folder / name.replace(" ", "-"))
              for name, tree in (("baseline", baseline_tree()), ("this build", HERE))]
    seconds: dict[str, list[float]] = {build.name: [] for build in builds}
    try:
        for build in builds:
            build.start()
        refuse_the_same([build.name for build in builds], [build.identity() for build in builds])
        for number in range(BUILD_PAIRS):
            for build in builds:
                project = build.call("POST", "/projects", json=build.new_project(f"Import {number}", ["cpu"]))
                at = str(project.get("project") or project.get("project_id"))
                seconds[build.name].append(_seconds(
                    lambda on=build, to=at: on.argus("import-video", str(video), "--project", to)))  # type: ignore[misc]
    finally:
        for build in builds:
            build.stop()
    before, after = seconds.values()
    ratios = [b / a for a, b in zip(before, after, strict=True)]
    write("baseline", [
        "`argus import-video` of 10 minutes of 1080p, H.264, 25 frames a second, a frame a second: 600 tasks, beside "
        f"the running product, whose workers embed meanwhile. {BUILD_PAIRS} pairs.", "",
        "| | seconds, median | least to most |", "|---|---|---|",
        _row("baseline", before), _row("this build", after), _row("ratio of a pair", ratios)])
    return round(statistics.median(ratios), 3)


def _growth(folder: Path) -> float:
    """Return by how many MB the peak memory of importing 4 hours is above that of 10 minutes of the same kind."""
    from benchmarks.accept import servers
    from benchmarks.footage.clips import make_clip
    from benchmarks.footage.page import write

    peaks = []
    with servers():
        from argus.labelstudio.client import get_label_studio

        for seconds in (600, HOURS * 3600):
            clip = folder / f"{seconds}.mp4"
            make_clip(clip, seconds, size=(320, 240), fps=10, codec="mpeg4", form="mp4")
            project = new_project(get_label_studio(), f"Import of {seconds} s")
            told = subprocess.run([sys.executable, "-m", "benchmarks.footage.one_import", str(clip), str(project)],
                                  check=True, capture_output=True, text=True)
            peaks.append(float(told.stdout.split()[-1]))
            clip.unlink()
    write("memory", [
        f"Peak memory (RSS) of a process that imports a video at 1 frame in 5 s: {peaks[0]:.0f} MB for 10 minutes, "
        f"{peaks[1]:.0f} MB for {HOURS} hours of the same kind (320 × 240, 10 frames a second)."])
    return round(peaks[1] - peaks[0], 1)


def new_project(ls: LabelStudio, title: str) -> int:
    """Make a project with one label in Label Studio and return its id."""
    from label_studio_config.shapes import new_label_config

    config = new_label_config(["cpu"], masks=False)
    return int(ls.post("/api/projects/", {"title": title, "label_config": config})["id"])


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _row(name: str, values: list[float]) -> str:
    return f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} to {max(values):.2f} |"
