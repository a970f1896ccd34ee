"""A kind in one colour, taught by examples under the word for the kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.teach.pool import Pool

    Floats = NDArray[np.float64]
    Index = NDArray[np.intp]

COLOURS, SEEDS = 3, 5
EXAMPLES = (20, 40)  # half of them right
KEYS = ("ap50_median_10", "ap50_worst_10", "ap50_median_40")


def measure() -> Mapping[str, float]:
    """Return AP50 over all true objects, the mean of the seeds, over six kinds in their commonest colours."""
    import numpy as np

    from benchmarks.teach import page, pool
    from demo.draw import Split
    from demo.vocabulary import LABELS

    scenes = pool.load(Split.HELD_OUT)
    rows, taught = [], []
    for kind in LABELS:
        for colour, count in commonest(scenes, kind):
            task = Task(scenes, kind, colour)
            found = [float(np.mean([task.taught(number, seed) for seed in range(SEEDS)])) for number in EXAMPLES]
            rows.append([f"{colour} {kind}", str(count), f"{task.precision(task.scores[task.later]):.3f}",
                         *(f"{value:.3f}" for value in found), f"{task.reach():.3f}"])
            taught.append(found)
    few, more = np.array(taught).T
    half = scenes.frames // 2
    page.write("A kind in one colour, taught", [
        f"The prompt is the kind, and wanted is the kind in one of its {COLOURS} commonest colours, by which the label "
        "is named: AP50 over all of "
        f"them on {scenes.frames - half} scenes, those that SAM 3 does not find included, which is why "
        "the last column is what can be reached at best. Examples are drawn at random from the detections on "
        f"{half} other scenes, half of them right; the mean of {SEEDS} draws. Median of all: "
        f"{np.median(few):.3f} with 10 right and 10 wrong, {np.median(more):.3f} with 20 of each; worst: "
        f"{few.min():.3f} and {more.min():.3f}.", "",
        *page.table(["wanted", "objects", "SAM 3's score", "10 right, 10 wrong", "20 and 20", "at best"], rows)])
    return {"ap50_median_10": round(float(np.median(few)), 4), "ap50_worst_10": round(float(few.min()), 4),
            "ap50_median_40": round(float(np.median(more)), 4)}


def commonest(scenes: Pool, kind: str) -> list[tuple[str, int]]:
    return Counter(scenes.true_colour[scenes.true_label == kind].tolist()).most_common(COLOURS)


class Task:
    """A kind in one colour: `earlier` and `later` are detections of the kind, to take examples from and to measure."""

    def __init__(self, scenes: Pool, kind: str, colour: str) -> None:
        import numpy as np

        self.scenes, own = scenes, np.flatnonzero(scenes.label == kind)
        self.name = f"{colour} {kind}"
        self.scores, self.crops, self.shows = scenes.score[own], scenes.crop[own].astype(float), scenes.shows[own]
        self.frames = scenes.frame[own]
        wanted = (scenes.true_label == kind) & (scenes.true_colour == colour)
        self.right = wanted[self.shows] & (self.shows >= 0)
        self.earlier = np.flatnonzero(self.frames < scenes.frames // 2)
        self.later = np.flatnonzero(self.frames >= scenes.frames // 2)
        self.objects = int((wanted & (scenes.true_frame >= scenes.frames // 2)).sum())

    def taught(self, examples: int, seed: int) -> float:
        """Return AP50 with a verifier of some examples, half of them right."""
        import numpy as np

        from benchmarks.teach.scenes import words
        from search_service.review.teaching.fit import Examples
        from search_service.review.teaching.trial import attempt

        draw = np.random.default_rng(seed)
        judged = np.concatenate([draw.permutation(self.earlier[self.right[self.earlier] == kind])[:examples // 2]
                                 for kind in (True, False)])
        trial = attempt(Examples.of(self.scores[judged], self.crops[judged], self.right[judged],
                                    self.frames[judged].tolist()), self.scenes.known_crops(), words(self.name))
        if trial.verifier is None or not trial.paid:
            return self.precision(self.scores[self.later])
        return self.precision(trial.verifier.scores(self.scores[self.later], self.crops[self.later]))

    def precision(self, scores: Floats) -> float:
        """Return AP50 of the later scenes."""
        from demo.train.metrics import average_precision

        return average_precision(scores, self._hits(scores), self.objects)

    def reach(self) -> float:
        """Return the share of the later objects that are among the detections."""
        import numpy as np

        return len(np.unique(self.shows[self.later][self.right[self.later]])) / self.objects

    def _hits(self, scores: Floats) -> NDArray[np.bool_]:
        import numpy as np

        hits, taken = np.zeros(len(scores), bool), set[int]()
        for place in np.argsort(-scores, kind="stable"):
            shows = int(self.shows[self.later][place])
            hits[place] = bool(self.right[self.later][place]) and shows not in taken
            taken.add(shows)
        return hits
