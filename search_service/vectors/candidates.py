"""Which rows can be among the first k of a ranking: int8 codes of all vectors, and a bound that rules the others out.

PostgreSQL ranks; the filter says what it need not look at. For a stored vector x (its half-precision numbers, taken as
exact) and a query q (as PostgreSQL rounds it):

    x = centre + s·c + e      c: int8 codes, s: a scale for each row; the norm of e is kept, rounded up
    q = t·h + f = t·h + u·l + g      h, l: int8 codes of the query's high and low part; norms of f, g: float64
    q·x = q·centre + s·t·(h·c) + s·(f·c) + q·e

h·c is an integer and computed exactly (127² · dim < 2³¹). What is left out of the first two terms is bounded by the
Cauchy–Schwarz inequality, |a·b| ≤ |a|·|b| (Steele, The Cauchy-Schwarz Master Class, 2004, chapter 1):

    |s·(f·c) + q·e| ≤ |f|·R + |q|·|e|      R: the largest norm of s·c

With s·u·(l·c) added, |g| stands for |f|: the second pass, for the rows that the first one leaves. PostgreSQL's own sum
in single precision differs from q·x by at most γ = n·v·|q|·|x| with v = 2⁻²⁴ and n a little more than dim, summed in
any order (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1; a product of two halves is
exact there). So when k rows have a lower bound of at least L, each scores at least L - γ, and a row with an upper bound
below L - 2γ scores less than that: it is not among the first k, however ties are broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_service.vectors.int8_products import Codes, Floats, products

Ids = NDArray[np.int64]
Halves = NDArray[np.float16]

BLOCK = 32_768  # rows of one piece of memory: more never means to copy what is there
CHUNK = 1024  # rows that are coded at once: the temporaries stay in the processor's cache
PICKED = 256  # rows that are gathered at once: they stay in the processor's cache
GATHER = 0.3  # up to this share of a block its rows are gathered, above it all are multiplied
EXTRA_BYTES = 16  # of a row beside its codes: id, scale, norm of the error
_U = 2.0**-24  # unit roundoff of single precision
_SLACK = 2.0**-40  # more than what double precision loses in a sum of 4,000 terms, the most a halfvec has


@dataclass(frozen=True)
class Candidates:
    """The tasks that can be among the first k; every other scores below `floor`, as PostgreSQL computes it."""

    ids: Ids
    floor: float


class Query:
    """A query, float32 `(dim,)`, as two int8 codes."""

    def __init__(self, vector: NDArray[np.float32]) -> None:
        self.exact = vector.astype(np.float64)
        self.norm = _norm(self.exact)
        self.high_scale, self.high, rest = _coded(self.exact)
        self.rest = _norm(rest)
        self.low_scale, self.low, rest = _coded(rest)
        self.least_rest = _norm(rest)


def _coded(vector: Floats) -> tuple[float, Codes, Floats]:
    """Return a scale, int8 codes `(1, dim)` and what they leave of the vector."""
    scale = max(float(np.abs(vector).max()) / 127, 1e-30)
    codes = np.clip(np.rint(vector / scale), -127, 127)
    return scale, codes.astype(np.int8)[None], vector - scale * codes


def _picked(code: Codes, codes: Codes, rows: NDArray[np.intp]) -> Floats:
    """Return the products with some rows of `codes`, gathered by way of one piece of memory: to have a new one for each
    piece from the system takes longer than to fill it."""
    found, gathered = np.empty(len(rows)), np.empty((min(PICKED, len(rows)), codes.shape[1]), np.int8)
    for start in range(0, len(rows), PICKED):
        part = rows[start:start + PICKED]
        here = np.take(codes, part, 0, out=gathered[:len(part)], mode="clip")  # any other mode copies once more
        found[start:start + PICKED] = products(code, here)
    return found


def _norm(vector: Floats) -> float:
    return float(np.linalg.norm(vector)) * (1 + _SLACK)


class CandidateFilter:
    """The vectors of one project as int8, `dim + 16` bytes each. Searches may share it; a change must be alone.

    Args:
        centre: float32 `(dim,)`, near the mean of the vectors: the nearer, the fewer candidates.
    """

    def __init__(self, dim: int, centre: NDArray[np.float32]) -> None:
        self.dim, self.rows = dim, 0
        self._centre = centre.astype(np.float32)
        self._centre_norm = _norm(self._centre.astype(np.float64))
        self._codes: list[Codes] = []  # (BLOCK, dim) each; pages that were never written take no memory
        self._ids, self._scales = np.empty(0, np.int64), np.empty(0, np.float32)
        self._errors = np.empty(0, np.float32)
        self._coded_norm = self._norm = 0.0  # the largest of s·c, and of x
        self._ascending = True
        self._sorter: NDArray[np.intp] | None = None

    @property
    def nbytes(self) -> int:
        return self.rows * (self.dim + EXTRA_BYTES)

    def put(self, ids: Ids, vectors: Halves) -> None:
        """Add vectors `(n, dim)`, or replace those of the same tasks. No task twice."""
        known = self._places(ids)
        new = known < 0
        places = np.where(new, self.rows + np.cumsum(new) - 1, known)
        self._make_room(self.rows + int(new.sum()))
        added = ids[new]
        if len(added):
            last = self._ids[self.rows - 1] if self.rows else -1
            self._ascending = bool(self._ascending and added[0] > last and (np.diff(added) > 0).all())
            self._ids[self.rows:self.rows + len(added)] = added
            self.rows += len(added)
            self._sorter = None
        for start in range(0, len(ids), CHUNK):
            self._encode(places[start:start + CHUNK], vectors[start:start + CHUNK])

    def remove(self, ids: Ids) -> None:
        """Forget tasks: the last rows take their places."""
        for row in self.rows_of(np.unique(ids))[::-1]:
            last = self.rows - 1
            if row != last:
                self._codes[row // BLOCK][row % BLOCK] = self._codes[last // BLOCK][last % BLOCK]
                for values in (self._ids, self._scales, self._errors):
                    values[row] = values[last]
                self._ascending = False
            self.rows = last
        self._sorter = None
        del self._codes[-(-self.rows // BLOCK):]

    def rows_of(self, ids: Ids) -> NDArray[np.intp]:
        """Return the rows of those tasks that are here, ascending."""
        places = self._places(ids)
        return np.sort(places[places >= 0])

    def candidates(self, query: Query, k: int, rows: NDArray[np.intp] | None = None,
                   most: int | None = None) -> Candidates | None:
        """Return what can be among the first `k`.

        Args:
            rows: rank these alone, ascending as `rows_of` gives them; None: all.
            most: give up, with None, when there are more candidates.
        """
        count = self.rows if rows is None else len(rows)
        if count <= k:
            return Candidates(self._ids[:self.rows] if rows is None else self._ids[rows], -np.inf)
        pool = _Pool(query, k, self._bounds(query))
        for here, dots in self._scan(query.high, rows):
            pool.add(here, dots * self._scales[here], self._errors)
            if most is not None and len(pool.rows) > most:
                return None
        pool.refine(self._gathered(query.low, pool.rows) * self._scales[pool.rows])
        return Candidates(self._ids[pool.rows], pool.floor)

    def intervals(self, query: Query) -> tuple[Floats, Floats]:
        """Return for each row the middle of where q·x lies, and half its width, after the first pass."""
        pool = _Pool(query, self.rows, self._bounds(query))
        dots: Floats = np.concatenate([dots for _, dots in self._scan(query.high, None)]) * self._scales[:self.rows]
        return pool.bounds.middle + query.high_scale * dots, pool.half(self._errors[:self.rows], query.rest)

    def _bounds(self, query: Query) -> _Bounds:
        return _Bounds(middle=float(query.exact @ self._centre), coded_norm=self._coded_norm,
                       widest_error=float(self._errors[:self.rows].max(initial=0)),
                       scorer=(self.dim + 8) * _U * 1.01 * query.norm * self._norm,
                       rounding=_SLACK * query.norm * (2 * self._coded_norm + self._centre_norm + 1))

    def _scan(self, code: Codes, rows: NDArray[np.intp] | None) -> Iterator[tuple[slice | NDArray[np.intp], Floats]]:
        """Yield row numbers (a slice or an array) and their integer products, piece by piece."""
        for number, codes in enumerate(self._codes):
            first, end = number * BLOCK, min((number + 1) * BLOCK, self.rows)
            if rows is None:
                yield slice(first, end), products(code, codes[:end - first])
                continue
            mine = rows[np.searchsorted(rows, first):np.searchsorted(rows, end)]
            if len(mine) > GATHER * (end - first):
                yield mine, products(code, codes[:end - first])[mine - first]
            elif len(mine):
                yield mine, _picked(code, codes, mine - first)

    def _gathered(self, code: Codes, rows: NDArray[np.intp]) -> Floats:
        found = np.empty(len(rows))
        for number in np.unique(rows // BLOCK):
            here = np.flatnonzero(rows // BLOCK == number)
            found[here] = _picked(code, self._codes[number], rows[here] - number * BLOCK)
        return found

    def _places(self, ids: Ids) -> NDArray[np.intp]:
        """Return the row of each task, -1 where it is not here."""
        mine = self._ids[:self.rows]
        if not len(mine):
            return np.full(len(ids), -1, np.intp)
        sorter = self._sorter
        if not self._ascending and sorter is None:  # two searches may both make it: it is the same
            sorter = self._sorter = np.argsort(mine, kind="stable")
        at = np.searchsorted(mine, ids, sorter=sorter)
        at[at == len(mine)] = 0
        places = at if sorter is None else sorter[at]
        return np.where(mine[places] == ids, places, -1)

    def _make_room(self, rows: int) -> None:
        while len(self._codes) * BLOCK < rows:
            self._codes.append(np.empty((BLOCK, self.dim), np.int8))
        if len(self._ids) < rows:
            size = max(rows, len(self._ids) + len(self._ids) // 8 + CHUNK)
            self._ids, self._scales, self._errors = (
                np.concatenate((values[:self.rows], np.zeros(size - self.rows, values.dtype)))
                for values in (self._ids, self._scales, self._errors))

    def _encode(self, places: NDArray[np.intp], vectors: Halves) -> None:
        """Write the codes of vectors. All in single precision; the norms hold what its rounding may add.

        x - centre, s·c and their difference are each rounded once, by at most v times themselves; a norm of `dim`
        rounded terms is too small by at most (dim + 8)·v times the norm.
        """
        x = vectors.astype(np.float32)
        up = np.float32(1 + (self.dim + 8) * _U)
        norm = np.sqrt(np.einsum("ij,ij->i", x, x)) * up
        x -= self._centre
        scale = np.maximum(np.abs(x).max(1) / np.float32(127), np.float32(1e-30))
        codes = np.clip(np.rint(x / scale[:, None]), -127, 127)
        for number in np.unique(places // BLOCK):
            here = places // BLOCK == number
            self._codes[number][places[here] - number * BLOCK] = codes[here]
        codes *= scale[:, None]
        coded = np.sqrt(np.einsum("ij,ij->i", codes, codes)) * up
        x -= codes
        error = np.sqrt(np.einsum("ij,ij->i", x, x)) * up
        error = error + np.float32(4 * _U) * (coded + error)
        self._errors[places] = np.nextafter(error, np.float32(np.inf))
        self._scales[places] = scale
        self._coded_norm = max(self._coded_norm, float(coded.max()))
        self._norm = max(self._norm, float(norm.max()))


@dataclass(frozen=True)
class _Bounds:
    """What holds for all rows: q·centre, R, the largest |e|, γ, and what double precision may lose."""

    middle: float
    coded_norm: float
    widest_error: float
    scorer: float
    rounding: float


class _Pool:
    """The rows that are still possible while the others are looked at; `least`: what k rows are known to reach."""

    def __init__(self, query: Query, k: int, bounds: _Bounds) -> None:
        self._query, self._k, self.bounds, self.least = query, k, bounds, -np.inf
        self._widest = float(self.half(np.array([bounds.widest_error]), query.rest)[0])
        self.rows: NDArray[np.intp] = np.empty(0, np.intp)
        self._value: Floats = np.empty(0)
        self._half: Floats = np.empty(0)

    @property
    def floor(self) -> float:
        return self.least - self.bounds.scorer

    def half(self, errors: NDArray[np.floating], rest: float) -> Floats:
        bounds = self.bounds
        return self._query.norm * errors.astype(np.float64) + (rest * bounds.coded_norm + bounds.rounding)

    def add(self, here: slice | NDArray[np.intp], scaled: Floats, errors: NDArray[np.float32]) -> None:
        """Take in rows, a slice or an array, with their s·(h·c)."""
        scale, query, middle = self._query.high_scale, self._query, self.bounds.middle
        if self.least == -np.inf and len(scaled) >= self._k:
            kth = float(np.partition(scaled, len(scaled) - self._k)[len(scaled) - self._k])
            self.least = middle + scale * kth - self._widest
        hit = np.flatnonzero(scaled >= (self.least - 2 * self.bounds.scorer - middle - self._widest) / scale)
        if not len(hit):
            return
        rows = hit + here.start if isinstance(here, slice) else here[hit]
        self.rows = np.concatenate((self.rows, rows))
        self._value = np.concatenate((self._value, middle + scale * scaled[hit]))
        self._half = np.concatenate((self._half, self.half(errors[rows], query.rest)))
        self._cut()

    def refine(self, scaled: Floats) -> None:
        """Narrow the intervals by the query's low part, given s·(l·c) of the rows in the pool."""
        self._value = self._value + self._query.low_scale * scaled
        self._half = self._half - (self._query.rest - self._query.least_rest) * self.bounds.coded_norm
        self._cut()

    def _cut(self) -> None:
        if len(self.rows) < self._k:
            return
        low = self._value - self._half
        self.least = max(self.least, float(np.partition(low, len(low) - self._k)[len(low) - self._k]))
        keep = self._value + self._half >= self.least - 2 * self.bounds.scorer
        self.rows, self._value, self._half = self.rows[keep], self._value[keep], self._half[keep]
