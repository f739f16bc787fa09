"""What a classifier is punished for; every loss is a mean over pictures, so that parts of a batch add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from app.training.plan import Plan


@dataclass(frozen=True, eq=False)
class ClassLoss:
    """Cross entropy or focal loss with what the plan does for rare classes.

    ``weights``: (C,) on pictures of each class, or None. ``offsets``: (C,) added to the logits while learning, or None
    (logit adjustment, Menon et al., ICLR 2021: the logarithm of how often a class is seen, so that the plain logits
    are those of classes seen alike). ``gamma``: of the focal loss (Lin et al., ICCV 2017); 0 is cross entropy.
    """

    smoothing: float = 0.0
    gamma: float = 0.0
    weights: Tensor | None = None
    offsets: Tensor | None = None

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of logits (N, C) against shares (N, C) that sum to one a row. Computed in float32."""
        logits = logits.float() if self.offsets is None else logits.float() + self.offsets
        smooth = targets * (1 - self.smoothing) + self.smoothing / targets.shape[1]
        log_p = functional.log_softmax(logits, 1)
        terms = -smooth * log_p
        if self.gamma > 0:
            terms = terms * (1 - log_p.exp()).clamp_min(1e-6) ** self.gamma  # the power's slope at 0 is no number
        each = terms.sum(1)
        if self.weights is not None:
            each = each * (targets @ self.weights)
        return each.mean()


def loss_of(plan: Plan, seen: Sequence[float], device: torch.device) -> ClassLoss:
    """The plan's loss; ``seen``: (C,) how often each class is drawn, shares that sum to one."""
    share = torch.tensor(seen, dtype=torch.float32, device=device)
    there = share > 0
    weights = offsets = None
    if plan.rare == "class_weights":  # a picture drawn at random weighs 1 in the mean
        weights = torch.where(there, 1 / (share.clamp_min(1e-12) * there.sum()), 0.0)
    elif plan.rare == "logit_adjustment":
        offsets = share.clamp_min(1e-6).log()
    gamma = plan.focal_gamma if plan.loss == "focal" else 0.0
    return ClassLoss(plan.label_smoothing, gamma, weights, offsets)
