"""Dividing frames into splits so that none has a near-duplicate, in time or in looks, in another split.

Frames that stay together are given to a split together: videos where there are enough, else blocks of them. What is
still near a frame of another split is in no split. So of the frames that remain, any two nearer than the gap or that
look the same are in one split, and so are whole groups of them. What earlier exports decided stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from argus.errors import ArgusError
from search_service.export.blocks import Amounts, candidates, place_blocks, weights
from search_service.export.frames import NEW, NONE, Frames, near_in_time
from search_service.export.vector_file import FEW, Flags, Ints, VectorFile

TWO, GAP, LOOKS, LOCKED, NEAR_LOCKED = 1, 2, 3, 4, 5
REASONS = ("", "near frames of two splits", "nearer than the gap to a frame of another split",
           "near-duplicate of a frame of another split", "in the locked test set", "near the locked test set")
TEST = "test"
_TOLERANCE = 0.1  # of all frames; of a small split half its share


@dataclass(frozen=True)
class Rules:
    """How to divide: shares that sum to 1 by split, the gap in seconds, the cosine of near-duplicates."""

    shares: Mapping[str, float]
    gap: float
    cosine: float

    @property
    def names(self) -> Sequence[str]:
        return list(self.shares)


@dataclass(frozen=True)
class Division:
    """The split of each frame, as its place among the names or `NONE`, and the place of the reason in `REASONS`.

    Attributes:
        decided: what was found before the locked test set was looked at: what later exports keep.
    """

    split: Ints
    reason: Ints
    decided: Ints

    def counts(self, splits: int) -> Ints:
        return np.bincount(self.split[self.split >= 0], minlength=splits)


def divide(frames: Frames, vectors: VectorFile, rules: Rules) -> Division:
    """Return the split of each frame; shares need not be met: `check` tells.

    Args:
        vectors: of those frames that have one; frames without one are compared by time alone.
    """
    rows, split = vectors.rows_of(frames.tasks), frames.split.copy()
    reason: Ints = np.zeros(len(frames), np.int64)
    test = rules.names.index(TEST) if TEST in rules.names else NONE
    split[frames.locked], reason[frames.locked] = test, LOCKED if test == NONE else 0
    _follow(frames, vectors, rows, rules, split, reason)
    free = split == NEW
    if free.any():
        split, reason = _best(frames, vectors, rows, rules, free, split, reason)
    decided = split.copy()
    near = _near(frames, vectors, rows, rules, (split >= 0) & (split != test) & ~frames.locked, frames.locked)
    split[near], reason[near] = NONE, NEAR_LOCKED
    return Division(split, reason, decided)


def _follow(frames: Frames, vectors: VectorFile, rows: Ints, rules: Rules, split: Ints, reason: Ints) -> None:
    """Put new frames that are near old ones into their split, and near those of two into none."""
    new, old = split == NEW, split.copy()
    if not new.any() or not (old >= 0).any():
        return
    near = np.stack([_near(frames, vectors, rows, rules, new, old == place) for place in range(len(rules.names))])
    one, two = near.sum(0) == 1, near.sum(0) > 1
    split[one] = near[:, one].argmax(0)
    split[two], reason[two] = NONE, TWO
    locked = _near(frames, vectors, rows, rules, new, frames.locked)
    split[locked], reason[locked] = NONE, NEAR_LOCKED
    _part(frames, vectors, rows, rules, new & (split >= 0), split, reason)


def _near(frames: Frames, vectors: VectorFile, rows: Ints, rules: Rules, some: Flags, others: Flags) -> Flags:
    """Tell which of some frames are near others, in time or in looks."""
    if not some.any() or not others.any():
        return np.zeros(len(frames), bool)
    found = near_in_time(frames, some, others, rules.gap)
    left = np.flatnonzero(some & ~found & (rows >= 0))
    found[left] = vectors.near(rows[left], rows[others & (rows >= 0)], rules.cosine).counts > 0
    return found


def _best(frames: Frames, vectors: VectorFile, rows: Ints, rules: Rules, free: Flags, split: Ints,
          reason: Ints) -> tuple[Ints, Ints]:
    """Return splits and reasons with the free frames placed: whole videos if their shares are met, else the way of
    cutting them that costs least."""
    anchors = np.arange(len(frames))
    compared = np.flatnonzero(free & (rows >= 0))
    anchors[compared] = compared[vectors.earliest(rows[compared], rules.cosine)]
    tried = []
    for place, block in enumerate(candidates(frames, free, anchors, len(rules.names))):
        ours, why = split.copy(), reason.copy()
        _fill(frames, rules, free, block, ours)
        _part_by_time(frames, rules, free, ours, why)
        cost = _cost(frames, rules, free, ours)
        if not place and met(_counts(ours, rules), rules):
            cost = -1.0
        tried.append((cost, place, ours, why))
    tried.sort(key=lambda one: one[:2])
    for _, _, ours, why in tried[:3]:
        _part(frames, vectors, rows, rules, free, ours, why)
        if met(_counts(ours, rules), rules):
            return ours, why
    return min((one[2:] for one in tried[:3]), key=lambda one: _off(_counts(one[0], rules), rules))


def _fill(frames: Frames, rules: Rules, free: Flags, block: Ints, split: Ints) -> None:
    shares = np.array(list(rules.shares.values()))
    amounts = weights(frames, free, block, int(block.max()) + 1)
    held = weights(frames, split >= 0, split, len(shares))
    split[free] = place_blocks(amounts, held, shares)[block[free]]


def _pairs(split: Ints, rules: Rules) -> list[tuple[int, int]]:
    """Return (larger, smaller) for each two splits."""
    order = np.argsort(-_counts(split, rules), kind="stable")
    return [(int(one), int(other)) for place, one in enumerate(order) for other in order[place + 1:]]


def _part_by_time(frames: Frames, rules: Rules, movable: Flags, split: Ints, reason: Ints) -> None:
    for large, small in _pairs(split, rules):
        for one, other in ((large, small), (small, large)):  # the second: where the larger's frames are to stay
            near = near_in_time(frames, (split == one) & movable, split == other, rules.gap)
            split[near], reason[near] = NONE, GAP


def _part(frames: Frames, vectors: VectorFile, rows: Ints, rules: Rules, movable: Flags, split: Ints,
          reason: Ints) -> None:
    """Take out movable frames until no two splits have frames near each other."""
    _part_by_time(frames, rules, movable, split, reason)
    for large, small in _pairs(split, rules):
        mine = np.flatnonzero((split == small) & (rows >= 0))
        theirs = np.flatnonzero((split == large) & (rows >= 0))
        if not len(mine) or not len(theirs):
            continue
        near = vectors.near(rows[mine], rows[theirs], rules.cosine)
        frame_of = np.full(len(vectors.tasks), NONE)
        frame_of[rows] = np.arange(len(rows))
        few = np.where(near.first >= 0, frame_of[near.first], NONE)
        stuck = ((few >= 0) & ~movable[few]).any(1)
        gone = movable[mine] & ((near.counts > FEW) | stuck)
        others = few[~gone].ravel()
        for places in (mine[gone], others[others >= 0]):
            taken = places[movable[places]]
            split[taken], reason[taken] = NONE, LOOKS
        left = np.flatnonzero(~movable & (split == small) & (rows >= 0))  # stay, with more neighbours than were named
        theirs = np.flatnonzero(movable & (split == large) & (rows >= 0))
        if len(left) and len(theirs):
            taken = theirs[vectors.near(rows[theirs], rows[left], rules.cosine).counts > 0]
            split[taken], reason[taken] = NONE, LOOKS


def _counts(split: Ints, rules: Rules) -> Ints:
    return np.bincount(split[split >= 0], minlength=len(rules.shares))


def _off(counts: Ints, rules: Rules) -> float:
    return float(np.abs(counts / max(1, counts.sum()) - np.array(list(rules.shares.values()))).max())


def _cost(frames: Frames, rules: Rules, free: Flags, split: Ints) -> float:
    """Return how bad it is: shares that are off, labels that are off, frames that are lost."""
    counts, shares = _counts(split, rules), np.array(list(rules.shares.values()))
    shown: Amounts = weights(frames, split >= 0, split, len(shares))[:, 1:]
    labels = np.abs(shown / np.maximum(shown.sum(0), 1) - shares[:, None]).mean() if shown.size else 0.0
    empty = float((counts == 0).any())
    return 10 * empty + 2 * _off(counts, rules) + float(labels) + float((split[free] < 0).mean())


def met(counts: Ints, rules: Rules) -> bool:
    """Tell whether splits of so many frames have the shares asked for: within 10 of 100, or half of a small share, or
    one frame."""
    total = max(1, counts.sum())
    return bool((counts > 0).all()) and all(
        abs(count / total - share) <= max(min(_TOLERANCE, share / 2), 1 / total) + 1e-9
        for count, share in zip(counts, rules.shares.values(), strict=True))


def check(frames: Frames, vectors: VectorFile, rules: Rules, counts: Ints) -> None:
    """Raise `nothing_selected` or `shares_not_met` where `counts` are not what was asked for, with the shares that can
    be had."""
    if met(counts, rules) or not len(frames):
        return
    nearest = None if (counts == 0).any() else {name: round(float(count / counts.sum()), 2)
                                                for name, count in zip(rules.names, counts, strict=True)}
    if nearest and not _can_be_met(frames, vectors, Rules(nearest, rules.gap, rules.cosine)):
        nearest = None
    text = ",".join(f"{name}={share:g}" for name, share in nearest.items()) if nearest else ""
    got = ", ".join(f"{name} {count}" for name, count in zip(rules.names, counts, strict=True))
    empty = [name for name, count in zip(rules.names, counts, strict=True) if not count]
    what = f"The split {empty[0]} would be empty" if empty else "These shares cannot be met"
    kept = bool((frames.split >= 0).any())
    why = "keep the split that an earlier export gave them" if kept else \
        "that are near each other in time or look alike stay together"
    raise ArgusError(
        "nothing_selected" if empty else "shares_not_met",
        f"{what}: frames {why}, which leaves {got} images.",
        f"The nearest shares that can be met: {text}."
        f"{' Or start the division anew with `argus splits reset`.' if kept else ''}" if text else
        "Use more even shares, add frames of more videos or scenes, lower ARGUS_SPLIT_GAP_SECONDS, start the division "
        "anew with `argus splits reset`, or export without splits.",
        splits=dict(zip(rules.names, counts.tolist(), strict=True)), nearest=nearest)


def _can_be_met(frames: Frames, vectors: VectorFile, rules: Rules) -> bool:
    return met(divide(frames, vectors, rules).counts(len(rules.shares)), rules)
