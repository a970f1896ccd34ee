"""Set prediction losses for the tiny SAM 3: matching, boxes, scores, presence, masks.

The weights follow DETR (Carion et al., 2020): L1 5, GIoU 2; scores by focal loss (Lin et al., 2017), only for prompts
that have something to find, since SAM 3 leaves "is it there at all" to the presence token.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from demo.train.sam3_tiny import Answers

REPEATS: Final = 4  # queries per object in the additional one-to-many matching
REPEAT_WEIGHT: Final = 0.25
RIGHT_IOU: Final = 0.5

Indices = NDArray[np.int64]
Pairs = tuple[Indices, Indices]  # queries and the objects they are given


@dataclass(frozen=True)
class Target:
    """What one prompt should find: ``boxes`` (n, 4) cxcywh in 0..1 and ``masks`` (n, 48, 48) float of 0 and 1."""

    boxes: Tensor
    masks: Tensor


def corners(boxes: Tensor) -> Tensor:
    """(…, 4) cxcywh to xyxy."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of xyxy boxes, broadcast over the leading dimensions."""
    top_left = torch.maximum(a[..., :2], b[..., :2])
    bottom_right = torch.minimum(a[..., 2:], b[..., 2:])
    shared = (bottom_right - top_left).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    area = hull.prod(-1).clamp(min=1e-6)
    iou = shared / union.clamp(min=1e-6)
    return iou, iou - (area - union) / area


def total_loss(answers: Answers, targets: list[Target], gamma: float, strict: bool) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch and its parts for the progress line.

    ``gamma`` is the focal exponent: 2 early, when nearly all queries are easy negatives, 0 late, so that scores
    become honest frequencies. ``strict`` scores a matched query as right only if its IoU reaches 0.5, which is what
    a score is meant to promise.
    """
    has = torch.tensor([float(len(target.boxes) > 0) for target in targets])
    count = max(1, sum(len(target.boxes) for target in targets))
    layers = len(answers.logits)
    presence = sum(
        (F.binary_cross_entropy_with_logits(answers.presence[k], has) for k in range(layers)), torch.zeros(())
    )
    score = box = giou = torch.zeros(())
    last: list[tuple[int, Indices, Indices]] = []
    for k in range(layers):
        matches = _match(answers.logits[k], answers.boxes[k], targets)
        part = _layer_losses(answers.logits[k], answers.boxes[k], targets, matches, has, gamma, strict)
        score, box, giou = score + part[0], box + part[1], giou + part[2]
        last = [(row, once[0], once[1]) for row, once, _ in matches]
    mask = _mask_loss(answers.masks, targets, last)
    semantic = _semantic_loss(answers.semantic, targets, has)
    loss = 4 * score / count + presence + (5 * box + 2 * giou) / count + mask + semantic
    parts = {"score": score / count, "presence": presence, "l1": box / count, "giou": giou / count}
    parts |= {"mask": mask, "semantic": semantic}
    return loss, {name: float(value.detach()) for name, value in parts.items()}


def _match(logits: Tensor, boxes: Tensor, targets: list[Target]) -> list[tuple[int, Pairs, Pairs]]:
    """For every prompt with objects: (row, one-to-one pairs, one-to-many pairs) of (queries, objects)."""
    matches = []
    with torch.no_grad():
        scores, xyxy = logits.sigmoid(), corners(boxes)
        for row, target in enumerate(targets):
            n = len(target.boxes)
            if n == 0:
                continue
            giou = overlaps(xyxy[row][:, None], corners(target.boxes)[None])[1]
            cost = 5 * torch.cdist(boxes[row], target.boxes, p=1) - 2 * giou
            once = linear_sum_assignment((cost - 2 * scores[row][:, None]).numpy())
            queries, objects = linear_sum_assignment(cost.repeat(1, REPEATS).numpy())
            matches.append((row, once, (queries, objects % n)))
    return matches


def _layer_losses(
    logits: Tensor,
    boxes: Tensor,
    targets: list[Target],
    matches: list[tuple[int, Pairs, Pairs]],
    has: Tensor,
    gamma: float,
    strict: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Score, L1 and GIoU loss of one decoder layer, summed over objects."""
    if not matches:
        return logits.sum() * 0, logits.sum() * 0, logits.sum() * 0
    rows, queries, wanted, weights = [], [], [], []
    for row, (q, o), (many_q, many_o) in matches:
        rows += [row] * (len(q) + len(many_q))
        queries += [*q, *many_q]
        wanted += [targets[row].boxes[o], targets[row].boxes[many_o]]
        weights += [1.0] * len(q) + [REPEAT_WEIGHT] * len(many_q)
    row_index, query_index, weight = (
        torch.tensor(rows),
        torch.tensor(np.array(queries)),
        torch.tensor(weights),
    )
    found, target = boxes[row_index, query_index], torch.cat(wanted)
    iou, giou = overlaps(corners(found), corners(target))
    right = torch.zeros_like(logits)
    once = weight == 1.0
    right[row_index[once], query_index[once]] = (iou[once] >= RIGHT_IOU).float().detach() if strict else 1.0
    entropy = F.binary_cross_entropy_with_logits(logits, right, reduction="none")
    probability = logits.sigmoid()
    miss = torch.where(right > 0, 1 - probability, probability)
    # Focal's alpha fades with gamma: at gamma 0 the loss is plain cross entropy.
    alpha = torch.where(right > 0, 0.5 + gamma / 8, 0.5 - gamma / 8)
    score = (alpha * miss**gamma * entropy).sum(1) * has
    box = (weight[:, None] * (found - target).abs()).sum()
    return score.sum(), box, (weight * (1 - giou)).sum()


def _mask_loss(masks: Tensor, targets: list[Target], matches: list[tuple[int, Indices, Indices]]) -> Tensor:
    """Cross entropy and dice of the matched queries' masks, for the prompts that have masks."""
    kept = [(row, q, o) for row, q, o in matches if row < len(masks)]
    if not kept:
        return masks.sum() * 0
    found = torch.cat([masks[row][q] for row, q, _ in kept])
    wanted = torch.cat([targets[row].masks[o] for row, _, o in kept])
    return 5 * F.binary_cross_entropy_with_logits(found, wanted) + dice(found, wanted).mean()


def _semantic_loss(semantic: Tensor, targets: list[Target], has: Tensor) -> Tensor:
    """Cross entropy and dice of the union of all objects: a dense signal that teaches early where things are."""
    wanted = torch.stack(
        [t.masks.amax(0) if len(t.masks) else torch.zeros(semantic.shape[1:]) for t in targets[: len(semantic)]]
    )
    present = has[: len(semantic)]
    overlap = (dice(semantic, wanted) * present).sum() / present.sum().clamp(min=1)
    return 5 * F.binary_cross_entropy_with_logits(semantic, wanted) + overlap


def dice(logits: Tensor, wanted: Tensor) -> Tensor:
    """1 - dice coefficient per row."""
    found, wanted = logits.sigmoid().flatten(1), wanted.flatten(1)
    return 1 - (2 * (found * wanted).sum(1) + 1) / (found.sum(1) + wanted.sum(1) + 1)
