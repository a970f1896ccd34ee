"""What a format writer is given: an image with its objects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypedDict

from pydantic import JsonValue

from argus.labelstudio.regions import ExportObject


class Provenance(TypedDict, total=False):
    """Where frame and regions came from, as the export keeps it. What the task's data says of the video stands here as
    it is. Of a prediction: `prediction_id` and `model_version`; of an annotation the rest, `prediction_id` being the
    one it was made from. `accepted_under`: the number of a valid certificate about all of it, if there is one;
    `labels_accepted_under`: of certificates about single labels, by label.
    """

    task_id: int
    prediction_id: int | None
    model_version: str
    annotation_id: int
    annotated_by: int | None
    annotated_at: str | None
    accepted_under: int
    labels_accepted_under: dict[str, int]
    video: JsonValue
    video_id: JsonValue
    video_time: JsonValue
    frame_number: JsonValue


@dataclass(frozen=True)
class ExportImage:
    """One task's image.

    Attributes:
        file_name: unique in the export, no folders.
        data: the image file, or None when it is not copied.
        file: a file on this machine to link to instead, or None.
        digest: SHA-256 of the image file, in hex digits; "" when it is not exported.
        source: provenance (task, annotation or prediction, who and when, video and time).
    """

    file_name: str
    width: int
    height: int
    objects: Sequence[ExportObject]
    data: bytes | None = None
    file: Path | None = None
    digest: str = ""
    source: Provenance = field(default_factory=Provenance)


class Writer(Protocol):
    """A format. `add` is called once an image, so that memory does not grow with the project; then `close`.

    Attributes:
        first: the number that the format's first category has, unless labels ask for others.
    """

    first: int

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *,
                 description: str) -> None: ...

    def images(self, split: str) -> str:
        """Return the folder that the image files of a split are in, inside that of the export; "" where they are in the
        format's own files."""
        ...

    def add(self, image: ExportImage, split: str) -> list[str]:
        """Write one image into `split` ('' without splits); return a reason for each thing the format cannot hold."""
        ...

    def close(self) -> None: ...


def save_image(folder: Path, image: ExportImage) -> None:
    """Put the image's file, when there is one, into a folder: written, or linked.

    A link is a hard one, so the file stays when its other name goes; across disks it is a copy.
    """
    if image.data is None and image.file is None:
        return
    target = folder / image.file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    if image.file is not None:
        try:
            os.link(image.file, target)
        except OSError:
            shutil.copyfile(image.file, target)
    elif image.data is not None:
        target.write_bytes(image.data)
