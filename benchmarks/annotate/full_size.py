"""The full-size SAM 3 architecture with random weights: it knows nothing, and costs what the real one costs."""

from __future__ import annotations

import functools
import time
from typing import Any

from benchmarks.annotate.report import Figure
from benchmarks.annotate.world import CHECKPOINT, picture

LABELS = tuple(f"part {i}" for i in range(10))
CASES = ((3, 2, 2.3), (10, 1, 4.5))  # labels, images, goal


def full_size() -> list[Figure]:
    """Argus's engine against the loop, at 3 and at 10 labels."""
    from argus.images import open_image
    from benchmarks.annotate.loop import Loop, timed
    from label_studio_config.concepts import Concept
    from ml_backend.engines.postprocess import Limits
    from ml_backend.engines.transformers_engine import TransformersEngine

    model, tokenizer = _random_model()
    figures = []
    for labels, count, goal in CASES:
        files = [picture(i, 1920) for i in range(count)]
        engine = TransformersEngine(model, tokenizer, Limits(0.1, 0.6, 100), 1)
        concepts = [Concept(label, (label,), 0.4) for label in LABELS[:labels]]
        began = time.perf_counter()
        for file in files:
            engine.detect([open_image(file)], concepts)
        ours = time.perf_counter() - began
        loop = timed(Loop(model, tokenizer), [functools.partial(bytes, file) for file in files], LABELS[:labels])
        figures.append(Figure(
            f"full-size SAM 3 (random weights, CPU, float32), {count} image(s) of 1080p, {labels} labels: loop / Argus",
            f"{loop / ours:.1f} × ({loop / count:.0f} s / {ours / count:.0f} s an image)", f"≥ {goal} ×",
            loop / ours >= goal))
    return figures


def _random_model() -> tuple[Any, Any]:
    """Return `Sam3Model` as its default configuration makes it, with the demo's tokenizer: only its ids matter."""
    import torch
    from transformers import CLIPTokenizer, Sam3Config, Sam3Model

    torch.manual_seed(0)
    model: Any = Sam3Model(Sam3Config())
    return model.eval().requires_grad_(False), CLIPTokenizer.from_pretrained(CHECKPOINT)
