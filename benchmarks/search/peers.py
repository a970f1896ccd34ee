"""What a person would take instead, in memory or in one file: numpy, FAISS, sqlite-vec. One thread each."""

from __future__ import annotations

import ctypes
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.search.data import Vectors, split
from benchmarks.search.measure import K, Measured, ask_all, best

Truth = dict[int, list[list[int]]]
SQLITE_QUERIES = 12  # a scan of all rows takes seconds


def numpy_exact(vectors: Vectors, queries: Vectors, truth: Truth, shares: Iterable[int]) -> Iterator[Measured]:
    parts = {**split(len(vectors)), 100: slice(0, len(vectors))}
    for share in shares:
        part = vectors[parts[share]]
        yield ask_all("numpy, exact", share, len(part), queries, truth[share],
                      lambda query, part=part: best(part @ query, K))  # type: ignore[misc]


def faiss_flat(vectors: Vectors, queries: Vectors, truth: Truth) -> Iterator[Measured]:
    import faiss

    faiss.omp_set_num_threads(1)
    for share, rows in {**split(len(vectors)), 100: slice(0, len(vectors))}.items():
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors[rows])
        yield ask_all("FAISS flat", share, index.ntotal, queries, truth[share],
                      lambda query, index=index: [  # type: ignore[misc]
                          int(number) for number in index.search(query[None], K)[1][0] if number >= 0])


def faiss_hnsw(vectors: Vectors, queries: Vectors, truth: Truth) -> Iterator[Measured]:
    """One graph for everything; a project is a filter on it, as FAISS offers it."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 64
    started = time.perf_counter()
    index.add(vectors)
    note = f"m 16, ef 200, built in {time.perf_counter() - started:.0f} s"
    for share, rows in {**split(len(vectors)), 100: slice(0, len(vectors))}.items():
        wanted = None if share == 100 else faiss.IDSelectorRange(rows.start, rows.stop)
        parameters = faiss.SearchParametersHNSW(  # type: ignore[attr-defined]  # missing in its stubs
            efSearch=200, **({"sel": wanted} if wanted else {}))

        def ask(query: Vectors, first: int = rows.start) -> Sequence[int]:
            found = index.search(query[None], K, params=parameters)[1][0]  # noqa: B023
            return [int(number) - first for number in found if number >= 0]

        yield ask_all("FAISS HNSW, filtered", share, rows.stop - rows.start, queries, truth[share], ask, note)


def sqlite_vec(vectors: Vectors, queries: Vectors, truth: Truth, folder: Path) -> Iterator[Measured]:
    _load_extension()
    database = sqlite3.connect(folder / "peer.sqlite")
    shares = split(len(vectors))
    project = np.zeros(len(vectors), np.int64)
    for share, rows in shares.items():
        project[rows] = share
    database.execute(f"CREATE VIRTUAL TABLE v USING vec0(project integer partition key, "
                     f"embedding float[{vectors.shape[1]}] distance_metric=cosine)")
    with database:
        database.executemany("INSERT INTO v (rowid, project, embedding) VALUES (?, ?, ?)",
                             ((number, int(project[number]), vectors[number].tobytes())
                              for number in range(len(vectors))))
    for share, rows in {**shares, 100: slice(0, len(vectors))}.items():
        where, first = ("" if share == 100 else f"AND project = {share}"), rows.start

        def ask(query: Vectors, where: str = where, first: int = first) -> Sequence[int]:
            return [row[0] - first for row in database.execute(
                f"SELECT rowid FROM v WHERE embedding MATCH ? AND k = {K} {where} ORDER BY distance",
                (query.tobytes(),))]

        yield ask_all("sqlite-vec", share, rows.stop - rows.start, queries[:SQLITE_QUERIES],
                      truth[share][:SQLITE_QUERIES], ask)
    database.close()


def _load_extension() -> None:
    """Give sqlite-vec to every new connection. Many Pythons are built without `enable_load_extension`, so SQLite itself
    is told to call the extension's entry point."""
    import sqlite_vec as extension  # type: ignore[import-untyped]

    entry = ctypes.CDLL(extension.loadable_path() + ".so").sqlite3_vec_init
    ctypes.CDLL("libsqlite3.so.0").sqlite3_auto_extension(entry)
