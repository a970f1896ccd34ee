"""What a client says of a file when it begins to send it: the header `Upload-Metadata` of the tus protocol."""

from __future__ import annotations

import base64
import binascii
import math
import unicodedata
from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from argus.answers.uploads import Purpose
from argus.errors import ArgusError
from search_service.frames.frame_rate import parse_fps

MAX_NAME = 255  # characters that are shown of a name
_SLOWEST, _FASTEST = Fraction(1, 60), 60
_LONGEST = 4096  # bytes of the header


class FileInfo(BaseModel):
    """What is known of a file before its first byte."""

    model_config = ConfigDict(frozen=True)

    name: str
    modified: str = ""
    fps: str = "1"
    scene: float = 0.0
    purpose: Purpose = "frames"


def read(header: str) -> FileInfo:
    """Return what the header says; keys that are not known are left out.

    Raises:
        ArgusError: `bad_request`.
    """
    if len(header) > _LONGEST:
        raise ArgusError("bad_request", f"Upload-Metadata is longer than {_LONGEST} bytes.")
    found = dict(_pair(part) for part in header.split(",") if part.strip())
    fps, scene = checked_rate(found.get("fps", "1")), _scene(found.get("scene", "0"))
    purpose = found.get("purpose", "frames").strip()
    if purpose not in ("frames", "labels"):
        raise ArgusError("bad_request", f"The purpose of an upload is frames or labels, not {purpose[:20]}.")
    return FileInfo(name=shown(found.get("filename", "")), modified=found.get("modified", "")[:40], fps=fps,
                    scene=scene, purpose="labels" if purpose == "labels" else "frames")


def checked_rate(text: str) -> str:
    """Return the frames per second that a text says. Raises `bad_request`."""
    if not _SLOWEST <= parse_fps(fps := text.strip()) <= _FASTEST:
        raise ArgusError("bad_request", f"The frame rate of an upload must be from 1/60 to {_FASTEST}, not {fps[:20]}.")
    return fps


def shown(name: str) -> str:
    """Return a file's name as it is shown and kept in tasks: its last step, without what cannot be read."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    clean = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    return clean[:MAX_NAME] if clean.strip(".") else "file"


def _pair(part: str) -> tuple[str, str]:
    key, _, value = part.strip().partition(" ")
    try:
        return key, base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ArgusError("bad_request", f"“{key[:40]}” in Upload-Metadata is not UTF-8 in base64.") from error


def _scene(text: str) -> float:
    try:
        scene = float(text)
    except ValueError:
        scene = math.nan
    if not 0 <= scene <= 1:
        raise ArgusError("bad_request", f"The threshold of a scene change must be from 0 to 1, not {text[:20]}.",
                         "0.1 is a good start; larger values take fewer frames.")
    return scene
