"""Train the network that sees marks laid over photos, and write ``resources/marks``.

    python tools/train_marks.py [--minutes 20] [--out FOLDER]

Learns from half of the ISIC 2016 photos (SHA-256 of the name even; the other half sets the thresholds) and phantom
photos, with marks planted by ``tools/mark_plants.py``. The photos lie beside the checkout (``../shared/data``).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.cleaning.marks import seen_at  # noqa: E402
from app.cleaning.marks_net import KINDS, WEIGHTS  # noqa: E402
from app.common.phantoms import DISTANCES, Nuisances, render  # noqa: E402
from app.training.learning.samples import half_of  # noqa: E402
from benchmarks.isic_marks import PEN, RULER, TEXT, UNSURE  # noqa: E402
from tools import mark_plants as plants  # noqa: E402
from tools.mark_distractions import add_distraction  # noqa: E402
from tools.mark_rulers import add_pen, add_ruler  # noqa: E402

LESIONS = ROOT.parent / "shared" / "data" / "isic2016_lesions" / "images"
PHANTOM_SEED, PHANTOM_PATIENTS = 626001, 20
SIDE, BATCH = 256, 8
CUTS = 4  # from each planted photo: planting costs as much as learning
LAYERS = {  # name: channels in, out, stride
    "a0": (3, 16, 2), "a1": (16, 24, 2), "a2": (24, 24, 1), "b0": (24, 40, 2), "b1": (40, 40, 1), "c0": (40, 64, 2),
    "c1": (64, 64, 1), "d0": (64, 80, 2), "d1": (80, 80, 1), "e0": (80, 80, 2),
    "e1": (80, 80, 1), "u4": (160, 80, 1), "u3": (144, 64, 1), "u2": (104, 40, 1), "u1": (64, 24, 1),
}  # fmt: skip


class Net(nn.Module):
    """(N, 3, H, W) in -1..1, H and W multiples of 64 -> logits (N, 4, H / 4, W / 4) of KINDS."""

    def __init__(self) -> None:
        super().__init__()
        for name, (i, o, stride) in LAYERS.items():
            block = nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
            self.add_module(name, block)
        nn.init.constant_(self.get_submodule("u4")[1].weight, 0.1)  # type: ignore[index, arg-type]
        self.head = nn.Conv2d(24, len(KINDS), 1)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, x: Tensor) -> Tensor:
        block = dict(self.named_children())
        a = block["a2"](block["a1"](block["a0"](x)))
        b = block["b1"](block["b0"](a))
        c = block["c1"](block["c0"](b))
        d = block["d1"](block["d0"](c))
        e = block["e1"](block["e0"](d))
        d = d + block["u4"](torch.cat([F.interpolate(e, scale_factor=2.0), d], 1))
        for name, skip in (("u3", c), ("u2", b), ("u1", a)):
            d = block[name](torch.cat([F.interpolate(d, scale_factor=2.0), skip], 1))
        return self.head(d)


def folded(net: Net) -> dict[str, np.ndarray]:
    """The weights as ``app.cleaning.marks_net`` wants them: batch norm folded into the convolutions, half precision."""
    out: dict[str, np.ndarray] = {}
    for name, block in net.named_children():
        if name == "head":
            weight, bias = block.weight.detach(), block.bias.detach()
        else:
            conv, norm = block[0], block[1]
            scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
            weight = conv.weight.detach() * scale.view(-1, 1, 1, 1)
            bias = norm.bias.detach() - norm.running_mean * scale
        out[f"{name}.weight"] = np.ascontiguousarray(weight.numpy(), np.float16)  # safetensors ignores strides
        out[f"{name}.bias"] = bias.numpy().astype(np.float16)
    return out


class Grounds:
    """Photos to plant into: (pixels, kinds that may be in them by nature and so say nothing where none was planted)."""

    def __init__(self) -> None:
        self.dermoscopy: list[tuple[np.ndarray, tuple[int, ...]]] = []
        for file in sorted(LESIONS.glob("*.jpg")):
            if half_of(file.name) == "train":
                own = [plants.RULER] * (file.stem in RULER | UNSURE) + [plants.PEN] * (file.stem in PEN)
                own += [plants.TEXT, plants.WATERMARK] * (file.stem in TEXT)
                self.dermoscopy.append((np.ascontiguousarray(cv2.imread(str(file))[..., ::-1]), tuple(own)))
        self.phantoms = []
        for index in range(PHANTOM_PATIENTS):
            nuisances = Nuisances(hair=index % 3 == 0, clothing=index % 4 == 0, blur=index % 9 == 0)
            for distance in DISTANCES:
                for renderer in ("A", "B"):
                    photo = render(PHANTOM_SEED, index, renderer, distance, (800, 600), nuisances)
                    self.phantoms.append((photo.pixels, ()))

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
        chance = rng.random()
        if chance < 0.05:
            small = rng.uniform(0, 255, (int(rng.integers(1, 9)), int(rng.integers(1, 9)), 3)).astype(np.float32)
            ground = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            return ground + rng.normal(0, float(rng.uniform(0, 12)), ground.shape).astype(np.float32), ()
        pixels, own = self._one(self.dermoscopy if chance < 0.55 else self.phantoms, rng)
        short = min(pixels.shape[:2])
        wanted = float(rng.uniform(190, 320)) if chance < 0.55 else float(rng.uniform(200, 540))
        factor = wanted / short
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how).astype(np.float32), own

    @staticmethod
    def _one(kept: list[tuple[np.ndarray, tuple[int, ...]]], rng: np.random.Generator):  # type: ignore[no-untyped-def]
        return kept[int(rng.integers(len(kept)))]


Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pixels (3, SIDE, SIDE), targets and weights (4, SIDE / 4, SIDE / 4)."""


