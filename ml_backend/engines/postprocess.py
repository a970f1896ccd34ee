"""SAM 3's raw output → detections.

Why not the library's `post_process_instance_segmentation`: it scales every mask to the whole frame in float32 and makes
it int64 (2.3 s and 2.6 GB for 100 objects at 1080p). Here detections are capped first and each mask is cut from its
low-resolution logits inside its box (0.03 s), when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from argus.errors import no_number
from ml_backend.engines.base import Detections, Mask, nms


@dataclass(frozen=True)
class Limits:
    """What is kept: the lowest score, the IoU above which two boxes are one object, the number per image and label."""

    keep: float
    iou: float
    most: int


def select(logits: torch.Tensor, presence: torch.Tensor, boxes: torch.Tensor, masks: torch.Tensor,
           size: tuple[int, int], limits: Limits) -> Detections:
    """Return the detections of one label on one image.

    Args:
        logits: (P, Q) of each prompt's queries.
        presence: (P, 1) logits: is the prompt's concept in the image at all.
        boxes: (P, Q, 4) x0 y0 x1 y1, 0..1.
        masks: (P, Q, h, w) logits of the whole image.
        size: width and height of the image in pixels.

    Raises:
        ArgusError: `model_broken` when the model gave no numbers: NaN is below every score, and would be nothing found.
    """
    if not all(bool(torch.isfinite(part).all()) for part in (logits, presence, boxes)):
        raise no_number()
    scores = (logits.float().sigmoid() * presence.float().sigmoid()).flatten()
    candidates = torch.nonzero(scores >= limits.keep).flatten()
    # NMS compares pairs: a cap before it bounds the work, and what it drops is the worst.
    candidates = candidates[scores[candidates].argsort(descending=True)[:4 * limits.most]]
    extent = torch.tensor([size[0], size[1], size[0], size[1]], device=boxes.device)
    pixels = (boxes.flatten(0, 1)[candidates].float().clamp(0, 1) * extent).cpu().numpy()
    found = scores[candidates].cpu().numpy()
    real = np.flatnonzero((pixels[:, 2] > pixels[:, 0]) & (pixels[:, 3] > pixels[:, 1]))
    alone = real[nms(pixels[real], found[real], limits.iou)]
    kept = alone[:limits.most]
    planes = masks.flatten(0, 1)[candidates[torch.as_tensor(kept, device=candidates.device)]].float().cpu()
    return Detections(found[kept], pixels[kept], CutLater(planes, pixels[kept], size), len(alone) - len(kept))


class CutLater(Sequence[Mask | None]):
    """Masks that are cut from their low-resolution logits when somebody looks at them: not on the model's thread.

    Args:
        planes: (N, h, w) logits on the CPU.
        boxes: (N, 4) x0 y0 x1 y1 in pixels.
        size: width and height of the image.
    """

    def __init__(self, planes: torch.Tensor, boxes: NDArray[np.float32], size: tuple[int, int]) -> None:
        self._planes, self._boxes, self._size = planes, boxes, size
        self._cut: dict[int, Mask | None] = {}

    def __len__(self) -> int:
        return len(self._boxes)

    @overload
    def __getitem__(self, index: int) -> Mask | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mask | None]: ...
    def __getitem__(self, index: int | slice) -> Mask | list[Mask | None] | None:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        if number not in self._cut:
            self._cut[number] = cut_mask(self._planes[number], self._boxes[number], self._size)
        return self._cut[number]


def cut_mask(logits: torch.Tensor, box: NDArray[np.float32], size: tuple[int, int]) -> Mask | None:
    """Return the mask inside `box`, or None when it is empty there.

    Args:
        logits: (h, w) of the whole image; above 0 is the object.
        box: x0 y0 x1 y1 in pixels.
        size: width and height of the image.
    """
    width, height = size
    # A box is a guess too: one cell of the low-resolution mask around it still counts as inside.
    margin_x, margin_y = width / logits.shape[1], height / logits.shape[0]
    x0, y0 = max(0, int(box[0] - margin_x)), max(0, int(box[1] - margin_y))
    x1, y1 = min(width, int(np.ceil(box[2] + margin_x))), min(height, int(np.ceil(box[3] + margin_y)))
    across = (torch.arange(x0, x1) + 0.5) * (2 / width) - 1
    down = (torch.arange(y0, y1) + 0.5) * (2 / height) - 1
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)[None]
    sampled = grid_sample(logits[None, None], grid, mode="bilinear", padding_mode="border", align_corners=False)
    return trim(sampled[0, 0].numpy() > 0, x0, y0)


def trim(bits: NDArray[np.bool_], x: int, y: int) -> Mask | None:
    """Return `bits` at column `x`, row `y` as a mask without empty margins; None when no pixel is set."""
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    return Mask(x + left, y + top, np.ascontiguousarray(bits[top:rows[-1] + 1, left:columns[-1] + 1]))
