"""Dividing frames: no two splits have frames near each other, in time or in looks; decisions stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from argus.errors import ArgusError
from search_service.export.divide import REASONS, Division, Rules, check, divide
from search_service.export.frames import NONE, Frames, Origin, frames_of
from search_service.export.vector_file import VectorFile

HALVES, USUAL, THREE = {"train": 0.5, "val": 0.5}, {"train": 0.8, "val": 0.2}, {"train": 0.7, "val": 0.2, "test": 0.1}
Looks = Mapping[int, NDArray[np.float64]]


def video(name: str, count: int, first: int = 0) -> dict[int, Origin]:
    return {first + n: Origin(name, float(n)) for n in range(count)}


def looks(tasks: Mapping[int, Origin], seed: int = 0) -> dict[int, NDArray[np.float64]]:
    """Return a vector of its own for each task: cosines of about 0."""
    random = np.random.default_rng(seed)
    return {task: v / np.linalg.norm(v) for task in tasks for v in [random.normal(size=64)]}


def division(origins: Mapping[int, Origin], shares: Mapping[str, float], vectors: Looks | None = None, *,
             known: Mapping[int, int] | None = None, labels: Mapping[int, list[str]] | None = None, gap: float = 5,
             locked: frozenset[int] = frozenset(), checked: bool = True) -> tuple[Frames, Division]:
    frames, rules = frames_of(origins, labels or {}, known or {}, locked), Rules(shares, gap, 0.985)
    vectors = vectors or {}
    blocks = [(np.array([task]), vector[None].astype(np.float16)) for task, vector in vectors.items()]
    with VectorFile(blocks) as file:
        found = divide(frames, file, rules)
        if checked:
            check(frames, file, rules, found.counts(len(shares)))
    assert_apart(frames, found, vectors, gap)
    return frames, found


def assert_apart(frames: Frames, found: Division, vectors: Looks, gap: float) -> None:
    """Compare every two frames, one by one."""
    for one in range(len(frames)):
        for other in range(one):
            if frames.video[one] == frames.video[other] >= 0:
                near = abs(frames.seconds[one] - frames.seconds[other]) < max(gap, 1e-9)
            else:
                near = False
            pair = [vectors.get(int(frames.tasks[place])) for place in (one, other)]
            near = near or (pair[0] is not None and pair[1] is not None and float(pair[0] @ pair[1]) > 0.986)
            splits = {int(found.split[one]), int(found.split[other])} - {NONE}
            assert not near or len(splits) <= 1, (frames.tasks[one], frames.tasks[other])


def by_task(frames: Frames, found: Division) -> dict[int, int]:
    return dict(zip(frames.tasks.tolist(), found.split.tolist(), strict=True))


def test_by_video_where_there_are_enough__shares_are_met_and_no_frame_is_lost() -> None:
    origins = {task: Origin(f"v{task // 10:02}", float(task % 10)) for task in range(200)}
    frames, found = division(origins, THREE)
    assert found.counts(3).tolist() == [140, 40, 20]
    placed = by_task(frames, found)
    assert all(len({placed[task] for task in range(v * 10, v * 10 + 10)}) == 1 for v in range(20))
    assert placed == by_task(*division(dict(reversed(origins.items())), THREE))


@pytest.mark.parametrize(("shares", "count"), [(USUAL, 150), (THREE, 300), (HALVES, 40)])
def test_one_video__blocks_that_follow_each_other_with_a_gap(shares: Mapping[str, float], count: int) -> None:
    _, found = division(video("v", count), shares, gap=3)
    counts = found.counts(len(shares))
    assert np.abs(counts / counts.sum() - list(shares.values())).max() <= 0.1
    blocks = [(split, len(list(some))) for split, some in groupby(found.split.tolist())]
    assert all(size >= 3 for split, size in blocks if split >= 0)
    assert [size for split, size in blocks if split == NONE] == [2] * (len([1 for s, _ in blocks if s >= 0]) - 1)
    assert set(found.reason[found.split == NONE]) == {2}


@pytest.mark.parametrize("times", ["the same", "moved", "halves in the other order"])
def test_scenes_that_come_twice_in_two_files_are_in_one_split(times: str) -> None:
    once = video("a.mp4", 100)
    seen = looks(once)
    order = {"the same": list(range(100)), "moved": [*range(93, 100), *range(93)],
             "halves in the other order": [*range(50, 100), *range(50)]}[times]
    twice = once | video("b.mp4", 100, 1000)
    seen |= {1000 + n: seen[scene] for n, scene in enumerate(order)}
    frames, found = division(twice, THREE, seen)
    placed = by_task(frames, found)
    pairs = [(placed[scene], placed[1000 + n]) for n, scene in enumerate(order)]
    assert all(NONE in pair or pair[0] == pair[1] for pair in pairs)
    assert (found.split >= 0).sum() > 120


def test_labels_are_balanced_over_the_splits() -> None:
    labels = {task: ["cpu" if task < 100 else "fan"] for task in range(200)}
    frames, found = division(video("v", 200), USUAL, labels=labels)
    assert {label for task, split in by_task(frames, found).items() if split == 1 for label in labels[task]} == {
        "cpu", "fan"}


def test_new_frames_change_nothing__and_join_what_they_are_near_to() -> None:
    old = video("v", 100)
    seen = looks(old | video("w", 100, 1000), 1) | {task: v for task, v in looks(old).items()}
    frames, found = division(old, HALVES, seen)
    known = by_task(frames, found)
    # w: a copy of v's first ten frames, and 90 frames of its own
    seen |= {1000 + n: seen[n] for n in range(10)}
    both, again = division(old | video("w", 100, 1000), HALVES, seen, known=known)
    now = by_task(both, again)
    assert {task: now[task] for task in old} == known
    assert {now[1000 + n] for n in range(5)} == {known[0]}
    assert abs(int((again.split == 0).sum()) - int((again.split == 1).sum())) < 20


def test_a_new_frame_near_frames_of_two_splits_goes_to_none_and_is_told() -> None:
    old = video("a", 40) | video("b", 40, 100)
    seen = looks(old)
    known = {task: int(task >= 100) for task in old}
    between = seen[0] + seen[100]
    near = {500: Origin("c", 0.0), 501: Origin("a", 40.0), 502: Origin("a", 41.0)}
    seen[500] = between / np.linalg.norm(between)
    seen[501], seen[502] = seen[100], looks({502: Origin()}, 9)[502]
    seen[0] = seen[100] = seen[500]  # both look like it
    known = {task: split for task, split in known.items() if task not in (0, 100)} | {0: 0, 100: NONE}
    seen[101] = seen[501]
    frames, found = division(old | near, HALVES, seen, known=known)
    placed = by_task(frames, found)
    assert (placed[500], placed[501], placed[502]) == (0, NONE, 0)
    reasons = dict(zip(frames.tasks.tolist(), found.reason.tolist(), strict=True))
    assert REASONS[reasons[501]] == "near frames of two splits"


@pytest.mark.parametrize("shares", [THREE, USUAL])
def test_what_looks_like_a_locked_test_frame_is_never_trained_with(shares: Mapping[str, float]) -> None:
    origins = video("v", 200) | video("w", 60, 1000)
    seen = looks(origins)
    seen |= {1000 + n: seen[n] for n in range(10)}
    locked = frozenset(range(10))
    known = {1000 + n: 0 for n in range(60)}  # another division had them in training
    frames, found = division(origins, shares, seen, known=known, locked=locked, checked=False)
    placed = by_task(frames, found)
    assert {placed[task] for task in locked} == ({2} if "test" in shares else {NONE})
    assert {placed[1000 + n] for n in range(10)} == {NONE}  # alike
    assert {placed[task] for task in range(10, 14)} == {NONE}  # nearer in time than the gap
    assert {placed[1000 + n] for n in range(20, 60)} == {0}


def test_shares_that_cannot_be_met_are_refused_with_the_nearest_that_can() -> None:
    origins = {task: Origin("long" if task < 700 else "short") for task in range(1000)}  # without times: whole
    with pytest.raises(ArgusError) as caught:
        division(origins, {"train": 0.85, "val": 0.15})
    assert (caught.value.code, caught.value.details["nearest"]) == ("shares_not_met", {"train": 0.7, "val": 0.3})
    assert "train=0.7,val=0.3" in caught.value.hint and "reset" not in caught.value.hint
    assert division(origins, caught.value.details["nearest"])[1].counts(2).tolist() == [700, 300]


def test_shares_that_an_earlier_division_does_not_fit_are_refused_for_that_reason() -> None:
    origins = {task: Origin("") for task in range(100)}
    with pytest.raises(ArgusError, match="keep the split that an earlier export gave them") as caught:
        division(origins, HALVES, known={task: int(task >= 80) for task in origins})
    assert caught.value.details["nearest"] == dict(zip(HALVES, (0.8, 0.2), strict=True))
    assert "argus splits reset" in caught.value.hint


def test_frames_that_all_look_alike_cannot_be_divided() -> None:
    origins = video("v", 60)
    with pytest.raises(ArgusError, match="would be empty") as caught:
        division(origins, HALVES, dict.fromkeys(origins, next(iter(looks(origins).values()))))
    assert caught.value.code == "nothing_selected" and caught.value.details["nearest"] is None


def test_images_of_no_video__copies_stay_together() -> None:
    origins = {task: Origin() for task in range(60)}
    seen = looks(origins)
    seen |= {task + 30: seen[task] for task in range(30)}
    frames, found = division(origins, USUAL, seen)
    placed = by_task(frames, found)
    assert all(placed[task] == placed[task + 30] for task in range(30))
    assert sorted(Counter(placed.values()).values()) == [12, 48]
