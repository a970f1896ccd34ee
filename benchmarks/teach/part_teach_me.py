"""Objects whose score is on the wrong side of its threshold after 100 verdicts: picked by what teaches most, or lowest
score first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.teach.pool import Pool
    from search_service.review.teaching.picking import Candidates
    from search_service.review.teaching.trial import Trial

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

OBJECTS, VERDICTS, BATCH, SEEDS, THRESHOLD = 1000, 100, 10, range(20, 25), 0.5
KEYS = ("queue_mistakes_ratio",)


def measure() -> Mapping[str, float]:
    """Return the mistakes by what teaches most to those by lowest score first, where a kind in one colour is wanted."""
    import numpy as np

    from benchmarks.teach import page, pool
    from demo.draw import Split

    scenes, rows, ratios = pool.load(Split.HELD_OUT), [], []
    for wanted, coloured in (("a kind in one colour", True), ("the kind", False)):
        queues = [Queue(scenes, seed, coloured) for seed in SEEDS]
        teaching, lowest = ([one.after(choose) for one in queues] for choose in (Queue.teaching, Queue.lowest))
        ratios.append(float(np.mean(teaching) / np.mean(lowest)))
        rows.append([wanted, f"{np.mean([one.mistakes() for one in queues]):.0f}", f"{np.mean(lowest):.0f}",
                     f"{np.mean(teaching):.0f}", f"{ratios[-1]:.2f}"])
    page.write("What to look at next", [
        f"{OBJECTS:,} detections of six labels asked for by their kind, and {VERDICTS} verdicts on those that are "
        f"shown, {BATCH} at a time; after each batch the same verifiers are made anew, and scores are theirs where "
        "they may be used. Counted are the objects, judged ones included, whose score is on the wrong side of "
        f"{THRESHOLD} by the truth; the mean of {len(SEEDS)} draws.", "",
        *page.table(["wanted", "before", "lowest score first", "what teaches most", "ratio"], rows)])
    return {"queue_mistakes_ratio": round(ratios[0], 4)}


class Queue:
    """Detections of six labels on some scenes, the truth about them, and what was judged."""

    def __init__(self, scenes: Pool, seed: int, coloured: bool) -> None:
        import numpy as np

        draw = np.random.default_rng(seed)
        number = {frame: place for place, frame in enumerate(draw.permutation(scenes.frames).tolist())}
        order = np.argsort([number[frame] for frame in scenes.frame.tolist()], kind="stable")[:OBJECTS]
        wanted = self._wanted(scenes, draw) if coloured else np.ones(len(scenes.true_label), bool)
        right = (scenes.shows >= 0) & wanted[scenes.shows] & (scenes.true_label[scenes.shows] == scenes.label)
        self.label, self.score, self.frame = scenes.label[order], scenes.score[order], scenes.frame[order]
        self.crop, self.right = scenes.crop[order].astype(np.float64), right[order]
        self.restart()

    @staticmethod
    def _wanted(scenes: Pool, draw: np.random.Generator) -> NDArray[np.bool_]:
        """Return which objects of the truth are of the colour that is wanted of their kind, one of its commonest."""
        import numpy as np

        from benchmarks.teach.part_taught_kinds import commonest
        from demo.vocabulary import LABELS

        wanted = np.zeros(len(scenes.true_label), bool)
        for kind in LABELS:
            colours = [colour for colour, _ in commonest(scenes, kind)]
            wanted |= (scenes.true_label == kind) & (scenes.true_colour == draw.choice(colours))
        return wanted

    def restart(self) -> None:
        self.judged: list[int] = []
        self.shown, self.trials = self.score.copy(), dict[str, "Trial"]()

    def mistakes(self) -> int:
        return int(((self.shown >= THRESHOLD) != self.right).sum())

    def after(self, choose: Callable[[Queue, Places], Sequence[int]]) -> int:
        """Return the mistakes after all verdicts."""
        import numpy as np

        self.restart()
        while len(self.judged) < VERDICTS:
            left = np.setdiff1d(np.flatnonzero(self.score >= THRESHOLD), self.judged)
            self.judged += choose(self, left)
            self._teach()
        found = self.mistakes()
        self.restart()
        return found

    def _teach(self) -> None:
        from search_service.review.teaching.fit import Examples
        from search_service.review.teaching.trial import AMONG, attempt

        self.shown = self.score.copy()
        for label in sorted(set(self.label[self.judged].tolist())):
            own, judged = self.label == label, self._of(label)
            self.trials[label] = attempt(Examples.of(self.score[judged], self.crop[judged], self.right[judged],
                                                     self.frame[judged].tolist()), self.crop[:AMONG])
            verifier = self.trials[label].verifier
            if verifier is not None and self.trials[label].paid:
                self.shown[own] = verifier.scores(self.score[own], self.crop[own])

    def _of(self, label: str) -> list[int]:
        return [place for place in self.judged if self.label[place] == label]

    def lowest(self, left: Places) -> list[int]:
        import numpy as np

        found: list[int] = left[np.argsort(self.shown[left], kind="stable")[:BATCH]].tolist()
        return found

    def teaching(self, left: Places) -> list[int]:
        from demo.vocabulary import LABELS
        from search_service.review.teaching.picking import pick

        own = [left[self.label[left] == label] for label in LABELS]
        picked = pick([self._candidates(label, mine) for label, mine in zip(LABELS, own, strict=True)], BATCH)
        return [int(own[label][place]) for label, place in picked]

    def _candidates(self, label: str, left: Places) -> Candidates:
        import numpy as np

        from search_service.review.teaching.picking import Candidates, moved

        judged, trial = self._of(label), self.trials.get(label)
        right = self.right[judged]
        if trial is None or trial.verifier is None:
            return Candidates(moved(self.score[left], right), self.crop[left], THRESHOLD, self.crop[judged], right,
                              np.zeros(len(judged)), False)
        return Candidates(trial.verifier.scores(self.score[left], self.crop[left]), self.crop[left], THRESHOLD,
                          self.crop[judged], right, np.abs(right - trial.held_out), trial.paid)
