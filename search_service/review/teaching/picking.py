"""Which objects to judge next, so that few verdicts teach much. Pure functions.

A verifier is tried from a few examples of either kind on, and used once it pays. So verdicts go to two labels at a
time, those that were begun first, until their drafts may be used. Of a label with too few wrong examples the object is
asked about that is most likely wrong, of one with too few right ones the most likely right; then what the draft does
not know, what is like its mistakes and unlike what was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search_service.review.teaching.fit import Axes, Bools, Floats, chance, logit
from search_service.review.teaching.trial import LEAST

_AT_ONCE = 2  # labels whose objects are asked about in turn
_ALIKE = 0.5  # the share of its worth that an object loses beside one like it, as long as examples of a kind lack
_DONE = 0.5  # of the mistakes that are expected of a label whose draft may be used


@dataclass(frozen=True, eq=False)
class Candidates:
    """The objects of a label that nobody judged, and those that somebody did.

    Attributes:
        scores: (n,) chances to be right: the draft's, else as `moved` has them.
        crops: (n, d) embeddings.
        threshold: 0..1, from which on an object is shown.
        judged: (m, d) embeddings of what was judged; `right`: (m,) whether it is the label.
        errors: (m,) how far the draft was off each of these, 0..1, not having seen its moment; 0 without a draft.
        usable: the draft may be used.
    """

    scores: Floats
    crops: Floats
    threshold: float
    judged: Floats
    right: Bools
    errors: Floats
    usable: bool


def moved(scores: Floats, right: Bools) -> Floats:
    """Return the model's scores (n,) moved by what was judged so far, (m,): the chances of a label without a draft."""
    share = np.log((right.sum() + 1) / ((~right).sum() + 1))
    return chance(logit(scores) / 2 + (share if len(right) else 0))


def pick(labels: Sequence[Candidates], count: int) -> list[tuple[int, int]]:
    """Return up to `count` objects in the order to ask about them, each as the place of its label and its own place
    among the label's candidates."""
    axes = _axes(labels)
    asked = [_Asked(one, axes) for one in labels]
    order = sorted(range(len(labels)), key=lambda place: _turn(labels[place]))
    picked: list[tuple[int, int]] = []
    while len(picked) < count:
        open_ = [place for place in order if asked[place].left][:_AT_ONCE]
        if not open_:
            break
        label = open_[len(picked) % len(open_)]
        picked.append((label, asked[label].take()))
    return picked


def _turn(one: Candidates) -> tuple[bool, int, float]:
    """Return what sorts labels: those first whose drafts may not be used yet, of these those with most verdicts, then
    those of which most mistakes are expected."""
    expected = float(np.minimum(one.scores, 1 - one.scores).sum())
    return (True, 0, -expected * _DONE) if one.usable else (False, -len(one.judged), -expected)


def _axes(labels: Sequence[Candidates]) -> Axes | None:
    crops = [crops for one in labels for crops in (one.crops, one.judged) if len(crops)]
    return Axes.of(np.concatenate(crops)) if crops else None


class _Asked:
    """The candidates of a label while a batch is picked: what is picked counts as judged, as far as can be told."""

    def __init__(self, candidates: Candidates, axes: Axes | None) -> None:
        self._scores, self._parts = candidates.scores, _directions(candidates.crops, axes)
        self._unsure = np.exp(-np.abs(logit(candidates.scores) - logit(candidates.threshold)))
        self._near: Floats = np.zeros(len(candidates.scores))
        self._like_mistakes: Floats = np.zeros(len(candidates.scores))
        for judged, error in zip(_directions(candidates.judged, axes), candidates.errors, strict=True):
            alike = self._alike(judged)
            self._near = np.maximum(self._near, alike)
            if error > 0.5:
                self._like_mistakes = np.maximum(self._like_mistakes, alike * error)
        self._open = np.ones(len(candidates.scores), bool)
        self._right, self._wrong = float(candidates.right.sum()), float((~candidates.right).sum())

    @property
    def left(self) -> bool:
        return bool(self._open.any())

    def take(self) -> int:
        """Return the place of the one that is worth most, and count it as judged."""
        place = int(np.where(self._open, self._worth(), -1).argmax())
        self._open[place] = False
        self._right += self._scores[place]
        self._wrong += 1 - self._scores[place]
        self._near = np.maximum(self._near, self._alike(self._parts[place]))
        return place

    def _worth(self) -> Floats:
        if self._wrong < LEAST and self._wrong <= self._right:
            return np.asarray((1 - self._scores) * (1 - _ALIKE * self._near))
        if self._right < LEAST:
            return np.asarray(self._scores * (1 - _ALIKE * self._near))
        return np.asarray(self._unsure * (1 - self._near) * (1 + self._like_mistakes))

    def _alike(self, direction: Floats) -> Floats:
        return np.asarray(np.clip(self._parts @ direction, 0, 1) ** 2)


def _directions(crops: Floats, axes: Axes | None) -> Floats:
    if axes is None:
        return np.zeros((len(crops), 1))
    parts = axes.parts(crops)
    return np.asarray(parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-9))
