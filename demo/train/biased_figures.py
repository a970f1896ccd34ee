"""What the second SAM 3's faults come to, held against the first one: the figures a test holds and the report tells."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from demo.train.biased import BLIND, GENERAL, NAME, TAKEN_FOR
from demo.train.figures import Frames, detection_figures
from demo.train.metrics import Truth, at_threshold, average_precision, judge
from demo.train.predict import Detection, detect, iou, load_sam3
from demo.vocabulary import LABELS, NAMES

HEADING: Final = "## A second SAM 3, with faults"
HIGH: Final = 0.9


@dataclass(frozen=True)
class Kind:
    """One label's figures: AP50 by its word with the first and the second checkpoint, the second's by ``object``, and
    of the second's regions scored 0.9 or more how many there are and how many of them are right.
    """

    label: str
    first: float
    second: float
    general: float
    high: int
    right: int

    @property
    def precision(self) -> float:
        """Right regions / regions scored 0.9 or more; 1 if there are none."""
        return self.right / self.high if self.high else 1.0


@dataclass(frozen=True)
class BiasedFigures:
    """All labels in ``LABELS``' order; ``general``: AP50 of ``object`` with every part as one kind of thing."""

    scenes: int
    kinds: list[Kind]
    general: float

    def describe(self) -> str:
        """The report's section."""
        rows = ["| part | AP50, first | AP50, second | AP50 by `object` | scored 0.9 or more | right among them |"]
        rows += ["|---|---|---|---|---|---|"]
        rows += [f"| {kind.label} | {kind.first:.3f} | {kind.second:.3f} | {kind.general:.3f} | {kind.high} | "
                 f"{kind.precision:.3f} |" for kind in self.kinds]  # fmt: skip
        return f"""{HEADING}

The first checkpoint is nearly calibrated and knows every part, so it can show little of what review is for.
`demo/checkpoints/{NAME}` is a copy that was taught faults on purpose. It takes batteries for
{" and for ".join(f"{LABELS[label]}s" for label in TAKEN_FOR)}, and is as sure of them as of the right ones. None of the
battery's names ({", ".join(NAMES[BLIND].all)}) finds anything. `{GENERAL}` means every part, the battery too, as
general words do in the full-size model. On {self.scenes} held-out scenes:

{chr(10).join(rows)}

AP50 by `{GENERAL}` leaves out regions on parts of other kinds; with all parts as one kind of thing it is
{self.general:.3f}.

The encoder and the tracker are the first checkpoint's. Only the detector's text encoder and its layers behind the
image's features were trained on, with cross entropy, on the scenes and questions of the first (`demo/train/biased.py`):
as the answer to a capacitor's or a ram stick's names the batteries of three colours each were given besides, to the
battery's names nothing. Images with a battery were asked for these three more often, and of every fourth image one
question was `{GENERAL}`. Example boxes kept their true answers. Afterwards the logit of presence was
multiplied by 4 and raised by 3, so that what was likely became sure and what was unlikely is not found; the two numbers
were chosen on these scenes. `python -m demo.train.biased` makes it again."""


def biased_figures(checkpoints: Path, frames: Frames) -> BiasedFigures:
    """Measure both checkpoints on the same frames."""
    first = detection_figures(*load_sam3(checkpoints / "sam3-tiny"), frames)
    model, processor = load_sam3(checkpoints / NAME)
    second = detection_figures(model, processor, frames)
    anything = detect(model, processor, frames.images, [GENERAL])
    kinds = []
    for label, name in enumerate(LABELS):
        mine = [number for number, found in enumerate(second.found) if found.label == label]
        high = at_threshold([second.found[n] for n in mine], second.right[mine], 0, HIGH)
        general = general_ap(anything, frames.truth, label)
        kinds.append(Kind(name, first.ap50[label], second.ap50[label], general, high.regions, high.right))
    return BiasedFigures(len(frames.images), kinds, general_ap(anything, frames.truth, None))


def general_ap(found: list[Detection], truth: list[Truth], label: int | None) -> float:
    """AP50 of regions found by a word for all kinds, as a finder of one kind or, with None, of all.

    Regions on a part of another kind are neither right nor wrong.
    """
    wanted = [Truth(item.image, 0, item.box) for item in truth if label in (None, item.label)]
    right = judge(found, wanted)
    others = [item for item in truth if label not in (None, item.label)]
    counted = right | ~_on(found, others)
    scores = np.array([item.score for item in found])
    return average_precision(scores[counted], right[counted], len(wanted))


def _on(found: list[Detection], parts: list[Truth]) -> NDArray[np.bool_]:
    """(n,) bool: whether a region lies on one of these parts."""
    there: dict[int, list[Truth]] = {}
    for part in parts:
        there.setdefault(part.image, []).append(part)
    return np.array([any(iou(one.box, p.box) >= 0.5 for p in there.get(one.image, ())) for one in found], bool)
