"""The benchmark's truthful reviewer: what frames lack, before and after suspicions were answered."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trust.check_first import anything_uncovered, apply
from benchmarks.trust.videos import SECONDS, Video
from ml_backend.suspicion.frames import Suspicion

HERE, THERE = (0.1, 0.1, 0.2, 0.2), (0.6, 0.6, 0.7, 0.7)


def video(hidden: tuple[float, ...] = THERE) -> Video:
    """A cpu is shown on frames 0 to 3; a fan is on frames 1 to 3, detected below the threshold on frame 1 at `hidden`
    and not at all on frame 2; frame 3 has a low score and is not in the band."""
    shown = [[0, 0, 0.95, *HERE], [1, 0, 0.95, *HERE], [1, 3, 0.2, *hidden], [2, 0, 0.95, *HERE], [3, 0, 0.5, *HERE]]
    truth = [[number, 0, 1, *HERE] for number in range(4)] + [[number, 3, 1, *THERE] for number in (1, 2, 3)]
    return Video(0, np.array(shown, np.float32), np.array(truth, np.float32), np.zeros((SECONDS, 9, 16), np.uint8))


def test_a_frame_lacks_nothing_any_more_when_what_it_lacks_was_named() -> None:
    found = apply(anything_uncovered, [video()])
    assert found.frames == 3
    assert [found.before, found.after, found.looked] == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert found.hits == {"below_threshold": (1, 1)}


def test_a_suspicion_beside_the_object_is_looked_at_in_vain() -> None:
    found = apply(anything_uncovered, [video((0.3, 0.6, 0.4, 0.7))])
    assert [found.after, found.looked] == pytest.approx([found.before, 1 / 3])
    assert found.hits == {"below_threshold": (0, 1)}


def test_the_strongest_suspicions_are_looked_at_first() -> None:
    named = [Suspicion(number, "seen_around", "fan", (60, 60, 10, 10), strength)
             for number, strength in ((0, 0.9), (1, 0.5), (2, 0.7))]
    found = apply(lambda video, frames: named, [video()], looks=0.7)
    assert found.looked == pytest.approx(2 / 3)
    assert found.hits == {"seen_around": (1, 2)}
