"""What SAM 3 does not read of a prompt: it takes 32 tokens, and whatever stands behind them changes nothing.

Only the worker has the tokenizer. A text of few bytes fits for certain, so it is hardly ever asked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from argus import queue_names
from argus.answers.runs import Unread
from argus.errors import ArgusError
from argus.jobs import queues
from argus.settings import get_settings
from argus.typed_text import maybe_longer
from label_studio_config.recipe import checkpoint_identity

TOKENS = 32
_SECONDS = 3.0  # a person waits


def unread(prompts: Iterable[str]) -> list[Unread]:
    """Return the prompts that are longer than the model reads."""
    long = tuple(dict.fromkeys(prompt for prompt in prompts if maybe_longer(prompt, TOKENS)))
    if not long:
        return []
    try:
        if not queues.workers_of(queue_names.SAM3_NOW):
            raise ArgusError("worker_missing", "No SAM 3 worker is running.")
        ends = _ask(checkpoint_identity(get_settings()), long)
    except ArgusError:  # a hint beside the answer: nothing waits for it
        return [Unread(prompt=prompt, unread=None) for prompt in long]
    return [Unread(prompt=prompt, unread=end) for prompt, end in zip(long, ends, strict=True) if end]


@functools.lru_cache(maxsize=256)
def _ask(checkpoint: str, prompts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(queues.call(queue_names.SAM3_NOW, "ml_backend.sam3_worker.detect_jobs.unread_prompts", list(prompts),
                             deadline=_SECONDS))


def warnings(prompts: Iterable[str]) -> list[str]:
    """Return a sentence for each prompt that is longer than the model reads."""
    return [sentence(one) for one in unread(prompts)]


def sentence(one: Unread) -> str:
    """Return what is told of an entry of `unread`."""
    if one.unread is None:
        return (f"SAM 3 reads the first {TOKENS} tokens of a prompt. Whether “{one.prompt}” has more is not known: "
                "no SAM 3 worker answered.")
    return (f"SAM 3 reads the first {TOKENS} tokens of a prompt: of “{one.prompt}” it does not read "
            f"“{one.unread}”. Use a shorter prompt.")
