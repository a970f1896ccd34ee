"""What each patch shows: the dense targets that teach both encoders the parts before prompts and captions do."""

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from demo.train.dataset import MASK_SIZE, SceneSet
from demo.vocabulary import COLOUR_NAMES, LABELS

KINDS: Final = len(LABELS) + len(COLOUR_NAMES)


def cover(rows: list[NDArray[np.int64]], scenes: SceneSet, flips: list[int], grid: int) -> Tensor:
    """(b, parts + colours, grid, grid) float: how much of each patch each part and each colour covers, 0..1.

    ``rows`` holds the object rows of the b scenes, ``flips`` the flipped axes of the pictures (1 rows, 2 columns).
    """
    wanted = torch.zeros(len(rows), KINDS, MASK_SIZE, MASK_SIZE)
    for image, objects in enumerate(rows):
        for row in objects:
            mask = torch.from_numpy(scenes.objects.mask[row]).float()
            wanted[image, scenes.objects.label[row]] += mask
            wanted[image, len(LABELS) + scenes.objects.colour[row]] += mask
    return F.avg_pool2d(wanted.clamp(max=1), MASK_SIZE // grid).flip([axis + 1 for axis in flips])


def cell_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy of (b, kinds, grid, grid) logits against ``cover``'s answer.

    Patches without any part are most of the picture, so patches with one count four times as much.
    """
    weight = 1 + 3 * wanted.amax(1, keepdim=True)
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (entropy * weight).sum(1).mean()
