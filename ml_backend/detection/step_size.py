"""How many images fit into one step of the model, by what the steps before have taken.

A person's click waits for the step in work. So, like SigLIP's batches, a step is as large as the time it has.
"""

from __future__ import annotations

ENCODER_PROMPTS = 9.0


class Pace:
    """What one image has cost this process: it is encoded once, then each of its prompts goes through the heads."""

    def __init__(self) -> None:
        self._prompt: float | None = None  # seconds of one prompt on one image, of which the encoder costs several

    def images(self, prompts: int, seconds: float, most: int) -> int:
        """Return how many images with so many prompts each fit into `seconds`: one at least, `most` at most.

        One, too, as long as nothing was measured.
        """
        if self._prompt is None:
            return 1
        return max(1, min(most, int(seconds / (self._prompt * (ENCODER_PROMPTS + prompts)))))

    def measured(self, images: int, prompts: int, seconds: float) -> None:
        """Learn from a step of `images` with `prompts` each, which took the model so many seconds."""
        self._prompt = max(seconds, 1e-9) / (images * (ENCODER_PROMPTS + prompts))
