"""Vectors that can be stored and searched by: of numbers, of length 1. A model in half precision may answer with NaN
for a single picture, which no index takes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from PIL import Image

from argus.errors import no_number
from search_service.embedding.encoder import Pixels, SiglipEncoder
from search_service.vectors.store import Vectors

Key = TypeVar("Key", bound=Hashable)
_LENGTH_ERROR = 0.01  # half precision stays well below


def encoded(encoder: SiglipEncoder, images: Mapping[Key, Image.Image | Pixels]) -> dict[Key, Vectors]:
    """Return the usable vectors of images by what names them. One that has none in a batch is tried alone: the others
    may be why."""
    rows = encoder.encode_images(list(images.values()))
    usable = {key: row for key, row in zip(images, rows, strict=True) if is_vector(row)}
    if len(images) > 1:
        for key in images.keys() - usable.keys():
            usable |= encoded(encoder, {key: images[key]})
    return usable


def is_vector(row: Vectors) -> bool:
    """Whether a vector is usable."""
    return bool(np.isfinite(row).all()) and abs(float(np.linalg.norm(row)) - 1) < _LENGTH_ERROR


def as_lists(found: Vectors) -> list[list[float]]:
    """Return vectors as a job answers with them. Raises `model_broken` when one is not usable."""
    if not all(is_vector(row) for row in found):
        raise no_number()
    lists: list[list[float]] = found.tolist()
    return lists
