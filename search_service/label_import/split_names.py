"""Which split of a dataset a file belongs to, by its name or its folder. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
          "testing": "test"}
_COCO = re.compile(r"(?:annotations|instances)_([a-z]\w{0,30}?)(?:(?:19|20)\d\d)?", re.ASCII)
_FOLDER = re.compile(r"[a-z]\w{0,30}", re.ASCII)


def of_coco(file: str) -> str:
    """Return the split of a dataset's JSON, '' for none: `annotations_val.json`, `instances_val2017.json`,
    `valid/_annotations.coco.json`."""
    path = PurePosixPath(file.lower())
    if found := _COCO.fullmatch(path.stem):
        return _NAMES.get(found[1], found[1])
    return _NAMES.get(path.parent.name, "")


def of_yolo(file: str) -> str:
    """Return the split of a label file, '' for none: `labels/val/a.txt`, `valid/labels/a.txt`."""
    folders = PurePosixPath(file.lower()).parts[:-1]
    if "labels" in folders:
        index = len(folders) - 1 - folders[::-1].index("labels")
        if (after := folders[index + 1:]) and _FOLDER.fullmatch(after[0]):
            return _NAMES.get(after[0], after[0])
        return _NAMES.get(folders[index - 1], "") if index else ""
    return _NAMES.get(folders[-1], "") if folders else ""
