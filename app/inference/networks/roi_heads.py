"""The second stage: boxes of lesions with their disease, small enough to ship, able to learn from unnamed lesions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import MultiScaleRoIAlign, batched_nms, clip_boxes_to_image, remove_small_boxes

UNKNOWN = -1
"""Label of a lesion whose disease is not known; known diseases are 1..classes, 0 is background."""
POOLED = 7
BOX_BETA = 1 / 9


class FcHead(nn.Module):
    """Pooled map -> hidden -> hidden (Fast R-CNN's head; 256 x 7 x 7 -> 1024 would be 51 MB by itself)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.channels = channels
        self.first = nn.Linear(channels * POOLED * POOLED, hidden)
        self.second = nn.Linear(hidden, hidden)

    def forward(self, pooled: Tensor) -> Tensor:
        return functional.relu(self.second(functional.relu(self.first(pooled.flatten(1)))))


class ConvHead(nn.Module):
    """Two 3 x 3 convolutions, the second at stride 2, a global average, one layer: fewer weights, more work."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.channels = channels
        self.convs = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, hidden, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.last = nn.Linear(hidden, hidden)

    def forward(self, pooled: Tensor) -> Tensor:
        return functional.relu(self.last(self.convs(pooled).mean(dim=(2, 3))))


class BoxPredictor(nn.Module):
    """Class logits, and one box for all classes: a lesion's outline does not hang on its name.

    ``context`` (the deepest map's average over the photo) is added to the class side: photos of one patient mostly show
    one disease, and a small RoI alone sees little of it.
    """

    def __init__(self, hidden: int, classes: int, context_width: int) -> None:
        super().__init__()
        self.score = nn.Linear(hidden, classes + 1)
        self.box = nn.Linear(hidden, 4)
        self.context = nn.Linear(context_width, hidden) if context_width else None
        for layer, spread in ((self.score, 0.01), (self.box, 0.001)):
            nn.init.normal_(layer.weight, std=spread)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, context: Tensor, counts: Sequence[int]) -> tuple[Tensor, Tensor]:
        named = x
        if self.context is not None:
            per_photo = self.context(context)
            named = functional.relu(
                x + torch.repeat_interleave(per_photo, torch.tensor(counts, device=x.device), dim=0)
            )
        return self.score(named).float(), self.box(x).float()  # torchvision rounds boxes to the type of these


class LesionHeads(RoIHeads):  # type: ignore[misc]  # torchvision is untyped
    """torchvision's RoI heads with class-agnostic boxes and lesions of unknown disease.

    An unknown lesion counts as foreground for the sampler and the box loss; its class loss is the negative log of the
    sum of all foreground probabilities.
    """

    def __init__(self, classes: int, levels: int, head: nn.Module, predictor: BoxPredictor, **kwargs: object) -> None:
        pool = MultiScaleRoIAlign([str(i) for i in range(levels)], POOLED, 2)
        super().__init__(pool, head, predictor, bbox_reg_weights=None, **kwargs)
        self.classes = classes

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
        context: Tensor | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """As torchvision's; ``context`` is (N, D). Labels in ``targets``: 1..classes, or ``UNKNOWN``."""
        labels: list[Tensor] = []
        wanted: list[Tensor] = []
        if self.training and targets is not None:
            proposals, _, labels, wanted = self.select_training_samples(proposals, [self._sampled(t) for t in targets])
        pooled = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        logits, deltas = self.box_predictor(pooled, context, [len(p) for p in proposals])
        if self.training:
            return [], self._losses(logits, deltas, torch.cat(labels), torch.cat(wanted))
        return self._detections(logits, deltas, proposals, image_shapes), {}

    def _sampled(self, target: dict[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's sampler ignores -1: unknown lesions travel as one class more."""
        labels = target["labels"]
        return {"boxes": target["boxes"], "labels": torch.where(labels == UNKNOWN, self.classes + 1, labels)}

    def _losses(self, logits: Tensor, deltas: Tensor, labels: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        unknown = labels == self.classes + 1
        log_p = functional.log_softmax(logits.float(), dim=1)
        named = log_p.gather(1, labels.clamp(max=self.classes)[:, None])[:, 0]
        any_lesion = torch.logsumexp(log_p[:, 1:], dim=1)
        found = labels > 0
        box = functional.smooth_l1_loss(deltas.float()[found], wanted[found], beta=BOX_BETA, reduction="sum")
        return {
            "loss_classifier": -torch.where(unknown, any_lesion, named).mean(),
            "loss_box_reg": box / max(len(labels), 1),
        }

    def _detections(
        self, logits: Tensor, deltas: Tensor, proposals: list[Tensor], shapes: list[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        counts = [len(p) for p in proposals]
        boxes = torch.split(self.box_coder.decode(deltas, proposals)[:, 0], counts)
        scores = torch.split(functional.softmax(logits, dim=1)[:, 1:], counts)
        return [self._kept(b, s, shape) for b, s, shape in zip(boxes, scores, shapes, strict=True)]

    def _kept(self, boxes: Tensor, scores: Tensor, shape: tuple[int, int]) -> dict[str, Tensor]:
        boxes = clip_boxes_to_image(boxes, shape)
        sane = remove_small_boxes(boxes, 1.0)
        boxes, scores = boxes[sane], scores[sane]
        row, column = torch.where(scores > self.score_thresh)
        boxes, values = boxes[row], scores[row, column]
        kept = batched_nms(boxes, values, column, self.nms_thresh)[: self.detections_per_img]
        return {"boxes": boxes[kept], "labels": column[kept] + 1, "scores": values[kept]}
