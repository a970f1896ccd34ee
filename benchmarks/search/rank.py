"""Ranking: ours and the others on the same vectors and the same queries, one after the other."""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.search import data, ours, peers
from benchmarks.search.measure import Measured, exact_answers
from benchmarks.search.world import stack
from search_service.vectors import store

DIM = 1152


def run(rows: int, queries: int, without: Iterable[str], record: Callable[[dict[str, Any]], None]) -> None:
    """Measure every way at `rows` vectors; `record` gets each figure as it comes."""
    made = data.make(rows, DIM, queries)
    found, asked = made.vectors, made.queries
    shares = {**data.split(rows), 100: slice(0, rows)}
    truth = {share: exact_answers(found[part], asked) for share, part in shares.items()}

    def say(measured: Measured) -> None:
        print(measured, file=sys.stderr, flush=True)
        record({"part": "rank", "size": rows, **measured.to_json()})

    with stack({"postgres"}):
        model = store.register_model("benchmark", "1", DIM)
        seconds = ours.fill(model, found, whole=True)
        record({"part": "ingest", "size": rows, "vectors_per_second": round(rows / seconds)})
        say(ours.search(model, rows, 100, asked, truth))
        _say_all(say, peers.numpy_exact(found, asked, truth, [100]))  # right after ours: the machine is the same
        ours.empty(model)
        ours.fill(model, found, whole=False)
        for share, part in data.split(rows).items():
            say(ours.search(model, part.stop - part.start, share, asked, truth))
            _say_all(say, peers.numpy_exact(found, asked, truth, [share]))
        ours.empty(model)
        if "naive" not in without:
            _say_all(say, ours.naive(found, asked, truth))
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], Iterable[Measured]]] = {
            "faiss-flat": lambda: peers.faiss_flat(found, asked, truth),
            "faiss-hnsw": lambda: peers.faiss_hnsw(found, asked, truth),
            "sqlite-vec": lambda: peers.sqlite_vec(found, asked, truth, Path(folder))}
        for name, way in ways.items():
            if name not in without:
                _say_all(say, way())
                gc.collect()


def _say_all(say: Callable[[Measured], None], figures: Iterable[Measured]) -> None:
    for measured in figures:
        say(measured)
