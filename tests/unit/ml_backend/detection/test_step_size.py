"""How many images a step has."""

from __future__ import annotations

from ml_backend.detection.step_size import ENCODER_PROMPTS, FEW_TASKS, Pace, Paces


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


def test_tasks__few_until_the_speed_is_known_and_of_a_slow_model() -> None:
    pace = Pace()
    assert [pace.tasks(1.0, most) for most in (1, 4, 32)] == [1, 4, FEW_TASKS]
    pace.measured(images=1, prompts=3, seconds=45)
    assert pace.tasks(1.0, most=32) == FEW_TASKS


def test_tasks__of_a_fast_model_as_many_as_fit_into_the_chunk() -> None:
    pace = Pace()
    pace.measured(images=8, prompts=3, seconds=0.4)
    assert [pace.tasks(1.0, most) for most in (4, 32)] == [4, 20]
    pace.measured(images=8, prompts=3, seconds=0.008)
    assert pace.tasks(1.0, most=32) == 32


def test_paces__a_fast_detector_says_nothing_of_sam3() -> None:
    paces = Paces()
    paces.of(1, "detector").measured(images=10, prompts=1, seconds=0.1)
    assert paces.last(1).tasks(seconds=1, most=200) == 100
    assert paces.of(1, "sam3").images(prompts=1, seconds=100, most=8) == 1, "nothing was measured of it"
    assert paces.last(1).tasks(seconds=1, most=200) == paces.last(2).tasks(seconds=1, most=200) == FEW_TASKS
    assert paces.of(2, "detector").tasks(seconds=1, most=200) == 100
