"""Train the network that draws a rough box close round its lesion, and write ``resources/tighten``.

    python tools/train_tightening.py [--steps 1800] [--out FOLDER]

Learns from half of the ISIC 2016 photos (SHA-256 of the name even; the other half is for testing) and phantom photos of
renderer A. One thread, some 6 minutes on a quiet machine. The photos lie beside the checkout (``../shared/data``).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.annotation.tighten import reduced, region_around, view_of  # noqa: E402
from app.annotation.tighten_net import SIDE, STEPS, WEIGHTS  # noqa: E402
from app.common.geometry import Box  # noqa: E402
from app.common.phantoms import DISTANCES, render  # noqa: E402
from app.training.learning.samples import half_of  # noqa: E402

LESIONS = ROOT.parent / "shared" / "data" / "isic2016_lesions"
PHANTOM_SEED, PHANTOM_PATIENTS = 515001, 140
SHARES = (0.44, 0.44, 0.12)  # dermoscopy, phantoms, nothing there
HELD = 160  # the longer side of a lesion's box in a stored picture
PLACES = (torch.arange(STEPS) + 0.5) / STEPS


class Net(nn.Module):
    """(N, 4, SIDE, SIDE) -> logits of the edges' places (N, 4, STEPS) and of the lesion's mask (N, 1, STEPS, STEPS)."""

    def __init__(self, a: int = 16, b: int = 24, c: int = 40, d: int = 24) -> None:
        super().__init__()
        self.e1 = nn.Sequential(_block(4, a, 5, 2), _block(a, a))
        self.e2 = nn.Sequential(nn.MaxPool2d(2), _block(a, b), _block(b, b))
        self.e3 = nn.Sequential(nn.MaxPool2d(2), _block(b, c), _block(c, c))
        self.d2 = _block(b + c, b)
        self.d1 = _block(a + b, d)
        self.mask = nn.Conv2d(d, 1, 1)
        self.p1 = nn.Conv1d(2 * (d + 1), 32, 5, padding=2)
        self.p2 = nn.Conv1d(32, 2, 5, padding=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        e1 = self.e1(x)
        e2 = self.e2(e1)
        d2 = self.d2(torch.cat([e2, F.interpolate(self.e3(e2), scale_factor=2.0)], 1))
        d1 = self.d1(torch.cat([e1, F.interpolate(d2, scale_factor=2.0)], 1))
        mask = self.mask(d1)
        seen = torch.cat([d1, torch.sigmoid(mask)], 1)
        profiles = (torch.cat([seen.mean(dim), seen.amax(dim)], 1) for dim in (2, 3))
        return torch.cat([self.p2(F.relu(self.p1(p))) for p in profiles], 1), mask


def _block(i: int, o: int, k: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, k, stride, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


def folded(net: Net) -> dict[str, np.ndarray]:
    """The weights as ``app.annotation.tighten_net`` wants them: batch norm folded into the convolutions."""
    layers: dict[str, tuple[nn.Module, nn.Module | None]] = {
        "mask": (net.mask, None),
        "p1": (net.p1, None),
        "p2": (net.p2, None),
    }
    blocks = {
        **{f"e1.{k}": net.e1[k] for k in (0, 1)},
        **{f"{name}.{k}": getattr(net, name)[k] for name in ("e2", "e3") for k in (1, 2)},
        "d2": net.d2,
        "d1": net.d1,
    }
    layers |= {name: (block[0], block[1]) for name, block in blocks.items()}
    out: dict[str, np.ndarray] = {}
    for name, (conv, norm) in layers.items():
        weight = conv.weight.detach()
        bias = torch.zeros(len(weight)) if conv.bias is None else conv.bias.detach()
        if norm is not None:
            scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
            weight = weight * scale.view(-1, 1, 1, 1)
            bias = (bias - norm.running_mean) * scale + norm.bias.detach()
        out[f"{name}.weight"] = (weight[:, :, None] if weight.dim() == 3 else weight).numpy().copy()
        out[f"{name}.bias"] = bias.numpy().copy()
    return out


@dataclass(frozen=True)
class Lesion:
    """A lesion with 90 % of its box's size around it: pixels (H, W, 3), mask (H, W) 0..255, box in those pixels.

    With an empty mask it is a place on the skin where nothing is.
    """

    pixels: np.ndarray
    mask: np.ndarray
    box: Box


def stored(pixels: np.ndarray, mask: np.ndarray, box: Box) -> Lesion:
    height, width = pixels.shape[:2]
    around = box.with_margin(0.9).clipped(width, height)
    x0, y0, x1, y1 = int(around.x0), int(around.y0), math.ceil(around.x1), math.ceil(around.y1)
    factor = min(1.0, HELD / max(box.width, box.height))
    size = (max(8, round((x1 - x0) * factor)), max(8, round((y1 - y0) * factor)))
    parts = [cv2.resize(p[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA) for p in (pixels, mask)]
    fx, fy = size[0] / (x1 - x0), size[1] / (y1 - y0)
    moved = box.moved(-x0, -y0)
    return Lesion(parts[0], parts[1], Box(moved.x0 * fx, moved.y0 * fy, moved.x1 * fx, moved.y1 * fy))


def dermoscopy() -> list[Lesion]:
    found = []
    for file in sorted((LESIONS / "images").glob("*.jpg")):
        if half_of(file.name) == "train":
            mask = cv2.imread(str(LESIONS / "masks" / f"{file.stem}_Segmentation.png"), cv2.IMREAD_GRAYSCALE)
            x, y, w, h = cv2.boundingRect((mask > 127).astype(np.uint8))
            pixels = cv2.imread(str(file))[..., ::-1]
            found.append(stored(np.ascontiguousarray(pixels), mask, Box(x, y, x + w, y + h)))
    return found


def phantoms(patients: int = PHANTOM_PATIENTS, seed: int = PHANTOM_SEED) -> tuple[list[Lesion], list[Lesion]]:
    """Lesions, and places where there is none."""
    found, bare = [], []
    rng = np.random.default_rng(seed)
    for index in range(patients):
        for distance in DISTANCES:
            photo = render(seed, index, "A", distance)
            for number, lesion in enumerate(photo.lesions[:4], start=1):
                box = Box(*lesion.box)
                if min(box.width, box.height) >= 14:
                    found.append(stored(photo.pixels, ((photo.mask == number) * 255).astype(np.uint8), box))
            bare += nothing(rng, photo.pixels, photo.mask)
    return found, bare


def nothing(rng: np.random.Generator, pixels: np.ndarray, mask: np.ndarray) -> list[Lesion]:
    """Up to one box of a hundred tries that has no lesion in it or near it."""
    height, width = mask.shape
    for _ in range(100):
        w, h = rng.uniform(40, width / 2), rng.uniform(40, height / 2)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        box = Box(x, y, x + w, y + h)
        near = box.with_margin(0.5).clipped(width, height)
        if not mask[int(near.y0) : math.ceil(near.y1), int(near.x0) : math.ceil(near.x1)].any():
            return [stored(pixels, np.zeros_like(mask), box)]
    return []


def rough(rng: np.random.Generator, box: Box, width: float, height: float) -> Box:
    """As a hand draws it: sometimes close, mostly too large, now and then cutting into the lesion."""
    kind = rng.random()
    low, high = (-0.03, 0.05) if kind < 0.15 else (0.0, 0.2) if kind < 0.4 else (-0.15, 0.45)
    left, top, right, bottom = rng.uniform(low, high, 4)
    drawn = Box(
        box.x0 - left * box.width, box.y0 - top * box.height, box.x1 + right * box.width, box.y1 + bottom * box.height
    ).clipped(width, height)
    return drawn if min(drawn.width, drawn.height) >= 6 else box


def sample(rng: np.random.Generator, lesion: Lesion) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """View (4, SIDE, SIDE), edges' places (4,) left, right, top, bottom in 0..1, mask (STEPS, STEPS) in 0..1.

    All places are -1 where there is no lesion.
    """
    height, width = lesion.pixels.shape[:2]
    drawn = rough(rng, lesion.box, width, height)
    region = region_around(drawn, width, height)
    view = view_of(disturbed(rng, reduced(lesion.pixels, region)), drawn, region)
    x0, y0, x1, y1 = (int(v) for v in region.as_list())
    mask = cv2.resize(lesion.mask[y0:y1, x0:x1], (STEPS, STEPS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    b = lesion.box
    places = [(v - x0) / (x1 - x0) for v in (b.x0, b.x1)] + [(v - y0) / (y1 - y0) for v in (b.y0, b.y1)]
    at = np.clip(np.array(places, np.float32), 0, 1)
    if rng.random() < 0.5:
        view, mask, at = view[:, :, ::-1], mask[:, ::-1], np.array([1 - at[1], 1 - at[0], at[2], at[3]], np.float32)
    if rng.random() < 0.5:
        view, mask, at = view[:, ::-1], mask[::-1], np.array([at[0], at[1], 1 - at[3], 1 - at[2]], np.float32)
    if rng.random() < 0.5:
        view, mask, at = view.transpose(0, 2, 1), mask.T, at[[2, 3, 0, 1]]
    if not lesion.mask.any():
        at = np.full(4, -1, np.float32)
    return np.ascontiguousarray(view), at, np.ascontiguousarray(mask)


def disturbed(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Other light, other camera, other skin: gamma, colour, saturation, shade across, blur, noise, hairs."""
    x = pixels.astype(np.float32) / 255
    if rng.random() < 0.8:
        x = x ** np.float32(rng.uniform(0.6, 1.6))
    if rng.random() < 0.8:
        x = x * rng.uniform(0.8, 1.2, 3).astype(np.float32) + rng.uniform(-0.08, 0.08, 3).astype(np.float32)
    if rng.random() < 0.4:
        grey = x.mean(2, keepdims=True)
        x = grey + (x - grey) * np.float32(rng.uniform(0.2, 1.6))
    if rng.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 1.5))
    if rng.random() < 0.4:
        x = x + rng.normal(0, rng.uniform(0.005, 0.04), x.shape).astype(np.float32)
    if rng.random() < 0.3:
        ramp = np.linspace(-0.15, 0.15, len(x), dtype=np.float32)
        across, down = (np.float32(v) * ramp for v in rng.uniform(-1, 1, 2))
        x = x * (1 + across[None, :, None] + down[:, None, None])
    if rng.random() < 0.25:
        x = np.ascontiguousarray(x)
        for _ in range(int(rng.integers(1, 6))):
            ends = [tuple(int(rng.integers(0, n)) for n in x.shape[1::-1]) for _ in range(2)]
            cv2.line(x, ends[0], ends[1], (float(rng.uniform(0.02, 0.3)),) * 3, 1, cv2.LINE_AA)
    return (x.clip(0, 1) * 255).astype(np.uint8)


