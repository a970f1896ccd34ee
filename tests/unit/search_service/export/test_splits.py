from __future__ import annotations

import pytest

from argus.errors import ArgusError
from search_service.export.splits import parse_splits


def test_parse_splits__scales_to_one() -> None:
    assert parse_splits("train=8, val=2") == {"train": 0.8, "val": 0.2}
    assert parse_splits("train=0.5,val=.25,test=0.25") == {"train": 0.5, "val": 0.25, "test": 0.25}


@pytest.mark.parametrize("text", ["train", "train=0", "train=1,train=1", "../x=1", "train=-1", "train=a"])
def test_parse_splits__refuses(text: str) -> None:
    with pytest.raises(ArgusError) as failure:
        parse_splits(text)
    assert failure.value.code == "bad_request"
