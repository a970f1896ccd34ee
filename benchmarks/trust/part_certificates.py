"""2,000 samples of a list that is not good enough, and of a good one, judged by somebody who knows the truth."""

from __future__ import annotations

from collections.abc import Mapping

KEYS = ("false_of_2000", "certified_good_of_2000")
_RUNS, _OBJECTS, _BUDGET = 2000, 300, 250


def measure() -> Mapping[str, float]:
    false, _ = judged(wrong=16)
    _, certified = judged(wrong=3)
    return {"false_of_2000": false, "certified_good_of_2000": certified}


def judged(wrong: int) -> tuple[int, int]:
    """Return how many samples are certified although more than 5 % of what they accept is wrong, and how many are at
    all; each is judged in drawn order until it is certified, 250 times at most. So many of its 300 objects are wrong.
    """
    from search_service.review.verification.sample import drawn, key_of
    from search_service.review.verification.thresholds import Count, climb

    keys = [key_of(task, "a") for task in range(_OBJECTS)]
    bad, known, false, certified = set(keys[:wrong]), dict[tuple[int, int], bool](), 0, 0
    for run in range(_RUNS):
        found = 0
        for judgements, key in enumerate(drawn(keys, f"{run} of {wrong}")[:_BUDGET], start=1):
            found += key in bad
            if (judgements, found) not in known:
                (step,) = climb([Count(0.9, _OBJECTS, judgements, found, _OBJECTS - found)], 0.95, 0.95)
                known[judgements, found] = step.certified
            if known[judgements, found]:
                certified += 1
                false += wrong - found > 0.05 * (_OBJECTS - found) + 1e-9
                break
    return false, certified
