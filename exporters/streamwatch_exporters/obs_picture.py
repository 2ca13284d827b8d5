"""A small grey picture of the program of OBS: how bright it is, and how much it differs from the one before.

OBS writes PGM by itself, which is its width, its height and one byte for each pixel: no library is needed.
"""

import base64
import re
from typing import Any

from streamwatch_exporters.obs_websocket import Data

_WIDTH, _HEIGHT = 64, 36
PICTURE: Data = {"imageFormat": "pgm", "imageWidth": _WIDTH, "imageHeight": _HEIGHT}
_HEADER = re.compile(rb"P5\s+64\s+36\s+255\s")


def read_picture(data: Data) -> bytes | None:
    """The pixels, or None: OBS refused, or sent something else."""
    image: Any = data.get("imageData")
    if not isinstance(image, str) or len(image) > 3 * _WIDTH * _HEIGHT:
        return None
    try:
        content = base64.b64decode(image.partition(",")[2], validate=True)
    except ValueError:
        return None
    header = _HEADER.match(content)
    pixels = content[header.end() :] if header else b""
    return pixels if len(pixels) == _WIDTH * _HEIGHT else None


def luma(pixels: bytes) -> float:
    """Mean brightness, 0 black to 1 white."""
    return sum(pixels) / len(pixels) / 255


def difference(pixels: bytes, before: bytes) -> float:
    """Mean change of a pixel, 0 the same to 1 all black turned white."""
    return sum(abs(a - b) for a, b in zip(pixels, before, strict=True)) / len(pixels) / 255
