"""Detectors by name: ``fused-<backbone>-<stages>``, ``fpn-<backbone>``; Faster R-CNN on torchvision's parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead

from app.common.errors import UserError
from app.inference.networks.backbones import DEEPEST_STRIDE, TIMM_BACKBONES, FusedBackbone, PyramidBackbone
from app.inference.networks.imagenet import imagenet_state, load_matching
from app.inference.networks.roi_heads import UNKNOWN, BoxPredictor, ConvHead, FcHead, LesionHeads

__all__ = ["UNKNOWN", "Detector", "DetectorSettings", "build_detector", "start_from_backbone", "start_from_imagenet"]

EXAMPLES = ("fused-efficientnet_lite0-135", "fused-vgg16-135", "fpn-resnet50")


@dataclass(frozen=True)
class DetectorSettings:
    """What makes a detector besides its name; the manifest's ``parameters``. Sizes are pixels of the network's input.

    ``anchor_sizes``: fused: all at each place; fpn: shared out over the levels, finest first. ``norm``: of each fused
    map, "batch" or "l2" (see :class:`FusedBackbone`).
    ``*_train``/``*_test``: proposals kept before and after non-maximum suppression.
    """

    stride: int = 8
    channels: int = 128
    norm: str = "batch"
    head: str = "fc"
    hidden: int = 384
    context: bool = True
    anchor_sizes: tuple[float, ...] = (24.0, 44.0, 80.0, 144.0, 256.0)
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    rpn_samples: int = 128
    roi_samples: int = 64
    before_train: int = 1000
    after_train: int = 300
    before_test: int = 400
    after_test: int = 100
    rpn_nms: float = 0.7
    nms: float = 0.5
    min_score: float = 0.05
    most_boxes: int = 100

    def as_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> DetectorSettings:
        """The settings in ``raw``; other keys are left aside.

        Raises:
            TypeError, ValueError: if a value is of the wrong kind.
        """
        known = {f.name: f.default for f in fields(cls)}
        given = {k: v for k, v in raw.items() if k in known}
        for key, value in given.items():
            if isinstance(known[key], tuple):
                given[key] = tuple(float(v) for v in value)
            elif not isinstance(value, (int, float) if isinstance(known[key], float) else type(known[key])):
                raise ValueError(f"{key}: {value!r}")
        return cls(**given)


class Detector(nn.Module):
    """Faster R-CNN on images that are already at the network's scale."""

    def __init__(
        self, backbone: FusedBackbone | PyramidBackbone, rpn: RegionProposalNetwork, heads: LesionHeads, classes: int
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = heads
        self.classes = classes
        self.channels = heads.box_head.channels

    def forward(self, images: Sequence[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        """Losses while training, detections else.

        Args:
            images: normalised float RGB, each (3, H, W), of any sizes; padded here to one batch.
            targets: per image ``boxes`` (B, 4) float, x0 y0 x1 y1 in that image's pixels, and ``labels`` (B,) int64:
                1..classes, or ``UNKNOWN``; B may be 0.

        Returns:
            Training: ``loss_objectness, loss_rpn_box_reg, loss_classifier, loss_box_reg`` (scalars). Else per image
            ``boxes`` (D, 4), ``labels`` (D,) 1..classes and ``scores`` (D,) falling, after non-maximum suppression
            within each class.
        """
        if self.training and targets is None:
            raise ValueError("training needs targets")
        batch = padded(images)
        if self.training and batch.device.type == "cpu":
            batch = batch.contiguous()  # channels last answers sooner, but learns 1.3 times slower there
        features, context = self.backbone(batch)
        shapes = [(int(image.shape[-2]), int(image.shape[-1])) for image in images]
        proposals, rpn_losses = self.rpn(ImageList(batch, shapes), features, targets)
        found, head_losses = self.roi_heads(features, proposals, shapes, targets, context)
        return {**rpn_losses, **head_losses} if self.training else found


class FullPrecisionHead(RPNHead):  # type: ignore[misc]  # torchvision is untyped
    """torchvision rounds anchors and boxes to the type of this head's answers: in bfloat16 to 4 pixels at 600."""

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Objectness and box offsets of each level's anchors, in float32 also under autocast."""
        objectness, deltas = super().forward(features)
        return [level.float() for level in objectness], [level.float() for level in deltas]


def padded(images: Sequence[Tensor]) -> Tensor:
    """One batch (N, 3, H, W), zeros right and below, H and W multiples of 32, channels last."""
    height, width = (
        -(-max(int(image.shape[d]) for image in images) // DEEPEST_STRIDE) * DEEPEST_STRIDE for d in (-2, -1)
    )
    batch = torch.stack(
        [functional.pad(image, (0, width - image.shape[-1], 0, height - image.shape[-2])) for image in images]
    )
    return batch.contiguous(memory_format=torch.channels_last)


def build_detector(name: str, classes: int, settings: DetectorSettings | Mapping[str, Any] | None = None) -> Detector:
    """An untrained detector.

    Args:
        name: ``fused-<backbone>-<stages>`` or ``fpn-<backbone>``.
        classes: how many diseases; background is added here.
        settings: a ``DetectorSettings`` or a manifest's parameters.

    Raises:
        UserError: ``unknown_architecture``.
    """
    if not isinstance(settings, DetectorSettings):
        settings = DetectorSettings.from_json(settings or {})
    backbone, sizes = _backbone(name, settings)
    anchors = AnchorGenerator(sizes, (settings.anchor_ratios,) * len(sizes))
    rpn = RegionProposalNetwork(
        anchors,
        FullPrecisionHead(settings.channels, anchors.num_anchors_per_location()[0]),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=settings.rpn_samples,
        positive_fraction=0.5,
        pre_nms_top_n={"training": settings.before_train, "testing": settings.before_test},
        post_nms_top_n={"training": settings.after_train, "testing": settings.after_test},
        nms_thresh=settings.rpn_nms,
    )
    head = {"fc": FcHead, "conv": ConvHead}[settings.head](settings.channels, settings.hidden)
    heads = LesionHeads(
        classes,
        len(sizes),
        head,
        BoxPredictor(settings.hidden, classes, backbone.context_width if settings.context else 0),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=settings.roi_samples,
        positive_fraction=0.25,
        score_thresh=settings.min_score,
        nms_thresh=settings.nms,
        detections_per_img=settings.most_boxes,
    )
    return Detector(backbone, rpn, heads, classes)


def start_from_backbone(detector: Detector, state: Mapping[str, Tensor]) -> int:
    """Load the body from a classifier of the same backbone (its ``state_dict``, or timm's); how many tensors fitted."""
    plain = {key.removeprefix("net."): value for key, value in state.items()}
    body = detector.backbone.body
    own = body.state_dict()
    if not any(key in own for key in plain):  # timm's list extractors join a path with "_": features.0 -> features_0
        plain = {re.sub(r"^(\w+)\.(\d+)\.", r"\1_\2.", key): value for key, value in plain.items()}
    return len(own) - len(load_matching(body, plain))


def start_from_imagenet(detector: Detector, name: str) -> int:
    """ImageNet weights for the body of the detector called ``name``; how many tensors fitted.

    Raises:
        UserError: ``no_pretrained_weights``.
    """
    return start_from_backbone(detector, imagenet_state(name.split("-")[1]))


def _backbone(
    name: str, settings: DetectorSettings
) -> tuple[FusedBackbone | PyramidBackbone, tuple[tuple[float, ...], ...]]:
    fused = re.fullmatch(r"fused-(\w+)-([1-5]+)", name)
    if fused and fused[1] in TIMM_BACKBONES:
        stages = sorted({int(k) for k in fused[2]})
        backbone = FusedBackbone(fused[1], stages, settings.stride, settings.channels, settings.norm)
        return backbone, (settings.anchor_sizes,)
    pyramid = re.fullmatch(r"fpn-(\w+)", name)
    if pyramid and pyramid[1] in TIMM_BACKBONES:
        levels = PyramidBackbone(pyramid[1], settings.channels)
        return levels, _shared_out(settings.anchor_sizes, levels.levels)
    raise UserError("unknown_architecture", name=name, known=", ".join(EXAMPLES))


def _shared_out(sizes: Sequence[float], levels: int) -> tuple[tuple[float, ...], ...]:
    """One size per level: the RPN's head is shared, so each level has as many anchors as any other."""
    places = [round(i * (len(sizes) - 1) / max(levels - 1, 1)) for i in range(levels)]
    return tuple((sizes[p],) for p in places)
