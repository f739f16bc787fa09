"""The small network that sees marks laid over a photo: numpy alone, some 0.1 s a photo on one core.

How it was trained, and on what: ``resources/marks/CARD.md``; the same network in torch: ``tools/train_marks.py`` (a
test compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.common.places import RESOURCES

F32 = NDArray[np.float32]

WEIGHTS = RESOURCES / "marks" / "weights.safetensors"
KINDS = ("watermark", "text", "ruler", "pen_mark")
CELL = 4
"""Pixels of the input along a side of an output cell."""
_WHOLE = 32


def chances(pixels: NDArray[np.uint8], weights: Mapping[str, F32] | None = None) -> F32:
    """(len(KINDS), ceil(H / CELL), ceil(W / CELL)): how likely each cell is part of a mark.

    Args:
        pixels: RGB, H x W x 3; letters of 8 to 100 pixels' height are seen.
        weights: None: the shipped ones.
    """
    w = weights or shipped_weights()
    height, width = pixels.shape[:2]
    around = ((0, -height % _WHOLE), (0, -width % _WHOLE), (0, 0))
    x = np.pad(pixels, around, "symmetric").transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    a = _conv(_conv(_conv(x, w, "a0", 2), w, "a1", 2), w, "a2")
    b = _conv(_conv(a, w, "b0", 2), w, "b1")
    c = _conv(_conv(b, w, "c0", 2), w, "c1")
    d = _conv(_conv(c, w, "d0", 2), w, "d1")
    for name, skip in (("u3", c), ("u2", b), ("u1", a)):
        d = _conv(np.concatenate([d.repeat(2, 1).repeat(2, 2), skip]), w, name)
    logits = np.tensordot(w["head.weight"][:, :, 0, 0], d, 1) + w["head.bias"][:, None, None]
    out = 1 / (1 + np.exp(-logits.clip(-30, 30)))
    return np.asarray(out[:, : -(-height // CELL), : -(-width // CELL)], np.float32)


@cache
def shipped_weights() -> Mapping[str, F32]:
    """Folded into convolutions: ``<layer>.weight`` (out, in, h, w) and ``<layer>.bias`` (out,)."""
    from safetensors.numpy import load_file

    return {name: np.asarray(value, np.float32) for name, value in load_file(WEIGHTS).items()}


def _conv(x: F32, w: Mapping[str, F32], layer: str, stride: int = 1) -> F32:
    """A 3 x 3 convolution with zeros around, and ReLU, as a product of matrices; (C, H, W) -> (O, H / stride, ...)."""
    kernel, bias = w[f"{layer}.weight"], w[f"{layer}.bias"]
    o, c = kernel.shape[:2]
    h, width = x.shape[1] // stride, x.shape[2] // stride
    around = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    columns = np.empty((c, 3, 3, h, width), np.float32)
    for i in range(3):
        for j in range(3):
            columns[:, i, j] = around[:, i : i + stride * h : stride, j : j + stride * width : stride]
    out = kernel.reshape(o, -1) @ columns.reshape(c * 9, h * width) + bias[:, None]
    return np.asarray(np.maximum(out, 0, out=out).reshape(o, h, width), np.float32)
