"""`python -m search_service.frames.cut_child`: reads files that strangers may have made, with nothing to lose.

What it is to do comes as lines of JSON; what it finds goes out as lines of JSON, a frame's followed by its JPEG. It is
started without the environment of the service, and takes limits of memory, time and files upon itself before it opens
a file.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import resource
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from argus.errors import ArgusError
from argus.images import files as image_files
from search_service.frames.cutting import cut_frames
from search_service.frames.sampling import Damage

MEMORY, CPU_SECONDS = 6 * 2**30, 24 * 3600  # address space, which is several times what is ever used
# What cameras, recorders and people's programs make. FFmpeg reads more than three hundred formats, playlists and
# scripts among them.
FORMATS = ("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dhav,gif,apng,ivf,wtv,nut,"
           "h264,hevc,m4v,mjpeg,mpegvideo,dv,av1,obu")
KEPT_AS_IT_IS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif",
                 "BMP": "bmp"}  # Label Studio takes no others


def main() -> int:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit()
    for line in sys.stdin.buffer:
        _do(out, json.loads(line))
    return 0


def _do(out: BinaryIO, work: Mapping[str, Any]) -> None:
    try:
        if work["kind"] == "image":
            _say(out, {"ending": _check_image(Path(work["path"]), work["max_pixels"])})
        else:
            _cut(out, work)
    except ArgusError as error:
        _say(out, {"error": error.to_json()})
    except MemoryError:
        large = ArgusError("bad_video", "Reading this file takes more memory than one file may take.")
        _say(out, {"error": large.to_json()})


def _limit() -> None:
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_FSIZE, 0),
                       (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 64)):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _cut(out: BinaryIO, work: Mapping[str, Any]) -> None:
    damage, done, rate = Damage(), frozenset(work["done"]), Fraction(work["fps"])
    most = work["max_frames"]
    for count, cut in enumerate(cut_frames(Path(work["path"]), rate, work["scene"], done, damage, FORMATS), 1):
        length = damage.duration or 0.0
        if count > most or (count == 1 and length * rate > most):
            raise _too_long(float(max(length * rate, count)), rate, most)
        _say(out, {"number": cut.number, "seconds": cut.seconds, "taken": cut.taken, "of": damage.duration,
                   "bytes": len(cut.jpeg) if cut.jpeg else 0})
        if cut.jpeg:
            out.write(cut.jpeg)
        out.flush()
    _say(out, {"damage": dataclasses.asdict(damage)})


def _too_long(frames: float, rate: Fraction, most: int) -> ArgusError:
    return ArgusError("bad_video", f"The video is too long: at {float(rate):g} frames per second it has about "
                      f"{frames:,.0f}, and at most {most:,} may be taken.",
                      f"Take fewer frames per second (up to {float(rate) * most / frames:.2g}), or cut it into parts.")


def _check_image(path: Path, max_pixels: int) -> str | None:
    """Return the ending that an image's name has to have, after all of its pixels were read; None for a video."""
    if image_files.count_pictures(path) != 1:
        return None
    with image_files.readable():
        opened = image_files.open_file(path.read_bytes())
        kind, (width, height) = opened.image.format or "", opened.size
        if width * height > max_pixels:
            raise ArgusError("image_too_large", f"The image has {width} × {height} pixels, more than {max_pixels:,}.",
                             "Raise ARGUS_MAX_IMAGE_PIXELS if that is intended.")
        opened.decode()
    if kind not in KEPT_AS_IT_IS:
        raise ArgusError("bad_image", f"Label Studio takes no {kind} images.", "Save it as PNG or JPEG.")
    return KEPT_AS_IT_IS[kind]


def _say(out: BinaryIO | io.BufferedWriter, what: Mapping[str, Any]) -> None:
    out.write(json.dumps(what).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
