"""Mixup (Zhang et al., ICLR 2018) and CutMix (Yun et al., ICCV 2019) of a batch's pictures and their classes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def mixed(
    pictures: Tensor, targets: Tensor, mixup: float, cutmix: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Each picture with some of another one of the batch, each row of targets with as much of the other's.

    Args:
        pictures: (N, C, H, W), or features (N, D), which cannot be cut.
        targets: (N, K) shares of the classes.
        mixup: alpha of the Beta distribution of the share; 0: never. Where both are given, one is drawn for the batch.
        cutmix: likewise.
        rng: source of chance.
    """
    if not (mixup > 0 or cutmix > 0) or len(pictures) < 2:
        return pictures, targets
    cuts = cutmix > 0 and (mixup == 0 or rng.random() < 0.5)
    own = float(rng.beta(cutmix, cutmix) if cuts else rng.beta(mixup, mixup))
    other = torch.from_numpy(rng.permutation(len(pictures))).to(pictures.device)
    if cuts:
        high, wide = pictures.shape[2:]
        y0, y1 = _cut(high, own, rng)
        x0, x1 = _cut(wide, own, rng)
        pictures = pictures.clone()
        pictures[:, :, y0:y1, x0:x1] = pictures[other, :, y0:y1, x0:x1]
        own = 1 - (y1 - y0) * (x1 - x0) / (high * wide)
    else:
        pictures = own * pictures + (1 - own) * pictures[other]
    return pictures, own * targets + (1 - own) * targets[other]


def _cut(side: int, own: float, rng: np.random.Generator) -> tuple[int, int]:
    """First and last + 1 pixel of a stretch of ``sqrt(1 - own)`` of the side, its middle anywhere, clipped."""
    half, middle = side * (1 - own) ** 0.5 / 2, rng.uniform(0, side)
    return round(max(middle - half, 0)), round(min(middle + half, side))
