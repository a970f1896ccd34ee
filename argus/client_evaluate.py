"""The part of the client that judges predictions: `Argus(…).evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus.answers.evaluation import Evaluation, Split

_SECONDS = 600.0  # thousands of images are read and matched before the service answers


class Evaluate:
    """`argus.evaluate(7)` judges a model version's predictions by people's annotations."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def __call__(self, project: int, model_version: str = "", *, on: Split = "test", against: str = "",
                 splits: str = "", min_score: float = 0.25, only_predicted: bool = False,
                 limit: int = 50) -> Evaluation:
        """Judge a model version, the project's own when none is named, on a split; see the operation. Raises
        `ArgusError`, as the methods of `Argus` do."""
        asked = {"model_version": model_version, "on": on, "against": against, "splits": splits,
                 "min_score": min_score, "only_predicted": only_predicted, "limit": limit}
        found: Evaluation = self._send(Evaluation, "GET", f"/projects/{project}/evaluation", params=asked,
                                       timeout=_SECONDS)
        return found
