"""Vectors of a project in a temporary file, and comparing them a block at a time: memory does not follow their number.

Held in memory, 100,000 vectors of 768 numbers are 150 MB in half precision; here they are read as they are needed, from
the page cache mostly, and a comparison holds two blocks and their products: some 50 MB.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Block = tuple[Ints, NDArray[np.float16]]  # task ids (n,), vectors (n, dim) of length 1
_ROWS, _COLUMNS = 4096, 2048  # vectors of a block
FEW = 3  # neighbours that are named of a vector


@dataclass(frozen=True)
class Near:
    """The neighbours of vectors, a row each.

    Attributes:
        counts: int64 (n,): how many of the others are as near as asked.
        first: int64 (n, FEW): the first of them, as rows of the file, -1 where there are no more.
        best: int64 (n,): the nearest of all, whatever its cosine; -1 when there are none.
        cosine: float32 (n,): its cosine.
    """

    counts: Ints
    first: Ints
    best: Ints
    cosine: NDArray[np.float32]


class VectorFile:
    """Vectors by row, in the order in which they were given."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._dim = 0
        tasks: list[Ints] = [np.zeros(0, np.int64)]
        for ids, vectors in blocks:
            self._file.write(np.ascontiguousarray(vectors, np.float16).tobytes())
            self._dim = vectors.shape[1]
            tasks.append(np.asarray(ids, np.int64))
        self._file.flush()
        self.tasks: Ints = np.concatenate(tasks)
        self._order = np.argsort(self.tasks, kind="stable")

    def __enter__(self) -> VectorFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()

    def rows_of(self, tasks: Ints) -> Ints:
        """Return the row of each task, -1 for one without a vector."""
        if not len(self.tasks):
            return np.full(len(tasks), -1, np.int64)
        places = np.searchsorted(self.tasks, tasks, sorter=self._order).clip(max=len(self.tasks) - 1)
        rows = self._order[places]
        return np.where(self.tasks[rows] == tasks, rows, -1)

    def near(self, rows: Ints, others: Ints, cosine: float) -> Near:
        """Compare each of `rows` with each of `others`; no vector is its own neighbour."""
        count = len(rows)
        found = Near(np.zeros(count, np.int64), np.full((count, FEW), -1), np.full(count, -1, np.int64),
                     np.full(count, -2, np.float32))
        for start, mine, vectors in self._blocks(rows, _ROWS):
            for _, theirs, columns in self._blocks(np.sort(others), _COLUMNS):
                products = vectors @ columns.T
                _forget_self(products, mine, theirs)
                _take(found, slice(start, start + len(mine)), products, theirs, cosine)
        return found

    def earliest(self, rows: Ints, cosine: float) -> Ints:
        """Return for each of `rows` the place in `rows` of the first one that is as near as asked: itself, or one
        before it."""
        found = np.arange(len(rows))
        for start, mine, vectors in self._blocks(rows, _ROWS):
            open_ = np.ones(len(mine), bool)
            for first, _, columns in self._blocks(rows[:start + len(mine)], _COLUMNS):
                hits = vectors @ columns.T >= cosine
                hits[~open_] = False
                lines = np.flatnonzero(hits.any(1))
                places = first + hits[lines].argmax(1)
                earlier = places < start + lines
                found[start + lines[earlier]] = places[earlier]
                open_[lines] = False
        return found

    def _blocks(self, rows: Ints, size: int) -> Iterator[tuple[int, Ints, NDArray[np.float32]]]:
        for start in range(0, len(rows), size):
            part = rows[start:start + size]
            yield start, part, self._read(part)

    def _read(self, rows: Ints) -> NDArray[np.float32]:
        """Return vectors, float32 (n, dim): neighbouring rows by one call."""
        out = np.empty((len(rows), self._dim), np.float32)
        cuts = np.flatnonzero(np.diff(rows) != 1) + 1
        width = 2 * self._dim
        for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
            data = os.pread(self._file.fileno(), (end - start) * width, int(rows[start]) * width)
            out[start:end] = np.frombuffer(data, np.float16).reshape(-1, self._dim)
        return out


def _forget_self(products: NDArray[np.float32], mine: Ints, theirs: Ints) -> None:
    """Theirs are sorted: a row that stands on both sides is found without comparing all."""
    places = np.searchsorted(theirs, mine).clip(max=len(theirs) - 1)
    same = np.flatnonzero(theirs[places] == mine)
    products[same, places[same]] = -2


def _take(found: Near, part: slice, products: NDArray[np.float32], theirs: Ints, cosine: float) -> None:
    place = products.argmax(1)
    top = products[np.arange(len(products)), place]
    better = top > found.cosine[part]
    found.cosine[part] = np.where(better, top, found.cosine[part])
    found.best[part] = np.where(better, theirs[place], found.best[part])
    for line in np.flatnonzero(top >= cosine):
        hits = np.flatnonzero(products[line] >= cosine)
        at, row = int(found.counts[part][line]), found.first[part][line]
        new = theirs[hits[:max(0, FEW - at)]]
        row[at:at + len(new)] = new
        found.counts[part][line] += len(hits)
