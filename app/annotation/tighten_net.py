"""The small network that says where a lesion's edges lie in a cut-out: numpy alone, some 5 ms on one core.

The window's process never imports torch, and 66,000 weights do not need it. How it was trained, and on what:
``resources/tighten/CARD.md``; the same network in torch: ``tools/train_tightening.py`` (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from app.common.places import RESOURCES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

WEIGHTS = RESOURCES / "tighten" / "weights.safetensors"
SIDE = 48
"""Input: (4, SIDE, SIDE), three normalised colours and the rough box's cover."""
STEPS = 24
"""Output: how likely each of the STEPS cells along the cut-out holds the edge."""


def edges(view: F32, weights: Mapping[str, F32] | None = None) -> F32:
    """(4, STEPS): chances of the left, right, top and bottom edge over the cells; each row's sum is 1.

    Args:
        view: (4, SIDE, SIDE).
        weights: None: the shipped ones.
    """
    import numpy as np

    w = weights or shipped_weights()
    e1 = _conv(_conv(view, w, "e1.0", stride=2), w, "e1.1")
    e2 = _conv(_conv(_halved(e1), w, "e2.1"), w, "e2.2")
    e3 = _conv(_conv(_halved(e2), w, "e3.1"), w, "e3.2")
    d2 = _conv(np.concatenate([e2, _doubled(e3)]), w, "d2")
    d1 = _conv(np.concatenate([e1, _doubled(d2)]), w, "d1")
    mask = 1 / (1 + np.exp(-_conv(d1, w, "mask", relu=False).clip(-30, 30)))
    seen = np.concatenate([d1, mask])
    rows = []
    for axis in (1, 2):
        profile = np.concatenate([seen.mean(axis), seen.max(axis)])[:, None, :]
        rows.append(_conv(_conv(profile, w, "p1"), w, "p2", relu=False)[:, 0])
    return _softmax(np.concatenate(rows))


@cache
def shipped_weights() -> Mapping[str, F32]:
    """Folded into convolutions: ``<layer>.weight`` (out, in, h, w) and ``<layer>.bias`` (out,)."""
    import numpy as np
    from safetensors.numpy import load_file

    return {name: np.asarray(value, np.float32) for name, value in load_file(WEIGHTS).items()}


def _conv(x: F32, w: Mapping[str, F32], layer: str, stride: int = 1, relu: bool = True) -> F32:
    """A convolution with zeros around, as one product of matrices; (C, H, W) -> (O, H / stride, W / stride)."""
    import numpy as np

    kernel, bias = w[f"{layer}.weight"], w[f"{layer}.bias"]
    o, c, kh, kw = kernel.shape
    around = np.pad(x, ((0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (kh, kw), (1, 2))[:, ::stride, ::stride]
    h, width = windows.shape[1:3]
    columns = windows.transpose(0, 3, 4, 1, 2).reshape(c * kh * kw, h * width)
    out = kernel.reshape(o, -1) @ columns + bias[:, None]
    return np.asarray((np.maximum(out, 0) if relu else out).reshape(o, h, width), np.float32)


def _halved(x: F32) -> F32:
    import numpy as np

    c, h, w = x.shape
    return np.asarray(x.reshape(c, h // 2, 2, w // 2, 2).max((2, 4)), np.float32)


def _doubled(x: F32) -> F32:
    return x.repeat(2, 1).repeat(2, 2)


def _softmax(x: F32) -> F32:
    import numpy as np

    raised = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)
