"""What `argus annotate` says about cost and time, and what it refuses before it touches a server."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from argus.answers.runs import Cost
from argus_cli.main import main
from argus_cli.output_runs import duration, estimate_sentence


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def cost(**changed: Any) -> Cost:
    known = Cost(tasks=300, to_compute=200, labels=["cpu"], workers=2, tasks_ahead=0, measured_images=64,
                 seconds_per_image=2.0, seconds=200.0)
    return known.model_copy(update=changed)


@pytest.mark.parametrize(("changed", "said"), [
    ({}, "200 images for the model (100 tasks computed already), about 3 min 20 s: 2 s an image, measured here, on 2 "
         "workers."),
    ({"tasks_ahead": 7}, "on 2 workers; 7 tasks of other runs share the workers."),
    ({"workers": 0}, "no SAM 3 worker runs now"),
    ({"seconds": None, "seconds_per_image": None}, "how long is not known"),
    ({"to_compute": 0, "seconds": 0.0, "seconds_per_image": None}, "300 tasks: all computed already"),
])
def test_estimate_sentence(changed: dict[str, Any], said: str) -> None:
    assert said in estimate_sentence(cost(**changed))


@pytest.mark.parametrize("arguments", [
    ["--cancel"], ["--project", "0", "--all"], ["--project", "1"], ["--project", "1", "--all", "--task", "3"]])
def test_refused_before_any_server_is_asked(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["annotate", *arguments])
    assert done.exit_code == 2
