"""The full-size SAM 3 architecture with random weights: it knows nothing, and costs what the real one costs."""

from __future__ import annotations

import functools
import sys
import time
from typing import Any

from benchmarks.annotate.report import Figure
from benchmarks.annotate.world import CHECKPOINT, picture

LABELS = tuple(f"part {i}" for i in range(10))
GOALS = {3: 2.3, 10: 4.5}  # labels: how many times the loop's cost
_LOOP_LABELS = 3


def full_size() -> list[Figure]:
    """Argus's engine against the loop on one image of 1080p, at 3 and at 10 labels, in processor seconds.

    The loop does the same work again for each label, so three of its labels are timed and stand for ten.
    """
    import torch

    from argus.images.fetcher import open_image
    from benchmarks.annotate.loop import Loop, timed
    from label_studio_config.label_config import Concept
    from ml_backend.engines.postprocess import Limits
    from ml_backend.engines.transformers_engine import TransformersEngine

    model, tokenizer = _random_model()
    file = picture(0, 1920)
    began = time.process_time()
    timed(Loop(model, tokenizer), [functools.partial(bytes, file)], LABELS[:_LOOP_LABELS])
    a_label = (time.process_time() - began) / _LOOP_LABELS
    print(f"the loop: {a_label:.1f} s a label", file=sys.stderr, flush=True)
    figures = []
    for labels, goal in GOALS.items():
        engine = TransformersEngine(model, tokenizer, Limits(0.1, 0.6, 100), 1)
        began = time.process_time()
        engine.detect([open_image(file)], [Concept(label, (label,), 0.4) for label in LABELS[:labels]])
        ours, loop = time.process_time() - began, labels * a_label
        figures.append(Figure(
            f"full-size SAM 3 (random weights, CPU, float32), an image of 1080p, {labels} labels: loop / Argus",
            f"{loop / ours:.1f} × ({loop:.0f} s / {ours:.0f} s of processor time, {torch.get_num_threads()} threads)",
            f"≥ {goal} ×", loop / ours >= goal))
    return figures


def _random_model() -> tuple[Any, Any]:
    """Return `Sam3Model` as its default configuration makes it, with the demo's tokenizer: only its ids matter."""
    import torch
    from transformers import CLIPTokenizer, Sam3Config, Sam3Model

    torch.manual_seed(0)
    model: Any = Sam3Model(Sam3Config())
    return model.eval().requires_grad_(False), CLIPTokenizer.from_pretrained(CHECKPOINT)
