"""Small things in large frames: searched for among the frames, and among the objects that were detected on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search_service.vectors.store import Vectors

FRAMES, WIDTH, TILE, SHRINK = 60, 1280, 640, 0.5
SMALL = 0.02  # of the frame's area
LEAST = 2  # small things that a query is asked for
KEYS = ("small_objects_frame_recall", "small_objects_object_recall")
Thing = tuple[int, int]  # frame, place in its truth


def measure() -> Mapping[str, float]:
    """Return the share of small objects that the first hits show when one of them is the example. All searches may look
    at as many hits as there are frames that show such a thing."""
    import numpy as np

    from benchmarks.teach import page, scenes
    from demo.draw import Split
    from search_service.embedding.object_crops import cut

    encoder = scenes.encoder()
    frames, crops = [], []
    of_crop: list[tuple[int, int | None]] = []
    wanted: dict[tuple[str, str], set[Thing]] = defaultdict(set)
    shown: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, frame in enumerate(scenes.frames(Split.HELD_OUT, "small", FRAMES, WIDTH, tile=TILE, shrink=SHRINK)):
        frames.append(encoder.encode_images([frame.image])[0])
        for place, thing in enumerate(frame.truth):
            x0, y0, x1, y1 = thing.box
            shown[thing.colour, thing.label].add(number)
            if (x1 - x0) * (y1 - y0) < SMALL * frame.image.width * frame.image.height:
                wanted[thing.colour, thing.label].add((number, place))
        for find in frame.finds:
            crops.append(encoder.encode_images([cut(frame.image, find.part)])[0])
            of_crop.append((number, find.shows))
    search = _Search(np.stack(frames), np.stack(crops), of_crop)
    rows: dict[str, list[float]] = {}
    for (colour, label), things in sorted(wanted.items()):
        if len(things) < LEAST or not things & {*of_crop}:
            continue
        (text,) = encoder.encode_texts([f"{colour} {label}"])
        shares = search.shares(things, text, len(shown[colour, label]))
        for name in (label, "all"):
            row = rows.setdefault(name, [0.0] * 6)
            for place, value in enumerate((1.0, len(things), *(share * len(things) for share in shares))):
                row[place] += value
    page.write("Small things in large frames", [
        f"{FRAMES} scenes of {WIDTH} × {WIDTH * 9 // 16} pixels with parts of half the usual size; what counts are "
        f"objects under {SMALL:.0%} of the frame's area. SAM 3 was asked for the six kinds, in tiles of {TILE} pixels. "
        "What is looked for is a kind in a colour: by its words, “red cpu”, and by an example, each of the objects in "
        "turn, left out of what counts. All may look at as many hits as there are frames that show such a thing. Shown "
        "is the share of the objects that are on a frame that was found, or were found themselves. The demo's search "
        "model has learned from whole frames alone, which helps words find frames.", "",
        *page.table(["kind", "searches", "small objects", "words, frames", "words, objects", "example, frames",
                     "example, objects"], [
            [label, f"{row[0]:.0f}", f"{row[1]:.0f}", *(f"{value / row[1]:.3f}" for value in row[2:])]
            for label, row in sorted(rows.items(), key=lambda one: one[0] == "all")])])
    every = rows["all"]
    return {KEYS[0]: round(every[4] / every[1], 4), KEYS[1]: round(every[5] / every[1], 4)}


class _Search:
    """Both searches: `frames` and `crops` are vectors, `of_crop` says what each crop shows."""

    def __init__(self, frames: Vectors, crops: Vectors, of_crop: list[tuple[int, int | None]]) -> None:
        self.frames, self.crops, self.of_crop = frames, crops, of_crop

    def shares(self, things: set[Thing], text: Vectors, looks: int) -> tuple[float, float, float, float]:
        """Return which share of the things is found: by words among frames and objects, then by example."""
        import numpy as np

        by_text = self._found(text, things, looks, None)
        examples = [place for place, shows in enumerate(self.of_crop) if shows in things]
        by_example = [self._found(self.crops[place], things, looks, place) for place in examples]
        on_frames, themselves = np.mean(by_example, axis=0).tolist()
        return *by_text, on_frames, themselves

    def _found(self, query: Vectors, things: set[Thing], looks: int, example: int | None) -> tuple[float, float]:
        import numpy as np

        itself = None if example is None else self.of_crop[example]
        frames = [int(place) for place in np.argsort(-(self.frames @ query), kind="stable")
                  if itself is None or place != itself[0]][:looks]
        objects = [self.of_crop[place] for place in np.argsort(-(self.crops @ query), kind="stable")
                   if place != example][:looks]
        rest = [thing for thing in things if thing != itself]
        return (sum(number in frames for number, _ in rest) / max(len(rest), 1),
                sum(thing in objects for thing in rest) / max(len(rest), 1))
