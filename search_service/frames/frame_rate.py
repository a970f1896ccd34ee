"""The rate at which frames of a video are taken."""

from __future__ import annotations

from fractions import Fraction

from argus.errors import ArgusError

MAX_FPS = 240


def parse_fps(fps: float | str) -> Fraction:
    """Return the rate as a fraction. Raises `bad_request` unless it lies above 0 and up to 240."""
    try:
        rate = Fraction(str(fps).strip())
    except (ValueError, ZeroDivisionError) as error:
        raise ArgusError("bad_request", f"“{fps}” is not a frame rate.",
                         "Give a number or a fraction, like 1, 0.5 or 1/5.") from error
    if not 0 < rate <= MAX_FPS:
        raise ArgusError("bad_request", f"The frame rate must lie above 0 and up to {MAX_FPS}, not {fps}.")
    return rate
