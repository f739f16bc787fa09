"""Backbones of the detectors: fused stages (thesis, detector) and feature pyramids, over timm's feature extractors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import FeaturePyramidNetwork

from app.common.errors import UserError

TIMM_BACKBONES = {
    "vgg16": "vgg16",
    "resnet50": "resnet50",
    "efficientnet_lite0": "tf_efficientnet_lite0",
    "mobilenet_v3_large": "mobilenetv3_large_100",
}
DEEPEST_STRIDE = 32
"""Inputs are padded to a multiple of this, so that all maps cover the same ground (VGG's pooling floors)."""


def build_body(backbone: str, stages: Sequence[int]) -> tuple[nn.Module, list[int], list[int]]:
    """timm's feature extractor with its taps' channels and strides.

    Stage k is VGG's block Conv k before its pooling (stride 2^(k-1)), elsewhere the output at stride 2^k.

    Raises:
        UserError: ``unknown_architecture``.
    """
    if backbone not in TIMM_BACKBONES or not stages or not set(stages) <= {1, 2, 3, 4, 5}:
        raise UserError("unknown_architecture", name=backbone, known=", ".join(TIMM_BACKBONES))
    body: Any = timm.create_model(
        TIMM_BACKBONES[backbone], pretrained=False, features_only=True, out_indices=[k - 1 for k in sorted(stages)]
    )
    return body, list(body.feature_info.channels()), list(body.feature_info.reduction())


class FusedBackbone(nn.Module):
    """Any set of stages brought to one stride, normalised each, concatenated and projected.

    Source: thesis 000, detector (block outputs fused at stride 4); HyperNet (CVPR 2016) is the nearest precedent. The
    source does not say what its "feature normalisation" is. ``norm`` "batch": batch norm, which folds into its
    convolution at run time; "l2": each place's vector brought to one length, with a learned scale per channel, so that
    no stage drowns another by the size of its numbers alone. A map is narrowed before it is enlarged: both are linear,
    so the answer is the same and the work a fraction (with "l2" the length is that of the narrowed vector).
    """

    def __init__(self, backbone: str, stages: Sequence[int], stride: int, channels: int, norm: str = "batch") -> None:
        super().__init__()
        self.body, widths, self.strides = build_body(backbone, stages)
        self.stride = stride
        narrow = {"batch": _conv_norm, "l2": _conv_length}[norm]
        self.narrow = nn.ModuleList(narrow(width, channels, 1) for width in widths)
        self.project = nn.Sequential(_conv_norm(channels * len(widths), channels, 1), nn.ReLU(inplace=True))
        self.context_width = widths[-1]

    def forward(self, x: Tensor) -> tuple[OrderedDict[str, Tensor], Tensor]:
        """Images (N, 3, H, W), H and W multiples of 32 -> {"0": (N, channels, H/stride, W/stride)}, context (N, D)."""
        maps = self.body(x)
        size = (x.shape[-2] // self.stride, x.shape[-1] // self.stride)
        level = [
            self._brought(m, s, narrow, size) for m, s, narrow in zip(maps, self.strides, self.narrow, strict=True)
        ]
        return OrderedDict([("0", self.project(torch.cat(level, dim=1)))]), maps[-1].mean(dim=(2, 3))

    def _brought(self, feature: Tensor, stride: int, narrow: nn.Module, size: tuple[int, int]) -> Tensor:
        if stride < self.stride:
            factor = self.stride // stride
            feature = functional.max_pool2d(feature, factor, factor)
        feature = narrow(feature)
        if stride > self.stride:
            feature = functional.interpolate(feature, size=size, mode="bilinear", align_corners=False)
        return feature


class PyramidBackbone(nn.Module):
    """Feature pyramid over the stages of stride 4 and more, and one pooled level above them."""

    def __init__(self, backbone: str, channels: int) -> None:
        super().__init__()
        stages = (3, 4, 5) if backbone == "vgg16" else (2, 3, 4, 5)
        self.body, widths, self.strides = build_body(backbone, stages)
        self.pyramid = FeaturePyramidNetwork(widths, channels)
        self.levels = len(stages) + 1
        self.context_width = widths[-1]

    def forward(self, x: Tensor) -> tuple[OrderedDict[str, Tensor], Tensor]:
        """Images (N, 3, H, W) -> one map per level, finest first, and the context (N, D)."""
        maps = self.body(x)
        levels = self.pyramid(OrderedDict((str(i), m) for i, m in enumerate(maps)))
        last = str(len(maps))
        levels[last] = functional.max_pool2d(levels[str(len(maps) - 1)], 1, 2, 0)
        return levels, maps[-1].mean(dim=(2, 3))


class LengthNorm(nn.Module):
    """(N, C, H, W): each place's vector at length 1, times a learned scale per channel (as ParseNet, 2015)."""

    START = 10.0

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels, 1, 1), self.START))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x.float(), dim=1) * self.scale


def _conv_length(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), LengthNorm(outputs))


def _conv_norm(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), nn.BatchNorm2d(outputs))
