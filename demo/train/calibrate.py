"""Make a score keep its promise: of the regions scored 0.9 or more, at least 97 % are right.

A detector's raw scores rank well but mean little. Two numbers, a factor on the score logits and a shift of the
presence logit, are chosen on the validation split (looks that neither training nor the report uses) and multiplied
into the weights, so whoever loads the checkpoint gets the honest scores without knowing of any of this.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import Sam3Model

from demo.train.metrics import Truth, judge
from demo.train.predict import Detection

PROMISED: Final = 0.9
WANTED_PRECISION: Final = 0.975  # above the promise, since the validation split is small
FACTORS: Final = np.round(np.arange(0.5, 2.55, 0.1), 2)
SHIFTS: Final = np.round(np.arange(-2.0, 2.05, 0.25), 2)


@dataclass(frozen=True)
class Calibration:
    """What to apply, and what the validation split says of it: precision and share of objects at 0.9 or more."""

    factor: float
    shift: float
    precision: float
    share: float
    log_loss: float


def calibrate(detections: list[Detection], truth: list[Truth]) -> Calibration:
    """The factor and shift with the lowest log loss among those that keep the promise.

    ``detections`` come from the uncalibrated model with a low score floor. If no pair keeps the promise, the one with
    the highest precision is taken.
    """
    right = judge(detections, truth)
    logits = np.array([found.logit for found in detections])
    presence = np.array([found.presence for found in detections])
    tried = [_try(logits, presence, right, len(truth), f, s) for f in FACTORS for s in SHIFTS]
    honest = [c for c in tried if c.precision >= WANTED_PRECISION and c.share >= 0.3]
    if honest:
        return min(honest, key=lambda c: c.log_loss)
    return max(tried, key=lambda c: (c.share >= 0.3, c.precision))


def bake(model: Sam3Model, calibration: Calibration) -> None:
    """Multiply the calibration into the weights, in place."""
    scorer = model.dot_product_scoring
    head: Any = model.detr_decoder.presence_head.layer3
    with torch.no_grad():
        scorer.query_proj.weight.mul_(calibration.factor)
        scorer.query_proj.bias.mul_(calibration.factor)
        head.bias.add_(calibration.shift)


def _try(
    logits: NDArray[np.float64],
    presence: NDArray[np.float64],
    right: NDArray[np.bool_],
    objects: int,
    factor: float,
    shift: float,
) -> Calibration:
    scores = _sigmoid(logits * factor) * _sigmoid(presence + shift)
    sure = scores >= PROMISED
    precision = float(right[sure].mean()) if sure.any() else 0.0
    clipped = scores.clip(1e-4, 1 - 1e-4)
    log_loss = -float(np.where(right, np.log(clipped), np.log(1 - clipped)).mean())
    return Calibration(float(factor), float(shift), precision, float((sure & right).sum() / max(1, objects)), log_loss)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))
