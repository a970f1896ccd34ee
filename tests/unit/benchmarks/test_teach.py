"""The benchmark `teach`: each part writes its own section of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.teach import page, part_margins


def test_page__each_section_is_replaced_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    page.write("First", ["one"], file)
    page.write("Second", page.table(["a", "b"], [["1", "2"]]), file)
    page.write("First", ["two " * 60], file)
    text = file.read_text()
    assert text.count("## ") == 2 and "one" not in text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n" in text
    assert max(map(len, text.splitlines())) <= 120


def test_logistic__finds_the_direction_that_tells_two_groups_apart() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(40, 6))
    right = rows[:, 2] > 0
    weights = part_margins._logistic(rows, right)
    assert abs(weights[2]) == max(abs(weights))
    assert part_margins._area(rows @ weights, right) > 0.99
    assert part_margins._average_precision(np.array([0.9, 0.1, 0.8]), np.array([True, True, False])) == pytest.approx(
        (1 + 2 / 3) / 2)
