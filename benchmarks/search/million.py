"""A million vectors of 768 dimensions: scan and re-scoring in one process, beside numpy, and how the work grows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.search import data
from benchmarks.search.peers import best, kernel
from search_service.vectors.candidates import CandidateFilter, Query

ROWS, FEW, DIM, K, PIECE = 1_000_000, 50_000, 768, 50, 50_000
Halves = np.ndarray[Any, Any]


def measure(queries: int, rows: int = ROWS) -> dict[str, Any]:
    """Return the median ratio of scan and re-scoring to numpy, of processor time a row to that of 50,000 rows, and how
    often the right rows came. Needs 6.5 GB of memory for a million."""
    halves, asked = _vectors(rows, queries)
    whole, part = (_filter(halves[:count]) for count in (rows, FEW))
    single = np.empty(halves.shape, np.float32)
    for start in range(0, rows, PIECE):
        single[start:start + PIECE] = halves[start:start + PIECE]
    ways: dict[str, Callable[[Halves], Any]] = {
        "numpy": lambda query: best(single @ query), "filter": lambda query: _rank(whole, halves, query),
        "few": lambda query: _rank(part, halves, query)}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    worst = 1.0
    for turn in range(-2, queries):
        query, found = asked[max(turn, 0)], {}
        for name in list(ways)[turn % 3:] + list(ways)[:turn % 3]:
            clock, processor = time.perf_counter(), time.thread_time()
            found[name] = ways[name](query)
            if turn >= 0:
                taken[name].append((time.perf_counter() - clock, time.thread_time() - processor))
        worst = min(worst, _recall(found["numpy"], found["filter"], single, query))
    numpy, ours, few = (np.array(taken[name]) for name in ways)
    return {"rows": rows, "dim": DIM, "ratio": _median(ours[:, 0] / numpy[:, 0]), "worst": worst,
            "ratio_cpu": _median(ours[:, 1] / numpy[:, 1]), "growth": _median(ours[:, 1] / few[:, 1] * FEW / rows),
            "p50": {"numpy": _ms(numpy), "this build": _ms(ours), f"of {FEW:,}": _ms(few)}, "kernel": kernel(),
            "load": round(os.getloadavg()[1], 1)}


def _vectors(rows: int, queries: int) -> tuple[Halves, Halves]:
    """Return halves of `data.make`, in pieces: whole in double precision they would not fit."""
    halves = np.empty((rows, DIM), np.float16)
    made = data.make(PIECE, DIM, queries)
    random = np.random.default_rng(3)
    for start in range(0, rows, PIECE):  # the same clusters; each row of the first piece moved a little further
        near = made.vectors + 0.3 * start / rows * random.normal(size=made.vectors.shape).astype(np.float32) / DIM**0.5
        halves[start:start + PIECE] = data.unit(near)[:rows - start]
    return halves, made.queries.astype(np.float16).astype(np.float32)


def _filter(halves: Halves) -> CandidateFilter:
    made = CandidateFilter(DIM, halves[::max(1, len(halves) // 1000)].astype(np.float32).mean(0))
    for start in range(0, len(halves), PIECE):
        made.put(np.arange(start, min(start + PIECE, len(halves))), halves[start:start + PIECE])
    return made


def _rank(filter_: CandidateFilter, halves: Halves, query: Halves) -> Halves:
    """Return the first 50 rows: what the filter leaves, re-scored in double precision."""
    found = filter_.candidates(Query(query), K)
    assert found is not None
    ids: Halves = found.ids
    scores = halves[ids].astype(np.float64) @ query.astype(np.float64)
    first: Halves = ids[np.lexsort((ids, -scores))[:K]]
    return first


def _recall(right: Halves, found: Halves, single: Halves, query: Halves) -> float:
    """Return the share of rows that are as good as the 50th right one, but for the seventh digit."""
    least = float(single[right[-1]].astype(np.float64) @ query) - 1e-6
    return float((single[found].astype(np.float64) @ query >= least).mean())


def _median(values: Halves) -> float:
    return round(float(np.median(values)), 3)


def _ms(times: Halves) -> float:
    return round(float(np.median(times[:, 0])) * 1000, 2)
