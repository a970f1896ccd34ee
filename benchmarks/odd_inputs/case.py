"""What a row is asked from, and what probes use. The baseline's side imports it too: nothing of the product here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """One input and what is right for it.

    Attributes:
        item: number of the promise that the row belongs to.
        kind: the rule that an input of this kind may break, in a few words.
        instance: the input.
        reference: who says what is right, with its version.
        right: what it says, JSON.
        probe: name of the function that asks the product; it stands in the module of the case.
        argument: what the probe is given, JSON.
        tolerance: by how much numbers may differ; everything else is equal or wrong.
    """

    item: int
    kind: str
    instance: str
    reference: str
    right: Any
    probe: str
    argument: Any
    tolerance: float = 0.0


def agrees(right: Any, ours: Any, tolerance: float) -> bool:
    """Whether two JSON values are the same, numbers within `tolerance`."""
    if isinstance(right, bool) or isinstance(ours, bool):
        return right is ours
    if isinstance(right, int | float) and isinstance(ours, int | float):
        return abs(right - ours) <= tolerance
    if isinstance(right, list) and isinstance(ours, list):
        return len(right) == len(ours) and all(agrees(a, b, tolerance) for a, b in zip(right, ours, strict=True))
    if isinstance(right, Mapping) and isinstance(ours, Mapping):
        return right.keys() == ours.keys() and all(agrees(right[key], ours[key], tolerance) for key in right)
    return bool(right == ours)


def product(*places: str) -> Any:
    """Return a thing of the product: the last argument is its name, those before it the modules to look for it in.

    Raises:
        ImportError: it is in none of them.
    """
    *modules, name = places
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name)
        except (ModuleNotFoundError, AttributeError):
            continue
    raise ImportError(f"{name} is in none of {', '.join(modules)}")


@contextmanager
def settings(**values: object) -> Iterator[None]:
    """Run a block of a probe with these settings."""
    get_settings = product("argus.settings", "get_settings")
    names = {f"ARGUS_{name.upper()}": str(value) for name, value in values.items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    get_settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        get_settings.cache_clear()
