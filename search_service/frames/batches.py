"""Frames on their way to Label Studio: one batch is sent while the next one is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from argus import trace
from search_service.frames.cutting import Cut
from search_service.frames.sending import BATCH_BYTES, BATCH_FILES

Send = Callable[[Sequence[Cut]], list[int]]
Told = Callable[[int, Sequence[int]], None]


class Batches:
    """A context for the frames of one import; at its end no batch is under way any more.

    Args:
        send: makes tasks of frames, each with its file, and returns their ids.
        told: called with how many frames became tasks, and the ids of these as far as Label Studio tells them, before
            the next batch begins; what it raises ends the import.
        first: files of the first batch, where somebody waits to see what comes.
    """

    def __init__(self, send: Send, told: Told, first: int) -> None:
        self._send, self._told, self._files = send, told, min(first, BATCH_FILES)
        self._held: list[Cut] = []
        self._bytes = 0
        self._under_way: Future[tuple[int, list[int]]] | None = None

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "send")
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def add(self, one: Cut) -> None:
        """Take a frame. Raises what sending an earlier one raised."""
        if one.jpeg is not None:
            self._held.append(one)
            self._bytes += len(one.jpeg)
        if self._under_way and self._under_way.done():
            self._tell()
        if len(self._held) >= self._files or self._bytes >= BATCH_BYTES:
            self._next()

    def rest(self) -> None:
        """Send what is held, and wait for it. Raises what sending raised."""
        self._next()
        self._tell()

    def _next(self) -> None:
        """Begin to send what is held, after the batch before it."""
        self._tell()
        if self._held:
            self._under_way = self._thread.submit(trace.carried(self._sending), self._held)
            self._held, self._bytes, self._files = [], 0, BATCH_FILES

    def _tell(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way:
            self._told(*under_way.result())

    def _sending(self, batch: Sequence[Cut]) -> tuple[int, list[int]]:
        return len(batch), self._send(batch)
