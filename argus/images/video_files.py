"""Telling a video from an image, by an address's file name and by a file's first bytes. No file is opened here."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from argus.errors import ArgusError

VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv",
                  ".asf", ".flv", ".ogv", ".mxf", ".3gp", ".dav"}
_STILLS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"jxl ", b"crx ")  # brands
_MATROSKA, _ASF, _FLV = b"\x1a\x45\xdf\xa3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"FLV\x01"
_MPEG, _PACKET = b"\x00\x00\x01\xba", 188  # bytes of a packet of a transport stream, each of which begins with "G"


def file_name(url: str) -> str:
    """Return the name of the file that a task's address means, as far as it says; '' otherwise."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    local = parse_qs(parts.query).get("d", [""])[0] if parts.path.rstrip("/").endswith("/data/local-files") else ""
    return PurePosixPath(local or unquote(parts.path)).name


def named_as_video(url: str) -> bool:
    """Whether the file that an address means has a video's ending."""
    return PurePosixPath(file_name(url)).suffix.lower() in VIDEO_SUFFIXES


def begins_as_video(data: bytes) -> bool:
    """Whether a file begins as MP4, MOV, Matroska, WebM, AVI, MPEG, ASF or FLV do. A kilobyte is enough."""
    if data[4:8] == b"ftyp":
        return data[8:12] not in _STILLS
    if data[:4] == b"RIFF":
        return data[8:12] == b"AVI "
    if data[:1] == b"G":
        return len(data) > 2 * _PACKET and data[_PACKET:_PACKET + 1] == data[2 * _PACKET:2 * _PACKET + 1] == b"G"
    return data.startswith((_MATROSKA, _ASF, _FLV, _MPEG)) or data[4:8] == b"moov"


def a_video() -> ArgusError:
    """Return the error of a task whose image is a video."""
    return ArgusError("video_file", "The task's file is a video, not an image.",
                      "Cut it into frames: on the page under *Add videos or images*, or with "
                      "`argus import-video --from-label-studio`.")
