"""Vectors that behave like image embeddings: clusters in a low-dimensional latent space, all inside a common cone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
CLUSTERS, MODES, LATENT = 600, 4, 96


@dataclass(frozen=True)
class Data:
    """`vectors` float32 `(n, dim)` and `queries` float32 `(q, dim)`, all of length 1.

    Even queries are text-like: they lie outside the images' cone, as SigLIP's texts do, and their best cosine is low.
    Odd ones are image-like.
    """

    vectors: Vectors
    queries: Vectors


def make(rows: int, dim: int, queries: int, seed: int = 7) -> Data:
    """Return clustered vectors; the same arguments always give the same ones."""
    rng = np.random.default_rng(seed)
    spectrum = (1 / np.sqrt(1 + np.arange(LATENT))).astype(np.float32)
    centres = rng.normal(size=(CLUSTERS, LATENT)).astype(np.float32) * spectrum
    modes = centres[:, None] + 0.35 * rng.normal(size=(CLUSTERS, MODES, LATENT)).astype(np.float32) * spectrum
    lift = rng.normal(size=(LATENT, dim)).astype(np.float32) / np.sqrt(LATENT)
    cone = rng.normal(size=dim).astype(np.float32)
    cone /= np.linalg.norm(cone)

    def draw(count: int) -> Vectors:
        cluster, mode = rng.integers(0, CLUSTERS, count), rng.integers(0, MODES, count)
        latent = modes[cluster, mode] + 0.25 * rng.normal(size=(count, LATENT)).astype(np.float32) * spectrum
        return unit(latent @ lift) + 0.8 * cone

    found = np.empty((rows, dim), np.float32)
    for start in range(0, rows, 20_000):
        found[start:start + 20_000] = unit(draw(min(20_000, rows - start)))
    asked = unit(draw(queries))
    away = rng.normal(size=dim).astype(np.float32)
    away /= np.linalg.norm(away)
    # The clusters' direction stays, the common cone is exchanged for another: the gap between texts and images.
    asked[::2] = unit(asked[::2] - np.outer(asked[::2] @ cone, cone) + 1.5 * away)
    return Data(found, asked)


def unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    found: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return found


def prepare(folder: Path, rows: int, dim: int, queries: int) -> None:
    """Write what all ways read: `vectors.npy` float16 `(rows, dim)`, `queries.npy` float32 `(q, dim)`, and two masks,
    `filter20.npy` and `filter1.npy`. Vectors and queries are what PostgreSQL keeps of them, halves: all rank the same.
    """
    made = make(rows, dim, queries)
    np.save(folder / "vectors.npy", made.vectors.astype(np.float16))
    np.save(folder / "queries.npy", made.queries.astype(np.float16).astype(np.float32))
    random = np.random.default_rng(11)
    for name, share in (("filter20", 0.2), ("filter1", 0.01)):
        mask = np.zeros(rows, bool)
        mask[random.choice(rows, int(rows * share), replace=False)] = True
        np.save(folder / f"{name}.npy", mask)


def cosines(folder: Path) -> list[NDArray[np.floating[Any]]]:
    """Return every query's scalar product with every vector, float64 `(rows,)` each."""
    vectors, queries = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "queries.npy")
    pieces = [vectors[start:start + 10_000].astype(np.float64) @ queries.T.astype(np.float64)
              for start in range(0, len(vectors), 10_000)]
    return list(np.concatenate(pieces).T)
