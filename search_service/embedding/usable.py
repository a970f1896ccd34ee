"""Vectors that can be stored and searched by: of numbers, of length 1. A model in half precision may answer with NaN
for a single picture, which no index takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from argus.errors import no_number
from search_service.embedding.encoder import SiglipEncoder
from search_service.vectors.store import Vectors

_LENGTH_ERROR = 0.01  # half precision stays well below


def encoded(encoder: SiglipEncoder, images: Mapping[bytes, Image.Image]) -> dict[bytes, Vectors]:
    """Return the usable vectors of images by their content. One that has none in a batch is tried alone: the others may
    be why."""
    rows = encoder.encode_images(list(images.values()))
    usable = {digest: row for digest, row in zip(images, rows, strict=True) if is_vector(row)}
    if len(images) > 1:
        for digest in images.keys() - usable.keys():
            usable |= encoded(encoder, {digest: images[digest]})
    return usable


def is_vector(row: Vectors) -> bool:
    """Whether a vector is usable."""
    return bool(np.isfinite(row).all()) and abs(float(np.linalg.norm(row)) - 1) < _LENGTH_ERROR


def as_lists(found: Vectors) -> Any:
    """Return vectors as a job answers with them. Raises `model_broken` when one is not usable."""
    if not all(is_vector(row) for row in found):
        raise no_number()
    return found.tolist()
