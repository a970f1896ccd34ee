"""The candidate filter, held against scores in double precision, and against sums in single precision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from search_service.vectors import candidates, int8_products
from search_service.vectors.candidates import CandidateFilter, Query

KINDS = ("normal", "equal rows", "outlier dimensions", "narrow cone", "one-hot", "near-duplicates", "zeros among them",
         "lengths from 0.001 to 100", "one far away")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pieces in little data."""
    monkeypatch.setattr(candidates, "BLOCK", 512)
    monkeypatch.setattr(candidates, "PICKED", 100)
    monkeypatch.setattr(candidates, "CHUNK", 200)


def vectors(kind: str, rows: int, dim: int, random: np.random.Generator) -> np.ndarray:
    """Return float16 `(rows, dim)`, mostly of length 1."""
    found = random.normal(size=(rows, dim))
    if kind == "equal rows":
        found = found[random.integers(0, max(1, rows // 20), rows)]
    elif kind == "outlier dimensions":
        found *= np.exp(2 * random.normal(size=dim))
    elif kind == "narrow cone":
        found = found * 0.01 + random.normal(size=dim) * 5
    elif kind == "one-hot":
        found = np.eye(dim)[random.integers(0, dim, rows)] + 1e-3 * found
    elif kind == "near-duplicates":
        found = found[:1] + 1e-3 * found
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    if kind == "zeros among them":
        found[random.random(rows) < 0.3] = 0
    elif kind == "lengths from 0.001 to 100":
        found *= np.exp(random.uniform(np.log(0.001), np.log(100), (rows, 1)))
    elif kind == "one far away":
        found[rows // 2] *= 500
    return found.astype(np.float16)


def query_for(stored: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a query as PostgreSQL rounds it: near a row, along an axis, or anywhere."""
    dim = stored.shape[1]
    query = random.normal(size=dim)
    if (which := random.random()) < 0.3:
        query = stored[random.integers(0, len(stored))].astype(np.float64) + 1e-3 * query / np.sqrt(dim)
    elif which < 0.4:
        query = np.eye(dim)[0]
    return (query / np.linalg.norm(query)).astype(np.float16).astype(np.float32)


def cases(kind: str, count: int = 25) -> Iterator[tuple[np.random.Generator, np.ndarray, np.ndarray, CandidateFilter]]:
    for seed in range(count):
        random = np.random.default_rng([seed, KINDS.index(kind)])
        rows, dim = int(random.integers(1, 2500)), int(random.choice([1, 3, 16, 100, 768]))
        stored = vectors(kind, rows, dim, random)
        far = random.random() < 0.2  # the centre may be anything
        centre = random.normal(size=dim) if far else stored[:200].astype(np.float32).mean(0)
        filter_ = CandidateFilter(dim, centre.astype(np.float32))
        cut = int(random.integers(0, rows + 1))
        filter_.put(np.arange(cut), stored[:cut])
        filter_.put(np.arange(cut, rows), stored[cut:])
        yield random, stored, query_for(stored, random), filter_


@pytest.mark.parametrize("kind", KINDS)
def test_candidates__hold_the_first_k_whatever_the_vectors(kind: str) -> None:
    for random, stored, query, filter_ in cases(kind):
        k = int(random.choice([1, 5, 50, 200]))
        rows = np.arange(len(stored))
        if random.random() < 0.6:
            rows = np.sort(random.permutation(rows)[:max(1, int(len(rows) * random.choice([0.01, 0.2, 0.9])))])
        found = filter_.candidates(Query(query), k, None if len(rows) == len(stored) else filter_.rows_of(rows))
        assert found is not None
        halves = stored[rows].astype(np.float32)
        order = random.permutation(stored.shape[1])  # single precision, summed in two orders
        for scores in (halves @ query, np.cumsum(halves[:, order] * query[order], axis=1, dtype=np.float32)[:, -1]):
            first = rows[np.lexsort((rows, -scores))[:k]]
            assert set(first) <= set(found.ids.tolist())
            others = ~np.isin(rows, found.ids)
            assert (scores[others] < found.floor).all()
            assert len(rows) < k or (np.sort(scores)[-k:] >= found.floor).all()


@pytest.mark.parametrize("kind", KINDS)
def test_intervals__hold_every_score_and_are_no_wider_than_needed(kind: str) -> None:
    used = 0.0
    for _, stored, query, filter_ in cases(kind):
        middle, half = filter_.intervals(Query(query))
        away = np.abs(stored.astype(np.float64) @ query.astype(np.float64) - middle)
        assert (away <= half).all()
        used = max(used, float((away / half).max()))
    assert used > 0.05, used  # a bound that is always far off would hold too


def test_candidates__of_usual_vectors_are_few() -> None:
    random = np.random.default_rng(0)
    stored = vectors("normal", 2500, 768, random)
    filter_ = CandidateFilter(768, stored.astype(np.float32).mean(0))
    filter_.put(np.arange(2500), stored)
    found = filter_.candidates(Query(query_for(stored, random)), 20)
    assert found is not None and len(found.ids) < 200


def test_candidates__of_equal_rows_are_given_up_when_they_are_many() -> None:
    random = np.random.default_rng(0)
    stored = np.repeat(vectors("normal", 1, 64, random), 2000, axis=0)
    filter_ = CandidateFilter(64, np.zeros(64, np.float32))
    filter_.put(np.arange(2000), stored)
    query = Query(stored[0].astype(np.float32))
    assert filter_.candidates(query, 10, most=250) is None
    found = filter_.candidates(query, 10)
    assert found is not None and sorted(found.ids) == list(range(2000))  # all are tied: any may be the first


def test_put_and_remove__are_as_if_made_anew() -> None:
    random = np.random.default_rng(1)
    filter_, kept = CandidateFilter(24, np.zeros(24, np.float32)), dict[int, np.ndarray]()
    for _ in range(60):
        ids = random.choice(3000, int(random.integers(1, 300)), replace=False)
        if random.random() < 0.6:
            new = vectors("normal", len(ids), 24, random)
            filter_.put(ids, new)
            kept |= dict(zip(ids.tolist(), new, strict=True))
        else:
            filter_.remove(np.concatenate((ids, ids[:5])))  # a repeated task is taken once
            for id_ in ids.tolist():
                kept.pop(id_, None)
        assert filter_.rows == len(kept)
        assert len(filter_.rows_of(np.arange(3000))) == len(kept)
        query = query_for(vectors("normal", 1, 24, random), random)
        found = filter_.candidates(Query(query), 20)
        assert found is not None
        best = sorted(kept, key=lambda id_: (-float(kept[id_].astype(np.float64) @ query), id_))[:20]
        assert set(best) <= set(found.ids.tolist()) <= set(kept)
    assert filter_.nbytes == len(kept) * 40


def test_products__are_numpys_integers() -> None:
    assert int8_products.problem() is None
    codes = np.random.default_rng(2).integers(-127, 128, (500, 1152)).astype(np.int8)
    codes[:2] = 127
    assert np.array_equal(int8_products.products(codes[:1], codes), codes.astype(np.int64) @ codes[0].astype(np.int64))


def test_problem__a_kernel_that_counts_wrong_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    right = int8_products.products
    monkeypatch.setattr(int8_products, "products", lambda code, codes: right(code, codes) + 1)
    assert int8_products.problem.__wrapped__() == "failed_check"


def test_problem__without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numkong", None)
    assert int8_products.problem.__wrapped__() == "not_installed"
