"""Small pictures of large images, in a bounded memory: what the web processes decode, they decode here.

Decoded, an image of the largest allowed size fills half a gigabyte. A process has so much memory for all images that it
decodes at the same time; each says beforehand what it will need, and waits, is refused, or is told to come again.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from PIL import Image

from argus import heap
from argus.errors import ArgusError
from argus.images.fetcher import open_image, to_rgb
from argus.images.files import OpenedFile, grey
from argus.settings import get_settings

PATIENCE, WAITERS, AGAIN = 5.0, 8, 2  # seconds one waits; how many may wait (each holds a thread); "come again" seconds
FETCHES = 4  # files that come from elsewhere at the same time: a slow server must not hold every thread
SMALL = 8 * 2**20  # bytes: a picture of a usual JPEG
TILE = 1024  # pixels of a side that are turned into RGB at a time
# Bytes a pixel that decoders of these formats hold beside, or before, the image itself. Measured, and rounded up.
_BESIDE = {"WEBP": 13.0, "AVIF": 10.0, "JPEG2000": 17.0, "TIFF": 8.0}
_GREY = 12.0  # bytes a pixel while numbers of more than 8 bits become greys
_NARROW = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}  # other modes: 4 bytes a pixel

Size = tuple[int, int]
Box = tuple[int, int, int, int]
# Of an image's orientation: how it is turned upright, and where a box of the upright image lies in the stored one,
# both given by their corners as (x0, y0, x1, y1) with the upright image's width and height.
_UPRIGHT: dict[int, tuple[Image.Transpose, Callable[[Box, int, int], Box]]] = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, lambda b, w, h: (w - b[2], b[1], w - b[0], b[3])),
    3: (Image.Transpose.ROTATE_180, lambda b, w, h: (w - b[2], h - b[3], w - b[0], h - b[1])),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, lambda b, w, h: (b[0], h - b[3], b[2], h - b[1])),
    5: (Image.Transpose.TRANSPOSE, lambda b, w, h: (b[1], b[0], b[3], b[2])),
    6: (Image.Transpose.ROTATE_270, lambda b, w, h: (b[1], w - b[2], b[3], w - b[0])),
    7: (Image.Transpose.TRANSVERSE, lambda b, w, h: (h - b[3], w - b[2], h - b[1], w - b[0])),
    8: (Image.Transpose.ROTATE_90, lambda b, w, h: (h - b[3], b[0], h - b[1], b[2])),
}


class Budget:
    """Bytes that may be in use at the same time. First come, first served, so that a large one gets its turn.

    Args:
        total: bytes.
        patience: seconds that one waits for its turn.
        waiters: how many may wait.
        small: so much is given at once while it is free, whoever waits for more.
    """

    def __init__(self, total: int, patience: float = PATIENCE, waiters: int = WAITERS, small: int = 0) -> None:
        self.total, self.free = total, total
        self._patience, self._waiters, self._small = patience, waiters, small
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, size: int, held: int = 0) -> Iterator[None]:
        """Take `size` bytes for as long as the block lasts.

        Args:
            held: bytes that the caller has taken already.

        Raises:
            ArgusError: `image_too_large` when so much is never free; `busy` when it was not free in time.
        """
        if size + held > self.total:
            raise ArgusError("image_too_large", f"Decoding the image takes {(size + held) / 2**20:.0f} MiB of memory, "
                             f"and there are {self.total / 2**20:.0f} for all images together.",
                             "Store it smaller or as a plain JPEG or PNG, or raise ARGUS_PICTURE_MEMORY_MB.")
        self._take(size)
        try:
            yield
        finally:
            with self._changed:
                self.free += size
                self._changed.notify_all()

    def _take(self, size: int) -> None:
        ticket = object()
        with self._changed:
            if size <= self._small and size <= self.free:
                self.free -= size
                return
            if len(self._queue) >= self._waiters:
                raise _busy()
            self._queue.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._queue[0] is ticket and self.free >= size, self._patience):
                    raise _busy()
                self.free -= size
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()


def _busy() -> ArgusError:
    return ArgusError("busy", "Too many large images are being processed at the same time.",
                      f"Try again in {AGAIN} s. If this persists, raise ARGUS_PICTURE_MEMORY_MB.", retry_after=AGAIN)


@functools.cache
def get_budget() -> Budget:
    """Return this process's budget. What images took is given back when they are freed: Pillow's blocks of 16 MiB would
    be kept by the thread that decoded."""
    heap.return_large_blocks()
    return Budget(get_settings().picture_memory_mb * 2**20, small=SMALL)


@functools.cache
def _fetches() -> Budget:
    return Budget(FETCHES)


@contextlib.contextmanager
def fetching() -> Iterator[None]:
    """Hold what fetching one image file from elsewhere may take, in pieces and as a whole. Raises `busy`."""
    with _fetches().hold(1), get_budget().hold(min(2 * get_settings().max_image_bytes, get_budget().total)):
        yield


@dataclass(frozen=True)
class _Plan:
    """Which part of the stored image is wanted, in its pixels, how it is turned, and the picture's size before that."""

    box: Box
    turn: Image.Transpose | None
    scale: float
    size: Size


