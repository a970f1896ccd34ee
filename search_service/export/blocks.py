"""Cutting videos into blocks, and giving whole blocks to splits. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from search_service.export.frames import Frames
from search_service.export.vector_file import Flags, Ints

Amounts = NDArray[np.float64]
_SINGLES = 100  # blocks that images of no video are dealt in, when videos stay whole
_BLOCKS = (2, 5, 10, 20, 40, 80, 160)  # that are tried, where videos are cut
_MOVED = 400  # up to so many blocks are moved about for a better fit


def candidates(frames: Frames, free: Flags, anchors: Ints, splits: int) -> Iterator[Ints]:
    """Yield ways to put the free frames into blocks: a block's number for each, -1 for the others. First whole videos,
    then videos cut in ever more pieces.

    A frame goes where its anchor goes, so what looks the same is in one block wherever it stands.

    Args:
        anchors: for each frame the place of the first frame that looks the same, or its own.
    """
    yield _whole_videos(frames, free, anchors)
    count = int(free.sum())
    for blocks in _BLOCKS:
        if splits <= blocks <= 2 * count:
            yield _cut(frames, free, anchors, max(1, count // blocks))


def _whole_videos(frames: Frames, free: Flags, anchors: Ints) -> Ints:
    """Return blocks of whole videos; videos that share a scene are one."""
    places = np.flatnonzero(free)
    root = np.arange(len(frames.names))
    pairs = np.unique(np.stack([frames.video[places], frames.video[anchors[places]]]), axis=1).T
    for one, other in pairs:
        if one >= 0 and other >= 0:
            root[root == root[one]] = root[other]
    block = np.full(len(frames), -1)
    of_video = places[frames.video[anchors[places]] >= 0]
    block[of_video] = root[frames.video[anchors[of_video]]]
    single = places[frames.video[anchors[places]] < 0]
    if len(single):
        size = max(1, len(single) // _SINGLES)
        block[single] = len(root) + np.unique(anchors[single], return_inverse=True)[1] // size
    return block


def _cut(frames: Frames, free: Flags, anchors: Ints, size: int) -> Ints:
    """Return blocks of about `size` frames that follow one another; frames with one anchor are never parted."""
    places = np.flatnonzero(free)
    atoms, of_atom, counts = np.unique(anchors[places], return_inverse=True, return_counts=True)
    video = frames.video[atoms]
    starts = np.flatnonzero(np.diff(video, prepend=-2))
    pieces = np.zeros(len(atoms), np.int64)
    number = 0
    for start, end in zip(starts, [*starts[1:], len(atoms)], strict=True):
        sizes = counts[start:end]
        if video[start] >= 0 and not frames.seconds[frames.video == video[start]].any():
            part = np.zeros(len(sizes), np.int64)  # no times: it stays whole
        else:
            wanted = max(1, round(sizes.sum() / size))
            part = ((sizes.cumsum() - sizes / 2) / sizes.sum() * wanted).astype(np.int64)
        pieces[start:end] = number + part
        number += int(part.max()) + 1
    block = np.full(len(frames), -1)
    block[places] = pieces[of_atom]
    return block


def weights(frames: Frames, chosen: Flags, group: Ints, groups: int) -> Amounts:
    """Return (groups, 1 + labels): of each group the number of its frames and of those that show each label."""
    columns = [np.bincount(group[chosen], minlength=groups)]
    columns += [np.bincount(group[chosen], frames.labels[chosen, place], groups)
                for place in range(frames.labels.shape[1])]
    return np.stack(columns, axis=1).astype(np.float64)


def place_blocks(blocks: Amounts, held: Amounts, shares: Amounts) -> Ints:
    """Return the split of each block, so that frames and labels come as near to the shares as whole blocks allow.

    Args:
        blocks: (blocks, 1 + labels), see `weights`.
        held: (splits, 1 + labels): what the splits have already.
    """
    total = np.maximum(blocks.sum(0) + held.sum(0), 1)
    # All labels together weigh half as much as the number of frames.
    weight = np.sqrt(np.array([1.0] + [0.5 / max(1, blocks.shape[1] - 1)] * (blocks.shape[1] - 1))) / total
    targets, blocks, held = shares[:, None] * (total * weight), blocks * weight, held * weight
    has, split = held.copy(), np.zeros(len(blocks), np.int64)
    for block in np.argsort(-blocks[:, 0], kind="stable"):
        split[block] = _cheapest(has, targets, blocks[block])
        has[split[block]] += blocks[block]
    for _ in range(10 if len(blocks) <= _MOVED else 0):
        before = split.copy()
        for block in range(len(blocks)):
            has[split[block]] -= blocks[block]
            split[block] = _cheapest(has, targets, blocks[block], split[block])
            has[split[block]] += blocks[block]
        if (split == before).all():
            break
    _fill_empty(blocks[:, 0], split, has[:, 0])
    return split


def _fill_empty(sizes: Amounts, split: Ints, has: Amounts) -> None:
    """Give a split that would be empty the smallest block of the fullest one that has several."""
    for empty in np.flatnonzero(has <= 0):
        several = np.flatnonzero(np.bincount(split[sizes > 0], minlength=len(has)) > 1)
        if not len(several):
            return
        fullest = several[has[several].argmax()]
        own = np.flatnonzero((split == fullest) & (sizes > 0))
        block = own[sizes[own].argmin()]
        split[block] = empty
        has[empty], has[fullest] = sizes[block], has[fullest] - sizes[block]


def _cheapest(has: Amounts, targets: Amounts, block: Amounts, now: int = 0) -> int:
    """Return the split that gains most by the block, `now` among equals."""
    cost = ((has + block - targets) ** 2 - (has - targets) ** 2).sum(1)
    return now if cost[now] <= cost.min() + 1e-12 else int(cost.argmin())
