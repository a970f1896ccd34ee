"""Random parameters that keep training and evaluation apart.

Seeds alone would let an evaluation frame reuse a part's exact look. Here every parameter of a part, a belt or a
light is a number of an interval cut into twelve bins, and each split owns its bins: what the held-out scenes and
the demo video look like was never drawn in training.
"""

import random
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

T = TypeVar("T")


class Split(StrEnum):
    """Who may use a parameter's value."""

    TRAIN = "train"
    VALIDATION = "validation"
    HELD_OUT = "held-out"


N_BINS: Final = 12
BINS: Final[dict[Split, tuple[int, ...]]] = {
    Split.TRAIN: (0, 2, 4, 6, 8, 10),
    Split.VALIDATION: (1, 5, 9),
    Split.HELD_OUT: (3, 7, 11),
}


class Draw:
    """A seeded source of random numbers bound to one split."""

    def __init__(self, split: Split, seed: str | int) -> None:
        self.split = split
        self._random = random.Random(f"{split}/{seed}")

    def param(self, low: float, high: float) -> float:
        """A value of ``[low, high)`` from the bins this split owns: for looks (size, hue, pitch, light)."""
        unit = (self._random.choice(BINS[self.split]) + self._random.random()) / N_BINS
        return low + unit * (high - low)

    def uniform(self, low: float, high: float) -> float:
        """A value of ``[low, high)`` that every split may use: for positions and angles."""
        return self._random.uniform(low, high)

    def integer(self, low: int, high: int) -> int:
        """An integer of ``low..high``, both included, that every split may use."""
        return self._random.randint(low, high)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return self._random.choice(items)

    def chance(self, probability: float) -> bool:
        """True with the given probability (0..1)."""
        return self._random.random() < probability

    def weighted(self, weights: Sequence[float]) -> int:
        """An index of ``weights``, drawn in proportion to them."""
        return self._random.choices(range(len(weights)), weights)[0]
