"""Seconds per image, fitted to what chunks took."""

from __future__ import annotations

import pytest

from ml_backend.detection.step_size import ENCODER_PROMPTS
from ml_backend.runs.estimates import Cost, Timing, fit


def test_fit__nothing_known() -> None:
    assert fit([]) is None
    assert fit([Timing(0, 0, 1.0), Timing(1, 1, 0.0)]) is None


def test_fit__tells_image_and_prompt_apart_when_runs_differ() -> None:
    cost = fit([Timing(8, 8, 8 * 5.0), Timing(8, 24, 8 * 7.0), Timing(4, 40, 4 * 14.0)])
    assert cost == pytest.approx(Cost(image=4.0, prompt=1.0))


def test_fit__runs_of_the_same_labels_share_by_the_architecture() -> None:
    cost = fit([Timing(8, 24, 96.0), Timing(2, 6, 24.0)])
    assert cost is not None
    assert cost.image == pytest.approx(ENCODER_PROMPTS * cost.prompt)
    assert cost.image + 3 * cost.prompt == pytest.approx(12.0)


def test_fit__noise_never_gives_a_negative_cost() -> None:
    cost = fit([Timing(1, 1, 10.0), Timing(1, 2, 1.0)])
    assert cost is not None
    assert min(cost) > 0
