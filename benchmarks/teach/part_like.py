"""A kind that the checkpoint has no word for, found by five reference regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from demo.draw import Split
    from ml_backend.engines.base import Sam3Engine
    from search_service.embedding.encoder import SiglipEncoder

    Floats = NDArray[np.float64]
    Boxes = NDArray[np.float32]
    Box = tuple[float, float, float, float]

FRAMES, EARLIER, CANVAS_FRAMES, WIDTH = 300, 60, 150, 1280
REFERENCES, SEEDS, VISIBLE = 5, 5, 0.8
KEYS = ("blind_ap50_canvas_5", "blind_ap50_proposals_5", "blind_ap50_words")


class Found(NamedTuple):
    """What was found on a scene: scores (n,), boxes (n, 4) in pixels."""

    scores: Floats
    boxes: Boxes


def measure() -> Mapping[str, float]:
    """Return AP50 of the kind by both engines, the mean over draws of references, and by its own word."""
    import numpy as np

    from benchmarks.teach import page
    from demo.draw import Split

    scenes = Scenes(Split.HELD_OUT)
    words = scenes.precision(scenes.by_word)
    general = scenes.precision(scenes.proposals)
    rows, found = [], {}
    for count in (1, 3, REFERENCES):
        drawn = [scenes.draw(count, seed) for seed in range(SEEDS)]
        proposals = [scenes.precision(scenes.alike(own)) for own in drawn]
        canvas = [scenes.precision(scenes.on_canvas(own), CANVAS_FRAMES) for own in drawn]
        found[count] = float(np.mean(canvas)), float(np.mean(proposals))
        rows.append([str(count), f"{found[count][0]:.3f}", f"{found[count][1]:.3f}", f"{min(proposals):.3f}"])
    page.write("Everything like this", [
        f"The demo's second checkpoint has no word for the {scenes.kind}: its own word has an AP50 of {words:.3f}, and "
        f"the general word `object` one of {general:.3f}, since it finds all kinds. {FRAMES} scenes with "
        f"{scenes.objects(FRAMES)} of them. Canvas: all references and the image on one canvas with box prompts on the "
        f"references; on {CANVAS_FRAMES} of the scenes. Proposals: "
        f"what `object` finds, scored by the likeness of its crop to the references. References are drawn at random "
        f"from {EARLIER} other scenes; the mean of {SEEDS} draws.", "",
        *page.table(["references", "canvas", "proposals", "proposals, worst draw"], rows)])
    return {KEYS[0]: round(found[REFERENCES][0], 4), KEYS[1]: round(found[REFERENCES][1], 4),
            KEYS[2]: round(words, 4)}


class Scenes:
    """Scenes that are scored, and `EARLIER` others that references are taken from."""

    def __init__(self, split: Split) -> None:
        from argus.settings import Settings
        from benchmarks.teach import scenes
        from demo.train.biased import BLIND, NAME
        from demo.vocabulary import LABELS
        from ml_backend.engines import load_engine

        self.kind, self.split = LABELS[BLIND], split
        self.engine: Sam3Engine = load_engine(Settings(  # type: ignore[call-arg]
            _env_file=None, sam3_model=str(scenes.CHECKPOINTS / NAME), torch_threads=1, feature_cache_mb=1))
        self.encoder: SiglipEncoder = scenes.encoder()
        self.by_word: list[Found] = []
        self.proposals: list[Found] = []
        self.crops: list[Floats] = []
        self.truth: list[Boxes] = []
        for number in range(FRAMES):
            self._look(number)
        self.references, self.others = self._earlier()

    def _look(self, number: int) -> None:
        import numpy as np

        image, own = self._scene(f"like {number}")
        word, general = self._detect(image)
        self.by_word.append(word)
        self.proposals.append(general)
        self.crops.append(self._encode(image, general.boxes))
        self.truth.append(np.array([box for box, _ in own], np.float32).reshape(-1, 4))

    def _scene(self, name: str) -> tuple[Image.Image, list[tuple[Box, float]]]:
        from demo.scenes import make_scene, render_scene

        image, truth = render_scene(make_scene(self.split, name), WIDTH)
        return image, [(thing.box, thing.visible) for thing in truth if thing.label == self.kind]

    def _detect(self, image: Image.Image) -> tuple[Found, Found]:
        from demo.train.biased import GENERAL
        from label_studio_config.label_config import Concept

        (found,) = self.engine.detect([image], [Concept(word, (word,), 0.5) for word in (self.kind, GENERAL)])
        word, general = (Found(one.scores.astype(float), one.boxes) for one in (found[self.kind], found[GENERAL]))
        return word, general

    def _encode(self, image: Image.Image, boxes: Boxes) -> Floats:
        import numpy as np

        from search_service.embedding.object_crops import cut

        parts = [[float(v) / side for v, side in zip(box, image.size * 2, strict=True)] for box in boxes]
        if not parts:
            return np.zeros((0, self.encoder.dim))
        return self.encoder.encode_images([cut(image, part) for part in parts]).astype(np.float64)

    def _earlier(self) -> tuple[list[tuple[Image.Image, Box, Floats]], Floats]:
        """Return regions of the kind with their images and embeddings, and crops of all that was detected."""
        import numpy as np

        references, crops = [], []
        for number in range(EARLIER):
            image, own = self._scene(f"earlier {number}")
            crops.append(self._encode(image, self._detect(image)[1].boxes))
            boxes = np.array([box for box, visible in own if visible > VISIBLE], np.float32).reshape(-1, 4)
            for box, crop in zip(boxes, self._encode(image, boxes), strict=True):
                x0, y0, x1, y1 = box.tolist()
                references.append((image, (x0, y0, x1, y1), crop))
        return references, np.concatenate(crops)

    def draw(self, count: int, seed: int) -> list[int]:
        """Return the places of random references."""
        import numpy as np

        return [int(place) for place in np.random.default_rng(seed).permutation(len(self.references))[:count]]

    def alike(self, drawn: Sequence[int]) -> list[Found]:
        """Return what proposals scored by likeness find."""
        import numpy as np

        from search_service.review.teaching import likeness

        made = likeness.by_references(np.array([self.references[place][2] for place in drawn]), self.others)
        return [Found(likeness.scores(made, crops), found.boxes)
                for crops, found in zip(self.crops, self.proposals, strict=True)]

    def on_canvas(self, drawn: Sequence[int]) -> list[Found]:
        """Return what the canvas finds on the first scenes."""
        from ml_backend.engines import canvas

        references = [canvas.reference(*self.references[place][:2]) for place in drawn]
        found = []
        for number in range(CANVAS_FRAMES):
            image, _ = self._scene(f"like {number}")
            one = canvas.find_like(self.engine, image, str(number), references)
            found.append(Found(one.scores.astype(float), one.boxes))
        return found

    def objects(self, frames: int) -> int:
        return sum(len(boxes) for boxes in self.truth[:frames])

    def precision(self, found: list[Found], frames: int = FRAMES) -> float:
        """Return AP50 over all true objects of the first scenes; an object counts once."""
        import numpy as np

        from demo.train.metrics import average_precision
        from ml_backend.engines.base import iou_with

        order = sorted(((float(score), number, place) for number, one in enumerate(found[:frames])
                        for place, score in enumerate(one.scores)), key=lambda row: -row[0])
        taken, hits = set[tuple[int, int]](), []
        for _, number, place in order:
            overlaps = iou_with(found[number].boxes[place], self.truth[number])
            free = [(float(v), thing) for thing, v in enumerate(overlaps) if (number, thing) not in taken]
            best, thing = max(free, default=(0.0, -1))
            hits.append(best >= 0.5)
            if hits[-1]:
                taken.add((number, thing))
        if not hits:
            return 0.0
        return average_precision(np.array([row[0] for row in order], np.float32), np.array(hits), self.objects(frames))
