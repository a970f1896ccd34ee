"""One way of searching, asked all queries: recall, rows, latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.search.data import Vectors

K = 50


@dataclass(frozen=True)
class Measured:
    """Recall@50 against the exact answer (mean and worst query), rows returned (mean and least), milliseconds."""

    way: str
    rows: int
    share: int
    recall: float
    worst: float
    returned: float
    fewest: int
    p50: float
    p95: float
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def exact_answers(vectors: Vectors, queries: Vectors, k: int = K) -> list[list[int]]:
    """Return for each query the `k` best rows, best first."""
    scores = queries @ vectors.T
    return [best(row, k) for row in scores]


def best(scores: np.ndarray[Any, Any], k: int) -> list[int]:
    k = min(k, len(scores))
    part = np.argpartition(scores, -k)[-k:]
    return [int(index) for index in part[np.argsort(-scores[part])]]


def ask_all(way: str, share: int, rows: int, queries: Vectors, truth: Sequence[Sequence[int]],
            ask: Callable[[Vectors], Sequence[int]], note: str = "") -> Measured:
    """Ask every query once, after three that are not counted."""
    for query in queries[:3]:
        ask(query)
    recalls, counts, times = [], [], []
    for query, right in zip(queries, truth, strict=True):
        started = time.perf_counter()
        found = ask(query)
        times.append((time.perf_counter() - started) * 1000)
        recalls.append(len(set(found) & set(right)) / max(1, len(right)))
        counts.append(len(found))
    p50, p95 = (round(float(np.percentile(times, p)), 2) for p in (50, 95))
    return Measured(way, rows, share, round(float(np.mean(recalls)), 4), round(min(recalls), 3),
                    round(float(np.mean(counts)), 1), min(counts), p50, p95, note)
