"""Scenes of the demo, what SAM 3 finds on them, and what each find really is."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from argus.settings import Settings
from demo.draw import Split
from demo.scenes import Scene, SceneObject, make_scene, render_scene
from demo.vocabulary import LABELS
from label_studio_config.label_config import Concept
from ml_backend.engines import load_engine
from ml_backend.engines.base import Sam3Engine, iou_with
from search_service.embedding.encoder import SiglipEncoder

CHECKPOINTS = Path(__file__).parents[2] / "demo" / "checkpoints"
CONCEPTS = [Concept(label, (label,), 0.5) for label in LABELS]


@dataclass(frozen=True)
class Find:
    """A detection; `part` is its box as fractions of the image's sides, `shows` the place of the truth it fits best,
    None for a false find."""

    label: str
    score: float
    part: list[float]
    shows: int | None


@dataclass(frozen=True)
class Frame:
    """A scene's picture, its truth and what was found; `seconds` of one processor is what finding took."""

    image: Image.Image
    truth: list[SceneObject]
    finds: list[Find]
    seconds: float


def encoder() -> SiglipEncoder:
    return SiglipEncoder(str(CHECKPOINTS / "siglip2-tiny"), "cpu", threads=1)


@functools.cache
def words(label: str) -> NDArray[np.float64]:
    """Return the embedding of a label's name, (d,)."""
    return np.array(encoder().encode_texts([label])[0], np.float64)


def frames(split: Split, name: str, count: int, width: int, *, tile: int = 0, shrink: float = 1.0) -> Iterator[Frame]:
    """Yield scenes.

    Args:
        name: of the scenes: another name, other scenes.
        width: pixels.
        tile: see `ARGUS_SAM3_TILE`.
        shrink: factor of the parts' sizes, as a camera that hangs higher sees them.
    """
    engine = load_engine(Settings(  # type: ignore[call-arg]
        _env_file=None, sam3_model=str(CHECKPOINTS / "sam3-tiny"), torch_threads=1, sam3_tile=tile))
    for number in range(count):
        image, truth = render_scene(_shrunk(make_scene(split, f"{name} {number}"), shrink), width)
        yield _found(engine, image, truth)


def _shrunk(scene: Scene, shrink: float) -> Scene:
    parts = tuple(replace(placed, part=replace(placed.part, length=placed.part.length * shrink))
                  for placed in scene.parts)
    return replace(scene, parts=parts)


def _found(engine: Sam3Engine, image: Image.Image, truth: list[SceneObject]) -> Frame:
    began = time.process_time()
    (by_label,) = engine.detect([image], CONCEPTS)
    seconds = time.process_time() - began
    boxes = np.array([thing.box for thing in truth], np.float32).reshape(-1, 4)
    finds = []
    for label, found in by_label.items():
        for score, box in zip(found.scores.tolist(), found.boxes, strict=True):
            overlap = iou_with(box, boxes)
            best = int(overlap.argmax()) if len(overlap) and overlap.max() >= 0.5 else None
            part = [float(value) / side for value, side in zip(box, image.size * 2, strict=True)]
            finds.append(Find(label, score, part, best))
    return Frame(image, truth, finds, seconds)
