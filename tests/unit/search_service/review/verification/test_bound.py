"""The bound: by enumeration, by the table, and by what false certificates come out of 2,000 samples."""

from __future__ import annotations

import functools
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from search_service.review.verification.bound import judgements_needed, least_right, log_evidence, most_wrong


@pytest.mark.parametrize("size", [6, 9])
def test_log_evidence__is_worth_one_at_most_under_every_truth(size: int) -> None:
    """By enumeration: with `truth` wrong objects, the mean evidence against `null <= truth` is never above 1."""
    for truth in range(size + 1):
        for judged in range(size + 1):
            chances = {wrong: math.comb(truth, wrong) * math.comb(size - truth, judged - wrong)
                       / math.comb(size, judged) for wrong in range(max(0, judged - size + truth),
                                                                    min(judged, truth) + 1)}
            evidence = {wrong: np.exp(log_evidence(size, judged, wrong, 0.7)) for wrong in chances}
            for null in range(truth + 1):
                assert sum(chance * evidence[wrong][null] for wrong, chance in chances.items()
                           if np.isfinite(evidence[wrong][null])) <= 1 + 1e-9, (truth, null, judged)


def test_log_evidence__of_the_truth_is_a_martingale() -> None:
    """The mean over the next judgement is the evidence so far, while nothing that was seen rules the truth out."""
    size, truth = 30, 7
    for judged in range(size):
        for wrong in range(max(0, judged - size + truth), min(judged, truth) + 1):
            bad = (truth - wrong) / (size - judged)
            following = [chance * math.exp(log_evidence(size, judged + 1, wrong + more)[truth])
                         for more, chance in ((1, bad), (0, 1 - bad)) if chance > 0]
            assert sum(following) <= math.exp(log_evidence(size, judged, wrong)[truth]) * (1 + 1e-9)


def test_judgements_needed__the_table() -> None:
    assert [judgements_needed(1000, wrong) for wrong in range(4)] == [65, 114, 152, 185]
    assert [judgements_needed(60, wrong) for wrong in range(4)] == [33, 51, 55, 57]
    assert [judgements_needed(20, wrong) for wrong in range(2)] == [16, 20]
    assert judgements_needed(1000, 0, target=0.99) == 266
    assert judgements_needed(1000, 0, accepted=500) > judgements_needed(1000, 0)  # the same wrong ones among fewer


@pytest.mark.parametrize("seed", range(30))
def test_most_wrong__is_between_what_was_seen_and_what_can_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 400))
    judged = int(rng.integers(0, size + 1))
    wrong = int(rng.integers(0, judged + 1))
    target = float(rng.choice([0.5, 0.9, 0.95, 0.99, 0.999]))
    most = most_wrong(size, judged, wrong, target)
    assert wrong <= most <= size - (judged - wrong)
    assert most_wrong(size, judged, wrong, target, 0.99) >= most  # surer, wider
    if judged < size:
        assert most_wrong(size, judged + 1, wrong, target) <= most <= most_wrong(size, judged, wrong, target, 0.999)


def test_most_wrong__after_all_were_judged_is_what_was_seen() -> None:
    assert (most_wrong(40, 40, 3), most_wrong(1, 0, 0), most_wrong(0, 0, 0), most_wrong(5, 5, 5)) == (3, 1, 0, 5)


@pytest.mark.parametrize("counts", [(10, 11, 0), (10, 3, 4), (10, 3, -1)])
def test_most_wrong__counts_that_cannot_be(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="judged of 10"):
        most_wrong(*counts)


def test_least_right() -> None:
    assert (least_right(300, 15, 0), least_right(95, 7, 5), least_right(0, 3, 1), least_right(2, 5, 0)) == (
        0.95, 93 / 95, 1.0, 0.0)


@pytest.mark.parametrize(("size", "share"), [(150, 0.05), (1000, 0.05), (1000, 0.10)])
def test_certificates__five_percent_of_them_are_false_at_most(size: int, share: float) -> None:
    wrong, runs, budget = math.floor(share * size) + 1, 2000, size if size < 250 else 250
    stopped = first_certified(shuffled(np.random.default_rng(3), runs, size, wrong)[:, :budget], size, 1 - share)
    false = (stopped >= 0) & (wrong - stopped > share * (size - stopped) + 1e-9)
    assert false.mean() <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def shuffled(rng: np.random.Generator, runs: int, size: int, wrong: int) -> np.ndarray:
    """Return bool (runs, size): in each row, `wrong` objects in a random order."""
    return rng.permuted(np.tile(np.arange(size) < wrong, (runs, 1)), axis=1)


@functools.cache
def needed(size: int, target: float) -> np.ndarray:
    return np.array([judgements_needed(size, wrong, target) for wrong in range(13)])


def first_certified(order: np.ndarray, size: int, target: float) -> np.ndarray:
    """Return how many wrong ones each row had when it was certified first; -1 if it never was."""
    seen = np.minimum(np.cumsum(order, axis=1), 12)
    passed = (needed(size, target)[seen] <= np.arange(1, order.shape[1] + 1)) & (seen < 12)
    rows = np.arange(len(order))
    return np.where(passed.any(axis=1), seen[rows, passed.argmax(axis=1)], -1)


def test_the_table_in_the_documents_is_computed() -> None:
    lines = Path("docs/verified-acceptance.md").read_text("utf-8").splitlines()
    first = lines.index("| objects | none wrong | 1 wrong | 2 wrong | 3 wrong |") + 2
    rows = [line.split("|")[1:-1] for line in itertools.takewhile(lambda line: line.startswith("|"), lines[first:])]
    for objects, *cells in rows:
        size = int(objects.replace(",", ""))
        assert [int(cell) for cell in cells if cell.strip()] == [
            judgements_needed(size, wrong) for wrong, cell in enumerate(cells) if cell.strip()]
    assert len(rows) == 4
