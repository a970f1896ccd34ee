"""How many images fit into one step of the model, by what the steps before have taken.

A person's click waits for the step in work. So, like SigLIP's batches, a step is as large as the time it has.
"""

from __future__ import annotations

ENCODER_PROMPTS = 9.0
FEW_TASKS = 8  # of a chunk of whose speed nothing is known, and of a slow model's: what it leaves is given back


class Pace:
    """What one image has cost this process: it is encoded once, then each of its prompts goes through the heads."""

    def __init__(self) -> None:
        self._prompt: float | None = None  # seconds of one prompt on one image, of which the encoder costs several
        self._image: float | None = None  # seconds of one image of the last step

    def images(self, prompts: int, seconds: float, most: int) -> int:
        """Return how many images with so many prompts each fit into `seconds`: one at least, `most` at most.

        One, too, as long as nothing was measured.
        """
        if self._prompt is None:
            return 1
        return max(1, min(most, int(seconds / (self._prompt * (ENCODER_PROMPTS + prompts)))))

    def tasks(self, seconds: float, most: int) -> int:
        """Return how many tasks a chunk of so many seconds takes: those that fit, `FEW_TASKS` at least, `most` at most.

        A fast model would be done with a few long before, and a chunk's end costs a dozen trips to the servers.
        """
        fitting = int(seconds / self._image) if self._image else 0
        return min(most, max(FEW_TASKS, fitting))

    def measured(self, images: int, prompts: int, seconds: float) -> None:
        """Learn from a step of `images` with `prompts` each, which took the model so many seconds."""
        self._image = max(seconds, 1e-9) / images
        self._prompt = self._image / (ENCODER_PROMPTS + prompts)


class Paces:
    """The pace of each checkpoint: a worker may have SAM 3 and detectors, which differ a hundredfold."""

    def __init__(self) -> None:
        self._of: dict[str, Pace] = {}
        self._last: dict[int, str] = {}

    def of(self, project_id: int, checkpoint: str) -> Pace:
        """Return the pace of the checkpoint that works for a project now."""
        self._last[project_id] = checkpoint
        return self._of.setdefault(checkpoint, Pace())

    def last(self, project_id: int) -> Pace:
        """Return the pace of what worked for the project last."""
        return self._of.get(self._last.get(project_id, ""), Pace())
