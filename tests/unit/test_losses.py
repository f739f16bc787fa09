"""Losses, mixing, sampling, RandAugment: against torch's own where it has them, and by what they promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from app.common.geometry import Box
from app.datasets.freezing.frozen import FrozenImage
from app.training.learning.losses import ClassLoss, loss_of
from app.training.learning.mixing import mixed
from app.training.learning.rand_augment import OPERATIONS, rand_augment
from app.training.learning.samples import Piece
from app.training.learning.sampling import sampler_of
from app.training.learning.session import batches, smaller_batch, steps_per_epoch
from app.training.plan import Plan, make_plan

CPU = torch.device("cpu")
LEAST = {"name": "x", "task": "classify", "network": "resnet18", "dataset": "d"}
IMAGE = FrozenImage(0, Path("x"), None, (), None, None, "g", "train", (), 8, 8, "0")


def plan_with(**keys: object) -> Plan:
    return make_plan({**LEAST, **keys})


def some(seed: int, n: int = 7, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, classes, generator=chance) * 3
    labels = torch.randint(0, classes, (n,), generator=chance)
    return logits, labels, functional.one_hot(labels, classes).float()


@given(st.integers(0, 1000), st.floats(0, 0.9))
@settings(max_examples=40, deadline=None)
def test_cross_entropy_is_torchs(seed: int, smoothing: float) -> None:
    logits, labels, targets = some(seed)
    theirs = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    assert torch.allclose(ClassLoss(smoothing)(logits, targets), theirs, atol=1e-5)


def test_focal_loss_is_the_papers() -> None:
    logits, labels, targets = some(0)
    p = logits.softmax(1)[torch.arange(7), labels]
    wanted = (-((1 - p) ** 2) * p.log()).mean()
    assert torch.allclose(ClassLoss(gamma=2.0)(logits, targets), wanted, atol=1e-6)
    assert torch.equal(ClassLoss(gamma=0.0)(logits, targets), ClassLoss()(logits, targets))


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_a_focal_loss_on_what_is_sure_has_a_gradient(gamma: float) -> None:
    logits = torch.tensor([[100.0, -100.0]], requires_grad=True)
    ClassLoss(gamma=gamma)(logits, torch.tensor([[1.0, 0.0]])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_weights_count_rare_classes_more_and_leave_the_mean_weight_at_one() -> None:
    seen = [0.7, 0.2, 0.1, 0.0]
    loss = loss_of(plan_with(rare="class_weights"), seen, CPU)
    assert loss.weights is not None
    assert float((loss.weights * torch.tensor(seen)).sum()) == pytest.approx(1)
    assert loss.weights.tolist() == pytest.approx([1 / 2.1, 1 / 0.6, 1 / 0.3, 0])
    logits, labels, targets = some(1)
    labels = labels.clamp_max(2)
    targets = functional.one_hot(labels, 4).float()
    theirs = functional.cross_entropy(logits, labels, weight=loss.weights, reduction="sum") / len(labels)
    assert torch.allclose(replace(loss, smoothing=0.0)(logits, targets), theirs, atol=1e-5)


def test_logit_adjustment_asks_more_of_rare_classes_only_while_learning() -> None:
    """Balanced posteriors: with logits 0 the adjusted ones are the prior, so the loss is its entropy's terms."""
    seen = [0.9, 0.1]
    loss = loss_of(plan_with(rare="logit_adjustment", label_smoothing=0.0), seen, CPU)
    nothing = torch.zeros(1, 2)
    assert float(loss(nothing, torch.tensor([[0.0, 1.0]]))) == pytest.approx(-np.log(0.1), rel=1e-5)
    assert float(loss(nothing, torch.tensor([[1.0, 0.0]]))) == pytest.approx(-np.log(0.9), rel=1e-5)


@pytest.mark.parametrize("rare", ["none", "class_weights", "logit_adjustment"])
def test_a_loss_is_the_sum_of_its_parts(rare: str) -> None:
    """Half a batch and the other half, by their share: what accumulating and several processes rely on."""
    loss = loss_of(plan_with(rare=rare, loss="focal"), [0.4, 0.3, 0.2, 0.1], CPU)
    logits, _, targets = some(2, n=7)
    parts = loss(logits[:3], targets[:3]) * 3 / 7 + loss(logits[3:], targets[3:]) * 4 / 7
    assert torch.allclose(loss(logits, targets), parts, atol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)]))