def picture_part(source: bytes | IO[bytes], side: int, box: Callable[[Size], Box] | None = None,
                 enlarge: float = 1.0, by_area: bool = False) -> Image.Image:
    """Return an image, or a part of it, as a person sees it: RGB and upright, its longest side at most `side` pixels.

    Beside the decoded image itself, of a JPEG only as much as is needed, this takes memory for the small picture only.

    Args:
        source: the image file; opened from a disk, its bytes need no memory.
        box: returns the part's corners in pixels of the upright image of this (width, height); None: all of it.
        enlarge: how many times larger a small part may become.
        by_area: it has at most `side` × `side` pixels, whatever its shape.

    Raises:
        ArgusError: as `open_image`; `busy` when the process's memory for pictures is in use, `image_too_large` when it
            would never do.
    """
    # The file is read before its pixels' memory is known, and once more without its metadata.
    held = 2 * _file_bytes(source)

    def make(opened: OpenedFile) -> Image.Image:
        image, full = opened.image, opened.image.size
        plan = _plan(opened, side, box, enlarge, by_area)
        draft = None
        if plan.scale < 0.5:
            draft = (math.ceil(full[0] * 2 * plan.scale), math.ceil(full[1] * 2 * plan.scale))
            image.draft("RGB", draft)
        with get_budget().hold(decode_bytes(opened, full) + 32 * side * side, held=held):
            stored = opened.load(draft)
            try:
                return _made(stored, plan, full[0] / stored.width)
            finally:
                stored.close()  # whoever still knows it must not keep its pixels

    with get_budget().hold(held):
        return open_image(source, work=make)


def _plan(opened: OpenedFile, side: int, box: Callable[[Size], Box] | None, enlarge: float, by_area: bool) -> _Plan:
    width, height = opened.size
    part = box((width, height)) if box else (0, 0, width, height)
    across, down = part[2] - part[0], part[3] - part[1]
    turn, stored_of = _UPRIGHT.get(opened.orientation, (None, lambda given, *_: given))
    scale = min(side / (math.sqrt(across * down) if by_area else max(across, down)), enlarge)
    return _Plan(stored_of(part, width, height), turn, scale,
                 (max(1, round(across * scale)), max(1, round(down * scale))))


def _made(image: Image.Image, plan: _Plan, less: float) -> Image.Image:
    """Return the planned picture.

    Args:
        image: decoded at one `less`-th of the sides that the plan was made for.
    """
    if image.mode.startswith(("I", "F")):  # how numbers become greys depends on all of them
        image = grey(image)
    box = (int(plan.box[0] / less), int(plan.box[1] / less), min(image.width, math.ceil(plan.box[2] / less)),
           min(image.height, math.ceil(plan.box[3] / less)))
    small = _shrunk(image, box, max(1, int(1 / (2 * plan.scale * less))))
    if plan.turn is not None:
        small = small.transpose(plan.turn)
    return small.resize(plan.size, Image.Resampling.LANCZOS)


def _shrunk(image: Image.Image, box: Box, factor: int) -> Image.Image:
    """Return the box at one `factor`-th of its sides, RGB, tile by tile: no second copy of the image is made."""
    left, top, right, bottom = box
    small = Image.new("RGB", (-(-(right - left) // factor), -(-(bottom - top) // factor)))
    step = factor * max(1, TILE // factor)
    for y in range(top, bottom, step):
        for x in range(left, right, step):
            tile = to_rgb(image.crop((x, y, min(x + step, right), min(y + step, bottom))))
            small.paste(tile.reduce(factor), ((x - left) // factor, (y - top) // factor))
    return small


def _file_bytes(source: bytes | IO[bytes]) -> int:
    """Return the size of the file. It stays where it was, at its beginning."""
    if isinstance(source, bytes):
        return len(source)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    return size


def decode_bytes(opened: OpenedFile, full: Size) -> int:
    """Return the bytes that decoding an opened file takes at most; its pixels are not read yet.

    Args:
        full: the stored image's (width, height) before `draft`.
    """
    image = opened.image
    pixels = image.width * image.height
    need = pixels * 1.05 * _NARROW.get(image.mode, 4) + pixels * _BESIDE.get(image.format or "", 0.0)
    if image.mode.startswith(("I", "F")):
        need += pixels * _GREY
    if "progressive" in image.info:  # libjpeg holds every coefficient, 2 bytes each, at the full size
        layers = [(across, down) for _, across, down, _ in getattr(image, "layer", [])] or [(1, 1)] * 4
        most = max(across for across, _ in layers) * max(down for _, down in layers)
        need += 2.1 * full[0] * full[1] * sum(across * down for across, down in layers) / most
    return int(need) * (4 if opened.cut else 1)  # one whose end is missing is decoded twice, and compared
