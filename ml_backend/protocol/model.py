"""The model class of Label Studio's ML framework, without the model: a web process never loads torch.

`label_studio_ml.model` imports torch wherever it is installed (526 MB instead of 43, 2.7 s instead of 0.2), so it is
kept out while that module is imported. Only this module may import `label_studio_ml`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

from argus.errors import ArgusError
from argus.labelstudio.types import Task
from label_studio_config.projects import ProjectRow
from ml_backend.protocol.predict import Answer, Predictor


def _base_class() -> type:
    kept = sys.modules.get("torch")
    sys.modules["torch"] = None  # type: ignore[assignment]  # `import torch` is an ImportError for a moment
    try:
        base: type = importlib.import_module("label_studio_ml.model").LabelStudioMLBase
        return base
    finally:
        if kept is None:
            del sys.modules["torch"]
        else:
            sys.modules["torch"] = kept


LabelStudioMLBase = _base_class()


class Sam3Backend(LabelStudioMLBase):  # type: ignore[misc, valid-type]
    """SAM 3 for one project: made per request and cheap, since the model lives in a worker.

    Args:
        project: the project's row.
        predictor: shared by all requests.
    """

    def __init__(self, project: ProjectRow, predictor: Predictor) -> None:
        # The base would read the config with a parser of its own, which no one here uses; ours has been through it.
        super().__init__(label_config=None)
        self.label_config, self.project, self.predictor = project["label_config"], project, predictor

    @property
    def model_version(self) -> str:
        return str(self.project["model_version"])

    def predict(self, tasks: Sequence[Task], context: Any = None, **_: Any) -> list[Answer]:
        """Return one entry per task, in order.

        Raises:
            ArgusError: only with a context; without one, a task that fails is `[]`.
        """
        if context:
            if len(tasks) != 1:
                raise ArgusError("bad_request", "A smart tool works on one task at a time.")
            return [self.predictor.interact(self.project, tasks[0], context)]
        return self.predictor.answer(self.project, tasks)
