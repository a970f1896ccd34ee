from __future__ import annotations

from collections import Counter

import pytest

from argus.errors import ArgusError
from search_service.export.splits import assign_splits, parse_splits


def test_parse_splits__scales_to_one() -> None:
    assert parse_splits("train=8, val=2") == {"train": 0.8, "val": 0.2}
    assert parse_splits("train=0.5,val=.25,test=0.25") == {"train": 0.5, "val": 0.25, "test": 0.25}


@pytest.mark.parametrize("text", ["train", "train=0", "train=1,train=1", "../x=1", "train=-1", "train=a"])
def test_parse_splits__refuses(text: str) -> None:
    with pytest.raises(ArgusError) as failure:
        parse_splits(text)
    assert failure.value.code == "bad_request"


def test_assign_splits__keeps_a_video_together_and_meets_the_shares() -> None:
    groups = {task: f"video {task // 10}" for task in range(100)}  # ten videos of ten frames
    placed = assign_splits(groups, {"train": 0.7, "val": 0.2, "test": 0.1})
    assert Counter(placed.values()) == {"train": 70, "val": 20, "test": 10}
    assert all(len({placed[task] for task in groups if groups[task] == video}) == 1 for video in set(groups.values()))
    assert placed == assign_splits(dict(reversed(groups.items())), {"train": 0.7, "val": 0.2, "test": 0.1})


def test_assign_splits__one_video_is_not_torn_apart() -> None:
    assert set(assign_splits({1: "v", 2: "v", 3: "v"}, {"train": 0.5, "val": 0.5}).values()) == {"train"}
