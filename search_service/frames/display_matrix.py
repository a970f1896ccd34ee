"""How a player turns and mirrors a video's picture: the display matrix that containers and codecs carry.

The matrix is nine 32-bit numbers `a b u, c d v, x y w`; a point (x, y) of the stored picture is shown at
(a·x + c·y, b·x + d·y), y pointing down (ISO/IEC 14496-12, 8.5.2). The angle that FFmpeg makes of it comes from a and b
alone, which cannot tell a mirrored picture from a turned one.
"""

from __future__ import annotations

import math
import struct
from typing import cast

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from PIL import Image

_RIGHT = math.sin(math.radians(1))  # as FFmpeg: within one degree of a right angle it is one
_METHODS = {(-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT, (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
            (-1, 0, 0, -1): Image.Transpose.ROTATE_180, (0, 1, -1, 0): Image.Transpose.ROTATE_270,
            (0, -1, 1, 0): Image.Transpose.ROTATE_90, (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
            (0, -1, -1, 0): Image.Transpose.TRANSVERSE}


def as_shown(image: Image.Image, frame: VideoFrame) -> Image.Image:
    """Return a frame's picture turned and mirrored as the frame's display matrix says.

    A turn by anything but right angles keeps the picture's sides, with black corners.
    """
    a, b, c, d = _turn(frame)
    signs = tuple(0 if abs(value) < _RIGHT else round(value) for value in (a, b, c, d))
    if signs in ((1, 0, 0, 1), (0, 0, 0, 0)):
        return image
    if signs in _METHODS:
        return image.transpose(_METHODS[signs])
    return image.rotate(-math.degrees(math.atan2(b, a)), Image.Resampling.BILINEAR)


def _turn(frame: VideoFrame) -> tuple[float, float, float, float]:
    """Return a, b, c, d without their scale; (1, 0, 0, 1) when the frame has no matrix."""
    try:
        matrix = cast(SideDataContainer, frame.side_data)[Type.DISPLAYMATRIX]
    except KeyError:
        return 1.0, 0.0, 0.0, 1.0
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
    across, down = math.hypot(a, c) or 1.0, math.hypot(b, d) or 1.0
    return a / across, b / down, c / across, d / down
