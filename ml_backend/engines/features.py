"""Features of the images people are working on: a second question about an image need not encode it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch

Tensors = tuple[torch.Tensor, ...]


class FeatureCache:
    """Tensors by image and kind ("encoder", "boxes", "clicks"), the least recently used forgotten first.

    The bound is in bytes and not in images, because the same image takes 21 MB behind SAM 3's encoder, 113 MB in front
    of the detector's heads and 20 MB in front of the tracker's (full size, float32). What was asked for last always
    stays, however large.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[str, str], Tensors] = OrderedDict()
        self.bytes = 0

    def get(self, image: str, kind: str, make: Callable[[], Tensors]) -> Tensors:
        """Return what is kept for this image, or what `make` makes, which is kept from now on.

        Args:
            image: names the image by its content: two images never share a name.
        """
        key = (image, kind)
        if key not in self._kept:
            made = make()  # may ask for another kind of the same image
            self._kept[key] = made
            self.bytes += _size(made)
        self._kept.move_to_end(key)
        while self.bytes > self._limit and len(self._kept) > 1:
            self.bytes -= _size(self._kept.popitem(last=False)[1])
        return self._kept[key]

    def clear(self) -> None:
        """Forget everything: the device needs its memory for something else."""
        self._kept.clear()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)


def _size(tensors: Tensors) -> int:
    return sum(t.nbytes for t in tensors)
