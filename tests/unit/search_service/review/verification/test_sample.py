"""The drawn order and the judgements that count."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter

import pytest

from search_service.review.verification.sample import combined, digest_of, drawn, judged_prefix, key_of


def test_drawn__the_seed_alone_decides_the_order() -> None:
    keys = [key_of(task, "a") for task in range(500)]
    once = drawn(keys, "s")
    assert once == drawn(reversed(keys), "s") != drawn(keys, "t")
    assert sorted(once) == sorted(keys) and once != keys


def test_drawn__is_what_the_documents_say_and_anybody_can_compute() -> None:
    keys = ["1:a", "2:b", "3:c"]
    assert drawn(keys, "seed") == sorted(keys, key=lambda key: hashlib.sha256(f"seed\n{key}".encode()).hexdigest())


def test_drawn__every_order_is_as_likely_as_any_other() -> None:
    times = Counter(tuple(drawn("abc", str(seed))) for seed in range(6000))
    assert set(times) == set(itertools.permutations("abc"))
    assert sum((n - 1000) ** 2 / 1000 for n in times.values()) < 20.5  # chi-squared, 5 degrees of freedom, 0.1 %


def test_digest_of__stands_for_the_list_whatever_its_order() -> None:
    assert digest_of(["b", "a"]) == digest_of(["a", "b"]) == hashlib.sha256(b"a\nb\n").hexdigest()
    assert digest_of(["a", "b"]) != digest_of(["ab"]) != digest_of([])


@pytest.mark.parametrize(("verdicts", "right"), [
    (["right"], True), (["right", "right"], True), (["wrong"], False), (["unsure"], False),
    (["right", "wrong"], False), (["right", "unsure"], False), ([], None)])
def test_combined__one_doubt_is_enough(verdicts: list[str], right: bool | None) -> None:
    assert combined(verdicts) is right  # type: ignore[arg-type]


def test_judged_prefix__ends_at_the_first_that_nobody_has_judged() -> None:
    assert judged_prefix("abcd", {"a": True, "b": False, "d": False}) == [True, False]
    assert judged_prefix("abcd", {"b": True}) == [] and judged_prefix("", {}) == []
