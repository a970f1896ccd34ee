"""Make the demo's checkpoints from nothing: ``python -m demo.train``.

In this order: render the training and validation scenes, train SAM 3, calibrate its scores, add its tracker, teach
a copy faults, train SigLIP 2 on top of SAM 3's encoder, measure all and write the report. About two hours on two free
CPU cores; each step can be run alone with ``--only``.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from demo.draw import Split
from demo.train import biased, sam3, sam3_tiny, siglip2, tracker
from demo.train.calibrate import bake, calibrate
from demo.train.dataset import CACHE, SceneSet, load
from demo.train.evaluate import CHECKPOINTS, ROOT, evaluate
from demo.train.metrics import Truth
from demo.train.predict import detect, load_sam3
from demo.train.record import note, run_of
from demo.vocabulary import LABELS

STEPS = ("scenes", "sam3", "calibrate", "tracker", "biased", "siglip2", "evaluate")


def main() -> None:
    """Run the steps that are asked for; all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m demo.train", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=STEPS, help="run one step instead of all")
    parser.add_argument("--cache", type=Path, default=CACHE, help="scratch folder (default: %(default)s)")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="where the checkpoints go")
    parser.add_argument("--out", type=Path, default=ROOT, help="folder for REPORT.md and report/")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; these models gain little from more")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for step in [options.only] if options.only else STEPS:
        print(f"== {step}", flush=True)
        match step:
            case "scenes":
                for split in (Split.TRAIN, Split.VALIDATION):
                    load(split, options.cache)
            case "siglip2":
                train_siglip2(options.checkpoints, options.cache)
            case "sam3":
                train_sam3(options.checkpoints, options.cache)
            case "calibrate":
                calibrate_sam3(options.checkpoints, options.cache)
            case "tracker":
                train_tracker(options.checkpoints, options.cache)
            case "biased":
                biased.train(biased.SETTINGS, options.checkpoints, options.cache)
            case _:
                evaluate(options.checkpoints, options.out, options.cache)


def train_siglip2(checkpoints: Path, cache: Path) -> None:
    """Train SigLIP 2 into ``checkpoints/siglip2-tiny``, on top of the encoder in ``cache/sam3-raw``."""
    settings, started = siglip2.Settings(), time.monotonic()
    model, tokenizer = siglip2.train(settings, load(Split.TRAIN, cache), cache / "sam3-raw")
    siglip2.save(model, tokenizer, checkpoints / "siglip2-tiny")
    note(checkpoints / "training.json", siglip2=run_of(settings.steps, time.monotonic() - started))


def train_sam3(checkpoints: Path, cache: Path) -> None:
    """Train SAM 3 into ``cache/sam3-raw``: its scores still have to be calibrated."""
    started = time.monotonic()
    trained = sam3.train(sam3.Settings(), load(Split.TRAIN, cache), cache / "sam3-scratch")
    sam3_tiny.save(trained.model, trained.tokenizer, cache / "sam3-raw")
    note(checkpoints / "training.json", sam3=run_of(trained.steps, time.monotonic() - started))


def calibrate_sam3(checkpoints: Path, cache: Path) -> None:
    """Calibrate ``cache/sam3-raw`` on the validation split into ``checkpoints/sam3-tiny``."""
    model, processor = load_sam3(cache / "sam3-raw")
    scenes = load(Split.VALIDATION, cache)
    images = (Image.fromarray(pixels) for pixels in scenes.images)
    result = calibrate(detect(model, processor, images, list(LABELS)), truth_of(scenes))
    print(result, flush=True)
    bake(model, result)
    sam3_tiny.save(model, processor.tokenizer, checkpoints / "sam3-tiny")
    rounded = {name: round(value, 4) for name, value in asdict(result).items()}
    note(checkpoints / "training.json", calibration=rounded)


def train_tracker(checkpoints: Path, cache: Path) -> None:
    """Add a tracker to ``checkpoints/sam3-tiny``, on top of its encoder; the detector stays as it is."""
    started = time.monotonic()
    detector, _ = load_sam3(checkpoints / "sam3-tiny")
    trained = tracker.train(tracker.Settings(), load(Split.TRAIN, cache), detector, cache / "tracker-scratch")
    sam3_tiny.save_whole(detector, trained.model, checkpoints / "sam3-tiny")
    note(checkpoints / "training.json", tracker=run_of(trained.steps, time.monotonic() - started))


def truth_of(scenes: SceneSet) -> list[Truth]:
    """The objects of cached scenes in the form the metrics take."""
    rows = scenes.objects
    return [
        Truth(int(scene), int(label), np.asarray(box))
        for scene, label, box in zip(rows.scene, rows.label, rows.box, strict=True)
    ]


if __name__ == "__main__":
    main()
