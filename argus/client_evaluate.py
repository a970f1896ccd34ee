"""The part of the client that judges predictions: `Argus(…).evaluate`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from argus.answers.evaluation import Evaluation, EvaluationJob, EvaluationResult, Split
from argus.errors import ArgusError


class Evaluate:
    """`argus.evaluate(7)` judges a model version's predictions by people's annotations."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def __call__(self, project: int, model_version: str = "", *, on: Split = "test", against: str = "",
                 splits: str = "", min_score: float = 0.25, only_predicted: bool = False,
                 limit: int = 50, seconds: float = 3600.0) -> Evaluation:
        """Judge a model version, the project's own when none is named, on a split; see the operation. The service
        computes it in the background, and it is waited for. Raises `ArgusError`, as the methods of `Argus` do, and
        `timeout`."""
        asked = {"model_version": model_version, "on": on, "against": against, "splits": splits,
                 "min_score": min_score, "only_predicted": only_predicted, "limit": limit}
        made: EvaluationJob = self._send(EvaluationJob, "POST", f"/projects/{project}/evaluations", asked)
        path, deadline = f"/projects/{project}/evaluations/{made.id}", time.monotonic() + seconds
        while True:
            now: EvaluationResult = self._send(EvaluationResult, "GET", path)
            if now.result:
                return now.result
            if now.state in ("failed", "cancelled"):
                said = now.error
                raise ArgusError(said.code, said.message, said.hint, **said.details) if said else \
                    ArgusError("conflict", "The evaluation was cancelled.")
            if time.monotonic() > deadline:
                raise ArgusError("timeout", f"The evaluation has not ended within {seconds:g} s.")
            time.sleep(1.0)
