"""Whether a verifier pays: grouped cross-validation against the model's own score and a plain curve of it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from search_service.review.teaching.fit import (
    MOST,
    PENALTIES,
    Axes,
    Bools,
    Examples,
    Floats,
    Ints,
    Verifier,
    chance,
    fit_parts,
    logit,
    of_parts,
)

LEAST = 5  # examples of either kind
FOLDS = 5
AMONG = 600  # crops of a project that say how crops differ
_SURE = 1.0  # standard errors by which a verifier must beat the curve
_MOST_WANTED = 200


@dataclass(frozen=True, eq=False)
class Trial:
    """What cross-validation says of a label's examples.

    Attributes:
        verifier: fitted to all examples; None while there are fewer than `LEAST` of either kind.
        paid: it beats the score and the curve: it may be used.
        right, wrong: examples of each kind.
        wanted_right, wanted_wrong, wanted: examples that are still needed: of each kind to try at all, and in all, as
            far as can be told, until it pays; 0 when it does.
        ranked, ranked_by_score: how often a right one is above a wrong one of another group, by verifier and by score.
        loss, loss_of_curve: mean of -log chance of what is true, by verifier and by curve.
        held_out: (n,) the chance of each example by a verifier that did not see its group; empty without a verifier.
    """

    verifier: Verifier | None
    paid: bool
    right: int
    wrong: int
    wanted_right: int
    wanted_wrong: int
    wanted: int
    ranked: float
    ranked_by_score: float
    loss: float
    loss_of_curve: float
    held_out: Floats

    @classmethod
    def lacking(cls, right: int, wrong: int) -> Trial:
        """Return the trial of too few examples."""
        wanted = max(0, LEAST - right), max(0, LEAST - wrong)
        return cls(None, False, right, wrong, *wanted, sum(wanted), 0.0, 0.0, 0.0, 0.0, np.zeros(0))


def attempt(examples: Examples, among: Floats | None = None, words: Floats | None = None) -> Trial:
    """Fit a verifier and say whether it pays. Under a second for as many examples as there may be.

    Of more than `MOST` examples the last ones of each kind are taken.

    Args:
        among: as in `fit`.
        words: (d,) embedding of the label's name, which may say what tells it apart: it is used where that is better
            by cross-validation. None without one.
    """
    examples = examples.take(chosen(examples.right))
    right = int(examples.right.sum())
    wrong = len(examples) - right
    if min(right, wrong) < LEAST:
        return Trial.lacking(right, wrong)
    folds = _folds(examples)
    crops = examples.crops if among is None else among
    plain = Axes.of(crops)  # without what was said of any
    described = [plain] if words is None else [plain, plain.with_words(crops, words)]
    parts = [axes.parts(examples.crops) for axes in described]
    curve = _held_out(examples, parts[0], folds, math.inf)
    tried = {(place, penalty): _held_out(examples, own, folds, penalty)
             for place, own in enumerate(parts) for penalty in PENALTIES}
    place, best = min(tried, key=lambda one: float(_losses(tried[one], examples.right).mean()))
    held_out = tried[place, best]
    gains = _losses(curve, examples.right) - _losses(held_out, examples.right)
    ranked = _ranked(held_out, examples), _ranked(examples.scores, examples)
    mean, error = _by_group(gains, examples)
    paid = mean > _SURE * error and ranked[0] > ranked[1]
    verifier = of_parts(described[place], fit_parts(examples, parts[place], best), best)
    return Trial(verifier, paid, right, wrong, 0, 0, 0 if paid else _wanted(len(examples), mean, error),
                 *ranked, float(_losses(held_out, examples.right).mean()),
                 float(_losses(curve, examples.right).mean()), held_out)


def against(trial: Trial, examples: Examples, shown: Floats) -> Trial:
    """Return the trial, which does not pay unless its verifier tells right from wrong better than other scores that may
    be shown without it do.

    Args:
        shown: (n,) of the same examples, by what was not made of them.
    """
    taken = chosen(examples.right)
    if not trial.paid or trial.ranked > _ranked(shown[taken], examples.take(taken)):
        return trial
    return replace(trial, paid=False, wanted=min(_MOST_WANTED, len(examples)))


def chosen(right: Bools) -> Bools:
    """Return which examples are taken: (n,); the last `MOST` / 2 of each kind, and more of one where the other has
    fewer."""
    taken = np.zeros(len(right), bool)
    yes, no = np.flatnonzero(right), np.flatnonzero(~right)
    for own, others in ((yes, no), (no, yes)):
        room = max(MOST // 2, MOST - len(others))
        taken[own[max(0, len(own) - room):]] = True
    return taken


def _folds(examples: Examples) -> Ints:
    """Return the fold of each example: whole groups, so that each fold has some of either kind where possible."""
    count = int(examples.groups.max()) + 1
    sizes = np.maximum(np.bincount(examples.groups, minlength=count), 1)
    share = np.bincount(examples.groups, examples.right, count) / sizes
    order = np.lexsort((np.random.default_rng(0).permutation(count), np.round(share, 3)))
    fold = np.empty(count, np.int64)
    fold[order] = np.arange(count) % FOLDS
    return np.asarray(fold[examples.groups])


def _held_out(examples: Examples, parts: Floats, folds: Ints, penalty: float) -> Floats:
    """Return the chance of each example by a fit to the other folds; `parts` are the crops by their axes."""
    found = np.full(len(examples), examples.right.mean())
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any() and not inside.all():
            bias, slope, weights = fit_parts(examples.take(~inside), parts[~inside], penalty)
            found[inside] = chance(bias + slope * logit(examples.scores[inside])
                                   + parts[inside][:, :len(weights)] @ weights)
    return found


def _losses(chances: Floats, right: Bools) -> Floats:
    return np.asarray(-np.log(np.clip(np.where(right, chances, 1 - chances), 1e-3, 1)))


def _by_group(gains: Floats, examples: Examples) -> tuple[float, float]:
    """Return the mean gain of an example, and its standard error when groups are what is drawn."""
    sums, sizes = np.bincount(examples.groups, gains), np.bincount(examples.groups)
    sums, sizes = sums[sizes > 0], sizes[sizes > 0]
    mean = float(sums.sum() / sizes.sum())
    spread = float(((sums - mean * sizes) ** 2).sum())
    return mean, math.sqrt(spread) / float(sizes.sum())


def _ranked(scores: Floats, examples: Examples) -> float:
    yes, no = scores[examples.right], scores[~examples.right]
    return float((yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2)


def _wanted(count: int, mean: float, error: float) -> int:
    """Return how many further examples would show a gain like this for sure, in steps of 5; without one, as many
    again."""
    more = count * ((_SURE * error / mean) ** 2 - 1) if mean > 1e-9 else float(count)
    return int(min(_MOST_WANTED, max(5, 5 * math.ceil(more / 5))))
