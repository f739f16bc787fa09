"""Batch norms folded into the convolutions before them: the same answers in fewer passes over memory."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

AGREEMENT = 1e-3
"""Largest difference of a folded network's answers, as a share of the largest answer."""


def folded(network: nn.Module, example: Tensor) -> nn.Module:
    """A copy of ``network`` (evaluation mode) without its norms where they directly follow a convolution.

    The order in which parts are registered is taken for the order in which they run, which no rule of PyTorch promises:
    so the copy is tried on ``example`` (N, 3, H, W), and the network itself comes back if the answers differ.
    """
    copied = copy.deepcopy(network).eval()
    _fold(copied)
    with torch.inference_mode():
        agrees = _agree(_flat(network(example)), _flat(copied(example)))
    return copied if agrees else network


def _agree(wanted: list[Tensor], got: list[Tensor]) -> bool:
    pairs = zip(wanted, got, strict=True)
    return all(bool(((a - b).abs().max() <= AGREEMENT * a.abs().max().clamp(min=1.0)).item()) for a, b in pairs)


def _flat(answer: object) -> list[Tensor]:
    if isinstance(answer, Tensor):
        return [answer]
    parts = answer.values() if isinstance(answer, dict) else answer
    return [tensor for part in parts for tensor in _flat(part)]  # type: ignore[attr-defined]


def _fold(module: nn.Module) -> None:
    last: tuple[str, nn.Conv2d] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and last is not None and last[1].out_channels == child.num_features:
            setattr(module, last[0], fuse_conv_bn_eval(last[1], child))
            setattr(module, name, _what_is_left(child))
            last = None
        else:
            _fold(child)
            last = (name, child) if isinstance(child, nn.Conv2d) else None


def _what_is_left(norm: nn.BatchNorm2d) -> nn.Module:
    """timm's norms carry their activation with them."""
    activation = getattr(norm, "act", None)
    return activation if isinstance(activation, nn.Module) else nn.Identity()
