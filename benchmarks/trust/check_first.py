"""*Check first* on videos whose truth is known, worked by a reviewer who always says what is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from argus.images.measures import measure_grey
from benchmarks.trust.videos import SECONDS, Video
from demo.truth import Box, Region, iou, matched
from demo.video import HEIGHT, WIDTH
from demo.vocabulary import LABELS
from label_studio_config.bands import CHECKED_AT_FIRST
from ml_backend.suspicion.frames import KINDS, Frame, Suspicion, percent
from ml_backend.suspicion.geometry import odd
from ml_backend.suspicion.missing import lacking
from ml_backend.suspicion.pictures import Picture, unusable

HIGH = 0.9  # the lowest score of a frame of the high band
THRESHOLD = 0.4  # the settings' own, as HIGH
COVERS = 0.5  # IoU from which a shown box covers another detection
ON_IT = 0.3  # IoU of a suspicion's box with the object that a person looking at it sees


@dataclass
class Shown:
    """A frame of the high band.

    Attributes:
        lacks: boxes of the objects that its prediction does not show.
        wrong: boxes shown where no such object is.
        named: what a rule says of it.
    """

    lacks: list[Box]
    wrong: list[Box]
    named: list[Suspicion] = field(default_factory=list)

    def hit(self, suspicion: Suspicion) -> list[Box]:
        """Return what is wrong where a suspicion points at."""
        if suspicion.box is None:
            return []
        x, y, width, height = (value / 100 for value in suspicion.box)
        box = (x, y, x + width, y + height)
        return [other for other in [*self.lacks, *self.wrong] if iou(box, other) >= ON_IT]

    def lacks_still(self) -> bool:
        """Whether an object is lacking after every suspicion was answered."""
        seen = [box for suspicion in self.named for box in self.hit(suspicion)]
        return any(box not in seen for box in self.lacks)


def frames_of(video: Video) -> list[Frame]:
    """Return a video's frames as the product stores them; the number of a frame stands for its task."""
    frames = []
    for number in range(SECONDS):
        rows = video.detections[video.detections[:, 0] == number].astype(np.float64)
        frames.append(Frame(number, float(number), np.array(LABELS)[rows[:, 1].astype(int)], rows[:, 2], rows[:, 3:],
                            rows[:, 2] >= THRESHOLD, aspect=WIDTH / HEIGHT))
    return frames


def band(video: Video, frames: Sequence[Frame]) -> dict[int, Shown]:
    """Return the frames of the high band by number."""
    found = {}
    for frame in frames:
        if frame.shown.any() and frame.scores[frame.shown].min() >= HIGH:
            found[frame.task] = _judged(video, frame)
    return found


def _judged(video: Video, frame: Frame) -> Shown:
    lacks: list[Box] = []
    wrong: list[Box] = []
    truth = video.truth[video.truth[:, 0] == frame.task]
    for index, label in enumerate(LABELS):
        mine = np.flatnonzero(frame.shown & (frame.labels == label))
        regions = [Region(label, _box(frame.boxes[k]), float(frame.scores[k])) for k in mine]
        boxes = [_box(row[3:]) for row in truth if row[1] == index]
        wrong += [region.box for region, right in zip(regions, matched(regions, boxes), strict=True) if not right]
        # The other way round, for which of the boxes were found: the greedy pairs are the same.
        free = list(boxes)
        for region in sorted(regions, key=lambda region: -region.score):
            best = max(free, key=lambda box: iou(region.box, box), default=None)
            if best is not None and iou(region.box, best) >= 0.5:
                free.remove(best)
        lacks += free
    return Shown(lacks, wrong)


def _box(row: Iterable[float]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in row)
    return x0, y0, x1, y1


Hits = Mapping[str, tuple[int, int]]
"""By kind: right ones, all."""


@dataclass(frozen=True)
class Result:
    """What a rule comes to over all frames of the band, as shares of them."""

    frames: int
    before: float
    after: float
    looked: float
    hits: Hits


def table(hits: Hits) -> str:
    """Return the kinds with their hit rates as text."""
    counts = [(kind, *hits.get(kind, (0, 0))) for kind in KINDS]
    return "\n".join(f"{kind:16} {right:4d} right of {named:4d}" + (f"  {right / named:6.1%}" if named else "")
                     for kind, right, named in counts)


Rule = Callable[[Video, Sequence[Frame]], Sequence[Suspicion]]


def apply(rule: Rule, videos: Sequence[Video], looks: float = 1.0) -> Result:
    """Return what becomes of the band when every suspicion of a rule is answered truthfully.

    Args:
        looks: the share of the band that is looked at, at most: the strongest suspicions come first.
    """
    shown: list[Shown] = []
    pairs: list[tuple[Shown, Suspicion]] = []
    for video in videos:
        frames = frames_of(video)
        known = band(video, frames)
        shown += known.values()
        pairs += [(known[one.task], one) for one in rule(video, frames) if one.task in known]
    before = float(np.mean([bool(frame.lacks) for frame in shown]))
    looked = 0
    for frame, suspicion in sorted(pairs, key=lambda pair: -pair[1].strength):
        if not frame.named and looked + 1 > looks * len(shown):
            continue
        looked += not frame.named
        frame.named.append(suspicion)
    right: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for frame in shown:
        named.update(one.kind for one in frame.named)
        right.update(one.kind for one in frame.named if frame.hit(one))
    return Result(len(shown), before, float(np.mean([frame.lacks_still() for frame in shown])), looked / len(shown),
                  {kind: (right[kind], named[kind]) for kind in named})


def hits(rule: Rule, videos: Sequence[Video]) -> Hits:
    """Return how often each kind is right, and named, on all frames, whatever their score."""
    right: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for video in videos:
        frames = frames_of(video)
        shown = {frame.task: _judged(video, frame) for frame in frames}
        for one in rule(video, frames):
            named[one.kind] += 1
            right[one.kind] += bool(shown[one.task].hit(one))
    return {kind: (right[kind], named[kind]) for kind in named}


def at_first(video: Video, frames: Sequence[Frame]) -> list[Suspicion]:
    """The product's rule: the kinds that new projects begin with."""
    return [one for one in every_kind(video, frames) if one.kind in CHECKED_AT_FIRST]


def every_kind(video: Video, frames: Sequence[Frame]) -> list[Suspicion]:
    """All that the product can suspect."""
    pictures = [Picture(number, measure_grey(grey)) for number, grey in enumerate(video.grey)]
    return [*lacking(frames), *odd(frames), *unusable(pictures)]


def anything_uncovered(video: Video, frames: Sequence[Frame]) -> list[Suspicion]:
    """The one-line rule: any stored detection that nothing shown covers."""
    return [Suspicion(frame.task, "below_threshold", str(frame.labels[k]), percent(frame.boxes[k]),
                      float(frame.scores[k]))
            for frame in frames for k in np.flatnonzero(~frame.shown)
            if not (frame.overlap(frame.boxes[k])[frame.shown] > COVERS).any()]
