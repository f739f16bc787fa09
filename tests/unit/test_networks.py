"""Networks by name: shapes, losses, offline ImageNet weights, folding."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.vgg import cfgs, make_layers

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.inference.manifest import Preprocessing
from app.inference.networks.classifiers import CLASSIFIERS, build_classifier, default_preprocessing, freeze_norms
from app.inference.networks.detectors import (
    UNKNOWN,
    DetectorSettings,
    build_detector,
    padded,
    start_from_backbone,
    start_from_imagenet,
)
from app.inference.networks.folding import folded
from app.inference.networks.imagenet import lite0_state, load_matching
from app.inference.pixels import as_input
from app.training.learning.starts import start_detector
from app.training.plan import make_plan

LIGHT = "fused-efficientnet_lite0-135"
torch.set_num_threads(1)  # two threads wait for each other where other tests run beside
CAT = {281, 282, 283, 284, 285}
ESPRESSO = 967


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_gives_logits_and_features(name: str) -> None:
    with torch.device("meta"):  # shapes without the work
        model = build_classifier(name, 5).eval()
        x = torch.empty(1, 3, 160, 160)
        features, logits = model.features(x), model(x)
    assert logits.shape == (1, 5)
    assert features.shape == (1, model.width)


def test_an_unknown_network_is_refused() -> None:
    for build in (build_classifier, build_detector):
        with pytest.raises(UserError) as refused:
            build("no-such-network", 5)
        assert refused.value.code == "unknown_architecture"


def test_the_offline_imagenet_weights_know_a_cat_and_an_espresso() -> None:
    data = pytest.importorskip("skimage.data")
    model = build_classifier("efficientnet_lite0", 1000).eval()
    assert load_matching(model.net, lite0_state()) == ()
    preprocessing = Preprocessing(224)
    assert default_preprocessing("efficientnet_lite0")["mean"] == list(preprocessing.mean)
    with torch.inference_mode():
        cat, coffee = (
            int(model(as_input(middle(getattr(data, name)())[None], preprocessing)).argmax())
            for name in ("chelsea", "coffee")
        )
    assert cat in CAT
    assert coffee == ESPRESSO


def middle(pixels: np.ndarray) -> np.ndarray:
    h, w = pixels.shape[:2]
    k = min(h, w)
    square = pixels[(h - k) // 2 : (h + k) // 2, (w - k) // 2 : (w + k) // 2]
    return np.asarray(cv2.resize(square, (224, 224), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("name", ["fused-vgg16-135", LIGHT, "fused-mobilenet_v3_large-345", "fpn-resnet50"])
def test_a_detector_answers_within_the_photo(name: str) -> None:
    model = build_detector(name, 5, {"min_score": 0.0, "stride": 4}).eval()
    with torch.inference_mode():
        found = model([noise(3, 70, 110)])[0]
    assert found["boxes"].shape == (len(found["scores"]), 4)
    assert len(found["boxes"]) > 0
    assert bool((found["boxes"][:, 0::2] <= 110).all() & (found["boxes"][:, 1::2] <= 70).all())
    assert bool((found["boxes"] >= 0).all())
    assert set(found["labels"].tolist()) <= {1, 2, 3, 4, 5}
    assert found["scores"].tolist() == sorted(found["scores"].tolist(), reverse=True)


@pytest.mark.parametrize("stride", [4, 8])
def test_every_stage_is_brought_to_one_stride(stride: int) -> None:
    model = build_detector("fused-vgg16-12345", 2, DetectorSettings(stride=stride, channels=16))
    maps, _ = model.backbone(noise(1, 3, 64, 96))
    assert maps["0"].shape == (1, 16, 64 // stride, 96 // stride)


STAGE_SETS = ["".join(s) for n in range(1, 6) for s in itertools.combinations("12345", n)]


@pytest.mark.parametrize("backbone", ["vgg16", "resnet50", "efficientnet_lite0", "mobilenet_v3_large"])
def test_any_stages_of_any_backbone_fuse_at_odd_sizes(backbone: str) -> None:
    with torch.device("meta"):  # shapes without the work
        image = torch.empty(3, 97, 131)
        for stages in STAGE_SETS if backbone == "vgg16" else ("1", "24", "135", "12345"):
            model = build_detector(f"fused-{backbone}-{stages}", 2, DetectorSettings(stride=4, channels=16)).eval()
            maps, context = model.backbone(padded([image]))
            assert maps["0"].shape == (1, 16, 128 // 4, 160 // 4), stages
            assert context.shape == (1, model.backbone.context_width)


def test_maps_are_normalised_by_batch_or_by_length() -> None:
    x = noise(1, 3, 64, 64)
    by_length = build_detector(LIGHT, 2, DetectorSettings(channels=16, norm="l2")).backbone
    one = by_length.narrow[0](by_length.body(x)[0])
    assert torch.allclose(one.norm(dim=1), torch.tensor(10.0), atol=1e-3), "each place is one length long at first"
    assert any("scale" in name for name, _ in by_length.named_parameters()), "and the lengths are learnt"
    maps, _ = by_length(x)
    assert maps["0"].shape == (1, 16, 8, 8)
    with pytest.raises(KeyError, match="other"):
        build_detector(LIGHT, 2, DetectorSettings(norm="other"))


def test_batches_are_padded_to_a_multiple_of_the_deepest_stride() -> None:
    batch = padded([torch.ones(3, 33, 64), torch.ones(3, 20, 65)])
    assert batch.shape == (2, 3, 64, 96)
    assert float(batch[0].sum()) == 3 * 33 * 64


def test_a_lesion_of_unknown_disease_teaches_boxes_but_no_disease() -> None:
    torch.manual_seed(0)
    model = build_detector(LIGHT, 3, DetectorSettings(context=False))
    model.train()
    freeze_norms(model)
    image = noise(3, 64, 96)
    targets = [{"boxes": torch.tensor([[20.0, 10, 70, 50]]), "labels": torch.tensor([UNKNOWN])}]
    losses = model([image], targets)
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    logits = torch.tensor([[0.3, 1.0, 2.0, -1.0]], requires_grad=True)
    unknown = torch.tensor([model.classes + 1])
    deltas = torch.zeros(1, 4)
    loss = model.roi_heads._losses(logits, deltas, unknown, deltas)["loss_classifier"]
    wanted = -torch.log(logits.softmax(1)[0, 1:].sum())
    assert torch.allclose(loss, wanted)
    (gradient,) = torch.autograd.grad(loss, logits)
    shares = gradient[0, 1:] / logits.detach()[0, 1:].softmax(0)
    assert torch.allclose(shares, shares[:1].expand(3))  # no disease is favoured over what the network thinks already


def test_a_photo_without_lesions_can_be_learnt_from() -> None:
    model = build_detector(LIGHT, 2).train()
    targets = [{"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}] * 2
    losses = model([noise(3, 64, 64), noise(3, 64, 96)], targets)
    assert all(torch.isfinite(value) for value in losses.values())


def test_a_small_detector_learns_one_photo_by_heart() -> None:
    torch.manual_seed(0)
    model = build_detector(LIGHT, 2, DetectorSettings(anchor_sizes=(24.0, 48.0)))
    start_from_imagenet(model, LIGHT)
    image = torch.full((3, 96, 128), 0.2)
    image[:, 20:60, 16:56] = -0.8
    image[0, 40:80, 80:120] = 0.9
    boxes = torch.tensor([[16.0, 20, 56, 60], [80, 40, 120, 80]])
    targets = [{"boxes": boxes, "labels": torch.tensor([1, 2])}]
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    seen = []
    for _ in range(10):
        model.train()
        freeze_norms(model.backbone.body)
        optimiser.zero_grad()
        loss = sum(model([image], targets).values())
        loss.backward()
        seen.append(float(loss.detach()))
        optimiser.step()
    assert sum(seen[-3:]) < 0.5 * sum(seen[:3])


def test_a_classifier_lends_its_backbone_to_a_detector() -> None:
    classifier = build_classifier("efficientnet_lite0", 5)
    detector = build_detector(LIGHT, 5)
    assert start_from_backbone(detector, classifier.state_dict()) == len(detector.backbone.body.state_dict())
    assert torch.equal(detector.backbone.body.conv_stem.weight, classifier.net.conv_stem.weight)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "densenet121"])
def test_folding_keeps_the_answers(name: str) -> None:
    model = build_classifier(name, 5).eval()
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(part.running_var, 0.8, 1.2)
    x = noise(2, 3, 64, 64)
    light = folded(model, x)
    assert sum(isinstance(p, torch.nn.BatchNorm2d) for p in light.modules()) < sum(
        isinstance(p, torch.nn.BatchNorm2d) for p in model.modules()
    )
    with torch.inference_mode():
        assert torch.allclose(light(x), model(x), atol=1e-3, rtol=1e-3)


def test_settings_survive_the_manifest_and_nonsense_is_refused() -> None:
    settings = DetectorSettings(stride=4, anchor_sizes=(10.0, 20.0), head="conv")
    assert DetectorSettings.from_json(settings.as_json()) == settings
    with pytest.raises(ValueError, match="stride"):
        DetectorSettings.from_json({"stride": "four"})


def test_vgg16_starts_from_a_file_of_torchvision(tmp_path: Path) -> None:
    detector = build_detector("fused-vgg16-135", 2, DetectorSettings(channels=16, hidden=16))
    blank = make_layers(cfgs["D"])
    with torch.no_grad():
        blank[0].weight.fill_(0.25)
    file = tmp_path / "vgg16.safetensors"
    save_file({f"features.{key}": value for key, value in blank.state_dict().items()}, file)
    raw = {"name": "v", "task": "detect", "network": "fused-vgg16-135", "dataset": "d", "start": str(file)}
    start_detector(detector, make_plan(raw), Workspace(tmp_path))
    weights = [p for p in detector.backbone.body.parameters() if p.ndim == 4]
    assert len(weights) == 13
    assert bool((weights[0] == 0.25).all())
    assert torch.equal(weights[-1], blank[28].weight)
