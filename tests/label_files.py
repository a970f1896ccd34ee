"""Label files for tests, and what of them is in Label Studio."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from argus.labelstudio import LabelStudio, listing


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, 7)).save(buffer, "JPEG")
    return buffer.getvalue()


def coco(folder: Path, names: list[str], labels: tuple[str, ...] = ("cpu", "fan"), **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    body = {"images": [{"id": n, "file_name": name, "width": 64, "height": 48} for n, name in enumerate(names)],
            "categories": [{"id": n, "name": label} for n, label in enumerate(labels)],
            "annotations": [{"id": n, "image_id": n, "category_id": n % len(labels), "bbox": [8, 8, 16, 12], **more}
                            for n, _ in enumerate(names)]}
    (folder / "annotations.json").write_text(json.dumps(body))
    return folder


def tasks_of(ls: LabelStudio, project: int) -> list[Any]:
    return [task for page in listing.walk(ls, project, fields="all") for task in page]


def results(ls: LabelStudio, project: int) -> list[Any]:
    """Every task's name with the shapes of its annotations and predictions."""
    return [(task["data"]["image"].rpartition("-")[2],
             [[(r["value"], r.get("score")) for r in one["result"]] for one in task["annotations"]],
             [(one["model_version"], len(one["result"])) for one in task["predictions"]])
            for task in tasks_of(ls, project)]
