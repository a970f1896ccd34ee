"""The product's own worker, which kills itself with SIGKILL at a named point. The product knows nothing of it.

`python dying_worker.py ROLE POINT TIMES FOLDER`: the process dies when it reaches POINT, until TIMES processes have.
Each death leaves a file in FOLDER. With TIMES 0 nothing dies, and whoever started it may kill it. POINT `every`: each
process dies at the next point of its role, until TIMES have died at each. POINT `slow`: the model takes 0.1 s an image
longer, and nothing dies. Every step of the model leaves a file in the folder `computed` beside FOLDER, named
`process-step-images`.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argus_cli.commands.worker import worker as run_worker

Change = Callable[[Callable[[], None]], None]


def before(module: Any, name: str, only: str = "") -> Change:
    """Die when `module.name` is called (with `only` in its arguments)."""
    def change(die: Callable[[], None]) -> None:
        real = getattr(module, name)

        @functools.wraps(real)
        def replaced(*args: Any, **options: Any) -> Any:
            if only in str(args[:3]):
                die()
            return real(*args, **options)

        setattr(module, name, replaced)
    return change


def after(module: Any, name: str, only: str = "") -> Change:
    """Die when `module.name` has done its work."""
    def change(die: Callable[[], None]) -> None:
        real = getattr(module, name)

        @functools.wraps(real)
        def replaced(*args: Any, **options: Any) -> Any:
            result = real(*args, **options)
            if only in str(args[:3]):
                die()
            return result

        setattr(module, name, replaced)
    return change


def points(role: str) -> dict[str, Change]:
    """Return where a worker of this role can die, in the order in which a task passes."""
    if role == "sam3":
        from ml_backend.detection import store
        from ml_backend.runs import scheduling, task_states
        from ml_backend.sam3_worker import detect_jobs

        return {"before compute": before(detect_jobs, "detect_tasks"),
                "seen by the model, not stored": before(store, "store"),
                "computed, not recorded": before(task_states, "finish_chunk"),
                "recorded, no push asked for": before(scheduling, "enqueue_after_chunk"),
                "chunk finished, not acknowledged": after(detect_jobs, "detect_next")}
    from argus.labelstudio import LabelStudio
    from ml_backend.predictions import jobs as predictions_jobs

    return {"claimed, not sent": before(LabelStudio, "post", "import/predictions"),
            "pushed, not recorded": after(LabelStudio, "post", "import/predictions"),
            "push recorded, not acknowledged": after(predictions_jobs, "push_next")}


def count_images(folder: Path, pause: float) -> None:
    """Leave a note of every step of the model, before it is made: a process that dies in it has looked all the same.
    Each step takes `pause` seconds an image longer."""
    from ml_backend.engines.transformers_engine import TransformersEngine

    detect, steps = TransformersEngine.detect, itertools.count()
    folder.mkdir(exist_ok=True)

    def detect_and_count(engine: TransformersEngine, images: Any, concepts: Any) -> Any:
        (folder / f"{os.getpid()}-{next(steps)}-{len(images)}").touch()
        time.sleep(pause * len(images))
        return detect(engine, images, concepts)

    TransformersEngine.detect = detect_and_count  # type: ignore[method-assign]


def main() -> int:
    role, point, times, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])

    def die() -> None:
        (folder / f"{point}, {os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    dead, names = len(list(folder.iterdir())), list(points(role))
    if point == "every":
        point, times = names[dead % len(names)], times * len(names)
    if dead < times:
        points(role)[point](die)
    if role == "sam3":
        count_images(folder.parent / "computed", 0.1 if point == "slow" else 0)
    run_worker([role])
    return 0


if __name__ == "__main__":
    sys.exit(main())
