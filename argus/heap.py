"""What glibc keeps of freed memory for later; with another C library nothing is changed."""

from __future__ import annotations

import contextlib
import ctypes
import functools

_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE = 2**20  # bytes


@functools.cache
def return_large_blocks() -> None:
    """Have blocks of a mebibyte and more given back to the system when they are freed, from now on.

    By itself glibc comes to keep blocks of the sizes that it sees freed, up to 32 MiB, and cannot use those of one
    thread for another.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def trim() -> None:
    """Give free memory back to the system, also in the middle of the heap: after much was read, say."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
