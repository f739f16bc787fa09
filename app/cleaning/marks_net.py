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
_BESIDE = {"u3": "c1", "u2": "b1", "u1": "a2"}
"""On the way up: the layer of the way down that is as large."""


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
    """Kernels with the channels last: on a CPU that takes two thirds of the time. On the way up each is parted: one
    for what comes from below, one for what comes from the side."""
    import torch

    tensors = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    for layer in ("u3", "u2", "u1"):
        kernel = tensors.pop(f"{layer}.weight")
        below = kernel.shape[1] - tensors[f"{_BESIDE[layer]}.bias"].numel()
        tensors[f"{layer}.below"], tensors[f"{layer}.beside"] = _upwards(kernel[:, :below]), kernel[:, below:]
    last = torch.channels_last
    return {name: t.contiguous(memory_format=last) if t.dim() == 4 else t for name, t in tensors.items()}


def _upwards(kernel: Tensor) -> Tensor:
    """The (in, out, 4, 4) kernel of a transposed convolution that does what ``kernel`` (out, in, 3, 3) does after an
    enlargement to twice the size by repeating: the same numbers from a quarter of the pixels, in half the time."""
    flipped = kernel.flip(2, 3).transpose(0, 1)
    out = kernel.new_zeros(*flipped.shape[:2], 4, 4)
    for down in (0, 1):
        for right in (0, 1):
            out[:, :, down : down + 3, right : right + 3] += flipped
    return out


def _logits(x: Tensor, w: Mapping[str, Tensor]) -> Tensor:
    import torch
    from torch.nn.functional import conv2d, conv_transpose2d, interpolate

    def conv(x: Tensor, layer: str, stride: int = 1) -> Tensor:
        return conv2d(x, w[f"{layer}.weight"], w[f"{layer}.bias"], stride, 1).relu_()

    a = conv(conv(conv(x, "a0", 2), "a1", 2), "a2")
    b = conv(conv(a, "b0", 2), "b1")
    c = conv(conv(b, "c0", 2), "c1")
    d = conv(conv(c, "d0", 2), "d1")
    e = conv(conv(d, "e0", 2), "e1")
    d = d + conv(torch.cat([interpolate(e, scale_factor=2.0, mode="nearest"), d], 1), "u4")
    for name, skip in (("u3", c), ("u2", b), ("u1", a)):
        beside = conv2d(skip, w[f"{name}.beside"], w[f"{name}.bias"], 1, 1)
        d = conv_transpose2d(d, w[f"{name}.below"], None, 2, 1).add_(beside).relu_()
    return conv2d(d, w["head.weight"], w["head.bias"])
