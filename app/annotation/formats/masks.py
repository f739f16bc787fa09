"""The outlines of masks: COCO's run lengths and labelme's little PNG files."""

from __future__ import annotations

import base64
import binascii
import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.annotation.formats.sheet import Ring
from app.common.words import text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_MASK = 200_000_000  # pixels; beyond it a file wants to fill the memory


def rle_rings(raw: dict[str, Any]) -> tuple[Ring, ...]:
    """The outlines of a mask in COCO's run lengths, plain or packed, in pixels of the photo.

    Runs go down the columns, the first one is background. Source: the format's description in the COCO API.

    Raises:
        ValueError: for run lengths that do not fill the mask.
    """
    import numpy as np

    size, counts = raw.get("size"), raw.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(type(v) is int and v > 0 for v in size)):
        raise ValueError(text("formats.bad_mask"))
    height, width = size
    if height * width > LARGEST_MASK:
        raise ValueError(text("formats.bad_mask"))
    runs = _unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(v) is int and v >= 0 for v in runs) or sum(runs) != height * width:
        raise ValueError(text("formats.bad_mask"))
    ends = np.cumsum(np.asarray(runs, np.int64))
    starts, stops = ends[:-1:2], ends[1::2]  # of the foreground
    filled = stops > starts
    if not filled.any():
        return ()
    starts, stops = starts[filled], stops[filled]
    left, right = int(starts[0]) // height, int(stops[-1] - 1) // height + 1  # only these columns are drawn
    flat = np.zeros((right - left) * height + 1, np.int8)
    flat[starts - left * height] = 1
    flat[stops - left * height] -= 1
    part = np.cumsum(flat[:-1], dtype=np.int8).astype(np.uint8)
    return _rings(part.reshape(right - left, height).T, left, 0)


def _unpacked(counts: str) -> list[int]:
    """Five bits a character, the sixth says that more follow; from the fourth run on: more than the last but one."""
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError(text("formats.bad_mask"))
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs


def png_size(packed: str) -> tuple[int, int]:
    """Width and height of a PNG in base 64, from its header alone.

    Raises:
        ValueError: for what is no PNG.
    """
    try:
        head = base64.b64decode(packed[:64], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(text("formats.bad_mask")) from error
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        raise ValueError(text("formats.bad_mask"))
    width, height = struct.unpack(">II", head[16:24])
    if width * height > LARGEST_MASK:
        raise ValueError(text("formats.bad_mask"))
    return width, height


def png_rings(packed: str, x: float, y: float) -> tuple[Ring, ...]:
    """The outlines of a mask whose top left corner is at ``x, y`` of the photo.

    Raises:
        ValueError: for what is no PNG.
    """
    import numpy as np
    from PIL import Image

    from app.common.image_headers import DAMAGE

    png_size(packed)
    try:
        with Image.open(io.BytesIO(base64.b64decode(packed, validate=True)), formats=["PNG"]) as picture:
            mask = np.asarray(picture.convert("L"))
    except (*DAMAGE, binascii.Error) as error:
        raise ValueError(text("formats.bad_mask")) from error
    return _rings((mask > 0).astype(np.uint8), x, y)


def _rings(mask: NDArray[np.uint8], x: float, y: float) -> tuple[Ring, ...]:
    """Through the middles of the outermost pixels, and a little wider, so that the rings touch the mask's extent."""
    import cv2
    import numpy as np

    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return ()
    left, top = int(columns[0]), int(rows[0])
    part = np.ascontiguousarray(mask[top : rows[-1] + 1, left : columns[-1] + 1])
    contours: Sequence[Any] = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    high, wide = part.shape
    dx, dy = wide / max(wide - 1, 1), high / max(high - 1, 1)
    return tuple(
        tuple((x + left + float(u) * dx, y + top + float(v) * dy) for u, v in contour[:, 0]) for contour in contours
    )
