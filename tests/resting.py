"""Workers that earlier tests started, and that would have a hand in what a test does itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from argus_cli.stack.stack import Stack

WORKERS = ("siglip-worker", "sam3-worker", "worker")


@contextmanager
def resting(stack: Stack, *names: str) -> Iterator[None]:
    """Stop these workers, where they run, until the block ends."""
    stopped = [name for name in names if stack.alive().get(name)]
    for name in stopped:
        stack.stop(name)
    try:
        yield
    finally:
        for name in stopped:
            stack.start(name)


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """Let a worker do nothing until the block ends, as one does that takes longer than anybody waits."""
    os.kill(stack.pid(name), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.pid(name), signal.SIGCONT)
