"""The demo's own labels, taught by decisions on random detections: never worse than the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.teach.pool import Pool

    Floats = NDArray[np.float64]

DECISIONS, SEEDS, PRECISION = (20, 50, 200), 5, 0.97
KEYS = ("never_worse_min_margin", "used_labels_200", "gain_200")


def measure() -> Mapping[str, float]:
    """Return how far recall at a precision of 0.97 is above that by SAM 3's own score: the least of all draws, the
    mean with most decisions; and the labels whose verifier is in use then, the mean of the draws."""
    import numpy as np

    from benchmarks.teach import page, pool
    from demo.draw import Split

    scenes = pool.load(Split.HELD_OUT)
    rows, margins = [], {}
    for decisions in DECISIONS:
        drawn = [one(scenes, decisions, seed) for seed in range(SEEDS)]
        margins[decisions] = [taught - raw for raw, taught, _ in drawn]
        used = float(np.mean([labels for _, _, labels in drawn]))
        rows.append([str(decisions), f"{drawn[0][0]:.3f}", f"{np.mean([taught for _, taught, _ in drawn]):.3f}",
                     f"{np.mean(margins[decisions]):+.3f}", f"{min(margins[decisions]):+.3f}", f"{used:.1f} of 6"])
    half = scenes.frames // 2
    page.write("The demo's own labels, taught", [
        f"Decisions on random stored detections of each label, on {half} scenes; recall at a precision of "
        f"{PRECISION:g} over all objects of the six labels on {scenes.frames - half} others, by the scores "
        f"that are shown. {SEEDS} draws.", "",
        *page.table(["decisions for each label", "SAM 3's score", "as shown", "gain, mean", "least", "in use"], rows)])
    return {"never_worse_min_margin": round(min(min(own) for own in margins.values()), 4),
            "used_labels_200": round(used, 2), "gain_200": round(float(np.mean(margins[DECISIONS[-1]])), 4)}


def one(scenes: Pool, decisions: int, seed: int) -> tuple[float, float, int]:
    """Return the recall by SAM 3's score and by the scores that are shown, and how many labels have a verifier."""
    import numpy as np

    from benchmarks.teach.scenes import words
    from demo.vocabulary import LABELS
    from search_service.review.teaching.fit import Examples
    from search_service.review.teaching.trial import attempt

    draw = np.random.default_rng(seed)
    shown = scenes.score.copy()
    right = scenes.true_label[scenes.shows] == scenes.label
    right &= scenes.shows >= 0
    used = 0
    for label in LABELS:
        own = np.flatnonzero(scenes.label == label)
        judged = draw.permutation(own[scenes.frame[own] < scenes.frames // 2])[:decisions]
        trial = attempt(Examples.of(scenes.score[judged], scenes.crop[judged], right[judged],
                                    scenes.frame[judged].tolist()), scenes.known_crops(), words(label))
        if trial.verifier is not None and trial.paid:
            used += 1
            shown[own] = trial.verifier.scores(scenes.score[own], scenes.crop[own])
    later = np.flatnonzero(scenes.frame >= scenes.frames // 2)
    objects = int((scenes.true_frame >= scenes.frames // 2).sum())
    return (recall(scenes.score[later], right[later], scenes.shows[later], objects),
            recall(shown[later], right[later], scenes.shows[later], objects), used)


def recall(scores: Floats, right: NDArray[np.bool_], shows: NDArray[np.int64], objects: int) -> float:
    """Return the most recall at which the precision is `PRECISION` or more; of detections of one object, the first is
    right."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    hits, taken = np.zeros(len(order), bool), set[int]()
    for place, number in enumerate(order):
        hits[place] = bool(right[number]) and int(shows[number]) not in taken
        if right[number]:
            taken.add(int(shows[number]))
    precise = np.cumsum(hits) / np.arange(1, len(hits) + 1) >= PRECISION
    return float(np.cumsum(hits)[precise].max(initial=0) / objects)
