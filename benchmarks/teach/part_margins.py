"""The margin of a crop, by what its embedding tells apart, and what embedding an object costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FRAMES, WIDTH = 300, 1280
MARGINS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0)
COLOURS, SEEDS, DECISIONS = 3, 5, 20
KEYS: tuple[str, ...] = ()


def measure() -> Mapping[str, float]:
    """Write two figures for each margin: how well 20 decisions, half of them yes, tell a kind in one of its three
    commonest colours from the kind in others (AUC), and how well a text finds objects (average precision)."""
    import numpy as np

    from benchmarks.teach import page, scenes
    from demo.draw import Split
    from search_service.embedding.object_crops import MARGIN, cut

    encoder = scenes.encoder()
    vectors: dict[float, list[Floats]] = {margin: [] for margin in MARGINS}
    labels: list[str] = []
    shows: list[tuple[str, str] | None] = []
    for frame in scenes.frames(Split.VALIDATION, "crops", FRAMES, WIDTH):
        for find in frame.finds:
            labels.append(find.label)
            thing = None if find.shows is None else frame.truth[find.shows]
            shows.append((thing.colour, thing.label) if thing else None)
        for margin in MARGINS if frame.finds else ():
            crops = encoder.encode_images([cut(frame.image, find.part, margin) for find in frame.finds])
            vectors[margin].append(crops.astype(np.float64))
    asked = [what for what, count in Counter(one for one in shows if one).items() if count >= 8]
    texts = encoder.encode_texts([" ".join(what) for what in asked])
    rows = []
    for margin in MARGINS:
        found = np.concatenate(vectors[margin])
        areas = [area for label in sorted(set(labels)) for area in _told_apart(found, labels, shows, label)]
        precision = np.mean([_average_precision(found @ text, np.array([one == what for one in shows]))
                             for what, text in zip(asked, texts, strict=True)])
        chosen = "**" if margin == MARGIN else ""
        rows.append([f"{chosen}{margin:g}{chosen}", f"{np.mean(areas):.3f}", f"{min(areas):.3f}", f"{precision:.3f}"])
    page.write("The margin of a crop", [
        f"{len(labels)} detections on {FRAMES} scenes of {WIDTH} × {WIDTH * 9 // 16} pixels. The margin is around the "
        "box, a share of its longer side; bold is what Argus takes. Told apart: AUC of a kind in one of its "
        f"{COLOURS} commonest colours against the kind in others, by a logistic regression on the embeddings after "
        f"{DECISIONS} decisions, half of them yes, {SEEDS} draws each. Found: mean average precision of {len(asked)} "
        "texts such as “red cpu” over all detections. The demo's search model has learned from whole frames, so texts "
        "like more around an object than decisions do.", "",
        *page.table(["margin", "told apart, mean", "worst", "found by text"], rows)])
    return {}


def _told_apart(crops: Floats, labels: list[str], shows: list[tuple[str, str] | None], label: str) -> list[float]:
    import numpy as np

    mine = [place for place, (found, thing) in enumerate(zip(labels, shows, strict=True)) if found == label and thing]
    commonest = Counter(shows[place] for place in mine if (shows[place] or ("", ""))[1] == label).most_common(COLOURS)
    found = []
    for what, count in commonest:
        right = np.array([shows[place] == what for place in mine])
        yes = min(DECISIONS // 2, count // 2)
        for seed in range(SEEDS):
            draw = np.random.default_rng(seed)
            judged = np.concatenate([draw.permutation(np.flatnonzero(right))[:yes],
                                     draw.permutation(np.flatnonzero(~right))[:DECISIONS - yes]])
            rest = np.setdiff1d(np.arange(len(mine)), judged)
            weights = _logistic(crops[mine][judged], right[judged])
            found.append(_area(crops[mine][rest] @ weights, right[rest]))
    return found


def _logistic(rows: Floats, right: NDArray[np.bool_], penalty: float = 0.01, steps: int = 30) -> Floats:
    """Return the weights of a regularised logistic regression, by Newton's method; a constant changes no order."""
    import numpy as np

    rows = np.column_stack([10 * (rows - rows.mean(0)), np.ones(len(rows))])
    ridge = penalty * len(rows) / 100 * np.eye(rows.shape[1])
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -40, 40)))
        slope = rows.T @ (chance - right) + ridge @ weights
        weights -= np.linalg.solve((rows.T * (chance * (1 - chance) + 1e-9)) @ rows + ridge, slope)
    return weights[:-1]


def _area(scores: Floats, right: NDArray[np.bool_]) -> float:
    yes, no = scores[right], scores[~right]
    return float((yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2)


def _average_precision(scores: Floats, right: NDArray[np.bool_]) -> float:
    import numpy as np

    hits = right[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
