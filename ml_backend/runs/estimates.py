"""What the next run will cost, from what this checkpoint cost lately.

The time of a chunk is modelled as `a × images + b × (image, prompt) pairs`: an image is encoded once, then every
prompt goes through the heads. Both are fitted to the stored timings; as long as those cannot tell them apart (every run
had the same number of prompts), the encoder is taken to cost as much as `ENCODER_PROMPTS` prompts, which is what the
full-size architecture was measured at (49 s and 5.3 s on one CPU core).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from argus import queue_names
from argus.answers import runs as answers
from argus.errors import ArgusError
from argus.jobs import queues
from label_studio_config.recipe import Recipe
from ml_backend.detection import store as detections
from ml_backend.detection.step_size import ENCODER_PROMPTS
from ml_backend.runs import store
from ml_backend.runs.store import Timing

_USED = 200  # newest timings that count


class Cost(NamedTuple):
    """Seconds an image costs, and seconds that each prompt adds to it."""

    image: float
    prompt: float


def fit(timings: Sequence[Timing]) -> Cost | None:
    """Return the cost that explains these timings best; None without any."""
    rows = np.array([t for t in timings if t.images > 0 and t.seconds > 0], np.float64).reshape(-1, 3)
    if not len(rows):
        return None
    if len(np.unique(np.round(rows[:, 1] / rows[:, 0], 3))) > 1:
        (image, prompt), *_ = np.linalg.lstsq(rows[:, :2], rows[:, 2], rcond=None)
        if image >= 0 and prompt >= 0:
            return Cost(float(image), float(prompt))
    unit = rows[:, 2].sum() / (ENCODER_PROMPTS * rows[:, 0] + rows[:, 1]).sum()
    return Cost(float(ENCODER_PROMPTS * unit), float(unit))


def record(checkpoint: str, worker: str, images: int, pairs: int, seconds: float) -> None:
    """Store what a chunk cost. A chunk that had nothing to compute says nothing."""
    if images:
        store.record_timing(checkpoint, worker, Timing(images, pairs, seconds))


def record_first(checkpoint: str, worker: str, seconds: float) -> None:
    """Store the time of one image with one prompt, unless something better is known."""
    if not store.timings(checkpoint, newest=1):
        record(checkpoint, worker, 1, 1, seconds)


def estimate(recipe: Recipe, labels: Sequence[str], task_ids: Sequence[int]) -> answers.Cost:
    """Return what a run of `labels` on `task_ids` will cost."""
    lacking = detections.missing(task_ids, recipe, labels)
    prompts = {c.label: len(c.prompts) for c in recipe.concepts}
    pairs = sum(prompts[label] for names in lacking.values() for label in names)
    timings = store.timings(recipe.checkpoint, _USED)
    cost = fit(timings)
    workers = _workers()
    seconds = cost.image * len(lacking) + cost.prompt * pairs if cost else None
    return answers.Cost(
        tasks=len(task_ids), to_compute=len(lacking), labels=list(labels), workers=workers,
        tasks_ahead=store.count_waiting(), measured_images=sum(t.images for t in timings),
        seconds_per_image=round(seconds / len(lacking), 3) if seconds is not None and lacking else None,
        seconds=round(seconds / max(1, workers), 1) if seconds is not None else None)


def _workers() -> int:
    """Return the SAM 3 workers there are; none while the queue does not answer, which is no reason for no estimate."""
    try:
        return queues.workers_of(queue_names.SAM3)
    except ArgusError:
        return 0
