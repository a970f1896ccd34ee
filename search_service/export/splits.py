"""Dividing tasks into train, val and test so that the frames of one video stay together. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from argus.errors import ArgusError
from argus.typed_text import fold, split_list


def parse_splits(text: str) -> dict[str, float]:
    """Return `{"train": 0.8, "val": 0.2}` for `train=0.8,val=0.2`; the shares are scaled to a sum of 1.

    Raises:
        ArgusError: `bad_request`.
    """
    splits: dict[str, float] = {}
    for part in map(fold, split_list(text)):
        match = re.fullmatch(r"([a-z]\w{0,30})\s*[=:]\s*(\d+(?:\.\d+)?|\.\d+)%?", part)
        if not match or match[1] in splits or float(match[2]) <= 0:
            raise ArgusError("bad_request", f"This is not a share of a split: {part!r}.",
                             "Write it like train=0.8,val=0.2.")
        splits[match[1]] = float(match[2])
    total = sum(splits.values())
    return {name: share / total for name, share in splits.items()}


def assign_splits(groups: Mapping[int, str], splits: Mapping[str, float]) -> dict[int, str]:
    """Return `{task id: split}`; all tasks of a group land in one split, and the same input gives the same answer.

    The largest groups are placed first, each where most is missing, so shares are met as well as the groups allow: a
    project with a single video has one filled split.

    Args:
        groups: `{task id: group}`, the group being the task's video.
        splits: shares that sum to 1.
    """
    sizes = Counter(groups.values())
    missing = {name: share * len(groups) for name, share in splits.items()}
    place: dict[str, str] = {}
    for group in sorted(sizes, key=lambda g: (-sizes[g], g)):
        split = max(missing, key=lambda name: missing[name])
        place[group] = split
        missing[split] -= sizes[group]
    return {task: place[group] for task, group in groups.items()}
