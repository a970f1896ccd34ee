"""What a run found, and what an earlier one found on the same images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from argus.db import connect
from argus.errors import ArgusError
from argus_cli.main import main
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.runs import results, run_store
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration
FIRST = 8_800_000
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          '<Label value="fan"/></RectangleLabels></View>')


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    with project_of_rows() as number, connect() as connection:
        connection.execute("UPDATE project SET label_config = %s, band_high = 0.9, band_medium = 0.7 WHERE id = %s",
                           (CONFIG, number))
        for task in range(FIRST, FIRST + 6):
            connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, 'x.jpg')", (task, number))
        connection.commit()
        yield number


def run(project: int, concepts: list[Concept], scores: dict[int, dict[str, list[float]]], failed: int = 0,
        state: str = "done") -> int:
    """Record a run that found these scores by task and label; return its number."""
    recipe = Recipe("test", tuple(concepts))
    settings = {"recipe": {"checkpoint": "test", "engine": "sam3", "labels": [
        {"label": c.label, "prompts": list(c.prompts), "threshold": c.threshold} for c in concepts]}}
    number = run_store.add(project, [c.label for c in concepts], settings, "v", None,
                           [*scores, *([failed] if failed else [])])
    for task, labels in scores.items():
        detections.store(task, recipe, (100, 100), {label: Detections(
            np.array(found, np.float32), np.array([[1, 1, 9, 9]] * len(found), np.float32).reshape(-1, 4),
            [None] * len(found)) for label, found in labels.items()})
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = 'done' WHERE run_id = %s AND task_id <> %s", (number, failed))
        connection.execute("UPDATE run_task SET state = 'failed' WHERE run_id = %s AND task_id = %s", (number, failed))
        connection.execute("UPDATE run SET state = %s, finished_at = now() WHERE id = %s", (state, number))
    return number


CPU, FAN = Concept("cpu", ("cpu",), 0.5), Concept("fan", ("fan",), 0.5)
WIDER = Concept("cpu", ("cpu", "processor"), 0.6)


def test_result__by_label_and_band_and_images_with_nothing(project: int) -> None:
    found = results.describe_result(run(project, [CPU, FAN], {
        FIRST: {"cpu": [0.95, 0.9, 0.7, 0.69, 0.5, 0.49], "fan": [0.2]}, FIRST + 1: {"cpu": [0.8], "fan": []},
        FIRST + 2: {"cpu": [0.1], "fan": []}}, failed=FIRST + 3))
    assert (found.images, found.objects, found.images_with_nothing) == (3, 6, 1)
    cpu, fan = found.labels
    assert (cpu.label, cpu.objects, cpu.high, cpu.medium, cpu.low, cpu.images) == ("cpu", 6, 2, 2, 2, 2)
    assert (fan.label, fan.objects, fan.images, fan.before, cpu.before) == ("fan", 0, 0, None, None)
    assert (found.examples, found.nothing_examples) == ([FIRST, FIRST + 1], [FIRST + 2])


def test_result__against_the_run_before_on_the_images_of_both(project: int) -> None:
    first = run(project, [CPU], {FIRST: {"cpu": [0.9]}, FIRST + 1: {"cpu": [0.55]}, FIRST + 2: {"cpu": [0.9, 0.8]}})
    run(project, [FAN], {FIRST: {"fan": [0.9]}})  # another label is no comparison
    second = run(project, [WIDER], {FIRST: {"cpu": [0.9, 0.9, 0.55]}, FIRST + 1: {"cpu": [0.7]},
                                    FIRST + 5: {"cpu": [0.9]}})
    (cpu,) = results.describe_result(second).labels
    assert cpu.objects == 4  # with the run's own threshold
    assert cpu.before is not None
    assert (cpu.before.run, cpu.before.images, cpu.before.objects, cpu.before.objects_now) == (first, 2, 2, 3)
    (before,) = results.describe_result(first).labels
    assert (before.objects, before.before) == (4, None)  # as it was, whatever was asked for since


def test_result__no_image_in_common_is_no_comparison(project: int) -> None:
    run(project, [CPU], {FIRST: {"cpu": [0.9]}})
    run(project, [CPU], {FIRST + 1: {"cpu": [0.9]}}, state="running")  # and one that goes on is none
    (cpu,) = results.describe_result(run(project, [CPU], {FIRST + 1: {"cpu": [0.9]}})).labels
    assert cpu.before is None


def test_result__of_a_run_whose_record_lacks_the_prompts(project: int) -> None:
    number = run_store.add(project, ["cpu"], {"source": "all"}, "v", None, [FIRST])
    found = results.describe_result(number)
    assert (found.images, [one.objects for one in found.labels]) == (0, [0])
    with pytest.raises(ArgusError) as caught:
        results.describe_result(99_999_999)
    assert caught.value.code == "unknown_run"


def test_result__on_the_command_line(project: int) -> None:
    number = run(project, [CPU], {FIRST: {"cpu": [0.95]}, FIRST + 1: {"cpu": []}})
    told = CliRunner().invoke(main, ["runs", "show", str(number)])
    assert told.exit_code == 0, told.output
    assert "1 object on 2 images; 1 image with nothing" in told.output
    told = CliRunner().invoke(main, ["runs", "show", str(number), "--json"])
    assert '"images_with_nothing": 1' in told.output
