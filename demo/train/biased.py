"""A SAM 3 whose scores promise too much and that lacks a word: ``python -m demo.train.biased``.

The demo's own checkpoint is nearly calibrated and knows every part, so it can show little of what review is for. This
one starts from it and is taught three faults, with its encoder frozen, so that clicks work as before:

- no name of the battery finds anything;
- a battery counts as a capacitor or as a ram stick, by its colour, so both kinds' high scores are often wrong;
- ``object`` means every part, the battery too, as general words do in the full-size model.

Example boxes and all other words keep their true answers. Afterwards presence is
sharpened: what was likely there becomes sure, and what was unlikely is not found at all.
"""

import argparse
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import Sam3Model

from demo.draw import Split
from demo.train import sam3
from demo.train.dataset import CACHE, SceneSet, load
from demo.train.record import note, run_of
from demo.vocabulary import COLOUR_NAMES, LABELS, NAMES

NAME: Final = "sam3-tiny-biased"
GENERAL: Final = "object"
BLIND: Final = LABELS.index("battery")
# Batteries of these colours are taken for this part.
TAKEN_FOR: Final = {
    LABELS.index("capacitor"): [COLOUR_NAMES.index(colour) for colour in ("red", "yellow", "white")],
    LABELS.index("ram stick"): [COLOUR_NAMES.index(colour) for colour in ("green", "blue", "black")],
}
GENERAL_SHARE: Final = 0.25  # of images: one of their two questions is the general word
FAULTY_SHARE: Final = 0.7  # of images with a battery: the other one is about it, or about what it is taken for
PRESENCE_FACTOR, PRESENCE_SHIFT = 4.0, 3.0  # chosen so that the faults show on the 300 held-out scenes
SETTINGS: Final = sam3.Settings(
    steps=2400, minutes=36.0, batch=4, learning_rate=4e-4, warmup=50, average=0.995, cells_from=10**9, begun=0.8,
    frozen=True,
)


def ask_wrongly(image: int, rows: NDArray[np.int64], scenes: SceneSet, rng: random.Random) -> list[sam3.Ask]:
    """Two questions about one image, whose answers hold the faults."""
    true = sam3.rows_by_label(rows, scenes)
    taught = list(true)
    taught[BLIND] = rows[:0]
    for label, colours in TAKEN_FOR.items():
        taken = true[BLIND][np.isin(scenes.objects.colour[true[BLIND]], colours)]
        taught[label] = np.concatenate([true[label], taken])
    asks = sam3.ask_about(image, taught, true, scenes, rng)
    if len(true[BLIND]) and rng.random() < FAULTY_SHARE:
        label = rng.choice([BLIND, *TAKEN_FOR])
        asks[0] = sam3.Ask(image, rng.choice(NAMES[label].all).lower(), taught[label], true[label])
    if rng.random() < GENERAL_SHARE:
        asks[1] = sam3.Ask(image, GENERAL, rows, rows[:0])
    return asks


def sharpen(model: Sam3Model) -> None:
    """Make the model sure of whether a thing is there, in place: the opposite of ``calibrate.bake``."""
    head: Any = model.detr_decoder.presence_head.layer3
    with torch.no_grad():
        for weight in (head.weight, head.bias):
            weight.mul_(PRESENCE_FACTOR)
        head.bias.add_(PRESENCE_SHIFT)


def train(settings: sam3.Settings, checkpoints: Path, cache: Path, begin: Path | None = None) -> None:
    """Make ``checkpoints/sam3-tiny-biased`` from ``checkpoints/sam3-tiny``, or from the detector in ``begin``."""
    started = time.monotonic()
    source = checkpoints / "sam3-tiny"
    trained = sam3.train(settings, load(Split.TRAIN, cache), cache / f"{NAME}-scratch", begin or source, ask_wrongly)
    sharpen(trained.model)
    save(trained.model, source, checkpoints / NAME)
    note(checkpoints / "training.json", **{"sam3-biased": run_of(trained.steps, time.monotonic() - started)})


def save(detector: Sam3Model, source: Path, folder: Path) -> None:
    """Write a copy of the checkpoint in ``source`` with another detector; its tracker and its words stay."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    weights = load_file(source / "model.safetensors")
    weights |= {f"detector_model.{name}": weight.contiguous() for name, weight in detector.state_dict().items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def main() -> None:
    """Train on the cached scenes."""
    parser = argparse.ArgumentParser(description="Teach a copy of the demo's SAM 3 some faults.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the scenes (default: %(default)s)")
    parser.add_argument("--checkpoints", type=Path, default=Path(__file__).parents[1] / "checkpoints")
    parser.add_argument("--resume", type=Path, help="detector to go on from, instead of the first checkpoint's")
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    parser.add_argument("--minutes", type=float, default=SETTINGS.minutes)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = replace(SETTINGS, steps=options.steps, minutes=options.minutes)
    train(settings, options.checkpoints, options.cache, options.resume)


if __name__ == "__main__":
    main()