def planted(grounds: Grounds, rng: np.random.Generator) -> Sample:
    """A whole photo (H, W, 3) uint8 with marks, targets and weights (4, H, W)."""
    photo, own = grounds.draw(rng)
    photo = np.ascontiguousarray(np.rot90(photo, int(rng.integers(4))))
    if rng.random() < 0.5:
        photo = np.ascontiguousarray(photo[:, ::-1])
    photo = lit(photo, rng)
    targets = np.zeros((4, *photo.shape[:2]), np.float32)
    for _ in range(int(rng.choice(3, p=(0.45, 0.4, 0.15)))):
        add_distraction(photo, rng)
    known = plants.add_watermark, plants.add_text, add_ruler, add_pen
    for which in rng.choice(4, int(rng.choice(3, p=(0.2, 0.62, 0.18))), p=(0.48, 0.27, 0.13, 0.12)):
        known[which](photo, targets, rng)
    photo = seen_at(developed(photo, rng))
    targets = np.stack([cv2.resize(t, photo.shape[1::-1], interpolation=cv2.INTER_NEAREST) for t in targets])
    weights = np.ones_like(targets)
    for kind in own:
        weights[kind] = targets[kind] > 0
    h, w = photo.shape[:2]
    if h < SIDE or w < SIDE:
        down, right = max(0, SIDE - h), max(0, SIDE - w)
        photo = cv2.copyMakeBorder(photo, 0, down, 0, right, cv2.BORDER_REFLECT_101)
        targets, weights = (np.pad(v, ((0, 0), (0, down), (0, right))) for v in (targets, weights))
    return photo, targets, weights


