"""What a person would take instead, in memory or in one folder, with one thread each. Run by `child.py` in an
environment of its own (`peers.txt`)."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

K = 50
PIECE = 20_000
Way = dict[str, Any]
Rows = np.ndarray[Any, Any]


def best(scores: np.ndarray[Any, Any]) -> Rows:
    part: Rows = np.argpartition(scores, -K)[-K:]
    return part[np.argsort(-scores[part])]


@contextlib.contextmanager
def numpy_exact(folder: Path) -> Iterator[Way]:
    """`all` multiplies everything; another mode gathers the rows of that mask first."""
    vectors = np.load(folder / "vectors.npy").astype(np.float32)
    chosen = {path.stem: np.flatnonzero(np.load(path)) for path in folder.glob("filter*.npy")}

    def ask(query: np.ndarray[Any, Any], mode: str) -> Rows:
        if mode == "all":
            return best(vectors @ query)
        among: Rows = chosen[mode]
        return among[best(vectors[among] @ query)]

    yield {"ask": ask, "facts": {"version": np.__version__, "kernel": kernel()}}


def kernel() -> str:
    """Return which of OpenBLAS' kernels numpy calls."""
    for path in Path(np.__file__).parent.parent.glob("numpy.libs/libscipy_openblas64*"):
        name = ctypes.CDLL(str(path)).scipy_openblas_get_corename64_
        name.restype = ctypes.c_char_p
        return f"OpenBLAS {name().decode()}"
    return "not OpenBLAS"


def faiss_index(make: Callable[[Any, int], Any]) -> Callable[[Path], contextlib.AbstractContextManager[Way]]:
    @contextlib.contextmanager
    def opened(folder: Path) -> Iterator[Way]:
        faiss = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        index = make(faiss, vectors.shape[1])
        index.train(vectors[:PIECE].astype(np.float32))
        for start in range(0, len(vectors), PIECE):
            index.add(vectors[start:start + PIECE].astype(np.float32))
        yield {"ask": lambda query, mode: index.search(query[None], K)[1][0], "facts": {"version": faiss.__version__}}

    return opened


@contextlib.contextmanager
def usearch(folder: Path) -> Iterator[Way]:
    """Its exact search, over halves."""
    library, index = (importlib.import_module(name) for name in ("usearch", "usearch.index"))
    vectors = np.load(folder / "vectors.npy")
    yield {"ask": lambda query, mode: index.search(vectors, query.astype(np.float16), K, index.MetricKind.IP,
                                                   exact=True, threads=1).keys,
           "facts": {"version": library.__version__}}


@contextlib.contextmanager
def sqlite_vec(folder: Path) -> Iterator[Way]:
    version = load_sqlite_vec()
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    with tempfile.TemporaryDirectory(dir=folder) as own:
        database = sqlite3.connect(Path(own) / "peer.sqlite")
        database.execute(f"CREATE VIRTUAL TABLE v USING vec0(embedding float[{vectors.shape[1]}] "
                         "distance_metric=cosine)")
        with database:
            for start in range(0, len(vectors), PIECE):
                part = vectors[start:start + PIECE].astype(np.float32)
                database.executemany("INSERT INTO v (rowid, embedding) VALUES (?, ?)",
                                     ((start + number, vector.tobytes()) for number, vector in enumerate(part)))
        yield {"ask": lambda query, mode: [row[0] for row in database.execute(
            f"SELECT rowid FROM v WHERE embedding MATCH ? AND k = {K} ORDER BY distance", (query.tobytes(),))],
               "facts": {"version": version}}
        database.close()


def load_sqlite_vec() -> str:
    """Give sqlite-vec to every new connection. Many Pythons are built without `enable_load_extension`, so SQLite itself
    is told to call the extension's entry point."""
    extension = importlib.import_module("sqlite_vec")
    entry = ctypes.CDLL(extension.loadable_path() + ".so").sqlite3_vec_init
    ctypes.CDLL("libsqlite3.so.0").sqlite3_auto_extension(entry)
    return str(extension.__version__)


@contextlib.contextmanager
def lancedb(folder: Path) -> Iterator[Way]:
    """A table without an index: it compares all rows, with as many threads as it starts."""
    library, arrow = importlib.import_module("lancedb"), importlib.import_module("pyarrow")
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")

    def batches() -> Iterator[Any]:
        for start in range(0, len(vectors), PIECE):
            part = vectors[start:start + PIECE].astype(np.float32)
            yield arrow.RecordBatch.from_arrays(
                [arrow.array(range(start, start + len(part)), arrow.int64()),
                 arrow.FixedSizeListArray.from_arrays(arrow.array(part.ravel()), part.shape[1])], ["id", "vector"])

    with tempfile.TemporaryDirectory(dir=folder) as own:
        schema = arrow.schema([("id", arrow.int64()), ("vector", arrow.list_(arrow.float32(), vectors.shape[1]))])
        table = library.connect(own).create_table("v", batches(), schema=schema)
        yield {"ask": lambda query, mode: table.search(query).metric("cosine").limit(K).select(["id"]).to_arrow()["id"]
               .to_pylist(), "facts": {"version": library.__version__}}


WAYS = {"numpy": numpy_exact,
        "FAISS flat": faiss_index(lambda faiss, dim: faiss.IndexFlatIP(dim)),
        "FAISS SQ8": faiss_index(lambda faiss, dim: faiss.IndexScalarQuantizer(
            dim, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)),
        "usearch": usearch, "sqlite-vec": sqlite_vec, "LanceDB": lancedb}
