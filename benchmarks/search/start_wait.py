"""A worker that starts, and writes of one row, while an index of 50,000 vectors is built: how long they wait."""

from __future__ import annotations

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search import data, stored
from benchmarks.search.sizes import DIM
from benchmarks.search.world import stack

ROWS = 50_000


def measure() -> dict[str, Any]:
    """Return the longest wait of both, in seconds, and how long the build took; a build that fails ends it."""
    from argus.db import connect
    from search_service.vectors import indexes, store

    with tempfile.TemporaryDirectory(prefix="argus-search-") as folder, stack({"postgres"}):
        data.prepare(Path(folder), ROWS, DIM, 2)
        vectors = np.load(Path(folder) / "vectors.npy", mmap_mode="r")
        model = store.register_model("benchmark", "1", DIM)
        stored.fill(store, model, vectors, Path(folder))
        began, ended, seconds = time.perf_counter(), threading.Event(), {"start": 0.0, "write": 0.0}

        def write() -> None:
            with connect() as connection:
                store.store(connection, model, [(stored.PROJECT, 1, vectors[0].astype(np.float32))])

        with ThreadPoolExecutor(1) as builder:
            built = builder.submit(indexes.build, model, stored.PROJECT, "hnsw")
            built.add_done_callback(lambda _: ended.set())
            while not ended.wait(1):
                for name, work in (("start", lambda: store.register_model("benchmark", "1", DIM)), ("write", write)):
                    started = time.perf_counter()
                    work()
                    seconds[name] = max(seconds[name], time.perf_counter() - started)
            assert built.result()
        return {"wait": round(max(seconds.values()), 3), "of": {name: round(value, 3) for name, value in
                                                                seconds.items()},
                "build": round(time.perf_counter() - began)}
