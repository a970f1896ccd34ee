"""An object's part of a task's image, made small and kept on disk."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

from argus.errors import ArgusError
from argus.images.memory import picture_part
from argus.settings import get_settings
from search_service.pictures import thumbnails


def crop(task_id: int, box: Sequence[float], size: int, margin: float) -> tuple[bytes, str]:
    """Return a JPEG of the box with what is around it, and a tag that changes with it.

    Args:
        box: x0, y0, x1, y1 as fractions of the image's sides.
        size: pixels of the longest side at most; a small object is enlarged up to four times.
        margin: what to show around the box, as a fraction of its longer side.

    Raises:
        ArgusError: `unknown_task`, `busy` (too many at the same time), and whatever is wrong with the image.
    """
    place = ",".join(f"{v:.5f}" for v in box)
    task = thumbnails.task_image(task_id)
    key = thumbnails.key(task)
    tag = hashlib.sha256(f"crop {key} {place} {size} {margin}".encode()).hexdigest()[:32]
    path = get_settings().home / "thumbnails" / tag[:2] / f"{tag}.jpg"
    try:
        return path.read_bytes(), tag
    except OSError:
        pass
    with thumbnails.open_file(task) as file:
        part = picture_part(file, size, lambda whole: _pixels(box, margin, *whole), enlarge=4.0)
    buffer = io.BytesIO()
    part.save(buffer, "JPEG", quality=85)
    thumbnails.keep(path, buffer.getvalue())
    return buffer.getvalue(), tag


def _pixels(box: Sequence[float], margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the crop's corners in pixels, inside the image and at least one pixel wide."""
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    more = margin * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - more)), max(0, int(y0 - more))
    return left, top, max(left + 1, min(width, round(x1 + more))), max(top + 1, min(height, round(y1 + more)))


def corners(text: str) -> list[float]:
    """Return `x0,y0,x1,y1` as numbers. Raises `bad_request` when they are no box inside the image."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ArgusError("bad_request", "box must be four numbers: x0,y0,x1,y1.") from error
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ArgusError("bad_request", "box must lie inside the image: 0 ≤ x0 < x1 ≤ 1 and 0 ≤ y0 < y1 ≤ 1.")
    return [x0, y0, x1, y1]
