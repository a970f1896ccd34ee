"""Embeddings of texts, from the SigLIP worker or from this process's memory."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from argus import queue_names
from argus.jobs import queues
from search_service.vectors.store import Model, Vectors

SECONDS = 15.0  # that a worker is waited for: one that has just started is still loading its model

# Codes of errors that say that no worker gives embeddings now: who can do without goes on without.
UNAVAILABLE = frozenset({"worker_missing", "timeout", "busy", "not_ready", "queue_unreachable"})


class _TextCache:
    """The vectors of the last texts, so that paging and repeated queries need no worker."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, threading.Lock()
        self._kept: OrderedDict[tuple[int, str], Vectors] = OrderedDict()

    def get(self, model_id: int, texts: Sequence[str], encode: Callable[[list[str]], Any]) -> Vectors:
        with self._lock:
            known = {text: self._kept[model_id, text] for text in texts if (model_id, text) in self._kept}
        if missing := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= {text: np.asarray(vector, np.float32)
                      for text, vector in zip(missing, encode(missing), strict=True)}
        with self._lock:
            for text in texts:
                self._kept[model_id, text] = known[text]
                self._kept.move_to_end((model_id, text))
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


@functools.cache
def _texts() -> _TextCache:
    return _TextCache(2000)


def encode_texts(model: Model, texts: Sequence[str], seconds: float = SECONDS) -> Vectors:
    """Return float32 `(len(texts), dim)` of length 1.

    Args:
        seconds: that the worker is waited for.

    Raises:
        ArgusError: `worker_missing`, `timeout`, `busy`, `queue_unreachable`.
    """
    return _texts().get(model.id, texts, lambda missing: queues.call(
        queue_names.SIGLIP_NOW, "search_service.embedding.worker.encode_text", missing, model.id,
        deadline=seconds))
