"""How many images a step has."""

from __future__ import annotations

from ml_backend.detection.step_size import ENCODER_PROMPTS, Pace


def test_images__one_until_something_was_measured() -> None:
    assert Pace().images(prompts=3, seconds=100, most=8) == 1


def test_images__as_many_as_fit_one_at_least_and_the_engines_most() -> None:
    pace = Pace()
    pace.measured(images=2, prompts=1, seconds=0.5)
    assert [pace.images(1, seconds, 8) for seconds in (-1, 0.1, 0.3, 0.6, 1.3, 90)] == [1, 1, 1, 2, 5, 8]
    pace.measured(images=1, prompts=1, seconds=40)
    assert pace.images(1, 1, 8) == 1


def test_images__more_prompts_take_longer_but_the_image_is_encoded_once() -> None:
    pace = Pace()
    pace.measured(images=1, prompts=1, seconds=1 + ENCODER_PROMPTS)  # a second a prompt
    assert pace.images(10, seconds=2 * (10 + ENCODER_PROMPTS) + 0.1, most=8) == 2