def cut(whole: Sample, rng: np.random.Generator) -> Sample:
    photo, targets, weights = whole
    h, w = photo.shape[:2]
    y, x = int(rng.integers(h - SIDE + 1)), int(rng.integers(w - SIDE + 1))
    marked = np.argwhere(targets.max(0) > 0)
    if len(marked) and rng.random() < 0.85:
        cy, cx = marked[int(rng.integers(len(marked)))] - rng.integers(32, SIDE - 32, 2)
        y, x = int(np.clip(cy, 0, h - SIDE)), int(np.clip(cx, 0, w - SIDE))
    part = (slice(None), slice(y, y + SIDE), slice(x, x + SIDE))
    cells = [v[part].reshape(4, SIDE // 4, 4, SIDE // 4, 4) for v in (targets, weights)]
    target, weight = (cells[0].mean((2, 4)) > 0.4).astype(np.float32), cells[1].min((2, 4))
    return photo[part[1], part[2]].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1, target, weight


def lit(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light of some colour and strength; now and then far too much or too little, or through a veil."""
    photo = photo * rng.uniform(0.8, 1.2, 3) * rng.uniform(0.7, 1.15)
    odd = rng.random()
    if odd < 0.08:
        photo = photo * rng.uniform(1.3, 3.5) + rng.uniform(0, 60)
    elif odd < 0.12:
        photo = photo * rng.uniform(0.1, 0.5)
    elif odd < 0.16:
        photo = rng.uniform(60, 200) + (photo - 128) * rng.uniform(0.1, 0.5)
    elif odd < 0.19:
        photo = photo * rng.uniform(0.2, 1, 3)
    return np.clip(photo, 0, 255).astype(np.float32)


def developed(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lens, sensor and JPEG."""
    if rng.random() < 0.25:
        photo = cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.25:
        photo = photo + rng.normal(0, float(rng.uniform(1, 8)), photo.shape)
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))]
        photo = cv2.imdecode(cv2.imencode(".jpg", photo, quality)[1], cv2.IMREAD_COLOR)
    return photo


class Samples(torch.utils.data.IterableDataset):
    def __init__(self, grounds: Grounds, seed: int) -> None:
        self.grounds, self.seed = grounds, seed

    def __iter__(self) -> Iterator[Sample]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        while True:
            whole = planted(self.grounds, rng)
            yield from (cut(whole, rng) for _ in range(CUTS))


def loss_of(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy; of each kind the marked cells of a batch count a third as much as all others. And of the cells of
    letters of either kind: which kind it is, for of all other cells they are too few to count."""
    entropy = F.binary_cross_entropy_with_logits(logits, target, weight, reduction="none").sum((0, 2, 3))
    marked = (F.softplus(-logits) * target * weight).sum((0, 2, 3))
    count = (target * weight).sum((0, 2, 3))
    rest = (weight.sum((0, 2, 3)) - count).clamp(min=1)
    a, b = plants.WATERMARK, plants.TEXT
    one = (target[:, a] + target[:, b] == 1).float()
    which = F.binary_cross_entropy_with_logits(logits[:, b] - logits[:, a], target[:, b], one, reduction="sum")
    return ((entropy - marked) / rest + marked / (count + 200) / 3).sum() + which / (one.sum() + 200) / 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="of wall time, after the photos are drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--start", type=Path, help="a checkpoint (.pt) to go on from")
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(0)  # its threads do not outlive a fork
    torch.manual_seed(options.seed)
    net = Net().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if options.start:
        net.load_state_dict(torch.load(options.start), strict=False)
    loader = torch.utils.data.DataLoader(Samples(Grounds(), options.seed), BATCH, num_workers=1, prefetch_factor=4)
    optimiser = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-4)
    begun, mean, step, past = time.monotonic(), 0.0, 0, 0.0
    for pixels, target, weight in loader:
        step, past = step + 1, (time.monotonic() - begun) / (60 * options.minutes)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(step / 50, 0.5 + 0.5 * math.cos(math.pi * min(1.0, past)))
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(pixels.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), target, weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean += float(loss.detach())
        if step % 50 == 0:
            sys.stdout.write(f"{step} loss {mean / 50:.4f} {time.monotonic() - begun:.0f} s\n")
            sys.stdout.flush()
            mean = 0.0
        if step % 250 == 0 or past >= 1:
            _save(net, options.out)
        if past >= 1:
            return


def _save(net: Net, out: Path) -> None:
    from safetensors.numpy import save_file

    net.eval()
    save_file(folded(net), out / "weights.safetensors")
    torch.save(net.state_dict(), out / "last.pt")
    net.train()


if __name__ == "__main__":
    main()
