"""Many scenes' detections with the embeddings of their crops, computed once and kept in build/ for all parts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.teach import scenes
from demo.draw import Split
from search_service.embedding.object_crops import cut
from search_service.review.teaching.trial import AMONG

FOLDER = Path("build")
WIDTH = 1280
FRAMES = {Split.VALIDATION: 300, Split.HELD_OUT: 1200}


@dataclass(frozen=True, eq=False)
class Pool:
    """What SAM 3 finds on `frames` scenes, asked for the six kinds.

    Attributes:
        frame, label, score: of each detection, (n,): the scene's number, the kind asked for, SAM 3's own score.
        crop: (n, d) float32, unit length: the embedding of its crop.
        shows: (n,): place among the truth's objects of the one it overlaps by an IoU of 0.5 or more; -1 without one.
        true_frame, true_label, true_colour: of each object of the truth, (m,).
    """

    frames: int
    frame: NDArray[np.int64]
    label: NDArray[np.str_]
    score: NDArray[np.float64]
    crop: NDArray[np.float32]
    shows: NDArray[np.int64]
    true_frame: NDArray[np.int64]
    true_label: NDArray[np.str_]
    true_colour: NDArray[np.str_]

    def known_crops(self) -> NDArray[np.float64]:
        """Return the first crops of the scenes that examples come from, as many of each label, as a draft has them."""
        labels = np.unique(self.label)
        first = [np.flatnonzero((self.label == label) & (self.frame < self.frames // 2))[:AMONG // len(labels)]
                 for label in labels]
        return self.crop[np.concatenate(first)].astype(np.float64)


def load(split: Split) -> Pool:
    """Return a split's pool, computed when it is not there: minutes."""
    count = FRAMES[split]
    file = FOLDER / f"teach-{split}-{count}.npz"
    if not file.exists():
        made = _made(split, count)
        file.parent.mkdir(exist_ok=True)
        fresh = file.with_suffix(".new.npz")
        np.savez(fresh, **{field.name: getattr(made, field.name) for field in fields(Pool)})
        fresh.replace(file)
    with np.load(file) as stored:
        return Pool(int(stored["frames"]), *(stored[field.name] for field in fields(Pool)[1:]))


def _made(split: Split, count: int) -> Pool:
    encoder = scenes.encoder()
    rows: list[tuple[Any, ...]] = []
    truth: list[tuple[int, str, str]] = []
    crops = []
    for number, frame in enumerate(scenes.frames(split, "taught", count, WIDTH)):
        for find in frame.finds:
            rows.append((number, find.label, find.score, -1 if find.shows is None else len(truth) + find.shows))
        if frame.finds:
            crops.append(encoder.encode_images([cut(frame.image, find.part) for find in frame.finds]))
        truth += [(number, thing.label, thing.colour) for thing in frame.truth]
    numbers, labels, scores, shows = (np.array(column) for column in zip(*rows, strict=True))
    return Pool(count, numbers, labels, scores, np.concatenate(crops), shows,
                *(np.array(column) for column in zip(*truth, strict=True)))


if __name__ == "__main__":
    for one in FRAMES:
        print(one, len(load(one).score), flush=True)
