"""Start weights from files in torchvision's and timm's layouts, and what is said where ImageNet weights are missing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from app.common.errors import UserError
from app.common.workspace import open_workspace
from app.inference.networks import imagenet
from app.inference.networks.classifiers import build_classifier
from app.inference.networks.imagenet import imagenet_state, in_timms_layout, load_matching, missing_weights
from app.training.learning.starts import start_classifier
from app.training.plan import make_plan

LEAST = {"name": "x", "task": "classify", "dataset": "d"}


def fresh(make: Any, **keys: Any) -> nn.Module:
    """A network of torchvision's with statistics that are no zeros and ones."""
    torch.manual_seed(1)
    net: nn.Module = make(num_classes=7, **keys)
    for part in net.modules():
        if isinstance(part, nn.Linear):
            part.weight.data.normal_(0, 0.1)
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    return net.eval()


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "convnext_tiny"])
def test_torchvisions_weights_give_torchvisions_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (nn.init, timm.models.convnext):  # a truncated normal takes seconds for 28 million weights
        monkeypatch.setattr(place, "trunc_normal_", lambda tensor, **_: tensor)
    theirs = fresh(getattr(torchvision.models, name))
    model = build_classifier(name, 7).eval()
    missing = load_matching(model.net, in_timms_layout(model.net, dict(theirs.state_dict())))
    assert not [key for key in missing if not key.endswith("num_batches_tracked")]
    x = torch.randn(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(theirs(x), model(x), atol=1e-5)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_another_number_of_classes_starts_all_but_the_last_layer(tmp_path: Path, suffix: str) -> None:
    theirs = fresh(torchvision.models.efficientnet_b0).state_dict()
    file = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"model": {f"module.{k}": v for k, v in theirs.items()}}, file)  # as reference scripts save it
    else:
        save_file({k: v.contiguous() for k, v in theirs.items()}, file)
    model = build_classifier("efficientnet_b0", 5)
    last = model.net.get_classifier().weight.clone()  # type: ignore[operator]
    plan = make_plan({**LEAST, "network": "efficientnet_b0", "start": str(file)})
    start_classifier(model, plan, open_workspace(tmp_path / "ws"))
    assert torch.equal(model.net.conv_stem.weight, theirs["features.0.0.weight"])  # type: ignore[union-attr]
    assert torch.equal(model.net.get_classifier().weight, last)  # type: ignore[operator]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(fresh(torchvision.models.resnet18).state_dict(), tmp_path / "w.pth")
    plan = make_plan({**LEAST, "network": "efficientnet_b0", "start": str(tmp_path / "w.pth")})
    with pytest.raises(UserError) as refused:
        start_classifier(build_classifier("efficientnet_b0", 5), plan, open_workspace(tmp_path / "ws"))
    assert refused.value.code == "start_does_not_fit"


def test_missing_imagenet_weights_are_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(imagenet.socket, "create_connection", nobody)
    monkeypatch.setattr(imagenet, "_downloaded", lambda name: None)
    assert missing_weights("efficientnet_lite0") is None
    assert missing_weights("fused-efficientnet_lite0-135") is None
    assert missing_weights("resnet50") == "resnet50"
    assert missing_weights("fpn-vgg16") == "vgg16"
    started = time.monotonic()
    with pytest.raises(UserError) as missing:
        imagenet_state("xception")
    assert (missing.value.code, missing.value.facts["network"]) == ("no_pretrained_weights", "xception")
    assert time.monotonic() - started < 2  # timm by itself asks for a minute


def test_what_was_downloaded_once_needs_no_internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = timm.create_model("resnet18", pretrained=False)
    save_file(held.state_dict(), tmp_path / "model.safetensors")
    monkeypatch.setattr(imagenet, "_downloaded", lambda name: tmp_path / "model.safetensors")
    monkeypatch.setattr(imagenet, "_reachable", lambda: False)
    assert missing_weights("resnet18") is None
    state = imagenet_state("resnet18")
    assert torch.equal(state["conv1.weight"], held.state_dict()["conv1.weight"])
