"""What a format writer is given: an image with its objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from argus.export.objects import ExportObject


@dataclass(frozen=True)
class ExportImage:
    """One task's image.

    Attributes:
        file_name: unique in the export, no folders.
        data: the image file, or None when images are not copied.
        source: provenance for formats that can keep it (task id, video, time).
    """

    file_name: str
    width: int
    height: int
    objects: Sequence[ExportObject]
    data: bytes | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """A format. `add` is called once an image, so that memory does not grow with the project; then `close`."""

    def __init__(self, folder: Path, categories: Sequence[str], splits: Sequence[str], *, masks: bool,
                 description: str) -> None: ...

    def add(self, image: ExportImage, split: str) -> list[str]:
        """Write one image into `split` ('' without splits); return a reason for each thing the format cannot hold."""
        ...

    def close(self) -> None: ...


def save_image(folder: Path, image: ExportImage, split: str) -> None:
    """Write the image's file, when there is one, to `images/[split/]name`."""
    if image.data is not None:
        target = folder / "images" / split
        target.mkdir(parents=True, exist_ok=True)
        (target / image.file_name).write_bytes(image.data)
