"""Rendered scenes at the size of the models, cached as arrays: ``python -m demo.train.dataset``.

Scenes are drawn at 640 x 360, JPEG-compressed and then squashed to squares, as both models' image processors do with
a 16:9 frame. Rendering is the slow part (about 40 ms a scene), so it happens once.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.belts import ASPECT
from demo.draw import Split
from demo.scenes import make_scene, render_scene
from demo.vocabulary import COLOUR_NAMES, LABELS

CACHE: Final = Path(".argus/demo-train")
RENDER_WIDTH: Final = 640
IMAGE_SIZE: Final = 192  # side of the square both models look at
MASK_SIZE: Final = 48  # side of SAM 3's low-resolution masks at this image size
SIZES: Final = {Split.TRAIN: 7000, Split.VALIDATION: 400}
CHUNK: Final = 100


@dataclass(frozen=True)
class Objects:
    """All objects of a set of scenes, one row each.

    ``scene``, ``label``, ``colour``: (n,) int64 (indices of ``LABELS`` and ``COLOUR_NAMES``); ``box``: (n, 4) float32
    xyxy in 0..1; ``visible``: (n,) float32; ``mask``: (n, 48, 48) bool.
    """

    scene: NDArray[np.int64]
    label: NDArray[np.int64]
    colour: NDArray[np.int64]
    box: NDArray[np.float32]
    visible: NDArray[np.float32]
    mask: NDArray[np.bool_]

    def by_scene(self, count: int) -> list[NDArray[np.int64]]:
        """Row numbers of every scene's objects, for scenes ``0..count - 1``."""
        order = np.argsort(self.scene, kind="stable")
        cuts = np.searchsorted(self.scene[order], np.arange(1, count))
        return list(np.split(order, cuts))


@dataclass(frozen=True)
class SceneSet:
    """A split's scenes: ``images`` (n, 192, 192, 3) uint8, and their objects."""

    images: NDArray[np.uint8]
    objects: Objects

    def __len__(self) -> int:
        return len(self.images)


def load(split: Split, cache: Path = CACHE) -> SceneSet:
    """Read the training or the validation split from the cache, rendering it first if it is not there."""
    folder = cache / split
    if not (folder / "objects.npz").exists():
        render_split(split, SIZES[split], folder)
    with np.load(folder / "objects.npz") as rows:
        mask = np.unpackbits(rows["mask"], axis=1).reshape(-1, MASK_SIZE, MASK_SIZE).astype(bool)
        objects = Objects(rows["scene"], rows["label"], rows["colour"], rows["box"], rows["visible"], mask)
    return SceneSet(np.load(folder / "images.npy"), objects)


def render_split(split: Split, count: int, folder: Path, workers: int = 2) -> None:
    """Render ``count`` scenes of a split into ``folder``, in ``workers`` processes, with a progress line."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    chunks = [(split, first, min(count, first + CHUNK)) for first in range(0, count, CHUNK)]
    parts: list[_Chunk] = []
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(_render_chunk, chunks):
            parts.append(part)
            if len(parts) % 10 == 0 or len(parts) == len(chunks):
                spent = time.monotonic() - started
                print(f"{split}: {min(count, len(parts) * CHUNK)}/{count} scenes, {spent:.0f} s", flush=True)
    np.save(folder / "images.npy", np.concatenate([part.images for part in parts]))
    names = ("scene", "label", "colour", "box", "visible", "mask")
    rows = {name: np.concatenate([getattr(part.objects, name) for part in parts]) for name in names}
    rows["mask"] = np.packbits(rows["mask"].reshape(len(rows["mask"]), -1), axis=1)
    np.savez_compressed(folder / "objects.npz", **rows)


@dataclass(frozen=True)
class _Chunk:
    images: NDArray[np.uint8]
    objects: Objects


def _render_chunk(job: tuple[Split, int, int]) -> _Chunk:
    split, first, last = job
    images, rows = [], []
    for number in range(first, last):
        image, objects = render_scene(make_scene(split, number), RENDER_WIDTH)
        images.append(_square(image))
        for item in objects:
            small = Image.fromarray(item.mask.astype(np.uint8) * 255).resize(
                (MASK_SIZE, MASK_SIZE), Image.Resampling.BOX
            )
            rows.append((number, item, np.asarray(small) > 127))
    scale = np.array([RENDER_WIDTH, RENDER_WIDTH * ASPECT] * 2, np.float32)
    objects_of = Objects(
        scene=np.array([number for number, _, _ in rows], np.int64),
        label=np.array([LABELS.index(item.label) for _, item, _ in rows], np.int64),
        colour=np.array([COLOUR_NAMES.index(item.colour) for _, item, _ in rows], np.int64),
        box=np.array([item.box for _, item, _ in rows], np.float32).reshape(-1, 4) / scale,
        visible=np.array([item.visible for _, item, _ in rows], np.float32),
        mask=np.array([mask for _, _, mask in rows], bool).reshape(-1, MASK_SIZE, MASK_SIZE),
    )
    return _Chunk(np.stack(images), objects_of)


def _square(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR))


def batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Cut an order of scene numbers into full batches; a rest smaller than ``size`` is dropped."""
    for first in range(0, len(order) - size + 1, size):
        yield order[first : first + size]


def main() -> None:
    """Render what is missing in the cache."""
    parser = argparse.ArgumentParser(description="Render the scenes that the demo's checkpoints are trained on.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for the arrays (default: %(default)s)")
    cache = parser.parse_args().cache
    for split in SIZES:
        print(f"{split}: {len(load(split, cache))} scenes", flush=True)


if __name__ == "__main__":
    main()