@settings(max_examples=60, deadline=None)
def test_what_is_mixed_is_in_the_targets(seed: int, alphas: tuple[float, float]) -> None:
    """Pictures of one value each, the class's number: the mean of a mixed picture is that of its targets."""
    values = torch.arange(4.0)
    pictures = values.view(4, 1, 1, 1).expand(4, 1, 16, 16).contiguous()
    one, targets = mixed(pictures, torch.eye(4), *alphas, np.random.default_rng(seed))
    assert torch.allclose(targets.sum(1), torch.ones(4))
    assert torch.allclose(one.mean((1, 2, 3)), targets @ values, atol=1e-5)
    two, _ = mixed(pictures, torch.eye(4), *alphas, np.random.default_rng(seed))
    assert torch.equal(one, two)


def test_nothing_is_mixed_where_nothing_is_asked() -> None:
    x, y = torch.rand(3, 1, 4, 4), torch.eye(3)
    same = mixed(x, y, 0.0, 0.0, np.random.default_rng(0))
    assert same[0] is x
    assert same[1] is y


def pieces(labels: list[int], boxed: list[bool]) -> list[Piece]:
    pixels, region = np.zeros((8, 8, 3), np.uint8), Box(0, 0, 8, 8)
    return [Piece(pixels, region, k, IMAGE, region if b else None) for k, b in zip(labels, boxed, strict=True)]


def test_balanced_sampling_shows_classes_alike() -> None:
    sampler = sampler_of(pieces([0] * 90 + [1] * 10, [False] * 100), 3, plan_with(rare="balanced_sampling"))
    assert sampler.seen.tolist() == pytest.approx([0.5, 0.5, 0])
    drawn = np.concatenate([sampler.order(e) for e in range(30)])
    assert 0.45 < (drawn >= 90).mean() < 0.55


def test_without_balance_every_piece_comes_once() -> None:
    sampler = sampler_of(pieces([0] * 9 + [1], [False] * 10), 2, plan_with(rare="none"))
    assert sorted(sampler.order(0)) == list(range(10))
    assert sampler.order(0).tolist() != sampler.order(1).tolist()
    assert sampler.seen.tolist() == pytest.approx([0.9, 0.1])


@pytest.mark.parametrize("rare", ["none", "balanced_sampling"])
def test_whole_photos_have_their_share(rare: str) -> None:
    both = pieces([0, 1] * 50, [True] * 50 + [False] * 50)
    drawn = np.concatenate([sampler_of(both, 2, plan_with(rare=rare, whole_photos=0.2)).order(e) for e in range(30)])
    assert 0.16 < (drawn >= 50).mean() < 0.24
    lesions = sampler_of(both, 2, plan_with(rare="none", whole_photos=0.0))
    assert sorted(lesions.order(3)) == list(range(50))
    assert lesions.count == 50


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_an_epoch_is_cut_into_batches_that_add_up_to_steps(count: int, batch: int, accumulate: int) -> None:
    plan = plan_with(batch=batch, accumulate=accumulate)
    order = np.random.default_rng(0).permutation(count)
    cut = list(batches(order, plan))
    assert np.concatenate([b.order for b in cut]).tolist() == order.tolist()
    assert sum(b.last for b in cut) == steps_per_epoch(count, plan)
    steps = np.cumsum([0, *[b.last for b in cut[:-1]]])
    assert np.bincount(steps, [b.share for b in cut]).tolist() == pytest.approx([1] * (steps[-1] + 1))
    assert all(len(b.order) <= batch for b in cut)


@given(st.integers(1, 64), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_a_smaller_batch_makes_the_same_steps(batch: int, accumulate: int) -> None:
    plan = plan_with(batch=batch, accumulate=accumulate)
    less = smaller_batch(plan)
    assert less.batch * less.accumulate == batch * accumulate
    assert less.batch <= max(batch // 2, 1)


@pytest.mark.parametrize("place", range(len(OPERATIONS)))
@pytest.mark.parametrize("k", [-1.0, 0.0, 0.7])
def test_every_operation_of_randaugment_gives_a_picture(place: int, k: float) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    before = pixels.copy()
    out = OPERATIONS[place](pixels, k)
    assert (out.shape, out.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(pixels, before)


def test_randaugment_is_settled_by_the_generator_and_grows_with_its_strength() -> None:
    pixels = np.random.default_rng(1).integers(60, 200, (32, 32, 3)).astype(np.uint8)
    one, two = (rand_augment(pixels, 3, 7, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, two)

    def change(strength: int) -> float:
        made = [rand_augment(pixels, 2, strength, np.random.default_rng(s)).astype(int) for s in range(60)]
        return float(np.mean([np.abs(m - pixels).mean() for m in made]))

    assert change(2) < change(6) < change(10)
