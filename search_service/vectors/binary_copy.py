"""Vectors in PostgreSQL's binary formats, read and written by numpy at once: a Python call for each row and value costs
several times what the server needs for it.

In the format of COPY every field is preceded by its length in bytes; a halfvec is its dimension, two unused bytes, and
big-endian half-precision numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

Rows = tuple[NDArray[np.int64], NDArray[np.float16]]  # tasks (n,), vectors (n, dim)
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_PIECE = 4 * 2**20  # bytes that are turned into arrays at once
_VECTOR = [("vector_bytes", ">i4"), ("dim", ">i2"), ("unused", ">i2")]
_MARK = [("digest_bytes", ">i4"), ("digest", "u1", (16,)), ("repeated_bytes", ">i4"), ("repeated", "u1")]


def written(model_id: int, dim: int, rows: Sequence[tuple[int, int, NDArray[np.float32]]],
            marks: Sequence[tuple[bytes, bool]] | None = None) -> bytes:
    """Return `(project_id, task_id, vector)` as the rows (model_id, project_id, task_id, embedding); with marks also as
    (…, digest, repeated)."""
    row = np.dtype([("fields", ">i2"), ("model_bytes", ">i4"), ("model", ">i2"), ("project_bytes", ">i4"),
                    ("project", ">i4"), ("task_bytes", ">i4"), ("task", ">i8"), *_VECTOR, ("vector", ">f2", (dim,)),
                    *(_MARK if marks else [])])
    table = np.zeros(len(rows), row)
    if marks:
        table["digest_bytes"], table["repeated_bytes"] = 16, 1
        table["digest"], table["repeated"] = [list(m[0]) for m in marks], [m[1] for m in marks]
    table["fields"], table["model"], table["dim"] = 6 if marks else 4, model_id, dim
    table["model_bytes"], table["project_bytes"], table["task_bytes"] = 2, 4, 8
    table["vector_bytes"] = 4 + 2 * dim
    table["project"], table["task"] = [r[0] for r in rows], [r[1] for r in rows]
    table["vector"] = np.stack([r[2] for r in rows])
    return _HEAD + table.tobytes() + b"\xff\xff"


def read(stream: Iterable[bytes | bytearray | memoryview], dim: int) -> Iterator[Rows]:
    """Yield the rows (task_id, embedding) of a COPY, some megabytes at once."""
    row = np.dtype([("fields", ">i2"), ("task_bytes", ">i4"), ("task", ">i8"), *_VECTOR, ("vector", ">f2", (dim,))])
    waiting, at = bytearray(), len(_HEAD)

    def arrays() -> Rows:
        table = np.frombuffer(bytes(waiting), row, (len(waiting) - at) // row.itemsize, at)
        return table["task"].astype(np.int64), table["vector"].astype(np.float16)

    for data in stream:
        waiting += data
        if len(waiting) >= _PIECE + at:
            tasks, vectors = arrays()
            del waiting[:at + len(tasks) * row.itemsize]
            at = 0
            yield tasks, vectors
    tasks, vectors = arrays()  # two bytes of the end mark are left
    if len(tasks):
        yield tasks, vectors


def read_ids(array: bytes | None) -> NDArray[np.int64]:
    """Return a bigint[] without NULLs as PostgreSQL sends it; NULL is none. The head of its one dimension has 20 bytes,
    and each number its length before it."""
    if array is None or len(array) <= 20:
        return np.empty(0, np.int64)
    return np.frombuffer(array, np.dtype([("bytes", ">i4"), ("id", ">i8")]), offset=20)["id"].astype(np.int64)


def literal(ids: NDArray[np.int64]) -> str:
    """Return ids `(n,)` as the text of an array: a list would be written number by number, ten times as slowly."""
    return f"{{{','.join(map(str, ids.tolist()))}}}"


def array(vector: HalfVector) -> NDArray[np.float32]:
    """Return a vector that a binary cursor read, float32 `(dim,)`: as text each takes longer to write and to read than
    to find."""
    found: NDArray[np.float32] = vector.to_numpy().astype(np.float32)
    return found


def real(value: float) -> float:
    """Return a single-precision number that was read as PostgreSQL writes it: as few digits as tell it from others."""
    return float(str(np.float32(value)))
