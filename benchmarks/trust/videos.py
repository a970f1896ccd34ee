"""Videos of the demo's line with what its checkpoint finds in them and what they show; detected once, then kept.

A video is rendered at a frame a second, encoded as H.264, sampled and detected by the product's own modules at the
default settings, so the detections are those that a project would store.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from argus.settings import Settings
from demo.video import HEIGHT, WIDTH, make_plan, render, truth_at
from demo.vocabulary import LABELS
from label_studio_config.label_config import Concept
from ml_backend.engines import Sam3Engine, load_engine
from search_service.frames.sampling import sample_frames

SECONDS = 150  # and frames
MIN_VISIBLE = 0.3  # of an object that counts as shown
CHECKPOINT = Path(__file__).parents[2] / "demo/checkpoints/sam3-tiny"
_SIZE = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)


@dataclass(frozen=True)
class Video:
    """Everything of one video, in rows.

    Attributes:
        detections: float32 (N, 7): frame, index of the label, score, x0 y0 x1 y1 as fractions of the image's sides.
        truth: float32 (M, 7): frame, index of the label, visible share, the box of what can be seen.
        grey: uint8 (SECONDS, 180, 320), the frames reduced.
    """

    seed: int
    detections: NDArray[np.float32]
    truth: NDArray[np.float32]
    grey: NDArray[np.uint8]


def video(seed: int, cache: Path, engine: Sam3Engine | None = None) -> Video:
    """Return the video of a seed, from `cache` if it is there; else it is made, which takes minutes on a CPU."""
    path = cache / f"line-{seed}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        made = _make(seed, engine or engine_of_demo())
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".npz", delete=False) as file:
            np.savez_compressed(file, detections=made.detections, truth=made.truth, grey=made.grey)
        os.replace(file.name, path)
    with np.load(path) as stored:
        return Video(seed, stored["detections"], stored["truth"], stored["grey"])


def engine_of_demo() -> Sam3Engine:
    """Return the demo's SAM 3 as the product loads it, on one thread of the CPU."""
    return load_engine(Settings(  # type: ignore[call-arg]
        _env_file=None, sam3_model=str(CHECKPOINT), device="cpu", torch_threads=1))


def _make(seed: int, engine: Sam3Engine) -> Video:
    concepts = [Concept(label, (label,), 0.4) for label in LABELS]
    detections: list[list[float]] = []
    greys: list[NDArray[np.uint8]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.mp4"
        render(path, Path(folder) / "truth.json", SECONDS, seed, fps=1)
        for number, sampled in enumerate(sample_frames(path, Fraction(1))):
            image = sampled.image().convert("RGB")
            greys.append(np.asarray(image.convert("L").resize((320, 180), Image.Resampling.BOX)))
            found = engine.detect([image], concepts)[0]
            for index, label in enumerate(LABELS):
                one = found[label]
                detections += [[number, index, float(score), *(box / _SIZE).tolist()]
                               for score, box in zip(one.scores, one.boxes, strict=True)]
    plan = make_plan(SECONDS, seed)
    truth = [[number, LABELS.index(item.label), item.visible, *(np.array(item.box) / _SIZE).tolist()]
             for number in range(SECONDS) for item in truth_at(plan, number, min_visible=MIN_VISIBLE)]
    return Video(seed, np.array(detections, np.float32).reshape(-1, 7),
                 np.array(truth, np.float32).reshape(-1, 7), np.stack(greys))
