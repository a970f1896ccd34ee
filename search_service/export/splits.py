"""The shares of splits, as people write them."""

from __future__ import annotations

import re

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
