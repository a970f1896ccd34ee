"""The memory for features of images that people are working on."""

from __future__ import annotations

import torch

from ml_backend.engines.features import FeatureCache


def mib(count: int) -> tuple[torch.Tensor, ...]:
    return (torch.zeros(count * 2**18), torch.zeros(0))


def test_get__makes_a_thing_once() -> None:
    cache, made = FeatureCache(10 * 2**20), []
    for image in "aabab":
        cache.get(image, "clicks", lambda image=image: (made.append(image), mib(1))[1])  # type: ignore[misc]
    assert made == ["a", "b"]
    assert cache.bytes == 2 * 2**20


def test_get__forgets_what_was_used_longest_ago_when_the_bytes_are_too_many() -> None:
    cache = FeatureCache(3 * 2**20)
    for image in "abcad":  # a was used again: b goes
        cache.get(image, "clicks", lambda: mib(1))
    again: list[str] = []
    for image in "acdb":
        cache.get(image, "clicks", lambda image=image: (again.append(image), mib(1))[1])  # type: ignore[misc]
    assert again == ["b"]
    assert (len(cache), cache.bytes) == (3, 3 * 2**20)


def test_get__the_last_one_stays_however_large() -> None:
    cache = FeatureCache(0)
    cache.get("a", "clicks", lambda: mib(1))
    assert cache.get("b", "clicks", lambda: mib(2))[0].nbytes == 2 * 2**20
    assert (len(cache), cache.bytes) == (1, 2 * 2**20)


def test_get__one_kind_may_be_made_of_another() -> None:
    cache = FeatureCache(0)
    made = cache.get("a", "clicks", lambda: (cache.get("a", "encoder", lambda: mib(1))[0] + 1,))
    assert float(made[0][0]) == 1
    assert (len(cache), cache.bytes) == (1, 2**20)


def test_clear__forgets_everything() -> None:
    cache = FeatureCache(2**30)
    cache.get("a", "clicks", lambda: mib(1))
    cache.clear()
    assert (len(cache), cache.bytes) == (0, 0)
