"""Opening and decoding of image files by Pillow, as Chromium shows them."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile
from rq.timeouts import BaseTimeoutException

from argus.errors import ArgusError
from argus.images import metadata

# What cameras and browsers make. Pillow reads dozens more; EPS, for one, by starting a PostScript interpreter on it.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM")
_JPEG_END = b"\xff\xd9"
_NOISE = b"\x5a\x93\x2c\xe1" * 4096  # reads as pixels, if there are any to be read
_TRANSPOSE = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
              5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
              8: Image.Transpose.ROTATE_90}
_TIFF_KINDS = "8 and 16 bits, 32-bit floats, and 32-bit integers with the lowest byte first"
_PHOTOMETRIC, _SAMPLE_FORMAT = 262, 339  # tags of a TIFF
# A picture's size is held against our own setting (`open_image`), which may lie above Pillow's.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class OpenedFile:
    """An image whose pixels are not read yet.

    Attributes:
        image: as it is stored.
        orientation: how it is turned when it is shown: 1-8, as in EXIF.
        plain: the file without its metadata.
        cut: whether it is a JPEG whose end is missing.
    """

    image: Image.Image
    orientation: int
    plain: bytes
    cut: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image as it is shown."""
        return (self.image.height, self.image.width) if self.orientation > 4 else self.image.size

    def decode(self, max_side: int | None = None) -> Image.Image:
        """Return the image as it is shown. See `argus.images.fetcher.open_image`. Raises as `load`."""
        image = self.load((max_side, max_side) if max_side else None)
        return image.transpose(_TRANSPOSE[self.orientation]) if self.orientation > 1 else image

    def load(self, least: tuple[int, int] | None = None) -> Image.Image:
        """Return the image as it is stored, decoded; of a JPEG only as much as one of these sides needs.

        Raises:
            Exception: whatever Pillow raises on a damaged file; OSError when a part of the picture is missing.
        """
        image = self.image
        try:
            _load(image, least)
        except OSError:
            if image.format != "PNG":
                raise
            image = _load(_open(metadata.without_checksum(self.plain)), None)
        # What stands behind a picture changes nothing in it when the picture is whole.
        if self.cut and image.tobytes() != _load(_open(self.plain + _NOISE + _JPEG_END), least).tobytes():
            raise OSError("the file is cut off, and a part of the picture is missing")
        return image


def open_file(data: bytes) -> OpenedFile:
    """Open an image file.

    Raises:
        Exception: whatever Pillow raises on a file that is none of `FORMATS`, or is damaged.
    """
    plain, orientation = metadata.without_metadata(data)
    cut = plain[:2] == metadata.JPEG and _JPEG_END not in plain
    try:
        image = _open(plain + _JPEG_END if cut else plain)
    except UnidentifiedImageError:
        if plain[:4] in metadata.TIFF:
            raise ValueError(f"this TIFF's sample format is not supported, only {_TIFF_KINDS} are") from None
        raise
    for key in ("xmp", "XML:com.adobe.xmp"):  # Pillow would turn a TIFF or an AVIF by it
        image.info.pop(key, None)
    if image.format == "AVIF":  # Pillow writes what irot and imir say into the EXIF that was taken away
        orientation = int(image.getexif().get(metadata.ORIENTATION, 1))
    return OpenedFile(image, orientation, plain, cut)


def count_pictures(path: Path) -> int:
    """Return how many pictures an image file of any kind holds; 0 when it is no image. No pixel is decoded."""
    with contextlib.suppress(Exception), Image.open(path) as image:
        with contextlib.suppress(Exception):  # a damaged one is an image all the same
            return int(getattr(image, "n_frames", 1))
        return 1
    return 0


def grey(image: Image.Image) -> Image.Image:
    """Return an image of more than 8 bits a pixel (mode I or F, of whatever kind) in 256 greys.

    16 bits without a sign: of 65,536 levels, each 256 are one. Numbers from 0 to 1: from black to white. All others
    have no agreed white: from the smallest to the largest that is there. What is not a number is like the smallest.

    Raises:
        ValueError: there is no number in it.
    """
    values = np.asarray(image)
    if values.dtype.itemsize == 2 or not isinstance(image, TiffImageFile):  # Pillow reads a PPM's 16 bits into 32
        levels = (values >> 8).astype(np.uint8)
    else:
        if image.mode == "I" and _tag(image, _SAMPLE_FORMAT, 1) == 1:
            values = values.view(np.uint32)
        levels = _stretched(values, unit=image.mode == "F")
    if _tag(image, _PHOTOMETRIC, 1) == 0:  # white is zero
        levels = 255 - levels
    found = Image.fromarray(levels)
    if "transparency" in image.info:
        shown = np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)
        found.putalpha(Image.fromarray(shown))
    return found


def _stretched(values: NDArray[np.generic], *, unit: bool) -> NDArray[np.uint8]:
    """Return numbers as greys 0-255. With `unit`, numbers that all lie in 0..1 go from black to white as they are."""
    there = values[np.isfinite(values)]
    if not there.size:
        raise ValueError("no pixel of it is a number")
    low, high = float(there.min()), float(there.max())
    if unit and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    scale = 255 / (high - low) if high > low else 0.0
    levels = np.zeros(values.shape, np.uint8)
    for row, numbers in enumerate(values):  # one by one: as float64 the whole would take eight times its pixels
        levels[row] = np.rint((np.where(np.isfinite(numbers), numbers, low) - low) * scale)
    return levels


def _tag(image: Image.Image, tag: int, default: int) -> int:
    """Return the first number of a tag of a TIFF; `default` for other files."""
    found = image.tag_v2.get(tag, default) if isinstance(image, TiffImageFile) else default
    return int(found[0] if isinstance(found, tuple) else found)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _load(image: Image.Image, least: tuple[int, int] | None) -> Image.Image:
    if least:
        image.draft("RGB", least)
    image.load()
    return image


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Tell whatever a decoder raises on a damaged file as `bad_image`: Pillow lets many kinds of errors out."""
    hint = "Replace the file, or delete the task."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata, most of all
            yield
    except (ArgusError, BaseTimeoutException, MemoryError):
        raise
    except UnidentifiedImageError as error:  # which says the address of our buffer, and nothing else
        raise ArgusError("bad_image", "This file is not an image Argus can read. Supported: "
                         f"{', '.join(FORMATS)}.", f"Is it a video? Import its frames instead. {hint}") from error
    except Exception as error:
        said = str(error) if isinstance(error, OSError | ValueError | SyntaxError) else type(error).__name__
        raise ArgusError("bad_image", f"This is not a readable image: {said}.", hint) from error
