"""What to do next in a project, by how far its images are."""

from __future__ import annotations

import pytest

from argus.answers.home import HomeStates, HomeWork
from search_service.projects.home import next_step

BANDS = dict.fromkeys(("high", "medium", "low", "nothing_found", "check_first", "to_fix"), 0)


def states(bands: dict[str, int] | None = None, **numbers: int) -> HomeStates:
    names = ("images", "embedded", "waiting", "failed", "videos", "predicted", "annotated", "accepted", "skipped",
             "untouched")
    return HomeStates(**dict.fromkeys(names, 0) | numbers, bands=BANDS | (bands or {}))


def work(kind: str) -> HomeWork:
    return HomeWork.model_validate({"kind": kind, "id": "1", "names": [], "queued": False, "progress": 0.5})


SEEN = {"images": 10, "embedded": 10}


@pytest.mark.parametrize(("now", "under_way", "step"), [
    (states(), [], ("add", 0, "")),
    (states(videos=2), [], ("add", 2, "")),
    (states(), [work("upload")], ("wait_import", 0, "")),
    (states(images=10, waiting=10, untouched=10), [], ("wait_embedding", 10, "")),
    (states(images=10, waiting=9, embedded=1, untouched=10), [], ("annotate", 10, "")),
    (states(images=10, failed=10, untouched=10), [], ("annotate", 10, "")),
    (states(**SEEN, untouched=10), [work("run")], ("watch_run", 10, "")),
    (states(**SEEN, untouched=10), [work("export")], ("annotate", 10, "")),
    (states({"check_first": 2, "high": 3}, **SEEN, predicted=5), [], ("check_first", 2, "")),
    (states({"high": 3, "low": 1}, **SEEN, predicted=5), [], ("accept", 3, "high")),
    (states({"low": 1, "nothing_found": 2, "to_fix": 1}, **SEEN, predicted=5), [], ("review", 3, "low")),
    (states({"nothing_found": 2}, **SEEN, predicted=5), [], ("review", 2, "nothing_found")),
    (states({"to_fix": 1}, **SEEN, predicted=5, untouched=5), [], ("fix", 1, "to_fix")),
    (states(**SEEN, predicted=5, annotated=5, untouched=5), [], ("annotate_rest", 5, "")),
    (states(**SEEN, predicted=5, annotated=10), [], ("export", 10, "")),
    (states(**SEEN, annotated=10), [], ("export", 10, "")),
])
def test_next_step__is_one_and_the_first_that_is_due(now: HomeStates, under_way: list[HomeWork],
                                                     step: tuple[str, int, str]) -> None:
    assert next_step(now, under_way) == step
