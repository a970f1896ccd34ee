"""Measure the committed checkpoints and write the report: ``python -m demo.train.evaluate``.

Everything is measured on frames whose seeds, belts and part parameters training never saw: fresh scenes of the
held-out split at full size, and the demo video's own frames at one a second, decoded from its H.264.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
import torch
from PIL import Image

from demo.train import report
from demo.train.biased_figures import biased_figures
from demo.train.clicks import click_figures
from demo.train.dataset import CACHE
from demo.train.figures import (
    Frames,
    detection_figures,
    exemplar_recall,
    held_out_scenes,
    reliability,
    search_figures,
    strangers,
)
from demo.train.metrics import Truth
from demo.train.predict import load_sam3, load_siglip2, load_tracker
from demo.video import FPS, render
from demo.vocabulary import COLOUR_NAMES, LABELS, NAMES

ROOT: Final = Path(__file__).parents[1]
CHECKPOINTS: Final = ROOT / "checkpoints"
SCENES: Final = 300
OTHER_NAMES: Final = 100  # scenes on which the other names, the exemplars and the clicks are tried


def evaluate(checkpoints: Path = CHECKPOINTS, out: Path = ROOT, cache: Path = CACHE, scenes: int = SCENES) -> None:
    """Write ``REPORT.md`` and the pictures in ``report/`` below ``out``."""
    sam3, sam3_processor = load_sam3(checkpoints / "sam3-tiny")
    siglip2, siglip2_processor = load_siglip2(checkpoints / "siglip2-tiny")
    pictures = out / "report"
    pictures.mkdir(parents=True, exist_ok=True)
    print("rendering held-out scenes", flush=True)
    frames = held_out_scenes(scenes)
    print("reading the demo video", flush=True)
    video = video_frames(cache)
    print("searching", flush=True)
    search = search_figures(siglip2, siglip2_processor, frames)
    video_search = search_figures(siglip2, siglip2_processor, video)
    print("detecting", flush=True)
    found = detection_figures(sam3, sam3_processor, frames)
    video_found = detection_figures(sam3, sam3_processor, video)
    print("other names and exemplars", flush=True)
    some = held_out_scenes(OTHER_NAMES, first=scenes)
    languages = {
        "the label": detection_figures(sam3, sam3_processor, some).mean_ap50,
        "German": detection_figures(sam3, sam3_processor, some, [n.german for n in NAMES]).mean_ap50,
        "Japanese": detection_figures(sam3, sam3_processor, some, [n.japanese for n in NAMES]).mean_ap50,
        "last English synonym": detection_figures(sam3, sam3_processor, some, [n.english[-1] for n in NAMES]).mean_ap50,
    }
    exemplars = exemplar_recall(sam3, sam3_processor, some)
    print("clicking", flush=True)
    clicks = click_figures(load_tracker(checkpoints / "sam3-tiny"), sam3_processor.image_processor, OTHER_NAMES, scenes)
    odd = strangers((siglip2, siglip2_processor), (sam3, sam3_processor), some)
    report.pictures(pictures, frames, found, video, video_found)
    report.reliability_plot(pictures / "scores.png", reliability(found.found, found.right))
    text = report.render_report(
        report.Figures(frames, video, search, video_search, found, video_found, languages, exemplars, clicks, odd,
                       biased_figures(checkpoints, frames)),
        json.loads((checkpoints / "training.json").read_text(encoding="utf-8")),
    )
    (out / "REPORT.md").write_text(text, encoding="utf-8")
    print(report.summary(found, video_found, search, video_search), flush=True)


def evaluate_clicks(checkpoints: Path = CHECKPOINTS, out: Path = ROOT, scenes: int = SCENES) -> None:
    """Measure the tracker alone, and write its sections of ``REPORT.md`` anew; the others stay as they are."""
    _, processor = load_sam3(checkpoints / "sam3-tiny")
    clicks = click_figures(load_tracker(checkpoints / "sam3-tiny"), processor.image_processor, OTHER_NAMES, scenes)
    training = json.loads((checkpoints / "training.json").read_text(encoding="utf-8"))
    path = out / "REPORT.md"
    path.write_text(report.renew(path.read_text(encoding="utf-8"), clicks.describe(), training), encoding="utf-8")
    print(clicks.describe(), flush=True)


def evaluate_biased(checkpoints: Path = CHECKPOINTS, out: Path = ROOT, scenes: int = SCENES) -> None:
    """Measure the second SAM 3 against the first, and write its section of ``REPORT.md`` anew."""
    found = biased_figures(checkpoints, held_out_scenes(scenes))
    training = json.loads((checkpoints / "training.json").read_text(encoding="utf-8"))
    path = out / "REPORT.md"
    path.write_text(report.renew(path.read_text(encoding="utf-8"), found.describe(), training), encoding="utf-8")
    print(found.describe(), flush=True)


def video_frames(cache: Path) -> Frames:
    """The demo video's frames at one a second with their truth; rendered into the cache if it is not there."""
    video, truth = cache / "line-a.mp4", cache / "line-a.truth.json"
    if not truth.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            # Moved when complete, so that an interrupted run leaves no half video behind.
            render(Path(folder) / video.name, Path(folder) / truth.name)
            (Path(folder) / video.name).replace(video)
            (Path(folder) / truth.name).replace(truth)
    known = json.loads(truth.read_text(encoding="utf-8"))
    size = np.array([known["width"], known["height"]] * 2, np.float32)
    frames = Frames([], [], [])
    for number, image in _sampled(video):
        for item in known["frames"][str(number)]:
            box = np.array(item["box"], np.float32) / size
            frames.truth.append(Truth(len(frames.images), LABELS.index(item["label"]), box))
            frames.colours.append(COLOUR_NAMES.index(item["colour"]))
        frames.images.append(image)
    return frames


def _sampled(video: Path) -> Iterator[tuple[int, Image.Image]]:
    """(frame number, picture) of one frame a second."""
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % FPS == 0:
                yield number, frame.to_image()  # type: ignore[no-untyped-call]


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure the demo's checkpoints and write demo/REPORT.md.")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    parser.add_argument("--out", type=Path, default=ROOT, help="folder for REPORT.md and report/")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--scenes", type=int, default=SCENES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clicks", action="store_true", help="measure the tracker alone; the rest of REPORT.md stays")
    parser.add_argument("--biased", action="store_true", help="measure the second SAM 3 alone")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.clicks:
        evaluate_clicks(options.checkpoints, options.out, options.scenes)
        return
    if options.biased:
        evaluate_biased(options.checkpoints, options.out, options.scenes)
        return
    evaluate(options.checkpoints, options.out, options.cache, options.scenes)


if __name__ == "__main__":
    main()
