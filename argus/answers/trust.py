"""Samples, judgements and certificates of verified acceptance."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer

Verdict = Literal["right", "wrong", "unsure"]


class Certificate(Answer):
    """What was proven of an acceptance, with all that is needed to prove it again (`argus trust check FILE`)."""

    format: Literal["argus certificate"]
    version: Literal[1]
    sentence: str
    """The only thing that is guaranteed."""
    project: int
    model_version: str
    sample: int
    listed_at: str
    """When the list of objects was fixed; the seed was drawn afterwards."""
    list_digest: str
    """SHA-256 of the sorted keys "task:object", a line each."""
    seed: str
    """Decides the order of the objects: they are sorted by the SHA-256 of seed, line feed and key."""
    target: float
    """Share of right objects to be shown."""
    confidence: float
    edges: list[float]
    """The threshold ladder from high to low, fixed with the list."""
    edge: float
    """The threshold that was accepted from, by the lowest score of a task."""
    objects: list[tuple[int, str, float]]
    """The list: task, object, and the lowest score of the task."""
    judgements: list[tuple[int, Verdict, str, str]]
    """Place in the drawn order from 0, verdict, by whom ("": not named), and when."""
    acceptances: list[int]
    accepted_tasks: list[int]
    accepted_objects: int
    judged: int
    """Objects from the threshold up, to the first in drawn order that nobody has judged."""
    wrong: int
    """Of those: judged wrong or unsure, or two verdicts that differ."""
    most_wrong: int
    """Wrong objects from the threshold up at most, those that were seen included."""
    least_right: float
    """Least share of right objects among those accepted."""
    issued_at: str
    digest: str
    """SHA-256 of all the rest as canonical JSON: keys sorted, no spaces, UTF-8. Not a signature."""
