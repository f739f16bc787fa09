"""Classifiers by the contract's names, all through timm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import Tensor, nn

from app.common.errors import UserError

TIMM_NAMES = {
    "inception_v3": "inception_v3",
    "inception_resnet_v2": "inception_resnet_v2",
    "densenet121": "densenet121",
    "xception": "legacy_xception",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "efficientnet_b0": "efficientnet_b0",
    "efficientnet_lite0": "tf_efficientnet_lite0",
    "convnext_tiny": "convnext_tiny",
}
CLASSIFIERS = tuple(TIMM_NAMES)
_HALF = {"xception", "inception_v3", "inception_resnet_v2", "efficientnet_lite0"}
_SIZES = {"xception": 299, "inception_v3": 299, "inception_resnet_v2": 299}


class Classifier(nn.Module):
    """A timm network: logits, the features before the last layer, and traits of its earlier maps."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of normalised RGB patches ``x`` (N, 3, H, W)."""
        logits: Tensor = self.net.get_classifier()(self.features(x))  # type: ignore[operator]
        return logits

    def features(self, x: Tensor) -> Tensor:
        """Pooled features (N, D) before the last layer."""
        pooled: Tensor = self.net.forward_head(self.net.forward_features(x), pre_logits=True)  # type: ignore[operator]
        return pooled

    def traits(self, x: Tensor) -> Tensor:
        """Means and spreads (N, T) of the maps of every stage but the last; the features where there are no stages."""
        if not hasattr(self.net, "forward_intermediates"):
            return self.features(x)
        maps: list[Tensor] = self.net.forward_intermediates(x, intermediates_only=True, output_fmt="NCHW")[:-1]  # type: ignore[operator]
        return _means_and_spreads(maps)

    def features_and_traits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`features` and :meth:`traits`, the network computed once where it can be."""
        if not hasattr(self.net, "forward_intermediates"):
            features = self.features(x)
            return features, features
        last, maps = self.net.forward_intermediates(x, output_fmt="NCHW")  # type: ignore[operator]
        pooled: Tensor = self.net.forward_head(last, pre_logits=True)  # type: ignore[operator]
        return pooled, _means_and_spreads(maps[:-1])

    @property
    def width(self) -> int:
        """D, the number of features."""
        return int(self.net.get_classifier().in_features)  # type: ignore[operator]


def _means_and_spreads(maps: Sequence[Tensor]) -> Tensor:
    return torch.cat([part for m in maps for part in (m.mean((2, 3)), m.std((2, 3), correction=0))], dim=1)


def build_classifier(name: str, classes: int, dropout: float = 0.0) -> Classifier:
    """An untrained classifier.

    Args:
        name: one of ``CLASSIFIERS``.
        classes: how many logits.
        dropout: share of features dropped before the last layer while training.

    Raises:
        UserError: ``unknown_architecture``.
    """
    if name not in TIMM_NAMES:
        raise UserError("unknown_architecture", name=name, known=", ".join(CLASSIFIERS))
    extra: dict[str, Any] = {"aux_logits": False} if name == "inception_v3" else {}
    net = timm.create_model(TIMM_NAMES[name], pretrained=False, num_classes=classes, drop_rate=dropout, **extra)
    return Classifier(net)


def default_preprocessing(name: str) -> dict[str, object]:
    """What ``name``'s ImageNet weights were trained with: size (px), mean, std (of RGB in 0..1), interpolation."""
    half = name in _HALF
    return {
        "size": _SIZES.get(name, 224),
        "mean": [0.5, 0.5, 0.5] if half else [0.485, 0.456, 0.406],
        "std": [0.5, 0.5, 0.5] if half else [0.229, 0.224, 0.225],
        "interpolation": "bicubic",
    }


def freeze_norms(module: nn.Module) -> None:
    """Batch norms keep their statistics (call after each ``train()``); their scale and shift still learn."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()


@torch.no_grad()
def logits_from_features(model: Classifier, features: Tensor) -> Tensor:
    """The last layer alone: (N, D) -> (N, classes)."""
    logits: Tensor = model.net.get_classifier()(features)  # type: ignore[operator]
    return logits
