"""What a network knows before a run: nothing, ImageNet, a weights file, or another model of this house."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.inference.models import show_model
from app.inference.networks.classifiers import Classifier
from app.inference.networks.detectors import Detector, start_from_backbone
from app.inference.networks.detectors import start_from_imagenet as detector_from_imagenet
from app.inference.networks.imagenet import in_timms_layout, load_matching, start_from_imagenet
from app.inference.weights import UNLIKE, read_weights
from app.training.plan import Plan

# What torch raises, besides its own, on files that are no weights.
_NO_WEIGHTS = (OSError, RuntimeError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError)


def start_classifier(model: Classifier, plan: Plan, workspace: Workspace) -> None:
    """Load the plan's start into ``model``; a last layer of another size stays new.

    Raises:
        UserError: ``start_does_not_fit`` when less than half of the tensors fit, and those of reading models.
    """
    if plan.start == "imagenet":
        start_from_imagenet(model, plan.network)
    elif plan.start != "scratch":
        plain = {key.removeprefix("net."): value for key, value in _state(plan, workspace).items()}
        missing = load_matching(model.net, in_timms_layout(model.net, plain))
        _enough(plan, len(model.state_dict()) - len(missing), len(model.state_dict()))


def start_detector(model: Detector, plan: Plan, workspace: Workspace) -> None:
    """Load the plan's start into ``model``: a whole detector, or a classifier's network as the body.

    Raises:
        UserError: as for :func:`start_classifier`.
    """
    if plan.start == "imagenet":
        detector_from_imagenet(model, plan.network)
    elif plan.start != "scratch":
        state = _state(plan, workspace)
        if any(key.startswith("roi_heads.") for key in state):
            missing = load_matching(model, state)
            _enough(plan, len(model.state_dict()) - len(missing), len(model.state_dict()))
        else:
            fitted = start_from_backbone(model, state)
            _enough(plan, fitted, len(model.backbone.body.state_dict()))


def _state(plan: Plan, workspace: Workspace) -> dict[str, Tensor]:
    file = Path(plan.start)
    if not file.is_file():
        found = read_weights(show_model(plan.start, workspace))
        return {key: value for key, value in found.items() if not key.startswith(UNLIKE)}
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        raw: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (*_NO_WEIGHTS, SafetensorError, UnpicklingError) as error:
        raise UserError("start_unreadable", file=file.name) from error
    for key in ("state_dict", "model"):
        if isinstance(raw, dict) and isinstance(raw.get(key), dict):
            raw = raw[key]
    if not isinstance(raw, dict):
        raise UserError("start_unreadable", file=file.name)
    return {k.removeprefix("module."): v for k, v in raw.items() if isinstance(v, Tensor)}


def _enough(plan: Plan, fitted: int, of: int) -> None:
    if fitted * 2 < of:
        raise UserError("start_does_not_fit", start=Path(plan.start).name, network=plan.network)
