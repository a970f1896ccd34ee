"""The figures of the report: what search and detection reach on scenes and video frames never trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers import Sam3Model, Sam3Processor, SiglipModel, SiglipProcessor

from demo.draw import Split
from demo.scenes import make_scene, render_scene
from demo.train.metrics import AtThreshold, Truth, at_threshold, average_precision, judge, precision_at
from demo.train.predict import Detection, detect, detect_like, embed_images, embed_texts
from demo.vocabulary import ABSENT, COLOUR_NAMES, LABELS, NAMES, UNKNOWN

FRAME_WIDTH: Final = 1280
THRESHOLDS: Final = (0.3, 0.5, 0.7, 0.9)
TOP: Final = 10


@dataclass(frozen=True)
class Frames:
    """Pictures with their truth; ``colours`` runs parallel to ``truth`` (indices of ``COLOUR_NAMES``)."""

    images: list[Image.Image]
    truth: list[Truth]
    colours: list[int]

    def showing(self, label: int, colour: int | None = None) -> NDArray[np.bool_]:
        """(n,) bool: which frames show the part, in the colour if one is given."""
        shown = np.zeros(len(self.images), bool)
        for item, of in zip(self.truth, self.colours, strict=True):
            if item.label == label and colour in (None, of):
                shown[item.image] = True
        return shown


def held_out_scenes(count: int, first: int = 0, width: int = FRAME_WIDTH) -> Frames:
    """Fresh scenes of the held-out split, rendered at full size."""
    frames = Frames([], [], [])
    for number in range(count):
        image, objects = render_scene(make_scene(Split.HELD_OUT, f"report-{first + number}"), width)
        size = np.array([*image.size, *image.size], np.float32)
        frames.images.append(image)
        for item in objects:
            frames.truth.append(Truth(number, LABELS.index(item.label), np.array(item.box, np.float32) / size))
            frames.colours.append(COLOUR_NAMES.index(item.colour))
    return frames


@dataclass(frozen=True)
class Search:
    """Precision among the ten best frames for one query; ``shown`` of ``frames`` frames are right answers."""

    query: str
    label: str
    shown: int
    frames: int
    precision: float


def queries() -> Iterator[tuple[str, int, int | None]]:
    """(words, label, colour): every part by all its names and in every colour."""
    for label, name in enumerate(NAMES):
        for words in name.all:
            yield words, label, None
        for colour, word in enumerate(COLOUR_NAMES):
            yield f"{word} {name.label}", label, colour


def search_figures(model: SiglipModel, processor: SiglipProcessor, frames: Frames) -> list[Search]:
    """Rank the frames by cosine similarity to each query; where fewer than ten are right, fewer are looked at."""
    images = embed_images(model, processor, frames.images)
    results = []
    for words, label, colour in queries():
        shown = frames.showing(label, colour)
        if shown.any():
            cosines = images @ embed_texts(model, processor, [words])[0]
            precision = precision_at(cosines, shown, min(TOP, int(shown.sum())))
            results.append(Search(words, LABELS[label], int(shown.sum()), len(shown), precision))
    return results


@dataclass(frozen=True)
class Detections:
    """How well all parts are found in a set of frames.

    ``ap50``, ``ap75``: per label, in ``LABELS``' order; ``cpu``: the first label's counts alone.
    """

    found: list[Detection]
    right: NDArray[np.bool_]
    ap50: list[float]
    ap75: list[float]
    thresholds: list[AtThreshold]
    cpu: list[AtThreshold]

    @property
    def mean_ap50(self) -> float:
        """Mean over the labels."""
        return float(np.mean(self.ap50))


@dataclass(frozen=True)
class Stranger:
    """What a word for something that is on no frame finds.

    ``probability``: SigLIP's highest over all frames; ``regions``: SAM 3's with a score of 0.5 or more.
    """

    word: str
    probability: float
    regions: int


def strangers(
    siglip2: tuple[SiglipModel, SiglipProcessor], sam3: tuple[Sam3Model, Sam3Processor], frames: Frames
) -> list[Stranger]:
    """Ask for things that are not there: taught as absent, never taught, and unknown even to the tokenizers."""
    words = [*ABSENT[:3], *UNKNOWN, "resistor", "zebra"]
    model, processor = siglip2
    cosines = embed_images(model, processor, frames.images) @ embed_texts(model, processor, words).T
    logits = cosines.max(axis=0) * model.logit_scale.exp().item() + model.logit_bias.item()
    found = detect(*sam3, frames.images, words, floor=0.5)
    return [
        Stranger(word, float(1 / (1 + np.exp(-logits[number]))), sum(item.label == number for item in found))
        for number, word in enumerate(words)
    ]


def detection_figures(
    model: Sam3Model, processor: Sam3Processor, frames: Frames, texts: list[str] | None = None
) -> Detections:
    """Ask for every label in every frame, by ``texts`` (one a label) or by the labels themselves."""
    found = detect(model, processor, frames.images, texts or list(LABELS))
    right = judge(found, frames.truth)
    strict = judge(found, frames.truth, 0.75)
    count = len(frames.truth)
    return Detections(
        found,
        right,
        [_label_ap(found, right, frames.truth, label) for label in range(len(LABELS))],
        [_label_ap(found, strict, frames.truth, label) for label in range(len(LABELS))],
        [at_threshold(found, right, count, t) for t in THRESHOLDS],
        _only(found, right, frames.truth, 0),
    )


def exemplar_recall(model: Sam3Model, processor: Sam3Processor, frames: Frames, threshold: float = 0.5) -> AtThreshold:
    """Take each frame's first object as the exemplar: are all parts of its kind found, and nothing else?"""
    first: dict[int, Truth] = {}
    for item in frames.truth:
        first.setdefault(item.image, item)
    regions = hits = objects = 0
    for number, example in first.items():
        kind = [Truth(0, 0, t.box) for t in frames.truth if t.image == number and t.label == example.label]
        found = detect_like(model, processor, frames.images[number], example.box)
        counts = at_threshold(found, judge(found, kind), len(kind), threshold)
        regions, hits, objects = regions + counts.regions, hits + counts.right, objects + counts.objects
    return AtThreshold(threshold, regions, hits, objects)


def reliability(found: list[Detection], right: NDArray[np.bool_], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean score, share right, count) of every filled score bin."""
    scores = np.array([item.score for item in found])
    rows = []
    for number in range(bins):
        inside = (scores >= number / bins) & (scores < (number + 1) / bins + (number == bins - 1))
        if inside.any():
            rows.append((float(scores[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return rows


def _label_ap(found: list[Detection], right: NDArray[np.bool_], truth: list[Truth], label: int) -> float:
    mine = np.array([item.label == label for item in found], bool)
    scores = np.array([item.score for item in found])
    objects = sum(item.label == label for item in truth)
    return average_precision(scores[mine], right[mine], objects)


def _only(found: list[Detection], right: NDArray[np.bool_], truth: list[Truth], label: int) -> list[AtThreshold]:
    mine = [number for number, item in enumerate(found) if item.label == label]
    objects = sum(item.label == label for item in truth)
    return [at_threshold([found[n] for n in mine], right[mine], objects, t) for t in THRESHOLDS]
