"""Frames go to Label Studio in batches, one while the next is cut: each once, in order, and none after an error."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from search_service.frames.batches import Batches
from search_service.frames.cutting import Cut


def frame(number: int, size: int = 1) -> Cut:
    return Cut(number, float(number), True, b"x" * size)


class Receiver:
    """Takes batches as Label Studio does; `open` lets them through, `told` is what the import hears."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.batches: list[list[int]] = []
        self.told: list[tuple[int, list[int]]] = []

    def take(self, batch: Sequence[Cut]) -> list[int]:
        assert self.open.wait(30)
        self.batches.append([one.number for one in batch])
        return [100 + one.number for one in batch]

    def hear(self, frames: int, tasks: Sequence[int]) -> None:
        self.told.append((frames, list(tasks)))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_each_frame_is_sent_once_and_in_order(receiver: Receiver) -> None:
    with Batches(receiver.take, receiver.hear, 8) as batches:
        for number in range(130):
            batches.add(frame(number))
        batches.rest()
    assert [len(batch) for batch in receiver.batches] == [8, 50, 50, 22]
    assert [number for batch in receiver.batches for number in batch] == list(range(130))
    assert receiver.told == [(len(batch), [100 + number for number in batch]) for batch in receiver.batches]


def test_the_next_frames_are_cut_while_a_batch_is_sent(receiver: Receiver) -> None:
    receiver.open.clear()
    with Batches(receiver.take, receiver.hear, 3) as batches:
        for number in range(20):
            batches.add(frame(number))  # none of these waits
        assert (receiver.batches, receiver.told) == ([], [])
        receiver.open.set()
        batches.rest()
    assert receiver.batches == [[0, 1, 2], list(range(3, 20))]


def test_large_files_make_a_batch_before_fifty(receiver: Receiver) -> None:
    with Batches(receiver.take, receiver.hear, 50) as batches:
        for number in range(5):
            batches.add(frame(number, 16 * 2**20))
        batches.rest()
    assert receiver.batches == [[0, 1], [2, 3], [4]]


def test_frames_that_are_tasks_already_are_not_sent(receiver: Receiver) -> None:
    with Batches(receiver.take, receiver.hear, 50) as batches:
        for number in range(4):
            batches.add(Cut(number, float(number), True, None))
        batches.rest()
    assert (receiver.batches, receiver.told) == ([], [])


def test_what_sending_raised_is_raised_and_nothing_is_sent_after_it(receiver: Receiver) -> None:
    sent = []

    def refused(batch: Sequence[Cut]) -> list[int]:
        sent.append(len(batch))
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"), Batches(refused, receiver.hear, 2) as batches:
        for number in range(200):
            batches.add(frame(number))
        batches.rest()
    assert (sent, receiver.told) == ([2], [])


def test_nothing_is_sent_once_the_import_was_cancelled(receiver: Receiver) -> None:
    def cancelled(frames: int, tasks: Sequence[int]) -> None:
        raise RuntimeError("cancelled")

    with pytest.raises(RuntimeError, match="cancelled"), Batches(receiver.take, cancelled, 2) as batches:
        for number in range(200):
            batches.add(frame(number))
        batches.rest()
    assert receiver.batches == [[0, 1]]


def test_a_batch_under_way_is_finished_when_cutting_fails(receiver: Receiver) -> None:
    with pytest.raises(RuntimeError), Batches(receiver.take, receiver.hear, 2) as batches:
        batches.add(frame(0))
        batches.add(frame(1))
        raise RuntimeError
    assert receiver.batches == [[0, 1]]
