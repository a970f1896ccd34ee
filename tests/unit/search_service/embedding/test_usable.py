"""A vector that is not one of numbers is kept from the database, and takes no other of its batch with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from argus.errors import ArgusError
from search_service.embedding.usable import as_lists, encoded, is_vector


class EncoderThatFailsOnBlack:
    """Stands in for a checkpoint in half precision: black images get `answer`; with `all_of_it`, their whole batch."""

    def __init__(self, answer: float, all_of_it: bool) -> None:
        self.answer, self.all_of_it = answer, all_of_it
        self.batches: list[int] = []

    def encode_images(self, images: Sequence[Image.Image]) -> Any:
        self.batches.append(len(images))
        dark = np.array([image.getpixel((0, 0)) == (0, 0, 0) for image in images])
        found = np.zeros((len(images), 4), np.float32)
        found[:, 0] = 1
        found[np.full(len(images), dark.any()) if self.all_of_it else dark] = self.answer
        return found


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), 0.0, 7.0])
@pytest.mark.parametrize("all_of_it", [False, True])
def test_encoded__what_is_no_vector_is_left_out_alone(answer: float, all_of_it: bool) -> None:
    images = {bytes([n]): Image.new("RGB", (4, 4), "black" if n == 1 else "white") for n in range(4)}
    encoder = EncoderThatFailsOnBlack(answer, all_of_it)
    assert encoded(encoder, images).keys() == {b"\0", b"\2", b"\3"}  # type: ignore[arg-type]
    assert encoder.batches == [4, *[1] * (4 if all_of_it else 1)]


def test_encoded__a_batch_without_fault_is_encoded_once() -> None:
    encoder = EncoderThatFailsOnBlack(float("nan"), all_of_it=True)
    assert len(encoded(encoder, {b"a": Image.new("RGB", (4, 4), "white"), b"b": Image.new("RGB", (4, 4), "red")})) == 2  # type: ignore[arg-type]
    assert encoder.batches == [2]


def test_as_lists__refuses_what_is_no_number() -> None:
    good = np.eye(2, dtype=np.float32)
    assert as_lists(good) == [[1, 0], [0, 1]]
    assert is_vector(good[0])
    good[1, 0] = np.nan
    with pytest.raises(ArgusError, match="The model returned NaN"):
        as_lists(good)
