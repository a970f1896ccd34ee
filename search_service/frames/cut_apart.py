"""Cuts a file in a process of its own: whatever its maker intends, it gets no secret, no file and not the memory."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Container, Iterator, Mapping
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

from argus.errors import ArgusError, ErrorJson
from argus.jobs.queues import error_of
from argus.settings import get_settings
from search_service.frames.cutting import Cut
from search_service.frames.sampling import Damage

SILENT_SECONDS = 300.0  # without a frame
_LONGEST_LINE, _LARGEST_FRAME = 2**20, 512 * 2**20  # bytes
_STOPPED = ArgusError("bad_video", "Reading the file took too long.",
                      "Does a video player play it? Save it anew with a video editor.")


def cut_apart(path: Path, rate: Fraction, scene: float, done: Container[int], damage: Damage) -> Iterator[Cut]:
    """Yield what `cut_frames` would.

    Args:
        done: a set.

    Raises:
        ArgusError: `bad_video`, also for a video with more frames than ARGUS_UPLOAD_MAX_FRAMES.
    """
    assert isinstance(done, set | frozenset)
    work = {"kind": "video", "path": str(path.resolve()), "fps": str(rate), "scene": scene, "done": sorted(done),
            "max_frames": get_settings().upload_max_frames}
    with _child() as answers:
        answers.ask(work)
        for line in answers:
            if told := line.get("damage"):
                for one in fields(Damage):
                    setattr(damage, one.name, told[one.name])
                return
            damage.duration = line["of"]
            size = line["bytes"]
            yield Cut(line["number"], line["seconds"], line["taken"],
                      answers.read(size) if size else None)


class ImageChecker:
    """Reads images in a process of its own, which stays for the next one: starting it takes longer than an image."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._answers: _Answers | None = None

    def __enter__(self) -> ImageChecker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()
        self._answers = None

    def ending(self, path: Path) -> str | None:
        """Return the ending that the name of an image file has to have in Label Studio, None for what is no image.

        Raises:
            ArgusError: `bad_image`, `image_too_large`, `bad_video` (it made the process stop).
        """
        if self._answers is None:
            self._answers = self._open.enter_context(_child())
        try:
            self._answers.ask({"kind": "image", "path": str(path.resolve()),
                               "max_pixels": get_settings().max_image_pixels})
            return next(self._answers)["ending"]
        except ArgusError as error:
            if error is _STOPPED or "status" in error.details:
                self.close()  # the next image gets another one
            raise


@contextlib.contextmanager
def _child() -> Iterator[_Answers]:
    process = subprocess.Popen([sys.executable, "-I", "-m", "search_service.frames.cut_child"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
                               env={"PATH": os.defpath, "LANG": "C.UTF-8"})
    assert process.stdin and process.stdout
    try:
        yield _Answers(process)
    finally:
        process.kill()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()


class _Line(TypedDict, total=False):
    """A line of a child's: a frame, the end of a video, what an image is, or an error."""

    number: int
    seconds: float
    taken: bool
    of: float | None
    bytes: int
    damage: dict[str, float]
    ending: str | None
    error: ErrorJson


class _Answers(Iterator[_Line]):
    """Lines of JSON and bytes, as a child sends them; one that says nothing for too long is given up."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        self._process, self._pipe, self._held = process, process.stdout.fileno(), bytearray()

    def ask(self, work: Mapping[str, object]) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it died: `__next__` says so
            self._process.stdin.write(json.dumps(work).encode() + b"\n")
            self._process.stdin.flush()

    def __next__(self) -> _Line:
        while (end := self._held.find(b"\n")) < 0:
            self._more(_LONGEST_LINE)
        line: _Line = json.loads(self._held[:end])
        del self._held[:end + 1]
        if error := line.get("error"):
            raise error_of(error)
        return line

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more(_LARGEST_FRAME)
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def _more(self, most: int) -> None:
        if len(self._held) > most or not select.select([self._pipe], [], [], SILENT_SECONDS)[0]:
            raise _STOPPED
        if not (data := os.read(self._pipe, 2**20)):
            raise _died(self._process.wait())
        self._held += data


def _died(status: int) -> ArgusError:
    if status == -signal.SIGXCPU:
        return _STOPPED
    return ArgusError("bad_video", "The file made its reader stop: it is damaged, or takes too much memory.",
                      "Does a video player play it? Save it anew with a video editor.", status=status)