def loss_of(logits: Tensor, mask: Tensor, at: Tensor, true_mask: Tensor) -> tuple[Tensor, Tensor]:
    """1 - IoU of the expected box, distance of its edges, likelihood of the edges' places, mask; and the mean IoU.

    Where there is no lesion every place shall be as likely as any other.
    """
    there = (at[:, 0] >= 0).float()
    aim = torch.exp(-0.5 * ((PLACES - at[..., None]) / (0.6 / STEPS)) ** 2) * there[:, None, None]
    aim = aim + (1 - there)[:, None, None]
    likelihood = -(aim / aim.sum(2, keepdim=True) * logits.log_softmax(2)).sum(2).mean()
    e = (logits.softmax(2) * PLACES).sum(2)
    inner = (torch.minimum(e[:, 1], at[:, 1]) - torch.maximum(e[:, 0], at[:, 0])).clamp(min=0)
    inner = inner * (torch.minimum(e[:, 3], at[:, 3]) - torch.maximum(e[:, 2], at[:, 2])).clamp(min=0)
    areas = [(x[:, 1] - x[:, 0]).clamp(min=0) * (x[:, 3] - x[:, 2]).clamp(min=0) for x in (e, at)]
    iou = (inner / (areas[0] + areas[1] - inner + 1e-6) * there).sum() / there.sum()
    distance = ((e - at).abs().mean(1) * there).sum() / there.sum()
    shape = F.binary_cross_entropy_with_logits(mask[:, 0], true_mask)
    return (1 - iou) + 2 * distance + 0.3 * likelihood + 0.5 * shape, iou


def fit(
    sets: Sequence[Sequence[Lesion]],
    shares: Sequence[float],
    steps: int,
    batch: int = 48,
    rate: float = 3e-3,
    seed: int = 0,
) -> Net:
    """``shares``: how often each set is drawn from."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Net()
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.15)
    start, seen = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        drawn = [sets[int(k)] for k in rng.choice(len(sets), batch, p=shares)]
        rows = [sample(rng, of[int(rng.integers(len(of)))]) for of in drawn]
        view, at, mask = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
        loss, iou = loss_of(*net(view), at, mask)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        seen += float(iou.detach())
        if step % 100 == 0:
            sys.stderr.write(f"{step}/{steps} IoU {seen / 100:.4f} {time.monotonic() - start:.0f} s\n")
            seen = 0.0
    return net.eval()


def main() -> int:
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    assert SIDE == 2 * STEPS
    net = fit([dermoscopy(), *phantoms()], SHARES, options.steps)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(folded(net), options.out)
    sys.stdout.write(f"{hashlib.sha256(options.out.read_bytes()).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
