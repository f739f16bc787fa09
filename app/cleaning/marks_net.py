"""The small network that sees marks laid over a photo, run by torch: in the checks' own process, never in the window.

How it was trained, and on what: ``resources/marks/CARD.md``, ``tools/train_marks.py`` (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.common.places import RESOURCES

if TYPE_CHECKING:
    from torch import Tensor

F32 = NDArray[np.float32]

WEIGHTS = RESOURCES / "marks" / "weights.safetensors"
KINDS = ("watermark", "text", "ruler", "pen_mark")
CELL = 4
"""Pixels of the input along a side of an output cell."""
_WHOLE = 64


def chances(pixels: NDArray[np.uint8], weights: Mapping[str, F32] | None = None) -> F32:
    """(len(KINDS), ceil(H / CELL), ceil(W / CELL)): how likely each cell is part of a mark.

    Args:
        pixels: RGB, H x W x 3; letters of 8 to 100 pixels' height are seen.
        weights: None: the shipped ones.
    """
    import torch

    height, width = pixels.shape[:2]
    around = ((0, -height % _WHOLE), (0, -width % _WHOLE), (0, 0))
    x = np.pad(pixels, around, "symmetric").transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    with torch.inference_mode():
        picture = torch.from_numpy(x[None]).contiguous(memory_format=torch.channels_last)
        logits = _logits(picture, _shipped() if weights is None else _tensors(weights))
        out: F32 = logits.clamp(-30, 30).sigmoid()[0].numpy()
    return np.ascontiguousarray(out[:, : -(-height // CELL), : -(-width // CELL)])


@cache
def shipped_weights() -> Mapping[str, F32]:
    """Folded into convolutions: ``<layer>.weight`` (out, in, h, w) and ``<layer>.bias`` (out,)."""
    from safetensors.numpy import load_file

    return {name: np.asarray(value, np.float32) for name, value in load_file(WEIGHTS).items()}


@cache
def _shipped() -> Mapping[str, Tensor]:
    return _tensors(shipped_weights())


def _tensors(weights: Mapping[str, F32]) -> Mapping[str, Tensor]:
    """Kernels with the channels last: on a CPU that takes two thirds of the time."""
    import torch

    tensors = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    last = torch.channels_last
    return {name: t.contiguous(memory_format=last) if t.dim() == 4 else t for name, t in tensors.items()}


def _logits(x: Tensor, w: Mapping[str, Tensor]) -> Tensor:
    import torch
    from torch.nn.functional import conv2d, interpolate

    def conv(x: Tensor, layer: str, stride: int = 1) -> Tensor:
        return conv2d(x, w[f"{layer}.weight"], w[f"{layer}.bias"], stride, 1).relu_()

    a = conv(conv(conv(x, "a0", 2), "a1", 2), "a2")
    b = conv(conv(a, "b0", 2), "b1")
    c = conv(conv(b, "c0", 2), "c1")
    d = conv(conv(c, "d0", 2), "d1")
    e = conv(conv(d, "e0", 2), "e1")
    d = d + conv(torch.cat([interpolate(e, scale_factor=2.0, mode="nearest"), d], 1), "u4")
    for name, skip in (("u3", c), ("u2", b), ("u1", a)):
        d = conv(torch.cat([interpolate(d, scale_factor=2.0, mode="nearest"), skip], 1), name)
    return conv2d(d, w["head.weight"], w["head.bias"])
